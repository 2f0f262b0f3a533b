"""Reads that wait for a Label Studio that is away, and writes that are sent again or not."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ml_backend.errors import (
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    LabelStudioUnreachable,
)
from ml_backend.labelstudio import LabelStudioReader, ServerLabelStudio
from ml_backend.services.writing import resend as repeating
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.services.writing.resend import may_be_sent_again, resend
from support.fake_label_studio import FakeLabelStudio
from support.house import CONFIG
from support.wire import region

AWAY = LabelStudioUnreachable("Label Studio does not answer.")

READS: dict[str, Callable[[LabelStudioReader, int, list[int]], Any]] = {
    "version": lambda studio, project, tasks: studio.version(),
    "get_project": lambda studio, project, tasks: studio.get_project(project).title,
    "project_titles": lambda studio, project, tasks: studio.project_titles(),
    "data_columns": lambda studio, project, tasks: studio.data_columns(project),
    "task_ids": lambda studio, project, tasks: studio.task_ids(project),
    "iter_tasks": lambda studio, project, tasks: list(studio.iter_tasks(project, page_size=2)),
    "newest_task": lambda studio, project, tasks: studio.newest_task(project)[0],
    "iter_annotated": lambda studio, project, tasks: list(studio.iter_annotated(project)),
    "predictions": lambda studio, project, tasks: studio.predictions(project),
    "prediction_keys": lambda studio, project, tasks: studio.prediction_keys(project),
    "task_predictions": lambda studio, project, tasks: studio.task_predictions(project, tasks[0]),
    "model_versions": lambda studio, project, tasks: studio.model_versions(project),
    "list_backends": lambda studio, project, tasks: studio.list_backends(project),
    "tabs": lambda studio, project, tasks: studio.tabs(project),
}


class Quick(Patience):
    """Waits as often as any, and shorter."""

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.05))


class Waiting:
    """A patience, and what it said."""

    def __init__(self, give_up_after: float = 30.0) -> None:
        self.said: list[str] = []
        self.stop = threading.Event()
        self.patience = Quick(self.said.append, self.stop, give_up_after=give_up_after)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def door(fake: FakeLabelStudio) -> Iterator[ServerLabelStudio]:
    opened = ServerLabelStudio(fake.url, fake.token, timeout=10)
    yield opened
    opened.close()


@pytest.fixture
def seeded(fake: FakeLabelStudio, door: ServerLabelStudio) -> tuple[int, list[int]]:
    annotated = [{"result": [region("A")], "ground_truth": True}]
    tasks = [{"data": {"text": f"text {n}"}, "annotations": annotated} for n in range(5)]
    project, ids = fake.seed(CONFIG, tasks)
    rows = [{"task": each, "result": [region("A")], "model_version": "v"} for each in ids]
    door.import_predictions(project, rows)
    return project, ids


@pytest.mark.parametrize("name", READS)
def test_read_waits_while_label_studio_is_busy_or_breaks_off(
    fake: FakeLabelStudio,
    door: ServerLabelStudio,
    seeded: tuple[int, list[int]],
    waiting: Waiting,
    name: str,
) -> None:
    read = READS[name]
    wanted = read(door, *seeded)
    studio = PatientLabelStudio(door, waiting.patience)
    fake.control(
        faults=[
            {"path": "/api/", "method": "GET", "mode": "status", "status": 503},
            {"path": "/api/", "method": "GET", "mode": "drop_connection_after", "times": 2},
            {"path": "/api/", "method": "GET", "mode": "500_before"},
        ]
    )
    assert read(studio, *seeded) == wanted
    assert any("waiting for Label Studio" in each for each in waiting.said)
    assert waiting.said[-1] == ""


def test_every_read_of_a_client_is_patient_and_no_write_is_there() -> None:
    """The requests themselves wait, so whatever read is added to the client waits too."""
    reads = {name for name, _ in inspect.getmembers(LabelStudioReader) if not name.startswith("_")}
    patient = {
        name for name, _ in inspect.getmembers(PatientLabelStudio) if not name.startswith("_")
    }
    assert patient == reads
    for write in ("import_predictions", "delete_prediction", "promote", "set_model_version"):
        assert hasattr(ServerLabelStudio, write)
        assert not hasattr(PatientLabelStudio, write)


@pytest.mark.slow
def test_a_page_read_before_label_studio_went_away_is_not_read_again(
    fake: FakeLabelStudio, door: ServerLabelStudio, seeded: tuple[int, list[int]], waiting: Waiting
) -> None:
    project, ids = seeded
    studio = PatientLabelStudio(door, waiting.patience)
    pages = studio.iter_tasks(project, page_size=2)
    first = next(pages)
    fake.control(down=True)
    threading.Timer(0.3, fake.control, kwargs={"down": False}).start()
    rest = list(pages)
    assert [task.id for page in [first, *rest] for task in page] == ids
    assert [len(page) for page in rest] == [2, 1]


def test_waiting_ends_when_the_work_must_stop(
    fake: FakeLabelStudio, door: ServerLabelStudio, waiting: Waiting
) -> None:
    studio = PatientLabelStudio(door, waiting.patience)
    fake.control(down=True)
    threading.Timer(0.2, waiting.stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        studio.version()
    assert time.monotonic() - began < 5
    fake.control(down=False)


def test_patience_ends(fake: FakeLabelStudio, door: ServerLabelStudio) -> None:
    studio = PatientLabelStudio(door, Waiting(give_up_after=0.2).patience)
    fake.control(down=True)
    with pytest.raises(LabelStudioUnreachable):
        studio.version()
    fake.control(down=False)


def test_what_waiting_does_not_cure_is_raised_at_once(
    fake: FakeLabelStudio, door: ServerLabelStudio, waiting: Waiting
) -> None:
    studio = PatientLabelStudio(door, waiting.patience)
    with pytest.raises(LabelStudioNotFound):
        studio.get_project(987654)
    assert waiting.said == []


# Writes


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (AWAY, True),
        (LabelStudioUnreachable("busy", status=429), True),
        (LabelStudioUnreachable("timed out", maybe_done=True), True),
        (LabelStudioError("crashed", status=500, maybe_done=True), True),
        (LabelStudioError("not Label Studio", status=200, maybe_done=True), True),
        (LabelStudioError("sent on", status=301), False),
        (LabelStudioRejected("refused", status=400), False),
        (LabelStudioRejected("too large", status=413), False),
        (LabelStudioNotFound("gone", status=404), False),
        (LabelStudioAuthError("token", status=401), False),
    ],
    ids=lambda value: str(value) if isinstance(value, LabelStudioError) else "",
)
def test_write_is_sent_again_where_waiting_may_cure_it(
    error: LabelStudioError, again: bool
) -> None:
    assert may_be_sent_again(error) is again


class Failing:
    """A write that fails some times."""

    def __init__(self, times: int, error: LabelStudioError = AWAY) -> None:
        self.left = times
        self.error = error
        self.sent = 0

    def __call__(self) -> None:
        self.sent += 1
        if self.left > 0:
            self.left -= 1
            raise self.error


@pytest.fixture
def studio(door: ServerLabelStudio, waiting: Waiting) -> PatientLabelStudio:
    return PatientLabelStudio(door, waiting.patience)


@pytest.mark.parametrize("times", [0, 1, 4])
def test_write_that_does_no_harm_twice_is_sent_until_it_is_answered(
    studio: PatientLabelStudio, times: int
) -> None:
    write = Failing(times)
    resend(write, studio)
    assert write.sent == times + 1


@pytest.mark.slow
def test_write_is_given_up_after_five_rounds(studio: PatientLabelStudio) -> None:
    write = Failing(9)
    with pytest.raises(LabelStudioUnreachable):
        resend(write, studio)
    assert write.sent == repeating.ROUNDS


def test_refused_write_is_sent_once(studio: PatientLabelStudio, waiting: Waiting) -> None:
    write = Failing(9, LabelStudioRejected("no", status=400))
    with pytest.raises(LabelStudioRejected):
        resend(write, studio)
    assert write.sent == 1
    assert waiting.said == []


def test_write_waits_until_label_studio_is_up_before_it_is_sent_again(
    fake: FakeLabelStudio, studio: PatientLabelStudio, waiting: Waiting
) -> None:
    fake.control(down=True)
    up = threading.Event()

    def rise() -> None:
        fake.control(down=False)
        up.set()

    threading.Timer(0.3, rise).start()
    write = Failing(1)
    resend(write, studio)
    assert up.is_set()
    assert write.sent == 2
    assert waiting.said[-1] == ""
