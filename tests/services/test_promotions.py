"""Promoting predictions to annotations: once for each, and not over a person's work."""

from __future__ import annotations

import json
import threading
import urllib.request
from typing import Any

import pytest

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.records import Slot, Subset
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.predictions.bulk_actions import PromotePlan, PromoteReport
from ml_backend.services.predictions.selection import select
from ml_backend.services.writing.patience import Patience
from support.fake_label_studio import TOKEN
from support.house import CONFIG, House


def patience() -> Patience:
    return Patience(lambda message: None, threading.Event(), give_up_after=10.0, first_pause=0.05)


def region(choice: str, **extras: Any) -> dict[str, Any]:
    return {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [choice]},
        **extras,
    }


def row(choice: str, version: str) -> dict[str, Any]:
    return {"result": [region(choice)], "model_version": version, "score": 0.5}


def seed(house: House, *tasks: dict[str, Any]) -> tuple[int, list[int]]:
    return house.fake.seed(
        CONFIG, [{"data": {"text": f"text {n}"}, **task} for n, task in enumerate(tasks)]
    )


def predicted(*choices: str, version: str = "a") -> list[dict[str, Any]]:
    return [{"predictions": [row(choice, version)]} for choice in choices]


def plan(
    house: House, project_id: int, *, include_annotated: bool = False, **named: Any
) -> PromotePlan:
    selection = select(**{"labels": ["a"], "everything": True} | named)
    return house.container.predictions.plan_promote(
        project_id, selection, include_annotated=include_annotated
    )


def promote(house: House, project_id: int, **selection: Any) -> PromoteReport:
    return house.container.predictions.execute_promote(
        plan(house, project_id, **selection), patience()
    )


def annotations(house: House, project_id: int) -> dict[int, list[str]]:
    """Task -> the choices of its annotations."""
    return {
        task.id: [each.result[0]["value"]["choices"][0] for each in task.annotations]
        for task in house.container.studio.iter_annotated(project_id)
    }


