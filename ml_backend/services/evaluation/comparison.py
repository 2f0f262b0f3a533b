"""Versions, of one prompt or of several, held against the same truths task by task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median, quantiles
from typing import TypeVar

from ml_backend.errors import InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.next_steps import Step
from ml_backend.records import (
    Effort,
    Outcome,
    PromptVersion,
    Run,
    RunStatus,
    Subset,
    TruthSource,
)
from ml_backend.scoring.agreement import Summary, summarize
from ml_backend.scoring.paired import ALPHA, Paired, compare, holm
from ml_backend.scoring.resampling import ScoreDifference, compare_scores
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import (
    Compared,
    GroundTruth,
    no_truth,
    truth_of,
    truth_words,
)
from ml_backend.services.evaluation.metrics import is_right, score_of
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.store import Store

MANY_RUNS = 10_000
MOST_VERSIONS = 10
SHOWN_CHANGES = 1_000
SHOWN_TASKS = 10

Number = TypeVar("Number", bool, float)
Judged = Mapping[int, Compared]


class NotRun(InvalidInput):
    """A version without a completed run has nothing to be compared by."""


class DifferentTasks(InvalidInput):
    """Runs of different tasks; ``common`` of them all have."""

    def __init__(
        self, message: str, *, common: int = 0, field: str = "versions", fix: str = ""
    ) -> None:
        super().__init__(message, field=field, fix=fix)
        self.common = common


@dataclass(frozen=True, slots=True)
class VersionScore:
    """How a version did on the tasks compared."""

    version: PromptVersion
    run: Run
    tasks: int
    """With a truth, in its run."""
    summary: Summary
    effort: Effort
    changed: bool
    """The version is not any more what its run asked."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Two versions by one measure: right or wrong, and scores; both p also corrected by Holm."""

    paired: Paired
    p_holm: float
    score: ScoreDifference
    score_p_holm: float

    @property
    def better(self) -> int:
        """2 when the second is right more often, 1 when the first is, 0 without significance."""
        if self.p_holm >= ALPHA or not self.paired.difference:
            return 0
        return 2 if self.paired.difference > 0 else 1


@dataclass(frozen=True, slots=True)
class VersionPair:
    """Two versions; ``changed`` are tasks that exactly one of them got right, winner first."""

    first: int
    second: int
    overall: Measure
    controls: Mapping[str, Measure]
    changed: tuple[tuple[int, int], ...]
    """(task, version that was right)"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several versions over the same tasks."""

    project_id: int
    truth: TruthSource
    measured_on: str
    """The truth in words, and why where nobody chose it."""
    tasks: int
    left_out: int
    """Tasks that not every version's run has."""
    versions: tuple[VersionScore, ...]
    pairs: tuple[VersionPair, ...]


