"""What every page refuses, survives and never shows; a new route without a case fails here."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from ml_backend.records import Prediction, Subset
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.store import tables as t
from ml_backend.web.server.logs import TextFormatter
from support.measured import completed, outcome
from support.pages import HTMX, Page, Pages, csrf_of, sign_in
from support.world import CASES, KEY, LISTS, OPEN, SECRET, Call, World

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_every_form_needs_the_sessions_token(world: World) -> None:
    before = rows(world)
    for call in world.calls():
        if call.method == "POST":
            assert call.send(world.pages.client).status == 403, call
            assert call.send(world.pages.client, "wrong").status == 403, call
    assert rows(world) == before


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_its_owner_is_answered_everywhere_without_a_secret(world: World) -> None:
    csrf, client = world.pages.csrf(), world.pages.client
    settings = world.pages.container.settings
    secrets = [world.pages.studio.token, settings.openai_api_key, KEY, str(settings.data_dir)]
    for call in world.calls():
        if call.method == "GET" and call.endpoint != "ui.unknown":
            answer = call.send(client, csrf)
            assert answer.status in (200, 303), (str(call), answer.status)
            headers = answer.response.headers
            assert "default-src 'none'" in headers["Content-Security-Policy"], call
            assert "unsafe" not in headers["Content-Security-Policy"], call
            assert headers["Cache-Control"] == "no-store", call
            assert headers["X-Content-Type-Options"] == "nosniff", call
            assert not [each for each in secrets if each in answer.html], call


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_no_version_is_made_active_that_would_spend_from_the_connection_of_another(
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


@pytest.mark.slow
@pytest.mark.parametrize("url", ["http://[", "//[x", "http://h/ui/\xe9", "javascript:x", "\\"])
def test_htmx_that_names_a_strange_page_is_led_to_sign_in(api: Any, url: str) -> None:
    answer = api.app.test_client().get("/ui/prompts", headers={**HTMX, "HX-Current-URL": url})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/ui/sign-in")


@pytest.mark.slow
def test_a_character_that_databases_refuse_is_refused_by_its_field(world: World) -> None:
    before, csrf = rows(world), world.pages.csrf()
    for call in world.calls():
        strange = Call(call.endpoint, call.method, call.path, {**call.fields, "title": "a\0b"})
        answer = strange.send(world.pages.client, csrf)
        assert answer.status == 422, call
        assert "title holds a NUL character" in answer.text("[role=alert]"), call
    assert rows(world) == before


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["/ui/\rSet-Cookie: a=b", "/ui/\tx", "/ui/\x85"])
def test_no_way_back_writes_into_headers(pages: Pages, wanted: str) -> None:
    done = pages.post("/ui/color-scheme", follow=False, scheme="dark", next=wanted)
    assert (done.status, done.response.location) == (303, "/ui/prompts")


@pytest.mark.slow
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


@pytest.mark.slow
def test_halves_of_characters_in_tasks_and_answers_break_no_page(pages: Pages) -> None:
    half, config = "\ud800", pages.container.studio.get_project(pages.project).label_config
    wire = [{"data": {"text": f"before {half} after"}}]
    pages.api.project, pages.api.tasks = pages.studio.seed(config, wire, title="Halves")
    prompt, version = pages.api.prompt()
    store = pages.container.store
    project = pages.container.studio.get_project(pages.project)
    options = RunRequest(subset=Subset.ALL, worker_job="worker")
    run = pages.container.runs.start(
        store.prompts.get(prompt.id), store.prompts.get_version(version.id), project, options
    )
    good = outcome(pages.api.tasks[0], "a")
    assert isinstance(good, Prediction)
    completed(pages, run, [good], None)
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


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_nothing_more_leads_to_sign_in(pages: Pages, status: int) -> None:
    fault = {"path": "whoami", "mode": "status", "status": status, "body": "{}", "times": 9}
    pages.studio.control(faults=[fault])
    pages.api.app.extensions["callers"].forget()
    assert pages.get("/ui/prompts").response.location.endswith("why=token")
