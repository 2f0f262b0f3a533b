"""What every page refuses, survives and never shows; a new route without a case fails here."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from web.ui.conftest import HTMX, Page, Pages, csrf_of, sign_in
from web.ui.measured import completed, outcome
from web.ui.runs_made import ran
from web.ui.world import CASES, LISTS, OPEN, SECRET, World

from ml_backend.records import Prediction, RunStatus, Subset
from ml_backend.services.runs import RunOptions
from ml_backend.store import tables as t
from ml_backend.web.logs import TextFormatter
from ml_backend.web.ui import display

NONE = {
    **dict.fromkeys(
        ("project", "prompt_id", "version", "version_id", "run_id", "task_id", "job_id"), 99_999
    ),
    "connection_id": 99_999,
    "ref": "99999",
    "of the prompt": "prompt:99999",
}
"""Ids that nothing has."""


@pytest.fixture
def world(pages: Pages) -> World:
    return World(pages)


def rows(world: World) -> dict[str, Any]:
    """All that a refused request must leave as it was."""
    found: dict[str, Any] = {}
    with world.pages.container.store.database.read() as c:
        for table in (t.prompts, t.versions, t.runs, t.jobs, t.connections):
            found[table.name] = sorted(map(repr, c.execute(table.select()).mappings()))
    state = world.pages.studio.state()
    return found | {name: each for name, each in state.items() if name != "calls"}


def test_every_page_has_its_case_here(pages: Pages) -> None:
    rules = {each.endpoint for each in pages.api.app.url_map.iter_rules()}
    assert {each for each in rules if each.startswith("ui.")} == CASES.keys() | OPEN


def test_every_page_asks_strangers_to_sign_in(world: World) -> None:
    before = rows(world)
    client = world.api.app.test_client()
    csrf = csrf_of(client, "/ui/sign-in")
    for call in world.calls():
        answer = call.send(client, csrf)
        assert answer.status == 303, call
        assert answer.response.location.startswith("/ui/sign-in"), call
        assert SECRET not in answer.html
    assert rows(world) == before


def test_every_form_needs_the_sessions_token(world: World) -> None:
    before = rows(world)
    for call in world.calls():
        if call.method == "POST":
            assert call.send(world.pages.client).status == 403, call
            assert call.send(world.pages.client, "wrong").status == 403, call
    assert rows(world) == before


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["as a page", "by htmx"])
def test_nobody_sees_or_changes_what_is_of_a_project_they_do_not_see(
    world: World, headers: dict[str, str]
) -> None:
    client, csrf = world.stranger()
    before = rows(world)
    for call in world.calls():
        answer = call.send(client, csrf, **headers)
        assert SECRET not in answer.html, call
        if call.endpoint not in LISTS:
            assert answer.status in (403, 404), (str(call), answer.status)
    assert rows(world) == before


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["as a page", "by htmx"])
def test_what_is_hidden_is_refused_as_what_does_not_exist(
    world: World, headers: dict[str, str]
) -> None:
    client, csrf = world.stranger()
    for hidden, none in zip(world.calls(), world.calls(**NONE), strict=True):
        if hidden.endpoint not in LISTS:
            said = [each.send(client, csrf, **headers) for each in (hidden, none)]
            first, second = ((each.status, re.sub(r"\d+", "N", each.text())) for each in said)
            assert first == second, hidden


def test_its_owner_is_answered_everywhere(world: World) -> None:
    csrf = world.pages.csrf()
    for call in world.calls():
        if call.method == "GET" and call.endpoint != "ui.unknown":
            answer = call.send(world.pages.client, csrf)
            assert answer.status in (200, 303), (str(call), answer.status)


@pytest.mark.parametrize("known", [True, False], ids=["who asks is known", "nobody is known"])
def test_no_page_breaks_while_label_studio_is_away(world: World, known: bool) -> None:
    csrf = world.pages.csrf()
    calls = list(world.calls())
    world.pages.studio.control(down=True)
    for call in calls:
        if not known:
            world.api.app.extensions["callers"].forget()
        answer = call.send(world.pages.client, csrf)
        assert answer.status in (200, 303, 404, 422, 503), (str(call), answer.status)
        if answer.status == 503:
            assert "ls-prompts" not in answer.html, call
            assert "does not answer" in answer.text("main"), call
            assert "Check LABEL_STUDIO_URL" in answer.text("main"), call


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_a_number_that_nothing_has_is_not_found(world: World, number: int) -> None:
    csrf = world.pages.csrf()
    for name in ("prompt_id", "version_id", "run_id", "task_id", "job_id", "connection_id"):
        for call in world.calls(**{name: number}):
            if str(number) in call.path.split("/"):
                answer = call.send(world.pages.client, csrf)
                assert answer.status == 404, (str(call), answer.status)


# A prompt of two projects, one of which somebody does not see


@pytest.fixture
def shared(world: World, place: Any) -> World:
    """The secret prompt is of a project as well that everybody sees."""
    columns = {"project_ids": [place.project_id, world.api.project]}
    world.pages.container.store.prompts.update(world.prompt.id, **columns)
    return world


def test_what_a_prompt_did_in_a_hidden_project_is_told_nowhere(shared: World) -> None:
    client, _ = shared.stranger()
    prompt = shared.prompt.id
    listed = Page(client.get("/ui/prompts?sort=-accuracy")).text("#prompts tbody, tbody")
    assert "Seeded" in listed
    for said in (f"{SECRET} project", "60%", "3/5", "just now"):
        assert said not in listed
    assert "– not evaluated" in listed
    assert "never" in listed
    other = shared.api.as_user(hidden=[shared.api.project])
    found = shared.api.request("GET", f"prompts/{prompt}/", other).json()
    assert (found["best_score"], found["runs_count"]) == (None, 0)
    versions = shared.api.request("GET", f"prompts/{prompt}/versions", other).json()
    assert [each["score"] for each in versions] == [None]
    for tab in ("", "/results", "/alignment", "/versions", "/compare", "/history", "/score"):
        page = Page(client.get(f"/ui/prompts/{prompt}{tab}"))
        assert page.status == 200, tab
        assert f"{SECRET} project" not in page.html
        assert "60%" not in page.html
    # Whoever sees both is told of both.
    assert "3/5" in shared.pages.get("/ui/prompts").text("tbody")
    assert shared.api.request("GET", f"prompts/{prompt}/").json()["best_score"] == 0.6


def test_addresses_that_name_the_hidden_project_are_refused(shared: World) -> None:
    client, csrf = shared.stranger()
    before = rows(shared)
    hidden = {"project": shared.api.project, "run": shared.run.id}
    for name, value in hidden.items():
        for call in shared.calls():
            is_view = call.path.startswith(f"/ui/prompts/{shared.prompt.id}")
            reads = call.endpoint not in ("ui.show_row", "ui.edit_prompt", "ui.ask_delete_prompt")
            if is_view and call.method == "GET" and reads:
                answer = Page(client.get(call.path, query_string={**call.fields, name: value}))
                assert f"{SECRET} project" not in answer.html, call
    for call in shared.calls():
        if call.method == "POST" and "/prompts/" in call.path:
            data = {"csrf_token": csrf, **call.fields, "project": shared.api.project}
            if call.endpoint not in ("ui.preview_prompt", "ui.estimate_run"):
                assert client.post(call.path, data=data).status_code in (403, 404), call
    assert rows(shared) == before


def test_runs_of_a_project_that_a_prompt_has_no_more_are_not_its_creators(world: World) -> None:
    client, _ = world.stranger()
    prompts = world.pages.container.store.prompts
    mine = {"id": 2, "username": "other", "email": "", "first_name": "", "last_name": ""}
    with world.pages.container.store.database.write() as c:
        c.execute(t.prompts.update().values(created_by=mine))
    prompts.update(world.prompt.id, project_ids=[])
    for tab in ("results", "alignment", "versions", "history"):
        page = Page(client.get(f"/ui/prompts/{world.prompt.id}/{tab}"))
        assert page.status == 200, page.text()
        assert "60%" not in page.html
        assert "3/5" not in page.html


# Another person's connection


def test_no_version_is_made_active_that_would_spend_from_anothers_connection(
    pages: Pages,
) -> None:
    prompt, version = pages.api.prompt()
    mine = pages.api.connection(scope="User")
    pages.api.client.prompts.versions.update(
        prompt.id, version.id, model_provider_connection=mine.id
    )
    world = World(pages)
    client, csrf = world.stranger(hidden=[])
    path = f"/ui/prompts/{prompt.id}/versions/{version.id}/activate"
    refused = Page(client.post(path, data={"csrf_token": csrf}))
    assert refused.status == 403
    assert "not for you to use" in refused.text("main")
    assert pages.container.store.prompts.get(prompt.id).active_version_id is None


# Addresses, headers and forms that no page of ours made


def test_an_address_puts_no_words_of_its_own_on_the_way_in(api: Any) -> None:
    client = api.app.test_client()
    assert "hotline" not in client.get("/ui/sign-in?why=Call+the+hotline").get_data(as_text=True)
    told = Page(client.get("/ui/sign-in?why=token")).text("[role=alert]")
    assert told == "Label Studio no longer takes your token."


def test_signing_in_anew_ends_the_session_before(pages: Pages) -> None:
    before = pages.client.get_cookie("ls_prompts", path="/ui")
    assert before is not None
    assert sign_in(pages.client, pages.studio.token).status_code == 303
    other = pages.api.app.test_client()
    other.set_cookie("ls_prompts", before.value, path="/ui")
    assert other.get("/ui/prompts").status_code == 303


@pytest.mark.parametrize("url", ["http://[", "//[x", "http://h/ui/\xe9", "javascript:x", "\\"])
def test_htmx_that_names_a_strange_page_is_led_to_sign_in(api: Any, url: str) -> None:
    answer = api.app.test_client().get("/ui/prompts", headers={**HTMX, "HX-Current-URL": url})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/ui/sign-in")


@pytest.mark.parametrize("wanted", ["/ui/\rSet-Cookie: a=b", "/ui/\tx", "/ui/\x00", "/ui/\x85"])
def test_no_way_back_writes_into_headers(pages: Pages, wanted: str) -> None:
    done = pages.post("/ui/color-scheme", follow=False, scheme="dark", next=wanted)
    assert (done.status, done.response.location) == (303, "/ui/prompts")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["as a page", "by htmx"])
def test_a_form_too_large_is_refused_and_said_to_be(pages: Pages, headers: dict[str, str]) -> None:
    prompt, _ = pages.api.prompt()
    data = {"csrf_token": pages.csrf(), "text": "x" * 3_000_000}
    answer = Page(pages.client.post(f"/ui/prompts/{prompt.id}/editor", data=data, headers=headers))
    assert answer.status == 413
    assert "more than a form may hold" in answer.text()


def test_names_that_people_give_stay_on_their_line_of_the_log() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 1, "%s", ("a\n2027 ERROR\x1b[0m é 😀",), None)
    assert TextFormatter("%(message)s").format(record) == "a\\x0a2027 ERROR\\x1b[0m é 😀"


def test_halves_of_characters_in_tasks_and_answers_break_no_page(pages: Pages) -> None:
    half, config = "\ud800", pages.container.studio.get_project(pages.project).label_config
    wire = [{"data": {"text": f"before {half} after"}}]
    pages.api.project, pages.api.tasks = pages.studio.seed(config, wire, title="Halves")
    prompt, version = pages.api.prompt()
    store = pages.container.store
    project = pages.container.studio.get_project(pages.project)
    options = RunOptions(subset=Subset.ALL, worker_job="worker")
    run = pages.container.runs.start(
        store.prompts.get(prompt.id), store.prompts.get_version(version.id), project, options
    )
    good = outcome(pages.api.tasks[0], "a")
    assert isinstance(good, Prediction)
    completed(pages, run, [good], {})
    for path in (
        f"/ui/prompts/{prompt.id}?run={run.id}",
        f"/ui/runs/{run.id}/tasks/{pages.api.tasks[0]}",
        f"/ui/runs/{run.id}/tasks/{pages.api.tasks[0]}/messages",
        f"/ui/runs/{run.id}/results.csv",
    ):
        assert pages.get(path).status == 200, path
    form = {"text": "Which? {text}", "connection": "environment", "few_shot": "0"}
    shown = pages.post(f"/ui/prompts/{prompt.id}/preview", **form)
    assert shown.status == 200
    assert "before" in shown.text()


# Figures


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "–"), (0, "0.00"), (0.004, "<0.01"), (0.5, "0.50"), (0.996, ">0.99"), (1, "1.00")],
)
def test_a_figure_is_never_rounded_to_one_or_to_nothing(value: float, written: str) -> None:
    assert display.score(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "unknown"), (0, "$0"), (2e-5, "$0.00002"), (1e-12, "<$0.0000000001"), (3.5, "$3.50")],
)
def test_an_amount_is_written_as_people_write_it(value: float | None, written: str) -> None:
    assert display.money(value) == written


def test_a_task_that_was_asked_is_no_cheaper_for_others_that_were_not(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, cost=0.06, cached=4)
    found = pages.get(f"/ui/prompts/{prompt.id}").text("[aria-label=Score] .figures")
    assert "$0.0300 per task that was asked" in found
    ran(pages, version.id, cost=0.0, cached=6)
    found = pages.get(f"/ui/prompts/{prompt.id}").text("[aria-label=Score] .figures")
    assert "– per task: all were answered before" in found
    ran(pages, version.id, cost=None)
    found = pages.get(f"/ui/prompts/{prompt.id}").text("[aria-label=Score] .figures")
    assert "unknown per task" in found


@pytest.mark.parametrize(
    ("command", "click"),
    [
        ("The database failed. Mend that, then `ls-prompts runs resume 7`.", "press Resume"),
        ("None got one. `ls-prompts runs failures 7` lists the reasons.", "filtered by Has error"),
        ("Cancel it: `ls-prompts runs cancel 3`; `ls-prompts runs cancel 4`", "prompt's page"),
        ("Raise it with `ls-prompts connections budget`, or wait.", "Raise it under Connections"),
        ("Start a run with --only-missing and another --budget for the rest; a", "at Stop at"),
        ("Run without --only-missing to ask all.", "unticked to ask all"),
    ],
)
def test_what_to_do_next_is_said_for_those_who_click(
    pages: Pages, command: str, click: str
) -> None:
    prompt, version = pages.api.prompt()
    ran(pages, version.id, status=RunStatus.FAILED, message=command)
    for tab in ("results", "history"):
        page = pages.get(f"/ui/prompts/{prompt.id}/{tab}")
        assert click in page.text("main")
        assert "ls-prompts" not in page.html
        assert " --" not in page.text("main")


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_nothing_more_leads_to_sign_in(pages: Pages, status: int) -> None:
    fault = {"path": "whoami", "mode": "status", "status": status, "body": "{}", "times": 9}
    pages.studio.control(faults=[fault])
    pages.api.app.extensions["callers"].forget()
    assert pages.get("/ui/prompts").response.location.endswith("why=token")


def test_a_saved_suggestion_says_whether_it_answers_label_studio_at_once(world: World) -> None:
    path = f"/ui/prompts/{world.prompt.id}/enhance/{world.suggestion.id}/save"
    fields = {"project": world.api.project, "text": "Better: {text}"}
    newest = world.pages.post(path, title="Second", **fields)
    assert "It answers Label Studio's own calls now" in newest.text(".notice")
    prompts = world.pages.container.store.prompts
    live = prompts.active_version(world.prompt.id)
    assert live is not None
    assert live.title == "Second"
    world.pages.container.prompts.activate(world.prompt, live)
    later = world.pages.post(path, title="Third", **fields)
    assert "Third is saved. Nothing that is live changed." in later.text(".notice")
    assert prompts.active_version(world.prompt.id) == live


def test_every_button_that_goes_on_says_the_same_number(pages: Pages) -> None:
    prompt, version = pages.api.prompt()
    run = ran(pages, version.id, n=0, tasks=pages.api.tasks[:6], status=RunStatus.FAILED, failed=4)
    failures = {"timeout": 3, "bad_answer": 1}
    with pages.container.store.database.write() as c:
        c.execute(t.runs.update().where(t.runs.c.id == run.id).values(failures=failures))
    resume = f"form[action='/ui/runs/{run.id}/resume'] button"
    score = pages.get(f"/ui/prompts/{prompt.id}").text(resume)
    history = pages.get(f"/ui/prompts/{prompt.id}/history").text(f"#panel {resume}")
    assert score.split()[:2] == history.split()[:2]
