"""Drawing a promise sample: counted and said before, then kept, then its predictions withdrawn."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, field, replace

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.labelstudio import LabelStudioReader, Project, queries
from ml_backend.next_steps import Step
from ml_backend.records import (
    JsonObject,
    Person,
    Prompt,
    PromptVersion,
    RunSnapshot,
    RunStatus,
    Slot,
    read_moment,
)
from ml_backend.records.promises import PromiseSample, PromiseTask, digest_of
from ml_backend.records.run_json import snapshot_json
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.promises.asking import (
    CERTAINTY,
    MAX_ERROR,
    MOST,
    check_limits,
    claimed_by,
    fewest,
    size_by_default,
)
from ml_backend.services.promises.population import Population, Populations, data_digest
from ml_backend.services.promises.validity import config_digest
from ml_backend.store import Drawn, Store


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """Which promise is to be tested, of whose predictions; shares are 0..1."""

    prompt: Prompt
    version: PromptVersion
    project: Project
    max_error: float = MAX_ERROR
    certainty: float = CERTAINTY
    size: int | None = None
    """Tasks to draw; None for as many as leave room for a few mistakes."""
    several_looks: bool = False
    """Whether other limits may be asked of the same draw later; each takes its share."""
    person: Person | None = None
    """Who draws; None by command."""


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """What a draw would do; ``why`` says why it cannot, "" where it can."""

    request: DrawRequest
    population: Population = field(repr=False)
    size: int
    needed: int | None
    """Labels that promise it without a mistake; None where no number does."""
    withheld: int
    """Predictions of ours on each task, at most, that would be kept out of sight."""
    why: str = ""
    drawn_before: int = 0
    """Samples of this version that were drawn for this limit before."""

    @property
    def tasks(self) -> int:
        """How many tasks could be accepted."""
        return len(self.population.eligible)

    @property
    def others(self) -> list[str]:
        """The model versions of ours whose predictions would be withdrawn on the drawn tasks."""
        names = {row.model_version or "" for rows in self.population.ours.values() for row in rows}
        return sorted(names)


class Draws:
    """Plans and carries out draws; ``store`` keeps them."""

    def __init__(
        self, store: Store, populations: Populations, predictor_factory: PredictorFactory
    ) -> None:
        self._store = store
        self._populations = populations
        self._predictor_factory = predictor_factory
        self._identity = ProjectIdentity(store)

    def plan(self, studio: LabelStudioReader, request: DrawRequest) -> DrawPlan:
        """Count what could be drawn, and say what it would do; nothing is changed.

        Raises InvalidInput for a limit, certainty or size that nothing can be promised by.
        """
        check_limits(request.max_error, request.certainty)
        claimed = claimed_by(request.certainty, 1, several_looks=request.several_looks)
        self._identity.check(request.prompt.id, request.project)
        config = self._predictor_factory.config_of(request.project)
        population = self._populations.read(
            studio, request.project, request.prompt, request.version, config
        )
        tasks = len(population.eligible)
        needed = fewest(tasks, request.max_error, claimed)
        by_default = size_by_default(tasks, request.max_error, claimed)
        size = request.size if request.size is not None else by_default or 0
        plan = DrawPlan(
            request,
            population,
            size,
            needed,
            max((len(rows) for rows in population.ours.values()), default=0),
            drawn_before=self._store.promises.drawn_before(
                request.project.id, request.version.id, request.max_error
            ),
        )
        return replace(plan, why=_why_not(plan))

    def draw(self, studio: LabelStudioReader, request: DrawRequest) -> PromiseSample:
        """Draw a sample and keep it, its predictions still where they are.

        Called with the right to write held, so that nothing is published meanwhile. Raises Conflict
        where no promise is possible, and while a run of the project is under way.
        """
        project_id = request.project.id
        self._refuse_open_runs(project_id)
        request = replace(request, project=studio.get_project(project_id))
        # Before the population is read: what comes in between is none of it.
        newest = studio.newest_task(project_id)
        plan = self.plan(studio, request)
        if plan.why:
            raise Conflict(plan.why)
        seed = secrets.token_hex(16)
        ids = drawn_by(seed, plan.population.tasks, plan.size)
        tasks = promise_tasks(studio, request.project, plan.population, ids)
        return self._store.promises.create(
            Drawn(
                project_id=project_id,
                project_made_at=read_moment(request.project.created_at),
                prompt_id=request.prompt.id,
                version_id=request.version.id,
                label=plan.population.label,
                slot=Slot.ALL,
                seed=seed,
                snapshot=_snapshot(request),
                config_digest=config_digest(request.project.label_config),
                pool_revision=plan.population.pool_revision,
                pool_digest=plan.population.pool_digest,
                run_ids=self._runs(request, plan.population.label),
                population=plan.population.eligible,
                population_digest=digest_of(plan.population.eligible),
                left_out=plan.population.left_out,
                max_error=request.max_error,
                certainty=request.certainty,
                several_looks=request.several_looks,
                created_by=request.person,
                newest_task_at=read_moment(str(newest[1])) if newest else None,
            ),
            tasks,
            plan.population.withheld(ids),
        )

    def _runs(self, request: DrawRequest, label: str) -> list[int]:
        """Return the runs that the predictions may have come from."""
        found = self._store.runs.search(
            project_id=request.project.id, version_id=request.version.id, limit=10_000
        )
        return [
            run.id
            for run in found
            if run.label == label and run.status is RunStatus.COMPLETED and run.slot is Slot.ALL
        ]

    def _refuse_open_runs(self, project_id: int) -> None:
        runs = self._store.erasing.open_runs(project_id)
        if runs:
            numbers = ", ".join(map(str, runs))
            raise Conflict(
                f"Runs of this project are under way ({numbers}): which predictions there are is "
                "not known yet.",
                fix=Step.CANCEL_RUNS(runs=numbers),
            )


def promise_tasks(
    studio: LabelStudioReader, project: Project, population: Population, ids: list[int]
) -> list[PromiseTask]:
    """Return tasks of a population as they are kept; raises Conflict when any is gone."""
    pages = studio.iter_tasks(project.id, query=queries.selecting(ids), project=project)
    digests = {task.id: data_digest(task.data) for page in pages for task in page}
    if len(digests) < len(ids):
        raise Conflict("Tasks were deleted while they were drawn.", fix=Step.DRAW_AGAIN())
    by_task = {each.task_id: each for each in population.eligible}
    return [
        PromiseTask(
            task_id=task_id,
            score=by_task[task_id].score,
            fingerprint=by_task[task_id].fingerprint,
            result=population.rows[task_id].result,
            data_digest=digests[task_id],
        )
        for task_id in ids
    ]


def drawn_by(seed: str, task_ids: list[int], size: int) -> list[int]:
    """Return the tasks that a seed draws, uniformly and without replacement, by their ids."""
    return sorted(random.Random(seed).sample(sorted(task_ids), size))  # noqa: S311  # nosec B311  # no secret


def _snapshot(request: DrawRequest) -> JsonObject:
    return snapshot_json(RunSnapshot.of(request.version, request.prompt.title))


def _why_not(plan: DrawPlan) -> str:
    """Return why nothing can be drawn, "" where something can."""
    request = plan.request
    asked = f"at most {100 * request.max_error:g} % wrong, {100 * request.certainty:g} % certain"
    if not plan.tasks:
        return f"No task has a prediction that could be accepted. {left_out_words(plan)}".strip()
    if plan.needed is None:
        return (
            f"Of {plan.tasks} tasks no number of labels promises {asked}: of the few that would be "
            f"left a single wrong one is too many. {left_out_words(plan)}"
        ).strip()
    if plan.needed > MOST:
        return (
            f"It takes {plan.needed:,} labels to promise {asked}, and {MOST:,} are the most that "
            "are drawn."
        )
    if plan.size > min(plan.tasks, MOST):
        raise InvalidInput(
            f"Of {plan.tasks:,} tasks {plan.size:,} cannot be drawn.",
            field="size",
            fix=f"Draw at most {min(plan.tasks, MOST):,}.",
        )
    if plan.size < plan.needed:
        return (
            f"{plan.size} labels are too few for {asked}: that takes {plan.needed} of these "
            f"{plan.tasks:,} tasks without a mistake."
        )
    return ""


def left_out_words(plan: DrawPlan) -> str:
    """Say why other tasks are not among those, "" where all are."""
    parts = [f"{n:,} {why}" for why, n in plan.population.left_out.items()]
    return f"Left out are {', '.join(parts)}." if parts else ""