def as_the_editor(house: House, method: str, path: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        house.fake.url + path, json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(request, timeout=10):
        return


@pytest.mark.slow
def test_each_task_gets_one_annotation_and_a_second_time_none(house: House) -> None:
    project, tasks = seed(house, *predicted("A", "B"))
    report = promote(house, project)
    assert (report.created, report.annotations, report.annotated_tasks) == (2, 2, 2)
    assert annotations(house, project) == {tasks[0]: ["A"], tasks[1]: ["B"]}
    again = plan(house, project)
    assert (again.would_create, again.skipped_identical) == (0, 2)
    assert promote(house, project).created == 0
    assert annotations(house, project) == {tasks[0]: ["A"], tasks[1]: ["B"]}


@pytest.mark.slow
def test_identical_predictions_made_anew_are_not_promoted_again(house: House) -> None:
    project, tasks = seed(house, *predicted("A", "B"))
    promote(house, project)
    service = house.container.predictions
    service.execute_delete(service.plan_delete(project, select(labels=["a"])), patience())
    rows = [{"task": task, **row(c, "a")} for task, c in zip(tasks, "AB", strict=True)]
    house.container.studio.import_predictions(project, rows)
    again = plan(house, project)
    assert (again.would_create, again.skipped_identical) == (0, 2)


@pytest.mark.slow
def test_a_changed_answer_is_promoted_beside_an_earlier_promotion(house: House) -> None:
    """Also after the earlier prediction is gone, and with it Label Studio's word on its origin."""
    project, tasks = seed(house, *predicted("A"))
    promote(house, project)
    service = house.container.predictions
    service.execute_delete(service.plan_delete(project, select(labels=["a"])), patience())
    house.container.studio.import_predictions(project, [{"task": tasks[0], **row("B", "a")}])
    report = promote(house, project)
    assert (report.created, annotations(house, project)) == (1, {tasks[0]: ["A", "B"]})


@pytest.mark.slow
def test_tasks_a_person_annotated_are_left_out_unless_included(house: House) -> None:
    by_hand = {"annotations": [{"result": [region("B")]}]}
    project, tasks = seed(house, predicted("A")[0] | by_hand, *predicted("A"))
    counted = plan(house, project)
    assert (counted.would_create, counted.skipped_annotated) == (1, 1)
    promote(house, project)
    assert annotations(house, project) == {tasks[0]: ["B"], tasks[1]: ["A"]}
    assert promote(house, project, include_annotated=True).created == 1
    assert annotations(house, project) == {tasks[0]: ["B", "A"], tasks[1]: ["A"]}


def test_an_annotation_made_from_a_prediction_in_the_editor_is_a_persons(house: House) -> None:
    project, tasks = seed(house, {"predictions": [row("A", "a"), row("B", "b")]})
    (first, _) = house.container.studio.predictions(project)
    submitted = {"result": first.result, "parent_prediction": first.id, "lead_time": 4.2}
    as_the_editor(house, "POST", f"/api/tasks/{tasks[0]}/annotations/", submitted)
    counted = plan(house, project, labels=["b"])
    assert (counted.would_create, counted.skipped_annotated) == (0, 1)


@pytest.mark.slow
def test_a_promotion_that_a_person_changed_is_a_persons(house: House) -> None:
    project, tasks = seed(house, {"predictions": [row("A", "a"), row("B", "b")]})
    promote(house, project)
    (task,) = house.container.studio.iter_annotated(project)
    changed = {"result": [region("B", id="x")]}
    as_the_editor(house, "PATCH", f"/api/annotations/{task.annotations[0].id}/", changed)
    assert plan(house, project, labels=["a"]).skipped_identical == 1, "its row is used up"
    assert plan(house, project, labels=["b"]).skipped_identical == 1, "it says the same now"
    house.container.studio.import_predictions(project, [{"task": tasks[0], **row("A", "c")}])
    assert plan(house, project, labels=["c"]).skipped_annotated == 1


def test_versions_that_agree_make_one_annotation(house: House) -> None:
    project, tasks = seed(
        house,
        {"predictions": [row("A", "a"), row("A", "b")]},
        {"predictions": [row("A", "a"), row("B", "b")]},
    )
    report = promote(house, project, labels=["a", "b"])
    assert report.created == 3
    assert annotations(house, project) == {tasks[0]: ["A"], tasks[1]: ["A", "B"]}


@pytest.mark.slow
def test_several_predictions_of_one_version_are_left_out(house: House) -> None:
    project, _ = seed(house, {"predictions": [row("A", "a"), row("B", "a")]}, *predicted("A"))
    counted = plan(house, project)
    assert (counted.would_create, counted.skipped_doubled) == (1, 1)
    promote(house, project)
    assert sum(map(len, annotations(house, project).values())) == 1


def test_only_named_tasks_and_versions_are_promoted(house: House) -> None:
    both = {"predictions": [row("A", "a"), row("B", "b")]}
    project, tasks = seed(house, both, both, {})
    assert plan(house, project).without_prediction == 1
    promote(house, project, everything=False, task_ids=tasks[:1])
    assert annotations(house, project) == {tasks[0]: ["A"]}


def test_silence_never_means_all(house: House) -> None:
    project, _ = seed(house, *predicted("A"))
    for silent in (
        {"everything": False},
        {"labels": None},
        {"labels": []},
        {"everything": False, "task_ids": []},
        {"everything": False, "filters": {"selectedItems": {}}},
    ):
        with pytest.raises(InvalidInput):
            plan(house, project, **silent)
    assert annotations(house, project) == {}


@pytest.mark.slow
def test_a_prompt_is_promoted_without_its_evaluations(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    house.model.answer = lambda request: '{"topic": "B"}'
    evaluation = {"subset": Subset.CUSTOM, "task_ids": tasks, "slot": Slot.EVALUATE}
    house.run(prompt, version, project, fresh=True, **evaluation)
    report = promote(house, project, labels=None, prompt=prompt)
    assert report.created == 2
    assert annotations(house, project) == {task: ["A"] for task in tasks}


def test_more_than_was_counted_is_refused(house: House) -> None:
    project, tasks = seed(house, *predicted("A"), {})
    made = plan(house, project)
    house.container.studio.import_predictions(project, [{"task": tasks[1], **row("A", "a")}])
    with pytest.raises(Conflict, match="1 predictions more"):
        house.container.predictions.execute_promote(made, patience())
    assert annotations(house, project) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "500_before"},
        {"mode": "drop_connection_after"},
        {"mode": "delay_commit", "seconds": 0.25},
    ],
    ids=lambda fault: fault["mode"],
)
def test_an_interrupted_promotion_makes_each_annotation_once(
    house: House, fault: dict[str, Any]
) -> None:
    project, tasks = seed(house, *predicted("A", "B", "A"))
    house.fake.control(faults=[{"path": "dm/actions", **fault}])
    report = promote(house, project)
    assert report.created == 3
    assert annotations(house, project) == {tasks[0]: ["A"], tasks[1]: ["B"], tasks[2]: ["A"]}


SPAN = {
    "from_name": "l",
    "to_name": "t",
    "type": "labels",
    "value": {"start": 0, "end": 3, "labels": ["X"]},
}


def test_ids_origins_order_and_quotes_do_not_change_an_answer() -> None:
    other = {**SPAN, "value": {"start": 5, "end": 6, "labels": ["Y"]}}
    edited = {
        **SPAN,
        "id": "k3",
        "origin": "prediction-changed",
        "score": 0.4,
        "value": {"start": 0.0, "end": 3, "text": "foo", "labels": ["X"]},
    }
    assert fingerprint([SPAN, other]) == fingerprint([other, edited])
    both = {"type": "choices", "value": {"choices": ["b", "a"]}}
    assert fingerprint([both]) == fingerprint([{**both, "value": {"choices": ["a", "b"]}}])


@pytest.mark.parametrize(
    "changed",
    [
        [{**SPAN, "value": {**SPAN["value"], "end": 4}}],
        [{**SPAN, "value": {**SPAN["value"], "labels": ["Y"]}}],
        [{**SPAN, "from_name": "m"}],
        [SPAN, SPAN],
        [],
    ],
    ids=["offset", "label", "control", "twice", "none"],
)
def test_another_place_label_or_control_is_another_answer(changed: list[dict[str, Any]]) -> None:
    assert fingerprint([SPAN]) != fingerprint(changed)


def test_the_text_of_a_text_area_is_its_answer() -> None:
    area = {"from_name": "a", "to_name": "t", "type": "textarea", "value": {"text": ["x"]}}
    assert fingerprint([area]) == fingerprint([{**area, "value": {"text": "x"}}])
    assert fingerprint([area]) != fingerprint([{**area, "value": {"text": ["y"]}}])