class Comparisons:
    """Compares versions by their last runs."""

    def __init__(
        self, store: Store, predictor_factory: PredictorFactory, evaluation: Evaluation
    ) -> None:
        self._store = store
        self._identity = ProjectIdentity(store)
        self._evaluation = evaluation
        self._predictor_factory = predictor_factory

    def compare(
        self,
        studio: LabelStudioReader,
        project: Project,
        versions: Sequence[PromptVersion],
        *,
        common_only: bool,
        control: str | None = None,
        truth: TruthSource | None = None,
    ) -> Comparison:
        """Compare the last runs of versions on the tasks with a truth.

        ``control`` leaves the others out; the truth is by default the one that all these runs were
        measured on, and the project's where they differ or it has no such truth any more. Raises
        InvalidInput when a version has no run, and when the runs are of different tasks unless
        ``common_only`` says to take those they have in common.
        """
        if len({version.id for version in versions}) < len(versions) or len(versions) < 2:
            raise InvalidInput(
                "A comparison takes two versions or more, each once.", field="versions"
            )
        runs = [self.run_of(version, project) for version in versions]
        project = self._evaluation.reading(studio).counted(project)
        source, in_words = source_of(runs, project, truth)
        judged = self._judge(studio, project, runs, source, control)
        common = set.intersection(*(set(each) for each in judged))
        every = set.union(*(set(each) for each in judged))
        _check(versions, judged, common, every, common_only=common_only)
        return Comparison(
            project_id=project.id,
            truth=source,
            measured_on=in_words,
            tasks=len(common),
            left_out=len(every - common),
            versions=tuple(
                VersionScore(
                    version,
                    run,
                    len(answers),
                    summarize(answers[each] for each in sorted(common)),
                    effort_of(self._store.outcomes.iter(run.id, task_ids=common)),
                    changed=not run.snapshot.is_of(version),
                )
                for version, run, answers in zip(versions, runs, judged, strict=True)
            ),
            pairs=_pairs(versions, judged, common),
        )

    def _judge(
        self,
        studio: LabelStudioReader,
        project: Project,
        runs: Sequence[Run],
        source: TruthSource,
        control: str | None,
    ) -> list[Judged]:
        """Return how each run's tasks agree with the truth, by control."""
        config = self._predictor_factory.config_of(project)
        require_control(config, control)
        evaluation = self._evaluation.reading(studio)
        truths = evaluation.truths(project.id, config, source=source)
        if not truths:
            raise no_truth(project, source, "project")
        return [judged_of(evaluation, run, truths, config, control) for run in runs]

    def run_of(self, version: PromptVersion, project: Project) -> Run:
        """Return the last completed run of a version: over all that is true, else of any tasks."""
        found = [
            run
            for run in self._store.runs.search(
                version_id=version.id, project_id=project.id, alone=True, limit=MANY_RUNS
            )
            if run.status is RunStatus.COMPLETED
            and not run.options.only_missing
            and not self._identity.is_of_another(run, project)
        ]
        whole = [run for run in found if run.subset in (Subset.HAS_GT, Subset.ALL)]
        if not found:
            raise NotRun(
                f"Version {version.title!r} has no completed run in project {project.title!r}.",
                field="versions",
                fix=Step.EVALUATE_VERSION(),
            )
        return (whole or found)[0]


def require_control(config: LabelingConfig, control: str | None) -> None:
    """Raise InvalidInput for a control that a labeling config does not answer; None is all."""
    if control is not None and control not in config.controls:
        raise InvalidInput(
            f"The labeling config has no control {control!r} that is answered.",
            field="control",
            fix=f"It has {', '.join(map(repr, config.controls))}.",
        )


def judged_of(
    evaluation: Evaluation,
    run: Run,
    truths: Mapping[int, GroundTruth],
    config: LabelingConfig,
    control: str | None = None,
) -> Judged:
    """Return how a run's tasks agree with their truths, of one control alone or of all."""
    compared = evaluation.compared(run, truths, config)
    narrowed = {task: of_control(each, control) for task, each in compared.items()}
    return {task: each for task, each in narrowed.items() if each}


def of_control(compared: Compared, control: str | None) -> Compared:
    """Return what is said of one control, of all for None."""
    if control is None:
        return compared
    return {control: compared[control]} if control in compared else {}


def source_of(
    runs: Sequence[Run], project: Project, chosen: TruthSource | None
) -> tuple[TruthSource, str]:
    """Return what versions are compared on, all on the same, and the words for it."""
    sources = {run.truth for run in runs}
    if chosen is None and project.ground_truths and sources == {TruthSource.ANNOTATIONS}:
        chosen = TruthSource.ANNOTATIONS
        return chosen, f"{chosen.words}, as their runs were"
    return truth_of(project, chosen), truth_words(project, chosen)


