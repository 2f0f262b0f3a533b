"""What a follow accepts, killed at each step: each task is decided on once, and accepted once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_backend.store import tables as t
from support.crash_worker import Order, Workers, state_of
from support.followed_checks import Checked
from support.house import House
from support.server import eventually

AMONG = 8
"""Every so many-th step is died at."""


def work(place: Checked, workers: Workers, log: Path, point: int) -> int:
    """Look at a follow and die at a step; return how many steps it took, 0 for dead."""
    log.write_text("")
    env = {
        "LABEL_STUDIO_URL": place.house.fake.url,
        "LABEL_STUDIO_API_KEY": place.house.fake.token,
        "DATA_DIR": str(place.container.settings.data_dir),
        "OPENAI_BASE_URL": "http://model.invalid/v1",
        "OPENAI_MODEL": "scripted",
    }
    order = Order(
        env=env,
        run_id=0,
        log=str(log),
        generation=0,
        settle_seconds=0.3,
        accept={"follow": place.guard().id},
        point=point,
        how=signal.SIGKILL.name.removeprefix("SIG"),
    )
    pid = workers.start(order)
    eventually(lambda: state_of(pid) == "gone", seconds=60, every=0.01)
    with place.store.database.write() as c:  # as if its lease had run out
        c.execute(sa.update(t.leases).values(expires_at=0.0))
    return int(log.read_text() or 0)


@pytest.mark.slow
def test_killed_at_its_steps_it_goes_on_and_accepts_each_once(house: House, tmp_path: Path) -> None:
    log, points = tmp_path / "steps", [0]
    with Workers() as workers:
        for number, point in enumerate(points):
            place = Checked(house, title=f"P{number}")
            new = place.imports(25)
            steps = work(place, workers, log, point)
            if not point:
                assert steps > 20
                points += range(1, steps + 1, max(1, steps // AMONG))
            else:
                assert work(place, workers, log, 0), f"killed at {point}, it did not go on"
            decided = place.decided()
            assert sorted(each.task_id for each in decided) == new, f"killed at {point}"
            assert sum(each.is_check for each in decided) in (1, 2)
            assert place.annotated() == dict.fromkeys(place.accepted(), 1), f"killed at {point}"
            held = house.held(place.project)
            assert not any(held[task] for task in place.drawn()), f"killed at {point}"
            closed = place.store.promises.closed_tasks(place.project)
            assert closed == set(place.drawn()), f"killed at {point}"
            tabs = [x for x in place.container.studio.tabs(place.project) if "Check" in x.title]
            assert [tab.task_ids for tab in tabs] == [frozenset(place.drawn())]
            acts = place.store.acceptances.of_project(place.project)
            assert sum(act.made for act in acts) == len(place.accepted()), f"killed at {point}"
            assert not any(act.is_open for act in acts)
