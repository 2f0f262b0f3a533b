"""Ground truth marked by clicking: one, ticked, at random, all; and from a result."""

from __future__ import annotations

from typing import Any

import pytest

from support.annotating import press_update, submit, update
from support.api import task
from support.measured import choices, measured_run
from support.pages import Page, Pages
from support.wire import CONFIG, region


@pytest.fixture
def annotated(pages: Pages) -> Pages:
    """Ten tasks, six of which a person annotated with "a" or "b"; nothing is marked."""
    rows: list[dict[str, Any]] = [task(n) for n in range(10)]
    for n, row in enumerate(rows[:6]):
        row["annotations"] = [{"result": [region("ab"[n % 2])], "lead_time": 2.0}]
    pages.api.project, pages.api.tasks = pages.studio.seed(CONFIG, rows, title="Community")
    return pages


def url(pages: Pages, more: str = "") -> str:
    return f"/ui/ground-truth?project={pages.project}{more}"


def of_project(pages: Pages) -> list[dict[str, Any]]:
    return [row for row in pages.studio.state()["annotations"] if row["project"] == pages.project]


def marked(pages: Pages) -> list[int]:
    return [row["task"] for row in of_project(pages) if row["ground_truth"]]


def plan(pages: Pages, **asked: Any) -> Page:
    answer = pages.client.get(
        "/ui/ground-truth/plan", query_string={"project": pages.project, **asked}
    )
    return Page(answer)


def confirm(pages: Pages, shown: Page) -> Page:
    """Press the button of a plan."""
    form = shown.one("form[action='/ui/ground-truth']")
    sent: dict[str, Any] = {}
    for each in form.css("input[name]"):
        sent.setdefault(str(each.attributes["name"]), []).append(each.attributes.get("value") or "")
    sent.pop("csrf_token")
    return pages.post("/ui/ground-truth", **sent)


@pytest.mark.slow
def test_the_page_lists_what_people_said_and_says_how_much_is_marked(annotated: Pages) -> None:
    page = annotated.get(url(annotated))
    assert "Ground truth: 0 of 6 annotated tasks" in page.text("main")
    assert len(page.all("#annotated tbody tr")) == 6
    first = page.text(f"#task-{annotated.api.tasks[0]}")
    assert "message 0" in first
    assert "a labeler@example.com" in first
    assert "Mark" in first


@pytest.mark.slow
def test_one_is_marked_by_its_button_and_unmarked_by_the_same(annotated: Pages) -> None:
    wanted = annotated.api.tasks[1]
    page = annotated.get(url(annotated))
    done = annotated.post("/ui/ground-truth", **page.fields(f"#task-{wanted} form"))
    assert f"Task {wanted} is ground truth now. Ground truth: 1 task." in done.text(".notice")
    assert "Ground truth: 1 of 6 annotated tasks" in done.text("main")
    assert marked(annotated) == [wanted]
    off = annotated.post("/ui/ground-truth", **done.fields(f"#task-{wanted} form"))
    assert "is no ground truth any more; its annotation stays" in off.text(".notice")
    assert marked(annotated) == []


@pytest.mark.slow
def test_ticked_ones_are_counted_first(annotated: Pages) -> None:
    tasks = annotated.api.tasks
    shown = plan(annotated, do="mark", task=[*tasks[:2], tasks[7]])
    assert "2 tasks would be marked" in shown.text("main")
    assert "1 task: without a submitted annotation" in shown.text("main")
    assert marked(annotated) == []
    done = confirm(annotated, shown)
    assert "2 tasks marked. Ground truth: 2 of 6 annotated tasks." in done.text(".outcome")
    assert marked(annotated) == tasks[:2]
    off = confirm(annotated, plan(annotated, do="unmark", task=tasks[0]))
    assert "1 task no longer marked" in off.text(".outcome")
    assert marked(annotated) == tasks[1:2]


@pytest.mark.slow
def test_nothing_ticked_is_said(annotated: Pages) -> None:
    refused = plan(annotated, do="mark")
    assert refused.status == 422
    assert "No task is ticked" in refused.text("[role=alert]")


@pytest.mark.slow
def test_a_random_four_are_drawn_by_class_and_what_was_shown_is_marked(annotated: Pages) -> None:
    shown = plan(annotated, do="mark", scope="random", n="4")
    told = shown.text("main")
    assert "4 tasks would be marked, drawn at random from 6" in told
    assert "Each class of topic gets its share: a 2, b 2" in told
    assert "This is no promise sample" in told
    done = confirm(annotated, shown)
    assert "4 tasks marked" in done.text(".outcome")
    only = annotated.get(url(annotated, "&marked=1"))
    assert len(only.all("#annotated tbody tr")) == len(marked(annotated)) == 4
    all_off = confirm(annotated, plan(annotated, do="unmark", scope="all"))
    assert "4 tasks no longer marked" in all_off.text(".outcome")
    assert marked(annotated) == []


@pytest.mark.slow
def test_a_count_that_changed_is_asked_again(annotated: Pages) -> None:
    shown = plan(annotated, do="mark", scope="all")
    submit(annotated.studio, annotated.api.tasks[8], [region("a")])
    refused = confirm(annotated, shown)
    assert "7 tasks fit by now, 6 were counted; nothing was done." in refused.text("main")
    assert marked(annotated) == []
    again = annotated.get(str(refused.one("main .actions .primary").attributes["href"]))
    assert "7 tasks would be marked" in again.text("main")


