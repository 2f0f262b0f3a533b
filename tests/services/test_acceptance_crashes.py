"""Accepting and taking back, killed at each of their steps: each once, and all of them known."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_backend.store import tables as t
from support.crash_worker import Order, Workers, state_of
from support.house import House
from support.promises_made import scored
from support.server import eventually

SCORES = [0.9] * 5 + [0.1] * 2
SURE = 5
AMONG = 5
"""Every so many-th step is died at; a second round of tests with another offset has the others."""


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers() as running:
        yield running


class Scene:
    """Projects of the same kind, on which work is done until it is killed, and then anew."""

    def __init__(self, house: House, workers: Workers, log: Path) -> None:
        self.house = house
        self._workers = workers
        self._log = log
        self.store = house.container.store
        self.number = 0
        self.project = 0
        self.tasks: list[int] = []
        self.label = ""

    def begin(self) -> None:
        """Make another project with predictions."""
        self.number += 1
        title = f"P{self.number}"
        self.project, self.tasks, _, _ = scored(self.house, SCORES, title)
        self.label = f"{title}__Version 1"

    def work(self, point: int, acceptance: int | None = None) -> int:
        """Accept, or take back, and die at a step; return how many steps it took, 0 for dead."""
        asked = {"project": self.project, "label": self.label, "min_score": 0.5}
        self._log.write_text("")
        pid = self._workers.start(
            Order(
                env={
                    "LABEL_STUDIO_URL": self.house.fake.url,
                    "LABEL_STUDIO_API_KEY": self.house.fake.token,
                    "DATA_DIR": str(self.house.container.settings.data_dir),
                    "OPENAI_BASE_URL": "http://model.invalid/v1",
                    "OPENAI_MODEL": "scripted",
                },
                run_id=0,
                log=str(self._log),
                generation=0,
                settle_seconds=0.3,
                accept={"acceptance": acceptance} if acceptance else asked,
                point=point,
                how=signal.SIGKILL.name.removeprefix("SIG"),
            )
        )
        eventually(lambda: state_of(pid) == "gone", seconds=60, every=0.01)
        with self.store.database.write() as c:  # as if its lease had run out
            c.execute(sa.update(t.leases).values(expires_at=0.0))
        return int(self._log.read_text() or 0)

    def made(self) -> dict[int, list[int]]:
        """Task -> its annotations."""
        found = self.house.container.studio.iter_annotated(self.project)
        return {task.id: [each.id for each in task.annotations] for task in found}


@pytest.mark.slow
def test_accepting_killed_at_its_steps_goes_on_and_accepts_each_once(
    house: House, workers: Workers, tmp_path: Path
) -> None:
    scene = Scene(house, workers, tmp_path / "steps")
    scene.begin()
    steps = scene.work(0)
    assert steps > 10
    for point in range(1, steps + 1, max(1, steps // AMONG)):
        scene.begin()
        scene.work(point)
        assert scene.work(0), f"killed at {point}, it did not go on"
        made = scene.made()
        assert set(made) == set(scene.tasks[:SURE]), f"killed at {point}"
        assert all(len(each) == 1 for each in made.values()), f"killed at {point}"
        acts = scene.store.acceptances.of_project(scene.project)
        assert len(acts) == 1, f"killed at {point}: the same request goes on with the same"
        known = {each.annotation_id for each in scene.store.acceptances.rows(acts[0].id)}
        assert known == {annotation for each in made.values() for annotation in each}
        assert not acts[0].is_open


@pytest.mark.slow
def test_taking_back_killed_at_its_steps_ends_with_exactly_its_own_gone(
    house: House, workers: Workers, tmp_path: Path
) -> None:
    scene = Scene(house, workers, tmp_path / "steps")
    points = [0]
    for point in points:
        scene.begin()
        scene.work(0)
        (act,) = scene.store.acceptances.of_project(scene.project)
        first = next(iter(scene.made().values()))[0]
        house.container.studio.mark_annotation(first, ground_truth=True)
        steps = scene.work(point, act.id)
        if not point:
            points += range(1, steps + 1, max(1, steps // AMONG))
        else:
            assert scene.work(0, act.id), f"killed at {point}, it did not go on"
        assert list(scene.made().values()) == [[first]], f"killed at {point}"
        (act,) = scene.store.acceptances.of_project(scene.project)
        assert (act.made, act.taken_back) == (SURE, SURE - 1), f"killed at {point}"
