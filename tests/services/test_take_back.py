"""Taking an acceptance back: exactly what it made goes, and nothing that anybody touched."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from ml_backend.errors import Conflict, NotFound
from ml_backend.kinds import Kept
from ml_backend.records import AuditAction
from ml_backend.services.accepting.take_back import TakeBackReport
from support.accepted import accept, acts, annotated
from support.fake_label_studio import TOKEN
from support.house import House
from support.promises_made import patience, region, row, scored


def as_the_editor(house: House, method: str, path: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
    asked = urllib.request.Request(
        house.fake.url + path, json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(asked, timeout=10):
        return


def made(house: House, project: int) -> dict[int, int]:
    """Task -> its annotation."""
    tasks = house.container.studio.iter_annotated(project)
    return {task.id: task.annotations[-1].id for task in tasks}


def take_back(house: House, acceptance: int | None) -> TakeBackReport:
    service = house.container.take_back
    return service.execute(service.plan(acceptance or 0), patience())


@pytest.mark.slow
def test_exactly_what_it_made_goes(house: House) -> None:
    project, tasks, _, _ = scored(house, [0.9, 0.8, 0.4, 0.3])
    first = accept(house, project, min_score=0.8)
    second = accept(house, project, min_score=0.4)
    house.container.studio.create_annotation(tasks[3], [region("A")])
    report = take_back(house, first.acceptance)
    assert (report.deleted, dict(report.kept)) == (2, {})
    assert annotated(house, project) == {tasks[2], tasks[3]}
    again = take_back(house, first.acceptance)
    assert (again.deleted, again.plan.taken_back) == (0, 2)
    newest, oldest = acts(house, project)
    assert (newest.id, newest.taken_back) == (second.acceptance, 0)
    assert (oldest.made, oldest.taken_back) == (2, 2)
    (told,) = [
        each
        for each in house.container.store.audit.search()
        if each.action is AuditAction.ACCEPTANCE_TAKEN_BACK and each.counts.get("annotations")
    ]
    assert (told.object_id, told.counts["annotations"]) == (first.acceptance, 2)


@pytest.mark.slow
def test_what_anybody_touched_is_left_alone_and_counted(house: House) -> None:
    project, tasks, _, _ = scored(house, [0.9] * 8)
    report = accept(house, project, min_score=0.5)
    held = made(house, project)
    a = [held[task] for task in tasks]
    as_the_editor(house, "PATCH", f"/api/annotations/{a[0]}/", {"lead_time": 3.0})
    as_the_editor(house, "PATCH", f"/api/annotations/{a[1]}/", {"result": [region("B")]})
    house.container.studio.mark_annotation(a[2], ground_truth=True)
    as_the_editor(house, "POST", f"/api/tasks/{tasks[3]}/annotations/{a[3]}/drafts", {})
    as_the_editor(house, "POST", f"/api/tasks/{tasks[4]}/drafts", {"result": []})
    house.container.store.promotions.confirm(project, a[5])
    house.container.studio.delete_annotation(a[6])
    plan = house.container.take_back.plan(report.acceptance or 0)
    assert plan.untouched == {a[7]: tasks[7]}
    assert dict(plan.kept) == {
        Kept.OPENED: 1,
        Kept.CHANGED: 1,
        Kept.MARKED: 1,
        Kept.DRAFTED: 2,
        Kept.CONFIRMED: 1,
    }
    assert plan.gone == (a[6],)
    done = take_back(house, report.acceptance)
    assert done.deleted == 1
    assert annotated(house, project) == set(tasks[:6])


@pytest.mark.slow
def test_what_is_touched_after_counting_stays(house: House) -> None:
    project, tasks, _, _ = scored(house, [0.9, 0.9])
    report = accept(house, project, min_score=0.5)
    service = house.container.take_back
    plan = service.plan(report.acceptance or 0)
    held = made(house, project)
    as_the_editor(house, "PATCH", f"/api/annotations/{held[tasks[0]]}/", {"lead_time": 1.0})
    done = service.execute(plan, patience())
    assert (done.deleted, dict(done.kept)) == (1, {Kept.OPENED: 1})
    assert "1 of those counted" in done.notes[0]
    assert annotated(house, project) == {tasks[0]}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["500_before", "500_after", "drop_connection_after"])
def test_an_interrupted_taking_back_ends_with_exactly_its_own_gone(house: House, mode: str) -> None:
    project, _, _, _ = scored(house, [0.9, 0.9, 0.9])
    report = accept(house, project, min_score=0.5)
    house.fake.control(
        faults=[{"path": "api/annotations", "method": "DELETE", "mode": mode, "skip": 1}]
    )
    assert take_back(house, report.acceptance).deleted == 3
    assert annotated(house, project) == set()
    assert acts(house, project)[0].taken_back == 3


@pytest.mark.slow
def test_what_was_made_is_taken_back_though_its_prediction_is_gone(house: House) -> None:
    project, tasks, _, _ = scored(house, [0.9])
    report = accept(house, project, min_score=0.5)
    (key,) = house.container.studio.prediction_keys(project)
    house.container.studio.delete_prediction(key.id)
    assert take_back(house, report.acceptance).deleted == 1
    house.container.studio.import_predictions(project, [row(tasks[0], "A", 0.9)])
    assert accept(house, project, min_score=0.5).created == 1, "what went may be accepted anew"


def test_an_acceptance_of_another_project_of_its_number_is_refused(house: House) -> None:
    project, _, _, _ = scored(house, [0.9])
    report = accept(house, project, min_score=0.5)
    house.fake.reset()
    house.project(1)
    with pytest.raises(Conflict, match="another project"):
        house.container.take_back.plan(report.acceptance or 0)
    with pytest.raises(NotFound):
        house.container.take_back.plan(999)
