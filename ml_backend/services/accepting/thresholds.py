"""From which score on predictions may be accepted, and whether that is promised or an estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, PredictionKey, Project
from ml_backend.records import Label, Prediction, RunStatus
from ml_backend.records.promises import Look, Promise
from ml_backend.scoring.acceptance import Acceptance, choose_threshold, is_accepted, labels_needed
from ml_backend.scoring.promises.bands import Band, draw_band
from ml_backend.services.accepting.request import check_numbers
from ml_backend.services.accepting.standing_promises import Found, StandingPromises
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import truth_of
from ml_backend.services.evaluation.metrics import Measurement
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.store import Store

SHOWN_ERROR = 0.02
"""Of a promise of this it is told how many labels it takes."""
MANY_RUNS = 1_000


@dataclass(frozen=True, slots=True)
class Tested:
    """What was found on labels: of a promise sample, or of ordinary ground truth. Shares are 0..1.

    Of an ordinary one it is what the same test would say of a sample; it promises nothing.
    """

    threshold: float | None
    accepted: float
    """The share of the labelled ones at or above the threshold."""
    error_bound: float | None
    labels: int
    accepted_labels: int
    wrong_labels: int
    needed: int
    """Labels at or above the first threshold that the numbers asked for take."""
    why: str
    """Why there is no threshold, "" where there is one."""


@dataclass(frozen=True, slots=True)
class Holds:
    """What the project holds of a version's predictions, seen from a threshold."""

    predictions: int
    accepted: int
    """At or above the threshold, and of the promise where there is one."""
    unscored: int
    outside: int
    """At or above the threshold, and not of the promise: imported later, or replaced."""
    labelled: int = 0
    """Of tasks of the promise sample: people labelled them."""

    @property
    def for_people(self) -> int:
        return self.predictions - self.accepted - self.labelled

    @property
    def share(self) -> float:
        return self.accepted / self.predictions if self.predictions else 0.0


@dataclass(frozen=True, slots=True)
class ThresholdAnswer:
    """The answer for one version in a project, for so many wrong and so certain."""

    project_id: int
    label: Label
    max_error: float
    certainty: float
    promise: Promise | None
    why: str
    """Why it is no promise, "" where it is one."""
    tested: Tested
    holds: Holds
    band: Band
    """The curve error x accepted; of an estimate it is one as well."""
    sample_id: int | None
    """The newest promise sample of the version, whatever became of it."""

    @property
    def is_promise(self) -> bool:
        return self.promise is not None

    @property
    def labels_for_shown_error(self) -> int:
        """How many labels without a mistake a promise of 2 % takes."""
        return labels_needed(SHOWN_ERROR, self.certainty)


