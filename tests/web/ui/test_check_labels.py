"""Results -> Check the label: what is disputed, with the evidence, decided in place and undone."""

from __future__ import annotations

import pytest

from ml_backend.records import Run
from support.api import STRANGER
from support.measured import measured_run, outcome
from support.pages import Page, Pages, csrf_of, sign_in

GIVEN = (("b", 0.7), ("a", 0.95), ("a", 0.99), ("b", 0.9))
"""Of tasks whose truths are a, b, a, b: the first two are disputed, the second one the surer."""


@pytest.fixture
def run(pages: Pages) -> Run:
    answers = [
        outcome(pages.api.tasks[place], said, score) for place, (said, score) in enumerate(GIVEN)
    ]
    return measured_run(pages, [*answers, outcome(pages.api.tasks[4], None)])


def here(run: Run) -> str:
    return f"/ui/runs/{run.id}/check"


def rows(page: Page) -> list[str]:
    return [str(each.attributes["id"]) for each in page.all("tr[id^=dispute-]")]


def decide(pages: Pages, run: Run, place: int, **form: str) -> Page:
    return pages.post(f"{here(run)}/{pages.api.tasks[place]}", **form)


def marks(pages: Pages, place: int) -> list[bool]:
    rows = pages.studio.state()["annotations"]
    return [each["ground_truth"] for each in rows if each["task"] == pages.api.tasks[place]]


@pytest.mark.slow
def test_disputed_labels_stand_with_their_evidence_the_surest_first(pages: Pages, run: Run) -> None:
    link = f"/ui/runs/{run.id}/check"
    results = pages.get(f"/ui/prompts/{run.prompt_id}/results?run={run.id}")
    assert results.one(f"a[href='{link}']").text() == "Check the label"
    page = pages.get(link)
    first, second = pages.api.tasks[1], pages.api.tasks[0]
    assert rows(page) == [f"dispute-{first}", f"dispute-{second}"]
    words = page.text(f"#dispute-{first}")
    assert "message 1" in words
    assert "b by labeler@example.com" in words
    assert "Confidence 0.95" in words
    assert "1 task more was got wrong without a confidence" in page.text("main")
    form = page.all(f"#dispute-{first} form")[0].attributes
    assert form["data-opens"] == (
        f"{pages.studio.url}/projects/{pages.project}/data?task={first}"
    ), "the task opens in a tab of its own"


@pytest.mark.slow
def test_a_wrong_label_is_decided_and_undone_in_place(pages: Pages, run: Run) -> None:
    assert marks(pages, 1) == [True]
    page = decide(pages, run, 1, decision="label")
    assert "the label is wrong. Its mark as ground truth is off" in page.text(".notice")
    assert rows(page) == [f"dispute-{pages.api.tasks[0]}"]
    assert marks(pages, 1) == [False]
    assert "the label is wrong" in page.text(f"#decided-{pages.api.tasks[1]}")
    page = decide(pages, run, 1, undo="1")
    assert "undecided again" in page.text(".notice")
    assert len(rows(page)) == 2
    assert marks(pages, 1) == [True]
    assert not page.all("li[id^=decided-]")


@pytest.mark.slow
def test_an_unclear_guideline_is_collected_with_the_instructions_beside(
    pages: Pages, run: Run
) -> None:
    container = pages.container
    page = decide(pages, run, 0, decision="guideline")
    page = decide(pages, run, 1, decision="prompt")
    assert "Enhance shows it" in page.text(".notice")
    assert "Nothing to check" in page.text("main")
    assert "a or b: 1 task" in page.text("main")
    assert "What people are told" in page.text("main")
    decided = container.store.checked_labels.of_prompt(pages.project, run.prompt_id)
    assert [each.decision.value for each in decided] == ["prompt", "guideline"]
    assert decided[0].created_by is not None


@pytest.mark.slow
def test_what_is_no_decision_is_refused_and_strangers_find_nothing(pages: Pages, run: Run) -> None:
    assert decide(pages, run, 1, decision="both").status == 422
    assert decide(pages, run, 2, decision="label").status == 409, "it agrees"
    pages.api.as_user(hidden=[pages.project])
    client = pages.api.app.test_client()
    assert sign_in(client, STRANGER).status_code == 303
    csrf = csrf_of(client, "/ui/prompts")
    assert client.get(here(run)).status_code == 404
    form = {"csrf_token": csrf, "decision": "label"}
    path = f"{here(run)}/{pages.api.tasks[1]}"
    assert client.post(path, data=form).status_code == 404
    assert marks(pages, 1) == [True]
