"""A form that is sent twice is done once: a double click, without script, in two tabs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import Conflict
from ml_backend.store import tables as t
from ml_backend.web import create_app
from ml_backend.web.ui.shell.once import Once
from support.pages import Page, Pages, sign_in


@pytest.fixture
def prompt(pages: Pages) -> int:
    """A prompt whose runs nobody executes, so that they go on."""
    made, _ = pages.api.prompt()
    pages.container.engine.stop(0)
    return made.id


def runs(pages: Pages, prompt: int) -> list[int]:
    return [run.id for run in pages.container.store.runs.search(prompt_id=prompt)]


def editor(pages: Pages, prompt: int) -> dict[str, Any]:
    """What the editor sends when Evaluate is pressed."""
    fields = pages.get(f"/ui/prompts/{prompt}").fields("form#editor")
    del fields["csrf_token"]
    return {**fields, "do": "run", "said": fields["baseline"]}


def where(page: Page) -> str:
    return str(page.response.headers.get("HX-Redirect") or page.response.headers.get("Location"))


@pytest.mark.slow
@pytest.mark.parametrize("htmx", [True, False], ids=["by htmx", "without script"])
def test_the_same_form_sent_again_leads_where_the_first_did(
    pages: Pages, prompt: int, htmx: bool
) -> None:
    form = editor(pages, prompt)
    address = f"/ui/prompts/{prompt}/editor"
    first = pages.post(address, follow=False, htmx=htmx, **form)
    # It ended in between: what is open says nothing, the form's number does.
    (run,) = runs(pages, prompt)
    pages.container.store.runs.request_cancel(run)
    second = pages.post(address, follow=False, htmx=htmx, **form)
    assert where(first) == where(second)
    assert f"run={run}" in where(second)
    assert runs(pages, prompt) == [run]
    assert "will be asked" in pages.get(where(second)).text("main .notice")


@pytest.mark.slow
def test_two_tabs_that_ask_the_same_have_one_run(pages: Pages, prompt: int) -> None:
    address = f"/ui/prompts/{prompt}/editor"
    forms = [editor(pages, prompt) for _ in range(2)]
    assert forms[0]["once"] != forms[1]["once"]
    first, second = (pages.post(address, follow=False, **form) for form in forms)
    assert where(first) == where(second)
    assert len(runs(pages, prompt)) == 1


@pytest.mark.slow
def test_another_choice_is_another_run(pages: Pages, prompt: int) -> None:
    address = f"/ui/prompts/{prompt}/editor"
    form = editor(pages, prompt)
    pages.post(address, follow=False, **form)
    pages.post(address, follow=False, **{**form, "baseline": "All", "said": "All"})
    assert len(runs(pages, prompt)) == 2


@pytest.mark.slow
def test_what_was_refused_may_be_sent_again(pages: Pages, prompt: int) -> None:
    address = f"/ui/prompts/{prompt}/editor"
    form = editor(pages, prompt)
    refused = pages.post(address, follow=False, htmx=True, **{**form, "budget": "nothing"})
    assert refused.status == 422
    refused = pages.post(address, follow=False, htmx=True, **{**form, "budget": "nothing"})
    assert refused.status == 422
    assert pages.post(address, follow=False, htmx=True, **form).status == 204
    assert len(runs(pages, prompt)) == 1


@pytest.mark.slow
def test_all_tasks_asked_twice_are_asked_once(pages: Pages, prompt: int) -> None:
    address = f"/ui/prompts/{prompt}/predict-all"
    form = pages.get(address).fields("form[action*=predict-all]")
    del form["csrf_token"]
    led = {where(pages.post(address, follow=False, **form)) for _ in range(2)}
    assert len(led) == len(runs(pages, prompt)) == 1


@pytest.mark.slow
def test_somebody_elses_form_of_the_same_number_is_theirs(pages: Pages, prompt: int) -> None:
    form = {"title": "Changed", "once": "the same number"}
    address = f"/ui/prompts/{prompt}/edit"
    assert pages.post(address, follow=False, **form).status == 303
    with pages.api.app.test_client() as client:
        sign_in(client, pages.studio.token)
        other = Pages(pages.api, client)
        assert other.post(address, follow=False, **form).status == 303


def test_who_comes_meanwhile_waits_for_the_first() -> None:
    forms = Once()
    assert forms.take("form") is None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(forms.take, "form")
        assert not waiting.done()
        forms.end("form", "/ui/there", ["said"])
        found = waiting.result()
    assert found is not None
    assert (found.where, found.said) == ("/ui/there", ["said"])


def test_after_a_refusal_the_one_that_waits_is_the_first() -> None:
    forms = Once()
    assert forms.take("form") is None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(forms.take, "form")
        forms.end("form", None, [])
        assert waiting.result() is None


def test_what_never_ends_is_said_and_not_waited_for() -> None:
    forms = Once(wait=0.01)
    forms.take("form")
    with pytest.raises(Conflict, match="being done already"):
        forms.take("form")


def test_later_the_same_form_is_another_press() -> None:
    forms = Once(kept=-1.0)
    forms.take("form")
    forms.end("form", "/ui/there", [])
    assert forms.take("form") is None


def test_few_are_remembered() -> None:
    forms = Once(most=3)
    for n in range(9):
        forms.take(str(n))
    assert len(forms) == 3


def another_process(pages: Pages) -> Pages:
    """The same browser at another server of the same database, or at this one after a restart."""
    client = create_app(pages.container).test_client()
    cookie = pages.client.get_cookie("ls_prompts", path="/ui")
    assert cookie is not None
    client.set_cookie("ls_prompts", cookie.value, path="/ui")
    return replace(pages, client=client)


@pytest.mark.slow
def test_after_a_restart_and_at_another_process_the_same_form_is_the_same_press(
    pages: Pages, prompt: int
) -> None:
    form, address = editor(pages, prompt), f"/ui/prompts/{prompt}/editor"
    first = pages.post(address, follow=False, **form)
    (run,) = runs(pages, prompt)
    pages.container.store.runs.request_cancel(run)  # what is open says nothing
    other = another_process(pages)
    second = other.post(address, follow=False, **form)
    assert (second.status, where(second)) == (303, where(first))
    assert runs(pages, prompt) == [run]
    # Another press of the same page is another run.
    other.post(address, follow=False, **editor(pages, prompt))
    assert len(runs(pages, prompt)) == 2


def test_processes_wait_for_each_other_and_take_over_from_the_dead(pages: Pages) -> None:
    presses = pages.container.store.presses
    one, other = (Once(wait=5.0, presses=presses) for _ in range(2))
    assert one.take("key") is None
    with ThreadPoolExecutor() as threads:
        waits = threads.submit(other.take, "key")
        assert presses.led_to("key") == ""
        one.end("key", "/ui/there", ["said"])
        found = waits.result(5)
    assert found is not None
    assert (found.where, found.said) == ("/ui/there", [])
    assert one.take("refused") is None
    one.end("refused", None, [])
    assert other.take("refused") is None
    assert presses.begin("left behind", 0.05) is not None  # by a process that was killed then
    assert other.take("left behind") is None
    with pytest.raises(Conflict, match="being done already"):
        Once(wait=0.0, presses=presses).take("left behind")


def test_what_was_pressed_long_ago_leaves_no_row(pages: Pages) -> None:
    presses, database = pages.container.store.presses, pages.container.store.database
    for each in range(5):
        fence = presses.begin(f"key {each}", 0.001)
        assert fence is not None
        presses.end(f"key {each}", fence, "/ui/" + "x" * 500, 0.001)
    time.sleep(0.01)
    presses.begin("last", 60.0)
    query = sa.select(sa.func.count()).where(t.leases.c.name.like("press:%"))
    with database.read() as c:
        assert c.execute(query).scalar() == 1