class Thresholds:
    """Answers from which score on predictions may be accepted; changes nothing."""

    def __init__(
        self,
        store: Store,
        ownership: Ownership,
        evaluation: Evaluation,
        promises: StandingPromises,
        config_of: Callable[[Project], LabelingConfig],
    ) -> None:
        self._store = store
        self._ownership = ownership
        self._evaluation = evaluation
        self._promises = promises
        self._config_of = config_of

    def answer(
        self,
        studio: LabelStudioReader,
        project: Project,
        label: Label,
        *,
        max_error: float,
        certainty: float,
    ) -> ThresholdAnswer:
        """Return the promise where one holds, else the same figures of ordinary ground truth.

        Raises InvalidInput for numbers that are no shares.
        """
        check_numbers(max_error, certainty)
        found = self._promises.find(
            studio,
            project,
            label.label,
            label.version_id,
            max_error=max_error,
            certainty=certainty,
        )
        if found.promise is not None:
            tested, band = self._promised(found.promise, certainty)
        else:
            tested, band = self._estimated(studio, project, label, max_error, certainty)
        rows = self._rows(studio, project.id, label)
        return ThresholdAnswer(
            project_id=project.id,
            label=label,
            max_error=max_error,
            certainty=certainty,
            promise=found.promise,
            why=_why(found, tested),
            tested=tested,
            holds=_holds(rows, tested.threshold, found.promise),
            band=band,
            sample_id=found.sample.id if found.sample else None,
        )

    def _promised(self, promise: Promise, certainty: float) -> tuple[Tested, Band]:
        tasks = self._store.promises.tasks(promise.sample.id)
        band = draw_band(
            [each.score for each in tasks],
            [each.finding is not None and each.finding.is_right for each in tasks],
            certainty=certainty,
            population=[each.score for each in promise.sample.population],
        )
        return _of_look(promise.look), band

    def _estimated(
        self,
        studio: LabelStudioReader,
        project: Project,
        label: Label,
        max_error: float,
        certainty: float,
    ) -> tuple[Tested, Band]:
        """Return what the test says of ordinary ground truth, which was drawn from nothing."""
        scores, right = self._judged(studio, project, label)
        found = choose_threshold(scores, right, max_error=max_error, certainty=certainty)
        return _of_test(found), draw_band(scores, right, certainty=certainty)

    def _judged(
        self, studio: LabelStudioReader, project: Project, label: Label
    ) -> tuple[list[float | None], list[bool]]:
        """Return by task with a truth how sure the version was, and whether it was right."""
        config = self._config_of(project)
        truths = self._evaluation.reading(studio).truths(
            project.id, config, source=truth_of(project)
        )
        runs = [
            run.id
            for run in self._store.runs.search(
                project_id=project.id, version_id=label.version_id, limit=MANY_RUNS
            )
            if run.status is RunStatus.COMPLETED
        ]
        scores: list[float | None] = []
        right: list[bool] = []
        for task_id, outcome in self._store.outcomes.newest(runs, truths).items():
            judged = Measurement(config).add(outcome, truths[task_id])
            if isinstance(outcome, Prediction) and judged.right is not None:
                scores.append(outcome.score)
                right.append(judged.right)
        return scores, right

    def _rows(
        self, studio: LabelStudioReader, project_id: int, label: Label
    ) -> list[PredictionKey]:
        ours = self._ownership.reading(studio).ours(project_id)
        return [
            key
            for key in studio.prediction_keys(project_id)
            if key.model_version == label.label and ours.holds(key)
        ]


def _why(found: Found, tested: Tested) -> str:
    if found.promise is not None:
        return ""
    said = f"{found.why} These figures are of ordinary ground truth, and promise nothing."
    return f"{said} {tested.why}".strip()


def _holds(
    rows: Sequence[PredictionKey], threshold: float | None, promise: Promise | None
) -> Holds:
    sure = [key for key in rows if threshold is not None and is_accepted(key.score, threshold)]
    accepted = sure
    sampled = promise.sampled if promise is not None else frozenset()
    if promise is not None:
        covered = promise.covered()
        accepted = [k for k in sure if k.task_id in covered and covered[k.task_id][0] == k.score]
    return Holds(
        predictions=len(rows),
        accepted=len(accepted),
        unscored=sum(key.score is None for key in rows),
        outside=sum(key.task_id not in sampled for key in sure) - len(accepted),
        labelled=sum(key.task_id in sampled for key in rows),
    )


def _of_look(look: Look) -> Tested:
    return Tested(
        threshold=look.threshold,
        accepted=look.accepted,
        error_bound=look.error_bound,
        labels=look.n,
        accepted_labels=look.accepted_n,
        wrong_labels=look.wrong_n,
        needed=look.needed,
        why=look.why,
    )


def _of_test(found: Acceptance) -> Tested:
    return Tested(
        threshold=found.threshold,
        accepted=found.accepted,
        error_bound=found.error_bound,
        labels=found.n,
        accepted_labels=found.accepted_n,
        wrong_labels=found.wrong_n,
        needed=found.needed,
        why=found.why,
    )
