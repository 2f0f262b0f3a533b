"""Races over the wire: models of given accuracies, simulated and asked over HTTP, at given prices.

A project of truths that all are A. Each model says so, or B for the part of the tasks that it gets
wrong: drawn anew for each seed, for the version's text is another one, and with it each message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.records import Job, JobKind, RunStatus
from ml_backend.services.racing.entrants import entrants_of
from ml_backend.services.racing.request import RaceRequest
from support.house import CONFIG, House
from support.processes import eventually
from support.simulator import Controls

TRUTH = [
    {
        "ground_truth": True,
        "result": [
            {
                "from_name": "topic",
                "to_name": "text",
                "type": "choices",
                "value": {"choices": ["A"]},
            }
        ],
    }
]


@dataclass(frozen=True, slots=True)
class Field:
    """Models by their accuracies, and what each costs beside the others."""

    accuracies: Sequence[float]
    prices: Sequence[float]
    truths: int = 300
    tolerance: float = 0.05

    @property
    def names(self) -> list[str]:
        return [f"m{number}" for number in range(len(self.accuracies))]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a race over the wire came to."""

    winner: int | None
    calls: int
    grid: int
    """Calls that all models on all truths would take."""
    called_better: bool
    is_shown: bool

    @property
    def share(self) -> float:
        return self.calls / self.grid


class RaceTrack:
    """One project and connection, on which a field is raced as often as one likes."""

    def __init__(self, house: House, simulator: Controls, field: Field) -> None:
        self._house = house
        self._simulator = simulator
        self._field = field
        tasks = [
            {"data": {"text": f"mail number {n}"}, "annotations": TRUTH}
            for n in range(field.truths)
        ]
        self._project_id, _ = house.fake.seed(CONFIG, tasks)
        self._prompt, _ = house.prompt(self._project_id, title="Raced")
        container = house.container
        self._connection = container.store.connections.create(
            title="Track",
            provider="Custom",
            endpoint=simulator.url,
            api_key="k",
            default_model="m0",
            prices={
                name: [price, price] for name, price in zip(field.names, field.prices, strict=True)
            },
        )
        wrong = [
            {"model": name, "share": 1 - accuracy, "answer": {"topic": "B"}}
            for name, accuracy in zip(field.names, field.accuracies, strict=True)
        ]
        simulator.control(*wrong, {"answer": {"topic": "A"}}, models=field.names)

    def race(self, seed: int) -> Ended:
        """Race once; what is right of each model follows from the seed."""
        container = self._house.container
        version = container.prompts.create_version(
            self._prompt, text=f"Label {{text}} as in case {seed}", connection=self._connection.id
        )
        asked = RaceRequest(
            container.studio.get_project(self._project_id),
            self._prompt,
            version,
            tuple(entrants_of(self._field.names, (), version, self._connection, lambda _: None)),
            tolerance=self._field.tolerance,
            seed=f"{seed:08x}",
        )
        job = container.jobs.submit(
            JobKind.RACE,
            asked.document(),
            created_by=None,
            prompt_id=self._prompt.id,
            version_id=version.id,
            project_id=self._project_id,
        )
        jobs = container.store.jobs
        eventually(lambda: jobs.get(job.id).status.is_final)
        return self._ended(jobs.get(job.id))

    def served(self) -> int:
        """Return how many calls the simulated server has had."""
        return int(self._simulator.stats()["calls"])

    def _ended(self, job: Job) -> Ended:
        if job.status is not RunStatus.COMPLETED:
            raise AssertionError(f"{job.status.value}: {job.message}")
        found, names = job.result, self._field.names
        return Ended(
            names.index(found["winner"]) if found["winner"] else None,
            found["calls"],
            found["all_calls"],
            any(pair["better"] for pair in found["pairs"]),
            found["is_shown"],
        )
