"""`/predict` beside runs: nothing is asked twice, and what was not reached goes on by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from web.test_ml_protocol import is_prediction, results

from ml_backend.records import Failure, Run, RunStatus, Slot, Subset
from ml_backend.services.runs.run_request import RunRequest
from support.fake_label_studio import FakeLabelStudio
from support.place import Place
from support.server import eventually
from support.simulator import Simulator


@pytest.fixture
def engine(place: Place) -> Iterator[None]:
    place.container.engine.start()
    yield
    place.container.close(10)


def runs(place: Place) -> list[Run]:
    return list(place.container.store.runs.search(project_id=place.project_id))


def stored(place: Place, studio: FakeLabelStudio, number: int) -> list[dict[str, Any]]:
    """Tasks of the project as Label Studio sends them."""
    ids = place.container.studio.import_tasks(
        place.project_id, [{"text": f"stored number {n}"} for n in range(number)]
    )
    return [place.wire(task_id, {"text": f"stored number {n}"}) for n, task_id in enumerate(ids)]


@pytest.mark.slow
def test_what_the_deadline_left_arrives_by_itself(
    place: Place, studio: FakeLabelStudio, simulator: Simulator, engine: None
) -> None:
    place.prompt()
    tasks = stored(place, studio, 12)
    results(place.predict(place.tasks(1, "warm")))
    place.container.models.concurrency = 4
    place.container.backend._deadline = 0.7
    simulator.control(latency=0.4)
    found = results(place.predict(tasks))
    ready = sum(map(bool, found))
    assert 4 <= ready < 12
    [run] = runs(place)
    assert (run.slot, run.subset) == (Slot.ALL, Subset.CUSTOM)
    eventually(lambda: runs(place)[0].status is RunStatus.COMPLETED)
    keys = place.container.studio.prediction_keys(place.project_id)
    left = {task["id"] for task, item in zip(tasks, found, strict=True) if not item}
    assert {key.task_id for key in keys} == left
    assert len(keys) == len(left)
    assert simulator.stats()["calls"] == 13


@pytest.mark.slow
def test_a_second_request_starts_no_second_run(place: Place, simulator: Simulator) -> None:
    place.prompt()
    place.container.backend._deadline = 0.3
    simulator.control(latency=1.0)
    for _ in range(2):
        assert results(place.predict(place.tasks(3))) == [[], [], []]
    [run] = runs(place)
    assert list(run.options.task_ids) == [1, 2, 3]


@pytest.mark.slow
def test_a_model_that_refuses_leaves_nothing_to_go_on(place: Place, simulator: Simulator) -> None:
    place.prompt()
    simulator.control({"match": "number", "fault": "auth"})
    assert place.predict(place.tasks(2)).status_code == 502
    assert runs(place) == []


@pytest.mark.slow
def test_tasks_opened_during_a_run_are_not_asked_twice(
    place: Place, studio: FakeLabelStudio, simulator: Simulator, engine: None
) -> None:
    prompt, version = place.prompt()
    tasks = stored(place, studio, 30)
    place.container.models.concurrency = 4
    simulator.control(latency=0.2)
    project = place.container.studio.get_project(place.project_id)
    run = place.container.runs.start(prompt, version, project, RunRequest())
    place.container.offer_run(run.id)
    eventually(lambda: simulator.stats()["calls"] > 4)
    opened = [results(place.predict([task]))[0] for task in tasks[:8]]
    assert any(is_prediction(item) for item in opened)
    eventually(lambda: runs(place)[0].status is RunStatus.COMPLETED)
    assert len(runs(place)) == 1
    assert simulator.stats()["calls"] == 31


@pytest.mark.slow
def test_an_edited_version_does_not_wait_for_a_run_of_its_old_text(
    place: Place, simulator: Simulator
) -> None:
    prompt, version = place.prompt()
    project = place.container.studio.get_project(place.project_id)
    place.container.runs.start(prompt, version, project, RunRequest())
    place.container.store.prompts.update_version(version.id, text="Another: {text}")
    [item] = results(place.predict(place.tasks(1)))
    assert is_prediction(item)


@pytest.mark.slow
def test_the_same_task_asked_twice_at_once_is_paid_once(place: Place, simulator: Simulator) -> None:
    place.prompt()
    results(place.predict(place.tasks(1, "warm")))
    simulator.control(latency=0.5)
    found: list[Any] = []
    ask = lambda: found.append(results(place.predict(place.tasks(3))))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(is_prediction(item) for items in found for item in items)
    assert simulator.stats()["calls"] == 4


@pytest.mark.slow
def test_slow_batches_leave_room_for_setup(place: Place, simulator: Simulator) -> None:
    """More requests than there is room for get what is free, and a run for the rest."""
    place.prompt()
    results(place.predict(place.tasks(2)))
    for _ in range(5):
        place.container.backend._answering._room.acquire()
    found = results(place.predict(place.tasks(4)))
    assert simulator.stats()["calls"] == 2, "nothing is asked that there is no room for"
    assert [bool(item) for item in found] == [True, True, False, False]
    [run] = runs(place)
    assert list(run.options.task_ids) == [3, 4]


@pytest.mark.slow
def test_failures_are_recorded_and_forgotten_with_the_next_success(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    simulator.control({"match": "number 2", "fault": "garbage"})
    assert [bool(item) for item in results(place.predict(place.tasks(3)))] == [True, False, True]
    [(label, failure, _)] = place.container.store.served.failures(place.project_id)
    assert label == "Topics__Version 1"
    assert isinstance(failure, Failure)
    assert failure.task_id == 2
    simulator.reset()
    results(place.predict(place.tasks(3)))
    assert place.container.store.served.failures(place.project_id) == []


@pytest.mark.slow
def test_one_poisoned_task_among_fifty_costs_itself_alone(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    simulator.control({"match": "number 7.", "fault": "garbage"})
    tasks = [place.wire(n, {"text": f"message number {n}."}) for n in range(1, 51)]
    found = results(place.predict(tasks))
    assert [n for n, item in enumerate(found, 1) if not item] == [7]
