"""What a race takes, said before anything is asked."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.llm.prices import Price
from ml_backend.records import JsonObject, PromptVersion, Subset
from ml_backend.services.racing.course import Course
from ml_backend.services.racing.entrants import Entrant, names_of
from ml_backend.services.racing.race import Races
from ml_backend.services.racing.request import RaceRequest
from ml_backend.services.recent import Shared

KEPT_SECONDS = 30.0
"""A person who fills in the form of a race asks at each change of it, of the same tasks."""
KEPT = 64


class Estimated(Protocol):
    """What a run is thought to cost."""

    @property
    def total_cost(self) -> float | None: ...

    @property
    def price(self) -> Price | None: ...

    @property
    def unknown(self) -> str: ...

    @property
    def retiring(self) -> str: ...


class Estimate(Protocol):
    """Says what a run of these tasks would cost."""

    def __call__(
        self,
        studio: LabelStudioReader,
        project: Project,
        version: PromptVersion,
        subset: Subset,
        *,
        task_ids: Sequence[int] | None = None,
    ) -> Estimated: ...


@dataclass(frozen=True, slots=True)
class Runner:
    """One of a race, and what a task of it is thought to cost: None where no price is known."""

    name: str
    entrant: Entrant
    cost: float | None
    price: str
    """Where its price comes from, or why there is none."""
    retiring: str = ""
    """That it is retired, or will be soon; "" mostly."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a race takes."""

    course: Course
    runners: tuple[Runner, ...]
    budget: float | None

    @property
    def most_calls(self) -> int:
        return len(self.runners) * len(self.course.raced) + len(self.course.held)

    @property
    def most(self) -> float | None:
        """Dollars where nobody is dropped and the dearest wins; mostly it is about half."""
        costs = [each.cost for each in self.runners if each.cost is not None]
        if len(costs) < len(self.runners):
            return None
        return sum(costs) * len(self.course.raced) + max(costs) * len(self.course.held)

    def document(self) -> JsonObject:
        return {
            "truth": self.course.source.value,
            "with_truth": self.course.with_truth,
            "alike": self.course.alike,
            "to_race": len(self.course.raced),
            "to_hold": len(self.course.held),
            "most_calls": self.most_calls,
            "most_cost": self.most,
            "budget": self.budget,
            "models": [
                {
                    "name": each.name,
                    "model": each.entrant.model,
                    "connection_id": each.entrant.connection_id,
                    "few_shot": each.entrant.few_shot,
                    "cost_per_task": each.cost,
                    "price": each.price,
                    "model_retirement": each.retiring or None,
                }
                for each in self.runners
            ],
        }


class RaceOutlooks:
    """Says what races take."""

    def __init__(self, races: Races, estimate: Estimate) -> None:
        self._races = races
        self._estimate = estimate
        self._courses: Shared[Hashable, Course] = Shared(KEPT_SECONDS, KEPT)

    def of(
        self, studio: LabelStudioReader, asked: RaceRequest, *, whose: Hashable = None
    ) -> Outlook:
        """Check a race and say what it takes; raises what would keep it from being run.

        ``whose`` stands for whoever reads by ``studio``: the tasks they were counted a moment ago
        are not read again.
        """
        self._races.check(asked)
        course = self._course(studio, asked, whose)
        tasks = [*course.raced, *course.held]
        runners = []
        for name, each in zip(names_of(asked.entrants), asked.entrants, strict=True):
            version = each.asked_as(asked.version)
            told = self._estimate(studio, asked.project, version, Subset.CUSTOM, task_ids=tasks)
            cost = told.total_cost / len(tasks) if told.total_cost is not None else None
            source = told.price.source if told.price else told.unknown
            runners.append(Runner(name, each, cost, source, told.retiring))
        return Outlook(course, tuple(runners), asked.budget)

    def _course(self, studio: LabelStudioReader, asked: RaceRequest, whose: Hashable) -> Course:
        """Return the tasks without their truths, which are too many to be kept."""
        project, version = asked.project, asked.version
        counted = (project.ground_truths, project.annotations, project.tasks)
        key = (whose, project.id, project.label_config, counted, version.id, asked.truth)
        return self._courses.get(key, lambda: replace(self._races.course(studio, asked), truths={}))
