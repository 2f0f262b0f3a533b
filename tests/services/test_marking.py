"""Marking people's annotations as ground truth: counted before, read back after, safe to repeat."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ml_backend.errors import Conflict, InvalidInput, LabelStudioAuthError
from ml_backend.labelstudio import Project
from ml_backend.next_steps import Step
from ml_backend.records import TruthSource
from ml_backend.services.marking.marks import MarkPlan, MarkReport, require_counted
from ml_backend.services.marking.request import mark_request, request_from
from ml_backend.services.writing.patience import Patience
from support.house import CONFIG, House
from support.wire import region


def topic(choice: str, **more: Any) -> dict[str, Any]:
    """An annotation that a person made in the editor."""
    return {"result": [region(choice)], "lead_time": 3.0, "ground_truth": False, **more}


def seed(house: House, *tasks: Sequence[dict[str, Any]]) -> tuple[int, list[int]]:
    """A project with a task for each list of annotations."""
    rows = [
        {"data": {"text": f"text {n}"}, "annotations": list(each)} for n, each in enumerate(tasks)
    ]
    return house.fake.seed(CONFIG, rows)


def project_of(house: House, project_id: int) -> Project:
    return house.container.studio.get_project(project_id)


def plan(house: House, project_id: int, **asked: Any) -> MarkPlan:
    return house.container.marks.plan(project_of(house, project_id), mark_request(**asked))


def patience() -> Patience:
    return Patience(lambda message: None, threading.Event(), give_up_after=10.0, first_pause=0.05)


def mark(house: House, project_id: int, **asked: Any) -> MarkReport:
    return house.container.marks.execute(plan(house, project_id, **asked), patience())


def marked(house: House) -> dict[int, list[int]]:
    """Task -> its marked annotations, as the fake Label Studio holds them."""
    found: dict[int, list[int]] = {}
    for row in house.fake.state()["annotations"]:
        if row["ground_truth"]:
            found.setdefault(row["task"], []).append(row["id"])
    return found


@pytest.mark.slow
def test_tasks_are_counted_and_marked_and_a_second_time_there_is_nothing_to_do(
    house: House,
) -> None:
    project, tasks = seed(house, [topic("A")], [topic("B")], [])
    counted = plan(house, project, task_ids=tasks)
    assert (counted.tasks, counted.already, counted.nothing) == (2, 0, 1)
    assert marked(house) == {}
    done = mark(house, project, task_ids=tasks)
    assert (done.done, done.marked, done.annotated) == (2, 2, 2)
    assert [*marked(house)] == tasks[:2]
    again = plan(house, project, everything=True)
    assert (again.tasks, again.already) == (0, 2)


@pytest.mark.slow
def test_marks_come_off_the_same_way_and_nothing_else_changes(house: House) -> None:
    project, tasks = seed(house, [topic("A")], [topic("B")], [topic("A")])
    before = [(row["id"], row["result"]) for row in house.fake.state()["annotations"]]
    mark(house, project, everything=True)
    counted = plan(house, project, task_ids=tasks[:2], ground_truth=False)
    assert (counted.tasks, counted.already) == (2, 0)
    done = mark(house, project, task_ids=tasks[:2], ground_truth=False)
    assert (done.done, done.marked) == (2, 1)
    assert [*marked(house)] == tasks[2:]
    assert [(row["id"], row["result"]) for row in house.fake.state()["annotations"]] == before


@pytest.mark.slow
def test_where_annotators_agree_one_is_marked_and_where_not_somebody_chooses(house: House) -> None:
    project, tasks = seed(house, [topic("A"), topic("A")], [topic("A"), topic("B")], [topic("B")])
    counted = plan(house, project, everything=True)
    assert (counted.tasks, counted.disagree) == (2, (tasks[1],))
    mark(house, project, everything=True)
    ids = {row["task"]: row["id"] for row in house.fake.state()["annotations"]}
    assert marked(house) == {tasks[0]: [ids[tasks[0]]], tasks[2]: [ids[tasks[2]]]}
    first = min(row["id"] for row in house.fake.state()["annotations"] if row["task"] == tasks[1])
    mark(house, project, task_ids=[tasks[1]], annotation_ids=[first])
    assert marked(house)[tasks[1]] == [first]
    other = ids[tasks[1]]
    mark(house, project, task_ids=[tasks[1]], annotation_ids=[other])
    assert marked(house)[tasks[1]] == [other], "the mark moves"


def test_skipped_ones_and_those_nobody_opened_are_not_marked(house: House) -> None:
    project, tasks = seed(
        house,
        [topic("A", was_cancelled=True)],
        [topic("A", lead_time=None, parent_prediction=7)],
        [topic("A", lead_time=None, parent_prediction=8), topic("B")],
    )
    counted = plan(house, project, everything=True)
    assert (counted.tasks, counted.unopened, counted.disagree) == (1, 1, ())
    done = mark(house, project, task_ids=tasks)
    assert (done.done, done.marked, done.annotated) == (1, 1, 1)
    [chosen] = marked(house)[tasks[2]]
    [row] = [row for row in house.fake.state()["annotations"] if row["id"] == chosen]
    assert row["lead_time"] == 3.0, "the person's, not the one made from a prediction"


def test_a_filter_chooses_tasks(house: House) -> None:
    project, tasks = seed(house, [topic("A")], [topic("A")])
    item = {
        "filter": "filter:tasks:data.text", "operator": "contains", "type": "String",
        "value": "text 1",
    }  # fmt: skip
    filters = {"conjunction": "and", "items": [item]}
    assert mark(house, project, filters=filters).done == 1
    assert [*marked(house)] == tasks[1:]


# At random


@pytest.mark.slow
def test_a_draw_is_by_class_and_the_same_for_its_seed(house: House) -> None:
    project, _ = seed(house, *[[topic("A")]] * 45, *[[topic("B")]] * 5)
    drawn = plan(house, project, random=10, seed=7)
    assert drawn.draw is not None
    assert (drawn.tasks, drawn.draw.out_of, drawn.draw.control) == (10, 50, "topic")
    assert drawn.draw.by_class == (("A", 9), ("B", 1))
    assert plan(house, project, random=10, seed=7).marks == drawn.marks
    assert plan(house, project, random=10, seed=8).marks != drawn.marks
    mark(house, project, random=10, seed=7)
    assert sorted(marked(house)) == sorted(each.task_id for each in drawn.marks)
    more = plan(house, project, random=50, seed=7)
    assert (more.tasks, more.already) == (40, 10), "what is marked is not drawn again"


def test_a_rare_class_is_drawn_all_the_same(house: House) -> None:
    project, _ = seed(house, *[[topic("A")]] * 60, [topic("B")])
    drawn = plan(house, project, random=5, seed=1).draw
    assert drawn is not None
    assert drawn.by_class == (("A", 4), ("B", 1))


def test_a_draw_without_a_seed_has_one_from_then_on(house: House) -> None:
    project, _ = seed(house, *[[topic("AB"[n % 2])] for n in range(30)])
    asked = mark_request(random=5)
    assert asked.seed is not None
    kept = request_from(asked.document())
    assert kept == asked
    marks = house.container.marks
    first = marks.plan(project_of(house, project), asked)
    assert first.marks == marks.plan(project_of(house, project), kept).marks


# What goes wrong


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"task_ids": [1], "everything": True},
        {"random": 5, "everything": True},
        {"task_ids": []},
        {"random": 0},
        {"everything": True, "seed": 4},
        {"annotation_ids": [1], "everything": True},
        {"filters": {"selectedItems": {}}},
    ],
    ids=str,
)
def test_what_names_nothing_or_too_much_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        mark_request(**asked)


def test_silence_says_how_to_name_tasks() -> None:
    with pytest.raises(InvalidInput) as refused:
        mark_request()
    assert refused.value.fix == Step.NAME_TASKS_TO_MARK()


def test_another_number_than_was_agreed_to_is_refused(house: House) -> None:
    project, _ = seed(house, [topic("A")], [topic("B")])
    found = plan(house, project, everything=True)
    require_counted(found, 2)
    with pytest.raises(Conflict, match="2 tasks fit by now, 3 were counted"):
        require_counted(found, 3)


def test_what_changed_since_it_was_counted_is_left_out_and_told(house: House) -> None:
    project, tasks = seed(house, [topic("A")], [topic("B")])
    found = plan(house, project, everything=True)
    house.container.studio.create_annotation(tasks[0], [region("B")])
    done = house.container.marks.execute(found, patience())
    assert (done.done, [*marked(house)]) == (1, tasks[1:])
    assert done.notes == ("1 of those counted had changed meanwhile and were left out.",)


@pytest.mark.slow
def test_a_task_annotated_since_it_was_counted_is_not_marked_anew(house: House) -> None:
    """Somebody says the same once more: another annotation than the one that was counted."""
    project, tasks = seed(house, [topic("A")])
    found = plan(house, project, everything=True)
    house.container.studio.create_annotation(tasks[0], [region("A")])
    done = house.container.marks.execute(found, patience())
    assert (done.done, marked(house)) == (0, {})
    assert mark(house, project, everything=True).done == 1


@pytest.mark.parametrize("mode", ["500_before", "500_after", "drop_connection_after"])
@pytest.mark.slow
def test_a_mark_that_breaks_off_is_sent_again(house: House, mode: str) -> None:
    project, tasks = seed(house, [topic("A")], [topic("B")])
    found = plan(house, project, everything=True)
    house.fake.fail("api/annotations/", mode, method="PATCH")
    assert house.container.marks.execute(found, patience()).done == 2
    assert [*marked(house)] == tasks


@pytest.mark.slow
def test_a_token_that_may_not_mark_ends_it_and_what_was_marked_stays(house: House) -> None:
    project, tasks = seed(house, [topic("A")], [topic("B")], [topic("A")])
    found = plan(house, project, everything=True)
    refused = {"path": "api/annotations/", "method": "PATCH", "mode": "status", "skip": 1}
    house.fake.control(faults=[{**refused, "status": 403, "body": "{}", "times": 1}])
    with pytest.raises(LabelStudioAuthError):
        house.container.marks.execute(found, patience())
    assert [*marked(house)] == tasks[:1]
    assert plan(house, project, everything=True).tasks == 2
    assert mark(house, project, everything=True).marked == 3


# What follows


@pytest.mark.slow
def test_examples_and_evaluations_know_of_a_mark_at_once(house: House) -> None:
    project, tasks = seed(house, [topic("A")], [topic("B")])
    config = house.container.predictor_factory.config_of(project_of(house, project))
    house.container.examples.refresh_all(project, config)
    mark(house, project, task_ids=tasks[:1])
    assert house.container.store.examples.marked_tasks(project, limit=9) == tasks[:1]
    true = house.container.evaluation.true_tasks(project, TruthSource.GROUND_TRUTH)
    assert true == tasks[:1]


@pytest.mark.slow
def test_pages_of_marked_tasks_go_both_ways(house: House) -> None:
    project, tasks = seed(house, *[[topic("A")]] * 7)
    mark(house, project, task_ids=tasks[1:6])
    listing = house.container.annotated_through(house.container.studio)
    where = project_of(house, project)

    def page(**about: Any) -> tuple[list[int], bool, bool]:
        found = listing.page(where, size=2, only_marked=True, **about)
        return [each.task.id for each in found.rows], found.has_before, found.has_after

    assert page() == (tasks[1:3], False, True)
    assert page(after=tasks[2]) == (tasks[3:5], True, True)
    assert page(after=tasks[4]) == (tasks[5:6], True, False)
    assert page(before=tasks[5]) == (tasks[3:5], True, True)
    assert page(before=tasks[3]) == (tasks[1:3], False, True)
    assert (listing.state(where).marked, listing.state(where).annotated) == (5, 7)


def test_a_project_of_many_tasks_is_not_gone_through_for_its_counts(house: House) -> None:
    project_id, _ = house.project(3)
    project = house.container.studio.get_project(project_id)
    listing = house.container.annotated_through(house.container.studio)
    large = replace(project, tasks=100_000)
    house.fake.control(forget_calls=True)
    assert not listing.state(large, count=False).is_exact
    assert house.fake.state()["calls"] == {}
    assert listing.state(large).is_exact  # asked for by a click
    assert listing.state(project, count=False).is_exact
