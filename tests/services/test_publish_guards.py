"""The guards that make "exactly one prediction" true, each by what goes wrong without it.

Time is the test's own: what waits is told to a clock that moves on at once, and whatever Label
Studio still does with a write that broke off happens in such a wait.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import LabelStudioError
from ml_backend.records import RunStatus
from ml_backend.services.publishing.publisher import Publisher
from ml_backend.services.writing.patience import Patience
from ml_backend.store import GIVEN_UP, tables as t
from support.house import House

LABEL = "P__Version 1"


SETTLE = 600.0


@pytest.fixture(autouse=True)
def unhurried(house: House) -> None:
    """Nothing here is given up for being slow, on however busy a machine."""
    house.container.writer.settle_seconds = SETTLE
    house.container.writer.clock = time.time


class Clock(Patience):
    """Patience whose waits take no time: each lets the next thing happen, and keeps how long."""

    def __init__(self, *happenings: Callable[[float], object]) -> None:
        super().__init__(self._hear, threading.Event())
        self.waits: list[float] = []
        self.said: list[str] = []
        self._happenings = list(happenings)

    def _hear(self, message: str) -> None:
        self.said.append(message)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        assert self._happenings, f"waits once more than there is to happen: {self.said[-1:]}"
        self._happenings.pop(0)(seconds)


def row(task: int, topic: str = "A", label: str = LABEL) -> dict[str, Any]:
    region = {"from_name": "topic", "to_name": "text", "type": "choices"}
    result = [{**region, "value": {"choices": [topic]}}]
    return {"task": task, "result": result, "score": None, "model_version": label}


def comes(house: House, project: int, *rows: dict[str, Any]) -> Callable[[float], object]:
    """Label Studio carries out what it was sent, though nobody hears of it."""
    return lambda seconds: house.container.studio.import_predictions(project, list(rows))


def intended(house: House, kind: str, *, project: int, **detail: Any) -> int:
    """Return a write that a process began and died over."""
    writing, lease = house.container.store.writing, house.container.writer.lease
    fence = writing.acquire(lease, "a process that dies", 60.0)
    assert fence is not None
    found = writing.intend(
        lease,
        fence,
        label_studio_url=house.container.studio.url,
        project_id=project,
        run_id=None,
        kind=kind,
        label=LABEL,
        detail=detail,
    )
    writing.release(lease, fence)
    assert found is not None
    return found


def publication(house: House, publication_id: int) -> Any:
    with house.container.store.database.read() as c:
        query = sa.select(t.publications).where(t.publications.c.id == publication_id)
        return c.execute(query).one()


def change(house: House, publication_id: int, **values: Any) -> None:
    with house.container.store.database.write() as c:
        query = sa.update(t.publications).where(t.publications.c.id == publication_id)
        c.execute(query.values(**values))


def given(house: House, project: int) -> dict[int, list[str]]:
    """Return what stands in Label Studio: the topics by task."""
    found: dict[int, list[str]] = {}
    for each in house.container.studio.predictions(project):
        found.setdefault(each.task_id, []).extend(each.result[0]["value"]["choices"])
    return found


def test_nothing_is_written_while_an_earlier_write_may_still_come(house: House) -> None:
    project, tasks = house.project(2)
    late = row(tasks[0])
    clock = Clock(comes(house, project, late))
    with house.container.writer.hold(clock) as session:
        house.fake.fail("import/predictions", "drop_connection_before", method="POST")
        with pytest.raises(LabelStudioError) as broken:
            session.import_predictions(project, LABEL, [late], 0)
        assert broken.value.maybe_done
        # Sent at once this would delete nothing, and the import would come behind it.
        assert session.delete_label(project, LABEL) == 1
    assert len(clock.waits) == 1
    assert given(house, project) == {}


@pytest.mark.slow
def test_a_write_given_up_on_that_comes_after_a_clean_read_is_mended(house: House) -> None:
    project, tasks = house.project(3)
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project)
    detail = {"tasks": [tasks[0]], "labels": [run.label], "watermark": run.plan.planned.watermark}
    given_up = intended(house, "import", project=project, **detail)
    house.container.store.writing.settle(given_up, GIVEN_UP)

    def comes_at_last(seconds: float) -> None:
        comes(house, project, row(tasks[0], label=run.label))(seconds)
        change(house, given_up, settled_at=time.time() - seconds - 1.0)

    clock = Clock(comes_at_last)
    container = house.container
    with container.writer.hold(clock) as session:
        Publisher(container.store, session, container.ownership).verify(run)
    [waited] = clock.waits
    assert 0 < waited <= SETTLE
    assert house.held(project) == {task: Counter([run.label]) for task in tasks}


def test_a_write_may_take_three_times_as_long_as_the_slowest_of_its_kind_did(house: House) -> None:
    project, tasks = house.project(2)
    slow = intended(house, "import", project=project, tasks=[], labels=[], watermark=0)
    house.container.store.writing.confirm(slow)
    change(house, slow, started_at=time.time() - 600.0)
    detail = {"tasks": [tasks[0]], "labels": [LABEL], "watermark": 0}
    broken = intended(house, "import", project=project, **detail)
    # Past the settling time: where an import has taken ten minutes, this one still may.
    change(house, broken, started_at=time.time() - 900.0)
    clock = Clock(comes(house, project, row(tasks[0])))
    with house.container.writer.hold(clock):
        pass
    assert publication(house, broken).note == "effect seen"
    [left] = [int(n) for said in clock.said for n in re.findall(r"up to (\d+) s", said)]
    assert 3 * 600 - 900 - 60 < left <= 3 * 600 - 900


def test_an_import_counts_as_seen_once_all_of_its_tasks_stand(house: House) -> None:
    project, tasks = house.project(3)
    detail = {"tasks": tasks, "labels": [LABEL], "watermark": 0}
    broken = intended(house, "import", project=project, **detail)
    house.container.studio.import_predictions(project, [row(tasks[0])])
    clock = Clock(
        comes(house, project, row(tasks[1])),
        comes(house, project, row(tasks[2])),
    )
    with house.container.writer.hold(clock):
        assert given(house, project) == {task: ["A"] for task in tasks}
    assert len(clock.waits) == 2
    assert publication(house, broken).note == "effect seen"


@pytest.mark.slow
def test_an_older_row_that_outlived_its_deletion_is_no_new_one(house: House) -> None:
    project, tasks = house.project(4)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    highest = max(key.id for key in house.container.studio.prediction_keys(project))
    # Something in between says the old rows are deleted, and lets nothing through.
    answered = {"mode": "status", "status": 200, "body": '{"deleted_predictions": 4}'}
    house.fake.control(faults=[{"path": "model-versions", "method": "DELETE", **answered}])
    house.model.answer = lambda request: '{"topic": "B"}'
    run = house.run(prompt, version, project, fresh=True)
    assert run.status is RunStatus.COMPLETED, run.message
    assert run.plan.planned.watermark == highest, "the newest of the old rows is the watermark"
    assert given(house, project) == {task: ["B"] for task in tasks}
