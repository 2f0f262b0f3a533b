"""What a task's author, a model, a provider and a colleague write is text, wherever it is shown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from selectolax.lexbor import LexborHTMLParser

from ml_backend.records import Failure, FailureKind, Prediction
from support.access_table import Asked, asked, filled
from support.api import Api
from support.measured import ASKED, measured_run
from support.pages import Pages, sign_in
from support.wire import region
from support.world import World

WHO = ("author", "model", "provider", "colleague")


def written_by(who: str) -> str:
    """What breaks out of text, of attributes, of script and of cells, and tells who wrote it."""
    out = f"={who}</textarea></title></script>--><mark-{who}>"
    return f"{out}\"'><img src=x onerror={who}> {{{{7*7}}}}"


@pytest.fixture
def world(api: Api) -> World:
    client = api.app.test_client()
    assert sign_in(client, api.studio.token).status_code == 303
    pages = Pages(api, client)
    made = World(pages, mark=written_by("colleague"), text=written_by("author"))
    model, provider = written_by("model"), written_by("provider")
    outcomes = [
        Prediction(api.tasks[0], {"topic": "a"}, [region()], asked=ASKED, raw=model),
        Prediction(api.tasks[1], {"topic": model}, [], asked=ASKED, raw=model),
        Failure(api.tasks[2], FailureKind.REFUSED, provider, raw=provider, asked=ASKED),
        Failure(api.tasks[3], FailureKind.INVALID_ANSWER, f"not one: {model}", raw=model),
    ]
    made.run = measured_run(pages, outcomes, title=f"{written_by('colleague')} again")
    made.prompt = api.container.store.prompts.get(made.run.prompt_id)
    return made


def _faults(each: Asked, kind: str, text: str) -> Iterator[str]:
    if kind == "text/html":
        tree = LexborHTMLParser(text)
        for who in WHO:
            if tree.css(f"mark-{who}") or f"onerror={who}" in str(
                [node.attributes for node in tree.css("[onerror]")]
            ):
                yield f"{each}: what {who} wrote is markup"
        if re.search(r"onerror=\w+&gt; 49", text):
            yield f"{each}: a template was evaluated"
    elif kind == "text/csv":
        for row in csv.reader(io.StringIO(text)):
            if any(cell[:1] in tuple("=+-@\t\r") for cell in row):
                yield f"{each}: a cell is a formula: {row}"
    elif kind not in ("application/json", "application/yaml", "text/yaml", "text/plain"):
        yield f"{each}: is {kind}"


@pytest.mark.slow
def test_what_others_wrote_is_text_on_every_page_and_in_every_answer(world: World) -> None:
    client, api = world.pages.client, world.api
    ids = {"{project}": api.project, "{task}": api.tasks[0], "{prompt}": world.prompt.id}
    wrong: list[str] = []
    seen = dict.fromkeys(WHO, 0)
    calls = [each for pages in (True, False) for each in asked(world, pages=pages)]
    calls = [each for each in calls if each.method == "GET" and each.endpoint != "ui_asset"]
    for each in calls:
        query = each.page.fields if each.page else filled(each.route.query, ids)
        headers = {"Authorization": f"Token {api.studio.token}"}
        answer = client.get(each.path, query_string=query, headers=headers)
        text = answer.get_data(as_text=True)
        kind = answer.mimetype
        if answer.status_code == 200:
            wrong += _faults(each, kind, text)
            for who in WHO:
                seen[who] += f"onerror={who}" in text
    assert not wrong, "\n".join(wrong)
    # Else it was not there to be shown, and nothing was tried.
    assert all(count >= 2 for count in seen.values()), seen
