"""A vote whose processes are killed: one prediction a task in the end, each answer paid once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_backend.container import Container
from ml_backend.records import Prediction, Run, RunStatus
from ml_backend.services.runs.run_request import RunRequest, Together
from ml_backend.settings import Settings
from ml_backend.store import Store, tables as t
from support.crash_worker import Order, Workers, state_of
from support.fake_label_studio import TOKEN, FakeLabelStudio
from support.house import CONFIG
from support.processes import eventually

TASKS = 24
SETTLE = 1.2
POINTS = (12, 18, 26, 60)
"""At which of its steps a worker is killed: while it asks, and while it publishes."""


def environment(fake: FakeLabelStudio, directory: Path) -> dict[str, str]:
    return {
        "LABEL_STUDIO_URL": fake.url,
        "LABEL_STUDIO_API_KEY": TOKEN,
        "DATA_DIR": str(directory),
        "OPENAI_BASE_URL": "http://model.invalid/v1",
        "OPENAI_MODEL": "scripted",
        "LLM_MAX_CONCURRENCY": "4",
    }


def kept(store: Store) -> int:
    with store.database.read() as c:
        return int(c.execute(sa.select(sa.func.count()).select_from(t.answers)).scalar_one())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_vote_goes_on_after_every_kill_and_pays_for_no_answer_twice(
    fake: FakeLabelStudio, tmp_path: Path, seed: int
) -> None:
    env = environment(fake, tmp_path)
    container = Container(Settings.from_env(env), settle_seconds=SETTLE)
    store = container.store
    project_id, tasks = fake.seed(CONFIG, [{"data": {"text": f"t {n}"}} for n in range(TASKS)])
    project = container.studio.get_project(project_id)
    prompt = container.prompts.create("P", project=project)
    first = container.prompts.create_version(prompt, text="Label {text}")
    second = container.prompts.create_version(prompt, text="Again {text}")
    third = container.prompts.create_version(prompt, text="Label it {text}")
    together = Together((first.id, second.id, third.id))
    run = container.runs.start(prompt, first, project, RunRequest(together=together))
    log = tmp_path / "asked.log"
    log.touch()
    dice = random.Random(seed)
    already: list[int] = []
    with Workers() as workers:
        for generation, point in enumerate((*POINTS, 0)):
            already.append(kept(store))
            order = Order(
                env=env,
                run_id=run.id,
                log=str(log),
                generation=generation,
                settle_seconds=SETTLE,
                point=point,
                delay=dice.random() * 0.25 if point else 0.0,
            )
            pid = workers.start(order)
            eventually(lambda pid=pid: state_of(pid) == "gone", seconds=90, every=0.005)
            leave(store)
            if not store.runs.get(run.id).is_open:
                break
        ended = finished(container, store, run)
    assert ended.status is RunStatus.COMPLETED, ended.message
    label = "P__vote Version 1 + Version 2 + Version 3"
    rows = fake.state()["predictions"]
    assert sorted((row["task"], row["model_version"]) for row in rows) == [
        (task, label) for task in sorted(tasks)
    ]
    for outcome in store.outcomes.iter(run.id):
        assert isinstance(outcome, Prediction)
        assert (outcome.answer, outcome.score) == ({"topic": "A"}, pytest.approx(2 / 3))
        assert len(outcome.opinions) == 3
    lines = [int(line.split()[0]) for line in log.read_text().splitlines()]
    for generation, known in enumerate(already):
        asked = lines.count(generation)
        assert asked <= 3 * TASKS - known, "what was kept is not asked again"


def leave(store: Store) -> None:
    """As if every lease had run out, which for the dead is a matter of seconds."""
    with store.database.write() as c:
        c.execute(sa.update(t.runs).values(lease_until=0.0))
        mine = t.leases.c.name.like("writer:%")
        c.execute(sa.update(t.leases).where(mine).values(expires_at=0.0))


def finished(container: Container, store: Store, run: Run) -> Run:
    """Return the run once it ended; another worker may have been the last."""
    deadline = time.monotonic() + 60
    while store.runs.get(run.id).is_open and time.monotonic() < deadline:
        leave(store)
        container.executor.execute(run.id)
    return store.runs.get(run.id)
