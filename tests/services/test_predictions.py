"""Deleting predictions in bulk: exactly what was named, counted before and read back after."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from ml_backend.errors import Conflict, InvalidInput, NotFound
from ml_backend.next_steps import Step
from ml_backend.records import Subset
from ml_backend.services.predictions.bulk_actions import DeletePlan, DeleteReport
from ml_backend.services.predictions.selection import select
from ml_backend.services.writing.patience import Patience
from support.backends import answering
from support.house import CONFIG, House


def patience() -> Patience:
    return Patience(lambda message: None, threading.Event(), give_up_after=10.0, first_pause=0.05)


def row(choice: str = "A", version: str | None = "other") -> dict[str, Any]:
    region = {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [choice]},
    }
    return {"result": [region], "model_version": version, "score": 0.5}


def seed(house: House, *versions: str | None, tasks: int = 3) -> tuple[int, list[int]]:
    """A project whose every task holds a prediction of each of these versions."""
    rows = [row(version=version) for version in versions]
    return house.fake.seed(
        CONFIG, [{"data": {"text": f"text {n}"}, "predictions": rows} for n in range(tasks)]
    )


def counts(house: House, project_id: int) -> Counter[str | None]:
    return Counter(k.model_version for k in house.container.studio.prediction_keys(project_id))


def delete(house: House, project_id: int, **selection: Any) -> DeleteReport:
    service = house.container.predictions
    return service.execute_delete(service.plan_delete(project_id, select(**selection)), patience())


def plan(house: House, project_id: int, **selection: Any) -> DeletePlan:
    return house.container.predictions.plan_delete(project_id, select(**selection))


def calls(house: House, route: str) -> int:
    return house.fake.state()["calls"].get(route, 0)


DELETE_ONE = "DELETE /api/predictions/{id}/"
DELETE_VERSION = "DELETE /api/projects/{id}/model-versions/"


def test_a_version_is_deleted_exactly_not_by_its_beginning(house: House) -> None:
    project, _ = seed(house, "m1", "m10")
    report = delete(house, project, labels=["m1"])
    assert (report.deleted, report.remaining) == (3, {"m10": 3})
    assert counts(house, project) == {"m10": 3}
    assert calls(house, DELETE_ONE) == 0, "a whole version goes in one call"


def test_counters_of_all_tasks_are_right_after_deleting_a_version(house: House) -> None:
    project, tasks = seed(house, "a", "b", "b")
    delete(house, project, labels=["b"])
    state = house.fake.state()["tasks"]
    rows = state.values() if isinstance(state, dict) else state
    assert {task["total_predictions"] for task in rows if task["id"] in tasks} == {1}


@pytest.mark.slow
def test_a_version_on_some_tasks_goes_by_id_and_leaves_all_others(house: House) -> None:
    project, tasks = seed(house, "a", "b")
    made = plan(house, project, labels=["a"], task_ids=tasks[:2])
    assert (made.total, made.mode, made.tasks) == (2, "id", 2)
    delete(house, project, labels=["a"], task_ids=tasks[:2])
    assert house.held(project) == {
        tasks[0]: {"b": 1},
        tasks[1]: {"b": 1},
        tasks[2]: {"a": 1, "b": 1},
    }
    assert calls(house, DELETE_VERSION) == 0


@pytest.mark.slow
def test_all_versions_of_selected_tasks_go_and_no_others(house: House) -> None:
    project, tasks = seed(house, "a", None)
    delete(house, project, task_ids=tasks[:1])
    assert house.held(project)[tasks[0]] == {}
    assert house.held(project)[tasks[1]] == {"a": 1, None: 1}


def test_a_filter_narrows_a_deletion(house: House) -> None:
    project, tasks = seed(house, "a")
    found = {
        "conjunction": "and",
        "items": [
            {
                "filter": "filter:tasks:data.text",
                "operator": "contains",
                "type": "String",
                "value": "text 1",
            }
        ],
    }
    delete(house, project, filters=found)
    assert [task for task, held in house.held(project).items() if not held] == [tasks[1]]


@pytest.mark.slow
def test_unversioned_predictions_go_by_id_and_versioned_ones_stay(house: House) -> None:
    project, _ = seed(house, None, "", "undefined", "a")
    report = delete(house, project, unversioned=True)
    assert (report.deleted, report.remaining) == (9, {"a": 3})
    assert calls(house, DELETE_VERSION) == 0, "asked for no version Label Studio deletes all"


@pytest.mark.slow
def test_everything_is_only_deleted_when_named_so(house: House) -> None:
    project, _ = seed(house, "a", None)
    for nothing in ({}, {"labels": []}, {"labels": [""]}, {"task_ids": []}, {"filters": {}}):
        with pytest.raises(InvalidInput):
            plan(house, project, **nothing)
    with pytest.raises(InvalidInput):
        plan(house, project, filters={"conjunction": "and", "items": []})
    report = delete(house, project, everything=True)
    assert (report.deleted, report.remaining) == (6, {})


def test_an_unknown_version_is_named_with_its_neighbours(house: House) -> None:
    project, _ = seed(house, "Topic__Version 1")
    with pytest.raises(NotFound, match="Topic__Version 1"):
        plan(house, project, labels=["Topic__Version 2"])


def test_tasks_of_another_project_are_refused(house: House) -> None:
    project, _ = seed(house, "a")
    _, foreign = seed(house, "a")
    with pytest.raises(InvalidInput, match=str(foreign[0])):
        plan(house, project, task_ids=foreign)


@pytest.mark.slow
def test_a_prompt_stands_for_its_versions_in_both_slots(house: House) -> None:
    project, tasks = seed(house, "other", tasks=2)
    prompt, first = house.prompt(project)
    house.run(prompt, first, project)
    second = house.version(prompt, "Once more {text}")
    house.run(prompt, second, project, subset=Subset.CUSTOM, task_ids=tasks[:1])
    report = delete(house, project, prompt=prompt)
    assert (report.deleted, report.remaining) == (3, {"other": 2})


def test_a_prompt_that_never_ran_has_nothing_to_delete(house: House) -> None:
    project, _ = seed(house, "other")
    prompt, _ = house.prompt(project)
    assert plan(house, project, prompt=prompt).total == 0


def test_what_appeared_since_counting_is_not_deleted(house: House) -> None:
    project, tasks = seed(house, "a")
    made = plan(house, project, labels=["a"])
    house.container.studio.import_predictions(project, [{"task": tasks[0], **row(version="a")}])
    with pytest.raises(Conflict, match="1 predictions more"):
        house.container.predictions.execute_delete(made, patience())
    assert counts(house, project) == {"a": 4}


def test_what_is_gone_since_counting_is_said_and_the_rest_deleted(house: House) -> None:
    project, _ = seed(house, "a")
    made = plan(house, project, labels=["a"])
    house.container.studio.delete_prediction(made.prediction_ids[0])
    report = house.container.predictions.execute_delete(made, patience())
    assert report.deleted == 2
    assert "1 of those counted" in report.notes[0]


@pytest.mark.slow
def test_a_run_under_way_forbids_deleting_its_prompts_predictions(house: House) -> None:
    project, _ = seed(house, "other")
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    open_run = house.start(prompt, version, project)
    for selection in ({"prompt": prompt}, {"labels": [open_run.label]}, {"everything": True}):
        with pytest.raises(Conflict) as raised:
            plan(house, project, **selection)
        assert raised.value.fix == Step.CANCEL_RUNS(runs=str(open_run.id))
    assert plan(house, project, labels=["other"]).total == 3
    house.container.runs.cancel(open_run)
    assert delete(house, project, prompt=prompt).deleted == 3


@pytest.mark.slow
def test_a_run_begun_after_counting_forbids_it_too(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    made = plan(house, project, prompt=prompt)
    house.start(prompt, version, project)
    with pytest.raises(Conflict):
        house.container.predictions.execute_delete(made, patience())
    assert sum(counts(house, project).values()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("shown", ["backend", "b"])
def test_the_label_stream_goes_on_showing_what_it_showed(house: House, shown: str) -> None:
    project, _ = seed(house, "a", "b")
    studio = house.container.studio
    with answering({"status": "UP", "model_version": "live"}) as url:
        studio.add_backend(project, url, "backend")
        studio.set_model_version(project, shown)
        delete(house, project, labels=["a"])
        assert studio.get_project(project).model_version == shown


def test_a_deleted_version_is_no_longer_shown(house: House) -> None:
    project, tasks = seed(house, "a", "b")
    house.container.studio.set_model_version(project, "a")
    report = delete(house, project, labels=["a"], task_ids=tasks)
    assert house.container.studio.get_project(project).model_version is None
    assert "'a'" in report.notes[0]


LATE = {"mode": "delay_commit", "seconds": 0.25}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "fault"),
    [
        ("version", {"mode": "500_after"}),
        ("version", {"mode": "drop_connection_before"}),
        ("version", LATE),
        ("id", {"mode": "500_before"}),
        ("id", {"mode": "drop_connection_after"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value["mode"],
)
def test_an_interrupted_deletion_ends_with_exactly_its_rows_gone(
    house: House, by: str, fault: dict[str, Any]
) -> None:
    project, tasks = seed(house, "a", "b")
    path = "model-versions/" if by == "version" else "/api/predictions/"
    narrowed: dict[str, Any] = {} if by == "version" else {"task_ids": tasks[:2]}
    made = plan(house, project, labels=["a"], **narrowed)
    house.fake.control(faults=[{"path": path, "method": "DELETE", **fault}])
    report = house.container.predictions.execute_delete(made, patience())
    assert report.deleted == made.total
    assert counts(house, project) == {"b": 3, **({"a": 1} if by == "id" else {})}


def test_a_refused_token_stops_a_deletion_at_once(house: House) -> None:
    project, _ = seed(house, "a")
    made = plan(house, project, labels=["a"])
    house.fake.control(settings={"legacy": False})
    with pytest.raises(Exception, match="legacy tokens"):
        house.container.predictions.execute_delete(made, patience())
    house.fake.control(settings={"legacy": True})
    assert counts(house, project) == {"a": 3}


@pytest.mark.slow
def test_counting_names_owner_and_what_is_shown(house: House) -> None:
    project, tasks = seed(house, "other", None, tasks=2)
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project, activate=True)
    rows = {row.model_version: row for row in house.container.predictions.count(project)}
    assert set(rows) == {"other", None, run.label}
    assert (rows[run.label].predictions, rows[run.label].shown) == (2, True)
    assert rows[run.label].label is not None
    assert rows[run.label].label.version_id == version.id
    assert rows["other"].label is None
    some = house.container.predictions.count(project, select(task_ids=tasks[:1]))
    assert {row.predictions for row in some} == {1}


def test_planning_asks_per_project_not_per_task(house: House) -> None:
    project, _ = seed(house, "a", tasks=300)
    house.fake.control(forget_calls=True)
    plan(house, project, labels=["a"])
    house.container.predictions.plan_promote(project, select(labels=["a"], everything=True))
    assert sum(house.fake.state()["calls"].values()) < 15
