"""Accept: a promise drawn, labelled, opened; accepted by it, sent to people, taken back."""

from __future__ import annotations

import pytest

from ml_backend.store import AcceptanceAct
from support.accept_pages import TASKS, AcceptTab, accept_tab
from support.api import STRANGER
from support.pages import Pages, sign_in
from support.wire import CONFIG

pytestmark = pytest.mark.slow


@pytest.fixture
def tab(pages: Pages) -> AcceptTab:
    return accept_tab(pages)


@pytest.fixture
def promised(tab: AcceptTab) -> AcceptTab:
    """A tab whose sample is opened, and promises."""
    tab.draw()
    tab.label()
    assert "the promise holds" in tab.open().text("main")
    return tab


def test_what_is_no_promise_says_why_and_what_makes_one(tab: AcceptTab) -> None:
    page = tab.get()
    assert page.status == 200
    assert "No promise" in page.text("#acceptance .verdict")
    assert "No promise sample was drawn" in page.text("#acceptance")
    assert "Promise this" in page.text("#acceptance .actions")
    assert "Send 60 to people" in page.text("#acceptance .actions")
    assert "Topic 🦘__Version 1" in page.text("#accept-label")
    assert page.one("#error").attributes["value"] == "20"
    assert page.one("nav.tabs [aria-current=page]").text() == "Accept"


def test_a_draw_says_beforehand_what_it_does(tab: AcceptTab) -> None:
    page = tab.get("/draw")
    said = page.text("main")
    assert "withheld from Label Studio while they are labelled" in said
    assert "Topic 🦘__Version 1" in said
    size = int(page.fields("#draw-plan form")["counted"])
    assert f"{size} tasks of 60 would be drawn" in said
    assert not tab.pages.container.store.promises.of_project(tab.project)
    impossible = tab.get("/draw", error="0.5").text("#draw-plan")
    assert "no number of labels promises" in impossible
    again = tab.pages.post(
        f"{tab.base}/draw", **{**page.fields("#draw-plan form"), "counted": str(size - 1)}
    )
    assert "The count changed" in again.text("main")
    assert not tab.pages.container.store.promises.of_project(tab.project)
    assert f"{size} tasks are drawn" in tab.draw().text("main")
    assert tab.sample().size == size


def test_a_sample_is_labelled_then_opened_then_promises(tab: AcceptTab) -> None:
    tab.draw()
    page = tab.get()
    card = "section[aria-labelledby=sample-title]"
    size = tab.sample().size
    assert f"0 of {size} tasks labelled" in page.text(card)
    [link] = [each for each in page.all(f"{card} a") if "Label them" in each.text()]
    assert f"/projects/{tab.project}/data?tab=" in (link.attributes["href"] or "")
    assert "Promise this" not in page.text("#acceptance"), "it is being asked already"
    early = tab.post(f"/samples/{tab.sample().id}/open")
    assert early.status == 409
    tab.label()
    assert f"/samples/{tab.sample().id}/open" in tab.get().html
    assert "the promise holds" in tab.open().text("main")
    page = tab.get()
    said = page.text("#acceptance .verdict")
    assert f"{TASKS - size} of {TASKS} may be accepted" in said
    assert "0 for people" in said
    assert f"{size} are labelled" in said
    assert "Promised" in said
    assert "at most 20 % of them wrong (90 % certain)" in page.text(".verdict")
    assert "Opened: it holds" in page.text(card)
    assert page.one("#acceptance svg").attributes["role"] == "img"


def test_wrong_answers_are_not_promised_and_the_next_step_is_there(tab: AcceptTab) -> None:
    tab.draw()
    tab.label("b")
    assert "promises nothing" in tab.open().text("main")
    page = tab.get()
    assert "None of 60 may be accepted" in page.text(".verdict")
    assert "Create" not in page.text("#acceptance .actions")
    assert "Draw another" in page.text("section[aria-labelledby=sample-title]")


def test_the_slider_asks_for_a_part_of_the_page(promised: AcceptTab) -> None:
    path = f"{promised.base}/answer?{promised.query(error='1')}"
    part = promised.pages.htmx(path, "acceptance")
    assert "<html" not in part.html
    assert "No promise" in part.text(".verdict")
    assert "was not asked for" in part.text(".why")
    assert part.response.headers["HX-Replace-Url"].startswith(f"{promised.base}?")
    assert "<html" in promised.pages.get(path).html, "without script it is the page"
    refused = promised.get(error="50")
    assert (refused.status, "Give percent from 0.5 to 20" in refused.text()) == (422, True)


def test_another_limit_is_asked_where_the_draw_allows_it(tab: AcceptTab) -> None:
    tab.draw(several="on")
    tab.label()
    tab.open()
    asked = tab.pages.get(f"{tab.base}?{tab.query(error='19')}")
    assert f"/samples/{tab.sample().id}/ask" in asked.html
    done = tab.pages.post(f"{tab.base}/samples/{tab.sample().id}/ask?{tab.query(error='19')}")
    assert "promised" in done.text("main")
    assert len(tab.sample().looks) == 2