def _check(
    versions: Sequence[PromptVersion],
    judged: Sequence[Judged],
    common: set[int],
    every: set[int],
    *,
    common_only: bool,
) -> None:
    parts = []
    for version, answers in zip(versions, judged, strict=True):
        missing = sorted(every - answers.keys())
        shown = ", ".join(map(str, missing[:SHOWN_TASKS]))
        more = ", …" if len(missing) > SHOWN_TASKS else ""
        lacks = f", lacks {len(missing)}: {shown}{more}" if missing else ""
        parts.append(f"{version.title!r} has {len(answers)}{lacks}")
    sizes = "; ".join(parts)
    if not common:
        raise InvalidInput(
            f"The last runs of these versions share no task with a truth ({sizes}).",
            field="versions",
            fix="Evaluate them on the same tasks.",
        )
    if common != every and not common_only:
        raise DifferentTasks(
            f"The last runs of these versions are of different tasks ({sizes}; "
            f"{len(common)} in common).",
            common=len(common),
            field="versions",
            fix=f"Evaluate them on the same tasks. {Step.COMPARE_COMMON()}",
        )


def _pairs(
    versions: Sequence[PromptVersion], judged: Sequence[Judged], common: set[int]
) -> tuple[VersionPair, ...]:
    """Return each two versions; p values of one table are corrected together."""
    names = sorted({name for answers in judged for task in common for name in answers[task]})
    both = list(combinations(range(len(versions)), 2))
    overall = _measures([_measured(judged[a], judged[b], common, None) for a, b in both])
    by_control = _measures(
        [_measured(judged[a], judged[b], common, name) for a, b in both for name in names]
    )
    found = []
    for place, (a, b) in enumerate(both):
        own = by_control[place * len(names) : (place + 1) * len(names)]
        first, second = versions[a].id, versions[b].id
        found.append(
            VersionPair(
                first,
                second,
                overall[place],
                dict(zip(names, own, strict=True)),
                _changed(first, second, judged[a], judged[b], common),
            )
        )
    return tuple(found)


def _measured(
    one: Judged, other: Judged, common: set[int], control: str | None
) -> tuple[Paired, ScoreDifference]:
    """Compare on one control, or on tasks as a whole."""
    return (
        compare(
            _by_task(one, common, control, is_right), _by_task(other, common, control, is_right)
        ),
        compare_scores(
            _by_task(one, common, control, score_of), _by_task(other, common, control, score_of)
        ),
    )


def _measures(found: Sequence[tuple[Paired, ScoreDifference]]) -> list[Measure]:
    by_right = holm([paired.p for paired, _ in found])
    by_score = holm([score.p for _, score in found])
    return [
        Measure(paired, p, score, score_p)
        for (paired, score), p, score_p in zip(found, by_right, by_score, strict=True)
    ]


def _by_task(
    judged: Judged, common: set[int], control: str | None, of: Callable[[Compared], Number]
) -> dict[int, Number]:
    """Return task -> what ``of`` says of its controls, or of one."""
    if control is None:
        return {task: of(judged[task]) for task in common}
    return {
        task: of({control: judged[task][control]}) for task in common if control in judged[task]
    }


def _changed(
    first: int, second: int, one: Judged, other: Judged, common: set[int]
) -> tuple[tuple[int, int], ...]:
    found = []
    for task in sorted(common):
        right = is_right(one[task])
        if right != is_right(other[task]):
            found.append((task, first if right else second))
    return tuple(found[:SHOWN_CHANGES])


def effort_of(outcomes: Iterable[Outcome]) -> Effort:
    """Return what answers took."""
    asked = [outcome.asked for outcome in outcomes]
    costs = [each.cost for each in asked]
    paid = len([each for each in asked if not each.cached])
    times = [each.latency for each in asked if not each.cached and each.calls]
    known = [cost for cost in costs if cost is not None]
    return Effort(
        cost=sum(known, 0.0) if len(known) == len(costs) else None,
        cost_per_task=sum(known) / paid if paid and len(known) == len(costs) else None,
        latency=median(times) if times else None,
        latency_p95=quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else None,
        prompt_tokens=sum(each.usage.prompt_tokens for each in asked),
        completion_tokens=sum(each.usage.completion_tokens for each in asked),
        cached=sum(each.cached for each in asked),
    )
