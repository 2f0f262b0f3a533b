"""Which new tasks a follow decides on next, and which of these the lot sends to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.records import Prompt, PromptVersion, Slot, read_moment
from ml_backend.records.follow_checks import FollowedTask, FollowGuard, GuardFigures
from ml_backend.records.promises import PromiseTask, SampleKind, Withheld, digest_of
from ml_backend.scoring.promises.drift import Drift, watch
from ml_backend.scoring.promises.lots import is_check, shuffled
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.predictions.accept_rule import why_not_by_score
from ml_backend.services.promises.draw import promise_tasks
from ml_backend.services.promises.population import Population, Populations
from ml_backend.services.promises.validity import config_digest
from ml_backend.store import Drawn, Store

MOST_AHEAD = 200
"""Accepted tasks that may be ahead of the last answered check."""
MOST_RUNS = 10_000


@dataclass(frozen=True, slots=True)
class Batch:
    """What a follow decides on at once, as it is kept; ``left`` wait for checks."""

    decided: Sequence[FollowedTask]
    left: int
    sample: Drawn
    checks: Sequence[PromiseTask]
    withheld: Sequence[Withheld]


class Batches:
    """Chooses batches; writes nothing."""

    def __init__(
        self, store: Store, populations: Populations, predictor_factory: PredictorFactory
    ) -> None:
        self._store = store
        self._populations = populations
        self._predictor_factory = predictor_factory

    def choose(
        self,
        studio: LabelStudioReader,
        guard: FollowGuard,
        project: Project,
        prompt: Prompt,
        version: PromptVersion,
    ) -> Batch:
        """Return what would be accepted now and is not decided on, as far as checks allow it.

        Raises Conflict where a task was deleted meanwhile.
        """
        config = self._predictor_factory.config_of(project)
        population = self._populations.read(studio, project, prompt, version, config)
        tasks = self._store.guards.tasks(guard.id)
        left = shuffled(guard.seed, guard.batch + 1, self._candidates(guard, population))
        decided, room = [], MOST_AHEAD - ahead_of(tasks)
        for place, task_id in enumerate(left, start=len(tasks)):
            checked = is_check(guard.seed, place)
            room -= not checked
            if room < 0:
                break
            decided.append(FollowedTask(task_id, place, guard.batch + 1, checked))
        checks = sorted(each.task_id for each in decided if each.is_check)
        return Batch(
            decided=decided,
            left=len(left) - len(decided),
            sample=_sample(guard, project, population, checks),
            checks=promise_tasks(studio, project, population, checks) if checks else (),
            withheld=population.withheld(checks),
        )

    def newest_run(self, guard: FollowGuard) -> int:
        """Return the newest run of a follow that has ended, 0 for none since it accepts."""
        return max((run for run, _ in self._runs(guard)), default=0)

    def _candidates(self, guard: FollowGuard, population: Population) -> list[int]:
        """Return the tasks that the follow had predicted since it accepts, and would accept."""
        if population.label != guard.label:
            return []
        promised = {each.task_id for each in self._store.promises.get(guard.promise_id).population}
        known = self._store.guards.known(guard.prompt_id, guard.project_id)
        asked = {task_id for _, tasks in self._runs(guard) for task_id in tasks}
        return [
            each.task_id
            for each in population.eligible
            if each.task_id in asked - known - promised
            and why_not_by_score(each.score, guard.threshold) is None
        ]

    def _runs(self, guard: FollowGuard) -> list[tuple[int, Sequence[int]]]:
        found = self._store.runs.search(
            version_id=guard.version_id, project_id=guard.project_id, limit=MOST_RUNS
        )
        return [
            (run.id, run.options.task_ids or ())
            for run in found
            if run.options.follow
            and run.label == guard.label
            and run.slot is Slot.ALL
            and run.completed_at is not None
            and run.created_at >= guard.created_at
        ]


def ahead_of(tasks: Sequence[FollowedTask]) -> int:
    """Return how many were accepted in batches that no answered check is of, nor of a later."""
    answered = max((each.batch for each in tasks if each.number is not None), default=0)
    return sum(not each.is_check and each.batch > answered for each in tasks)


def answers_of(tasks: Sequence[FollowedTask]) -> list[FollowedTask]:
    """Return the checks that people answered, in that order."""
    found = [each for each in tasks if each.number is not None]
    return sorted(found, key=lambda each: each.number or 0)


def drift_of(guard: FollowGuard, tasks: Sequence[FollowedTask]) -> Drift:
    """Return what the checks of a follow have come to."""
    said = [bool(each.is_right) for each in answers_of(tasks)]
    return watch(said, max_error=guard.max_error)


def good_place(tasks: Sequence[FollowedTask], good: int) -> int:
    """Return the place of the last good check: the first ``good`` answers were; -1 for none."""
    answers = answers_of(tasks)
    first_bad = min((each.place for each in answers[good:]), default=None)
    return max(
        (
            each.place
            for each in answers[:good]
            if each.is_right and (first_bad is None or each.place < first_bad)
        ),
        default=-1,
    )


def figures_of(guard: FollowGuard, tasks: Sequence[FollowedTask]) -> GuardFigures:
    """Return what a follow accepted, and what its checks came to."""
    answers = answers_of(tasks)
    return GuardFigures(
        accepted=sum(not each.is_check for each in tasks),
        drawn=sum(each.is_check for each in tasks),
        answered=len(answers),
        wrong=sum(not each.is_right for each in answers),
        ahead=ahead_of(tasks),
        level=drift_of(guard, tasks).level,
    )


def _sample(
    guard: FollowGuard, project: Project, population: Population, checks: Sequence[int]
) -> Drawn:
    among = frozenset(checks)
    eligible = tuple(each for each in population.eligible if each.task_id in among)
    return Drawn(
        project_id=project.id,
        project_made_at=read_moment(project.created_at),
        prompt_id=guard.prompt_id,
        version_id=guard.version_id,
        label=guard.label,
        slot=Slot.ALL,
        seed=guard.seed,
        snapshot={},
        config_digest=config_digest(project.label_config),
        pool_revision=population.pool_revision,
        pool_digest=population.pool_digest,
        run_ids=(),
        population=eligible,
        population_digest=digest_of(eligible),
        left_out={},
        max_error=guard.max_error,
        certainty=guard.certainty,
        several_looks=False,
        created_by=guard.created_by,
        kind=SampleKind.CHECK,
    )
