"""Whether an evaluation is good enough to go on with: for CI, where nobody looks at figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.records import Correctness, JsonObject, PromptVersion, Run
from ml_backend.scoring.paired import Paired, compare
from ml_backend.scoring.regression import Finding, find_regression
from ml_backend.services.evaluation.comparison import Comparisons, NotRun, judged_of
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.metrics import is_right
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.store import Store


class CannotTell(InvalidInput):
    """There is nothing to judge by: no truth, no run of the other version, no task in common."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What is asked of an evaluation; None asks nothing."""

    fail_under: float | None = None
    """The accuracy it must reach, as a share."""
    not_worse_than: PromptVersion | None = None
    margin: float | None = None
    """The loss that must be ruled out; None fails only what is shown to be worse."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A version beside the one it shall not be worse than."""

    version: PromptVersion
    run: Run
    """The run of that version."""
    is_changed: bool
    """Whether that version was edited after its run."""
    paired: Paired
    margin: float | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an evaluation does what was asked of it, and by which figures."""

    demands: Demands
    counts: Correctness
    """Failures are misses."""
    regression: Regression | None
    untold: str = ""
    """Why the versions cannot be compared, "" where they were or need not be."""

    @property
    def is_under(self) -> bool:
        wanted = self.demands.fail_under
        return wanted is not None and self.counts.n > 0 and (self.counts.accuracy or 0.0) < wanted

    @property
    def is_worse(self) -> bool:
        found = self.regression
        return found is not None and found.finding in (Finding.WORSE, Finding.OPEN)

    @property
    def is_open(self) -> bool:
        """Whether one of the demands cannot be judged."""
        if self.untold or (self.demands.fail_under is not None and not self.counts.n):
            return True
        return self.regression is not None and self.regression.finding is Finding.TOO_FEW

    @property
    def is_missed(self) -> bool:
        return self.is_under or self.is_worse


class Gate:
    """Judges evaluations."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
        comparisons: Comparisons,
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._evaluation = evaluation
        self._comparisons = comparisons

    def check(
        self,
        demands: Demands,
        version: PromptVersion | None,
        project: Project,
        task_ids: Sequence[int] | None,
    ) -> None:
        """Raise CannotTell, before anything is asked, where these tasks cannot tell.

        ``version`` None is several together, which may be no worse than one of them.
        """
        other = demands.not_worse_than
        if other is None:
            return
        if version is not None and other.id == version.id:
            raise InvalidInput(
                f"{version.title!r} is the version that is evaluated.",
                field="not_worse_than",
                fix="Name the version it shall not be worse than.",
            )
        run = self._run_of(other, project)
        asked = {each.task_id for each in self._store.outcomes.iter(run.id)}
        if task_ids is not None and asked.isdisjoint(task_ids):
            raise self._no_common(other, run)

    def judge(
        self, studio: LabelStudioReader, project: Project, run: Run, demands: Demands
    ) -> Judgement:
        """Judge a completed evaluation; both versions are held against the same truths."""
        try:
            regression = self._regression(studio, project, run, demands)
        except CannotTell as error:
            return Judgement(demands, run.correctness, None, str(error))
        return Judgement(demands, run.correctness, regression)

    def _regression(
        self, studio: LabelStudioReader, project: Project, run: Run, demands: Demands
    ) -> Regression | None:
        other = demands.not_worse_than
        if other is None:
            return None
        before = self._run_of(other, project)
        config = self._predictor_factory.config_of(project)
        evaluation = self._evaluation.reading(studio)
        truths = evaluation.truths(project.id, config, source=run.truth)
        first, second = (
            {
                task_id: is_right(compared)
                for task_id, compared in judged_of(evaluation, each, truths, config).items()
            }
            for each in (before, run)
        )
        paired = compare(first, second)
        if not paired.n:
            raise self._no_common(other, before)
        return Regression(
            other,
            before,
            not before.snapshot.is_of(other),
            paired,
            demands.margin,
            find_regression(paired, demands.margin),
        )

    def _run_of(self, version: PromptVersion, project: Project) -> Run:
        try:
            return self._comparisons.run_of(version, project)
        except NotRun as error:
            raise CannotTell(
                f"{version.title!r} has no completed run in project {project.title!r}: nothing "
                "can be not worse than it.",
                field="not_worse_than",
                fix="Evaluate that version first.",
            ) from error

    @staticmethod
    def _no_common(version: PromptVersion, run: Run) -> CannotTell:
        return CannotTell(
            f"This evaluation and run {run.id} of {version.title!r} have no task with a truth in "
            "common: it cannot be told which is better.",
            field="not_worse_than",
            fix="Evaluate both on the same tasks.",
        )


def judgement_json(found: Judgement) -> JsonObject:
    """Return a judgement as JSON."""
    counts, other = found.counts, found.regression
    return {
        "passed": not found.is_missed and not found.is_open,
        "missed": found.is_missed,
        "accuracy": counts.accuracy,
        "n": counts.n,
        "correct": counts.correct,
        "failed": counts.failed,
        "low": counts.low,
        "high": counts.high,
        "fail_under": found.demands.fail_under,
        "is_under": found.is_under if found.demands.fail_under is not None else None,
        "not_worse_than": _regression_json(other) if other is not None else None,
        "untold": found.untold or None,
    }


def _regression_json(found: Regression) -> JsonObject:
    paired = found.paired
    return {
        "version": found.version.id,
        "title": found.version.title,
        "run": found.run.id,
        "edited_since": found.is_changed,
        "test": "mcnemar_exact" if found.margin is None else "non_inferiority",
        "margin": found.margin,
        "finding": found.finding.value,
        "n": paired.n,
        "only_before": paired.only_first,
        "only_now": paired.only_second,
        "difference": paired.difference,
        "low": paired.low,
        "high": paired.high,
        "p": paired.p,
    }