@pytest.mark.slow
def test_where_annotators_disagree_one_is_chosen_on_its_line(annotated: Pages) -> None:
    wanted = annotated.api.tasks[0]
    submit(annotated.studio, wanted, [region("b")])
    shown = plan(annotated, do="mark", scope="all")
    assert "5 tasks would be marked" in shown.text("main")
    assert "1 task: annotators disagree" in shown.text("main")
    link = str(shown.one("a[href*='task=']").attributes["href"])
    page = annotated.get(link)
    assert "annotators disagree: choose" in page.text(f"#task-{wanted}")
    second = page.all(f"#task-{wanted} form")[1]
    chosen = {
        str(each.attributes["name"]): each.attributes["value"] for each in second.css("input")
    }
    del chosen["csrf_token"]
    annotated.post("/ui/ground-truth", **chosen)
    [row] = [row for row in of_project(annotated) if row["ground_truth"]]
    assert (row["task"], row["result"][0]["value"]["choices"]) == (wanted, ["b"])


@pytest.mark.slow
def test_what_nobody_opened_has_no_button_and_its_mark_is_called_no_truth(
    annotated: Pages,
) -> None:
    wanted = annotated.api.tasks[0]
    [row] = [row for row in of_project(annotated) if row["task"] == wanted]
    update(annotated.studio, row["id"], lead_time=None, parent_prediction=7)
    page = annotated.get(url(annotated))
    assert page.all(f"#task-{wanted} form") == []
    assert "made from a prediction that nobody opened" in page.text(f"#task-{wanted}")
    assert "0 of 5 annotated tasks" in page.text("main")
    update(annotated.studio, row["id"], ground_truth=True)
    assert "marked, but no truth" in annotated.get(url(annotated)).text(f"#task-{wanted}")
    press_update(annotated.studio, row["id"])
    assert "Ground truth: 1 of 6" in annotated.get(url(annotated)).text("main")


@pytest.mark.slow
def test_pages_are_turned_by_id(annotated: Pages) -> None:
    rows = [task(n) for n in range(100)]
    for row in rows:
        row["annotations"] = [{"result": [region("a")], "lead_time": 2.0}]
    annotated.api.project, tasks = annotated.studio.seed(CONFIG, rows, title="Many")
    first = annotated.get(url(annotated))
    assert len(first.all("#annotated tbody tr")) == 40
    second = annotated.get(str(first.one("[rel=next]").attributes["href"]))
    third = annotated.get(str(second.one("[rel=next]").attributes["href"]))
    assert len(third.all("#annotated tbody tr")) == 20
    assert third.all("[rel=next]") == []
    back = annotated.get(str(third.one("[rel=prev]").attributes["href"]))
    assert len(back.all(f"#task-{tasks[40]}")) == 1


@pytest.mark.slow
def test_hostile_data_answers_and_names_are_text(pages: Pages) -> None:
    evil = "<script>alert(1)</script>"
    pages.studio.control(settings={"users": {"x": {"id": 5, "first_name": evil}}})
    rows = [
        {
            "data": {"text": evil},
            "annotations": [{"result": [region(evil)], "lead_time": 1.0, "completed_by": 5}],
        }
    ]
    pages.api.project, _ = pages.studio.seed(CONFIG, rows, title="Hostile")
    assert evil not in pages.get(url(pages)).html


@pytest.mark.slow
def test_a_project_nobody_annotated_says_where_to(pages: Pages) -> None:
    pages.api.project, _ = pages.studio.seed(CONFIG, [task(1)], title="Untouched")
    page = pages.get(url(pages))
    assert "Nobody has annotated a task yet" in page.text("main")
    assert page.all("#annotated a.primary")


# From a result


def result_page(pages: Pages, given: dict[int, str | None]) -> Any:
    return measured_run(pages, choices(pages, given), title="Topics")


def right(pages: Pages, run: Any, place: int) -> Page:
    wanted = pages.api.tasks[place]
    return pages.post(f"/ui/runs/{run.id}/tasks/{wanted}/right")


@pytest.mark.slow
def test_an_answer_called_right_marks_the_annotation_that_says_the_same(annotated: Pages) -> None:
    run = result_page(annotated, {0: "a", 1: "a", 2: None})
    shown = annotated.get(f"/ui/prompts/{run.prompt_id}?run={run.id}")
    wanted = annotated.api.tasks[0]
    assert "mark task" in shown.text(f"#task-{wanted} .right")
    assert shown.all(f"#task-{annotated.api.tasks[1]} .right") == [], "a mismatch is not right"
    done = right(annotated, run, 0)
    assert f"Task {wanted} is ground truth now." in done.text(".notice")
    assert marked(annotated) == [wanted]
    assert "already" in right(annotated, run, 0).text(".notice")
    assert "People annotated task" in right(annotated, run, 1).text("[role=alert]")
    assert right(annotated, run, 2).status == 409
    assert marked(annotated) == [wanted]


@pytest.mark.slow
def test_an_answer_called_right_where_nobody_annotated_becomes_an_annotation(
    annotated: Pages,
) -> None:
    run = result_page(annotated, {7: "b", 8: "a"})
    done = right(annotated, run, 7)
    assert "was made an annotation in your name" in done.text(".notice")
    [row] = [row for row in of_project(annotated) if row["task"] == annotated.api.tasks[7]]
    assert (row["ground_truth"], row["result"][0]["value"]["choices"]) == (True, ["b"])
    # One that stands already, made from a prediction: the person is the first who looks at it.
    made = {"parent_prediction": 99, "lead_time": None}
    submit(annotated.studio, annotated.api.tasks[8], [region("a")], **made)
    assert "the first who looked" in right(annotated, run, 8).text(".notice")
    page = annotated.get(url(annotated))
    assert "2 of 8 annotated tasks" in page.text("main")
