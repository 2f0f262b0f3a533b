"""A random campaign of crashes: whatever dies when, each task ends with exactly one prediction.

A worker process executes a run against a Label Studio with faults and latencies. It is killed (or
stopped for longer than its lease, and waked when another has done its work) at a random step; the
next takes over, until the run is Completed. Then Label Studio must hold what the model of the test
says, and no answer that was committed may have been asked for again.

CRASH_SEED, CRASH_FIRST and CRASH_ROUNDS choose another campaign; some of its rounds are among the
everyday tests.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.container import Container
from ml_backend.records import Prompt, PromptVersion, Run, RunStatus, Slot, Subset
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.settings import Settings
from ml_backend.store import tables as t
from support.crash_worker import Order, Workers, state_of
from support.fake_label_studio import TOKEN, FakeLabelStudio
from support.house import CONFIG, ScriptedModel
from support.models import adopt
from support.server import eventually

SEED = int(os.environ.get("CRASH_SEED", "20"))
FIRST = int(os.environ.get("CRASH_FIRST", "0"))
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "30"))
TASKS = 24
SETTLE = 1.2
STEPS = 140
"""About what an undisturbed run counts."""
WRITES = (
    ("import/predictions", "POST"),
    ("model-versions", "DELETE"),
    ("api/predictions/", "DELETE"),
    ("api/projects/", "PATCH"),
)
READS = (("api/predictions/", "GET"), ("api/tasks", "GET"), ("api/projects/", "GET"))
MODES = ("500_before", "500_after", "drop_connection_before", "drop_connection_after")

EVERYDAY = (0, 2, 3)
"""Short ones: together half a minute."""


@dataclass
class Tallies:
    """What a campaign did, printed at its end."""

    deaths: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class Scene:
    """One round: what stood before, which run is made, and what must stand after."""

    container: Container
    fake: FakeLabelStudio
    directory: Path
    dice: random.Random
    project: int = 0
    tasks: list[int] = field(default_factory=list)
    covered: list[int] = field(default_factory=list)
    before: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)
    rubbish: list[str] = field(default_factory=list)
    answer: str = "A"
    shown_before: str = ""

    def prepare(self) -> Run:
        """Rows of strangers, perhaps of another prompt and of an earlier run; then a new run."""
        dice = self.dice
        wires = [{"data": {"text": f"text {n}"}} for n in range(TASKS)]
        self.project, self.tasks = self.fake.seed(CONFIG, wires)
        studio = self.container.studio
        prompt = self.container.prompts.create("P", project=studio.get_project(self.project))
        first = self.container.prompts.create_version(prompt, text="Label {text}")
        second = self.container.prompts.create_version(prompt, text="Again {text}")
        strangers = [
            {"task": task, "result": [], "model_version": "P__Version 10"}
            for task in dice.sample(self.tasks, 5)
        ]
        studio.import_predictions(self.project, strangers)
        earlier = dice.choice(["none", "first", "first", "both", "second"])
        if dice.random() < 0.4:
            self._run(prompt, first, subset=Subset.SAMPLE, sample_size=4)
        if earlier in ("first", "both"):
            self._run(prompt, first)
        if earlier == "second":
            self._run(prompt, second)
        if earlier == "both":
            some = sorted(dice.sample(self.tasks, TASKS // 3))
            self._run(prompt, second, subset=Subset.CUSTOM, task_ids=some, slot=Slot.ALL)
        if dice.random() < 0.3:
            studio.set_model_version(self.project, "P__Version 10")
        self._choose(dice)
        self.shown_before = studio.get_project(self.project).model_version or ""
        self._remember()
        version = dice.choice([first, second])
        self.answer = "B" if version is second else "A"
        options = RunRequest()
        if len(self.covered) < TASKS:
            options = RunRequest(
                subset=Subset.CUSTOM, task_ids=self.covered, slot=Slot.ALL, fresh=True
            )
        elif self.failing or self.rubbish or dice.random() < 0.7:
            options = RunRequest(fresh=True)
        project = studio.get_project(self.project)
        return self.container.runs.start(prompt, version, project, options)

    def _run(self, prompt: Prompt, version: PromptVersion, **options: Any) -> None:
        project = self.container.studio.get_project(self.project)
        run = self.container.runs.start(prompt, version, project, RunRequest(**options))
        # None on a machine so busy that the executor let it go and would take it up again.
        ended = eventually(lambda: self.container.executor.execute(run.id))
        assert ended.status is RunStatus.COMPLETED, ended.message

    def _choose(self, dice: random.Random) -> None:
        self.covered = self.tasks
        if dice.random() < 0.4:
            self.covered = sorted(dice.sample(self.tasks, dice.randint(6, TASKS - 4)))
        odd = dice.sample(range(TASKS), 6)
        self.failing = [f"text {n}" for n in odd[: dice.choice([0, 0, 2, 4])]]
        self.rubbish = [f"text {n}" for n in odd[4 : 4 + dice.choice([0, 1, 2])]]

    def _remember(self) -> None:
        self.before = defaultdict(list)
        for row in self.fake.state()["predictions"]:
            self.before[row["task"]].append(row)

    # What must stand in the end

    def assert_stands(self, run: Run) -> None:
        state = self.fake.state()
        after: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in state["predictions"]:
            after[row["task"]].append(row)
        slot = self.container.ownership.ours(self.project, slot=Slot.ALL)
        for number, task in enumerate(self.tasks):
            ours = [row for row in after[task] if row["model_version"] in slot]
            theirs = [row for row in after[task] if row["model_version"] not in slot]
            assert theirs == [r for r in self.before[task] if r["model_version"] not in slot]
            old = [row for row in self.before[task] if row["model_version"] in slot]
            shown = [(row["model_version"], choice_of(row)) for row in ours]
            text = f"text {number}"
            if task not in self.covered or text in self.failing:
                expected = [(row["model_version"], choice_of(row)) for row in old]
            elif text in self.rubbish:
                expected = []
            else:
                expected = [(run.label, self.answer)]
            assert shown == expected, f"task {task} ({text})"
        for task_row in state["tasks"]:
            assert task_row["total_predictions"] == len(after[task_row["id"]])
        wanted = self.shown_before if self.shown_before == "P__Version 10" else run.label
        if run.subset is Subset.ALL or not self.shown_before:
            assert state["projects"][0]["model_version"] == wanted
        assert not self.container.store.writing.unsettled(self.container.studio.url)


class Campaign:
    """Lets workers die over a run until it ends."""

    def __init__(self, scene: Scene, workers: Workers, tallies: Tallies) -> None:
        self._scene = scene
        self._workers = workers
        self._tallies = tallies
        self._store = scene.container.store
        self._dice = scene.dice
        self._generation = 0
        self._committed: dict[int, set[int]] = {}
        self._log = scene.directory / "asked.log"
        self._log.touch()

    def execute(self, run: Run) -> Run:
        """Return the run Completed; every worker but the last few has a point to die at."""
        deaths = self._dice.randint(1, 4)
        asleep: list[int] = []
        self._disturb()
        while True:
            deadly = self._generation < deaths
            how = self._dice.choice(["KILL", "KILL", "KILL", "STOP"]) if deadly else ""
            pid = self._start(run, how)
            if deadly and self._dice.random() < 0.1:
                time.sleep(self._dice.random() * 0.3)
                self._store.runs.request_cancel(run.id)
            state = eventually(lambda pid=pid: self._rests(pid), seconds=90, every=0.005)
            run = self._store.runs.get(run.id)
            if state == "stopped":
                asleep.append(pid)
            died = state == "stopped" or run.status is RunStatus.IN_PROGRESS
            if deadly and died:
                self._tallies.deaths[f"{how} in {run.stage.value}"] += 1
            self._let_time_pass()
            if asleep and self._dice.random() < 0.4:
                self._wake(asleep)
            if not run.is_open:
                self._wake(asleep)
                run = self._store.runs.get(run.id)
                self._tallies.endings[run.status.value] += 1
                if run.status is RunStatus.COMPLETED:
                    return run
                assert self._generation < 25, run.message
                run = self._scene.container.runs.resume(run)
            self._generation += 1
            assert self._generation < 40, "it never ends"

    def _start(self, run: Run, how: str) -> int:
        outcomes = self._store.outcomes
        self._committed[self._generation] = outcomes.task_ids(run.id)
        inflight = self._dice.random() < 0.4
        order = Order(
            env=environment(self._scene.fake, self._scene.directory),
            run_id=run.id,
            log=str(self._log),
            generation=self._generation,
            settle_seconds=SETTLE,
            failing=self._scene.failing,
            rubbish=self._scene.rubbish,
            point=self._dice.randint(1, STEPS) if how else 0,
            delay=self._dice.random() * 0.12 if inflight else 0.0,
            how=how or "KILL",
        )
        return self._workers.start(order)

    @staticmethod
    def _rests(pid: int) -> str | None:
        state = state_of(pid)
        return None if state == "running" else state

    def _let_time_pass(self) -> None:
        """As if every lease had run out, which for the dead is a matter of seconds."""
        with self._store.database.write() as c:
            c.execute(sa.update(t.runs).values(lease_until=0.0))
            c.execute(
                sa.update(t.leases).where(t.leases.c.name.like("writer:%")).values(expires_at=0.0)
            )

    def _wake(self, asleep: list[int]) -> None:
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
        for pid in asleep:
            eventually(lambda pid=pid: state_of(pid) == "gone", seconds=90, every=0.01)
        asleep.clear()
        with self._store.database.write() as c:
            c.execute(sa.update(t.runs).values(lease_until=0.0))

    def _disturb(self) -> None:
        faults = []
        for _ in range(self._dice.choice([0, 1, 1, 2, 3])):
            path, method = self._dice.choice(WRITES if self._dice.random() < 0.7 else READS)
            mode = self._dice.choice([*MODES, "delay_commit", "status"])
            if method == "GET":
                mode = self._dice.choice(["500_before", "drop_connection_before", "status"])
            fault = {
                "path": path,
                "method": method,
                "mode": mode,
                "skip": self._dice.choice([0, 1]),
            }
            fault |= {"seconds": self._dice.random() * 0.5, "locks": self._dice.random() < 0.5}
            if mode == "status":
                fault |= {"status": self._dice.choice([502, 503, 504, 429])}
            faults.append(fault)
            self._tallies.faults[f"{method} {path} {mode}"] += 1
        latency = [
            {"path": "import/predictions", "method": "POST", "seconds": self._dice.random() * 0.15},
            {"path": "model-versions", "method": "DELETE", "seconds": self._dice.random() * 0.15},
        ]
        self._scene.fake.control(faults=faults, latency=latency)

    def assert_paid_once(self) -> None:
        """No worker asked for what had been committed before it began; failures are asked anew."""
        for line in self._log.read_text().splitlines():
            generation, task = map(int, line.split())
            assert task not in self._committed[generation], f"task {task} was paid for again"


def choice_of(row: dict[str, Any]) -> str:
    return row["result"][0]["value"]["choices"][0]


def environment(fake: FakeLabelStudio, directory: Path) -> dict[str, str]:
    return {
        "LABEL_STUDIO_URL": fake.url,
        "LABEL_STUDIO_API_KEY": TOKEN,
        "DATA_DIR": str(directory),
        "OPENAI_BASE_URL": "http://model.invalid/v1",
        "OPENAI_MODEL": "scripted",
        "LLM_MAX_CONCURRENCY": "4",
    }


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers() as running:
        yield running


def play(number: int, fake: FakeLabelStudio, workers: Workers, where: Path, done: Tallies) -> None:
    """One round, the same for the same seed and number."""
    fake.reset()
    dice = random.Random(SEED * 1_000_003 + number)
    directory = where / f"{number}"
    container = Container(Settings.from_env(environment(fake, directory)), settle_seconds=SETTLE)
    try:
        model = ScriptedModel(
            lambda request: '{"topic": "%s"}' % ("B" if "Again" in str(request.messages) else "A")
        )
        adopt(container.models, container.models.default, model)
        scene = Scene(container, fake, directory, dice)
        campaign = Campaign(scene, workers, done)
        run = campaign.execute(scene.prepare())
        scene.assert_stands(run)
        campaign.assert_paid_once()
    except BaseException as error:
        error.add_note(f"CRASH_SEED={SEED}, round {number}")
        raise
    finally:
        container.close()
        container.store.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", EVERYDAY)
def test_exactly_one_prediction_in_a_round_of_crashes(
    number: int, fake: FakeLabelStudio, workers: Workers, tmp_path: Path
) -> None:
    play(number, fake, workers, tmp_path, Tallies())


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_exactly_one_prediction_whatever_dies_when(
    fake: FakeLabelStudio, workers: Workers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tallies = Tallies()
    for number in range(FIRST, FIRST + ROUNDS):
        play(number, fake, workers, tmp_path, tallies)
    with capsys.disabled():
        print(f"\n{ROUNDS} rounds, seed {SEED}")
        for name in ("deaths", "endings", "faults"):
            print(f"  {name}: {dict(sorted(getattr(tallies, name).items()))}")