def test_what_is_counted_is_created_once_and_taken_back(promised: AcceptTab) -> None:
    page = promised.get("/create")
    fields = page.fields("main form:has([name=counted])")
    counted = int(fields["counted"])
    said = page.text("main")
    assert f"{counted} annotations would be created" in said
    assert f"{TASKS - counted} predictions that stand as an annotation already" in said
    stale = promised.post("/create", counted=str(counted + 1))
    assert "The count changed" in stale.text("main")
    assert promised.made() == 0
    done = promised.post("/create", counted=str(counted))
    assert f"{counted} annotations created" in done.text("main")
    assert promised.made() == counted
    page = promised.get()
    assert "All of these are annotations by now" in page.text("#acceptance")
    assert "0 annotations would be created" in promised.get("/create").text("main")

    [act] = promised.acts()
    assert (act.made, act.promise_id) == (counted, promised.sample().id)
    dialog = promised.get(f"/acceptances/{act.id}/take-back")
    assert f"{counted} would be deleted" in dialog.text("main")
    assert promised.made() == counted
    gone = promised.post(f"/acceptances/{act.id}/take-back", counted=str(counted))
    assert f"{counted} annotations deleted" in gone.text("main")
    assert promised.made() == 0
    assert "Nothing left" in promised.get().text("section[aria-labelledby=acts-title]")


def test_a_withdrawn_sample_says_why_and_promises_nothing(promised: AcceptTab) -> None:
    number = promised.sample().id
    dialog = promised.get(f"/samples/{number}/withdraw")
    assert "cannot be undone" in dialog.text("main")
    promised.post(f"/samples/{number}/withdraw", reason="the guideline changed 🦘")
    page = promised.get()
    assert "the guideline changed 🦘" in page.text("section[aria-labelledby=sample-title]")
    assert "Draw a new sample" in page.text("section[aria-labelledby=sample-title]")
    assert "Promised" not in page.text(".verdict")
    refused = promised.get("/create")
    assert (refused.status, "Nothing is promised" in refused.text("main")) == (409, True)


def test_what_is_not_accepted_goes_to_people_sampling_only_when_ticked(
    promised: AcceptTab,
) -> None:
    dialog = promised.get("/review", below="0.9")
    assert "Review first · Topic 🦘" in dialog.text("main")
    fields = dialog.fields("main form:has([name=size])")
    assert "sampling" not in fields
    before = promised.pages.container.studio.get_project(promised.project).sampling
    sent = promised.post("/review", below="0.9", size="50")
    assert "in the tab “Review first · Topic 🦘”" in sent.text("main")
    studio = promised.pages.container.studio
    assert studio.get_project(promised.project).sampling == before
    assert "Open in Label Studio" in promised.get().text("section[aria-labelledby=review-title]")
    assert "is removed" in promised.post("/review/stop").text("main")
    promised.post("/review", size="50", sampling="on")
    assert studio.get_project(promised.project).sampling == "Uncertainty sampling"
    promised.post("/review/stop")
    assert studio.get_project(promised.project).sampling == before


def test_an_estimate_is_created_only_as_what_it_is(tab: AcceptTab) -> None:
    page = tab.get("/create", min_score="0.5")
    assert "Nothing is promised of these" in page.text("main")
    counted = page.fields("main form:has([name=counted])")["counted"]
    assert counted == "50"
    path = f"{tab.base}/create?{tab.query(min_score='0.5')}"
    assert "50 annotations created" in tab.pages.post(path, counted="50").text("main")
    [act] = tab.acts()
    assert isinstance(act, AcceptanceAct)
    assert (act.promise_id, act.threshold) == (None, 0.5)
    assert "nothing promised" in tab.get().text("section[aria-labelledby=acts-title]")
    odd = tab.get("/create", min_score="NaN")
    assert odd.status == 422


def test_a_version_without_predictions_says_how_to_get_some(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    page = pages.get(f"/ui/prompts/{prompt.id}/accept")
    assert "Nothing to accept yet" in page.text("#panel")
    assert "Get Predictions for All Tasks" in page.text("#panel")
    for dialog in ("draw", "create", "review"):
        led = pages.get(f"/ui/prompts/{prompt.id}/accept/{dialog}")
        assert f"/ui/prompts/{prompt.id}/accept?" in led.response.headers["Location"]
    assert pages.post(f"/ui/prompts/{prompt.id}/accept/draw").status == 409
    empty, _ = pages.studio.seed(CONFIG, [], title="Empty")
    project = pages.container.studio.get_project(empty)
    other = pages.container.prompts.create("None yet", project=project)
    pages.container.access._listed.clear()
    pages.container.access._seen.clear()
    assert "No version yet" in pages.get(f"/ui/prompts/{other.id}/accept").text("main")
    pages.container.prompts.create_version(other, text="Which? {text}")
    page = pages.get(f"/ui/prompts/{other.id}/accept")
    assert "No tasks yet" in page.text("#panel")
    assert "Import tasks" in page.text("#panel a")


def test_label_studio_away_is_said_and_nothing_is_done(promised: AcceptTab) -> None:
    promised.get()
    promised.pages.studio.control(down=True)
    promised.pages.container.access._seen.clear()
    promised.pages.container.access._listed.clear()
    page = promised.get()
    assert page.status == 200
    assert "Label Studio" in page.text("#panel .alert")
    assert promised.get("/create").status == 503
    promised.pages.studio.control(down=False)


def test_who_does_not_see_the_project_sees_none_of_it(promised: AcceptTab) -> None:
    promised.pages.api.as_user(hidden=[promised.project])
    with promised.pages.api.app.test_client() as client:
        assert sign_in(client, STRANGER).status_code == 303
        stranger = Pages(promised.pages.api, client)
        for path in ("", "/answer", "/draw", "/create", "/review"):
            assert stranger.get(f"{promised.base}{path}").status == 404
