"""Whatever a form or an address of the pages holds: a page, or one that says what is wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import strategies as st

from support.fuzzing import ODD_TEXT, Fuzz
from support.pages import HTMX, Pages
from support.world import Call, World

KEPT = frozenset(
    {"ui.delete_prompt", "ui.take_delete", "ui.delete_version", "ui.delete_connection"}
)
"""Forms of which one that fits would leave nothing for those after it."""

FURTHER = [
    *(
        "project",
        "run",
        "page",
        "sort",
        "q",
        "cell",
        "versions",
        "count",
        "counted",
        "scope",
        "do",
        "of",
    ),
    *(
        "title",
        "text",
        "system_prompt",
        "model",
        "connection",
        "few_shot",
        "budget",
        "api_key",
        "endpoint",
    ),
    *(
        "provider",
        "price_in",
        "price_out",
        "subset",
        "tasks",
        "next",
        "seen",
        "parameters",
        "ids",
        "task",
    ),
    *(
        "deployment_name",
        "auth_token",
        "form",
        "form_number",
        "baseline",
        "teacher",
        "limit",
        "why",
        "",
    ),
]
VALUES = ODD_TEXT | st.sampled_from(
    [
        "-1",
        "0",
        "1",
        "99999",
        "9" * 400,
        "1e400",
        "nan",
        "on",
        "prompt:1",
        "environment",
        "{text}",
        "http://127.0.0.1:1/",
        "http://[",
        "1,2,3",
        "1-9999999999",
        '{"a": [',
        "2026-01-01",
        "٣",
        "All",
    ]
)


@pytest.mark.slow
@pytest.mark.fuzz
def test_no_form_and_no_address_breaks_a_page(fuzz: Fuzz, pages: Pages) -> None:
    world = World(pages)
    calls = [each for each in world.calls() if each.endpoint not in KEPT]
    csrf = pages.csrf()
    store = pages.container.store

    def law(call: Call, given: dict[str, str], again: list[str], htmx: bool, raw: bytes) -> None:
        fields: dict[str, Any] = {**call.fields, **given}
        # Some fields stand twice, as a form may have them.
        pairs = [*fields.items(), *((name, "x") for name in again)]
        wire = urlencode(pairs, errors="surrogatepass").encode() + raw
        headers = HTMX if htmx else {}
        if call.method == "GET":
            query = wire.decode("latin-1")
            answer = pages.client.get(f"{call.path}?{query}", headers=headers)
        else:
            body = urlencode({"csrf_token": csrf}).encode() + b"&" + wire
            kind = "application/x-www-form-urlencoded"
            answer = pages.client.post(call.path, data=body, headers=headers, content_type=kind)
        fuzz.watch.counts[f"{call.method} {answer.status_code}"] += 1
        assert answer.status_code < 500 or answer.status_code in (502, 503), (
            call.endpoint,
            answer.status_code,
            answer.get_data(as_text=True)[:2000],
        )
        assert len(answer.data) < 3_000_000

    given = st.dictionaries(st.sampled_from(FURTHER), VALUES, max_size=4)
    raw = st.sampled_from([b"", b"", b"&%", b"&=&", b"&%ff=%fe", b"&a=%00", b";", b"&csrf_token=x"])
    again = st.lists(st.sampled_from(FURTHER), max_size=2)
    things = {"given": given, "again": again, "htmx": st.booleans(), "raw": raw}
    fuzz(law, 250, call=st.sampled_from(calls), **things)
    # What was taken is shown again, and fits.
    for path in ("/ui/prompts", "/ui/connections", f"/ui/prompts/{world.prompt.id}", "/ui/health"):
        assert pages.get(path).status == 200, path
    for each in store.prompts.all():
        assert len(each.title) <= 500
        assert pages.get(f"/ui/prompts/{each.id}").status == 200
    for connection in store.connections.all():
        assert len(connection.title) <= 500
