"""What a run measured, and what its answers took: plain numbers, made by ``scoring``.

Shares and scores are 0..1, ``low`` and ``high`` are the 95 % interval; None is a share of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ml_backend.kinds import TruthSource
from ml_backend.records.confidence import ConfidenceSource


@dataclass(frozen=True, slots=True)
class Correctness:
    """How many of ``n`` tasks, or regions, were exactly right; failed ones count as wrong."""

    n: int = 0
    correct: int = 0
    failed: int = 0
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    score: float | None = None
    """The mean, with credit for what is partly right."""


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """One class against the rest; the interval is that of the recall."""

    name: str
    support: int = 0
    """Times it is true."""
    given: int = 0
    correct: int = 0
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    recall_low: float | None = None
    recall_high: float | None = None


@dataclass(frozen=True, slots=True)
class MacroMean:
    """The mean of all classes that occur, each weighing the same."""

    classes: int = 0
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    f1_low: float | None = None
    f1_high: float | None = None


@dataclass(frozen=True, slots=True)
class MicroMean:
    """All classes taken together, each weighing as often as it occurs."""

    support: int = 0
    given: int = 0
    correct: int = 0
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    f1_low: float | None = None
    f1_high: float | None = None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often a class was given for a true one; None where one side names nothing."""

    true: str | None
    given: str | None
    n: int

    @property
    def is_right(self) -> bool:
        return self.true == self.given


@dataclass(frozen=True, slots=True)
class ClassReport:
    """A control's classes with their means and confusions, the most frequent first."""

    classes: tuple[ClassMetrics, ...]
    classes_left_out: int
    macro: MacroMean
    micro: MicroMean
    confusion: tuple[Confusion, ...]
    confusion_left_out: int


@dataclass(frozen=True, slots=True)
class CharacterOverlap:
    """How far spans cover the same characters; ``characters`` are those the truth labels."""

    characters: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


@dataclass(frozen=True, slots=True)
class SpanOverlap(CharacterOverlap):
    """The overlap of all classes, and of each."""

    classes: Mapping[str, CharacterOverlap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NumberError:
    """How far off numbers are, over the ``n`` that were answered; None when beyond all bounds."""

    n: int
    mae: float | None = None
    """The mean absolute error."""
    worst: float | None = None


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """How far ``n`` rankings agree with the truth: 1 the same order, -1 the opposite."""

    n: int
    kendall_tau: float


@dataclass(frozen=True, slots=True)
class ControlMetrics(Correctness):
    """One control: its correctness, and the details its kind of answer has."""

    report: ClassReport | None = None
    overlap: SpanOverlap | None = None
    error: NumberError | None = None
    order: RankCorrelation | None = None

    @property
    def has_details(self) -> bool:
        parts = (self.report, self.overlap, self.error, self.order)
        return any(part is not None for part in parts)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """The answers scored from ``start`` to ``end``: their mean score, and how many were right."""

    start: float
    end: float
    n: int
    score: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether scores mean what they say: of answers scored 0.8, are 80 % right?"""

    n: int
    ece: float
    """The expected calibration error."""
    brier: float
    bins: tuple[CalibrationBin, ...]
    ranking: Ranking | None = None
    """None where all answers were right, or all wrong."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well scores tell right from wrong: the area under their ROC curve (AUROC).

    0.5 is chance, 1 tells all wrong answers; ``low`` and ``high`` are the 95 % interval.
    """

    auroc: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LearnedCalibration:
    """How often a confidence is right, learned on one part of the truths, measured on the other.

    Both calibrations are of the part it was not learned on.
    """

    source: ConfidenceSource
    """What all these confidences were made of."""
    learned_on: int
    """Tasks."""
    map: Mapping[str, Any]
    """As ``scoring.confidence.calibration_map`` reads it."""
    before: Calibration
    """Of the confidence as it came."""
    after: Calibration
    """Of what the map makes of it."""

    @property
    def words(self) -> str:
        """What people are told."""
        ranking = self.before.ranking
        told = ""
        if ranking is not None:
            told = (
                f" It tells right from wrong with an AUROC of {ranking.auroc:.2f} "
                f"({ranking.low:.2f} to {ranking.high:.2f}; 0.5 is chance)."
            )
        return (
            f"Confidence by {self.source.words}, calibrated on {self.learned_on} tasks and "
            f"measured on {self.after.n} others: expected calibration error "
            f"{self.before.ece:.3f}, calibrated {self.after.ece:.3f}; Brier score "
            f"{self.before.brier:.3f}, calibrated {self.after.brier:.3f}.{told}"
        )


@dataclass(frozen=True, slots=True)
class AgreementRate:
    """How often people gave exactly the same answer, over ``n`` tasks that several annotated."""

    n: int
    accuracy: float
    low: float
    high: float
    score: float


@dataclass(frozen=True, slots=True)
class HumanAgreement:
    """How far people agree with each other: more no prompt can be expected to reach."""

    overall: AgreementRate
    controls: Mapping[str, AgreementRate]


@dataclass(frozen=True, slots=True)
class TruthsUnread:
    """Annotations that should have been the truth and cannot be read: no answer counts as wrong."""

    annotations: int
    tasks: int
    """Those without any other truth: they are not in the score."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why, with how many; the most frequent ones."""

    @property
    def words(self) -> str:
        """What people are told."""
        one = self.annotations == 1
        left = (
            f"; {self.tasks} task{' is' if self.tasks == 1 else 's are'} left out of the score"
            if self.tasks
            else "; another annotation counts"
        )
        why = "; ".join(f"{count} × {reason}" for reason, count in self.reasons.items())
        noun = "annotation" if one else "annotations"
        return f"{self.annotations} {noun} cannot be read{left}: {why}."


@dataclass(frozen=True, slots=True)
class RunMetrics:
    """What a run measured: overall, each control, and more where there is anything to say."""

    overall: Correctness
    controls: Mapping[str, ControlMetrics] = field(default_factory=dict)
    per_region: Mapping[str, ControlMetrics] = field(default_factory=dict)
    """Controls asked about each region: they count regions."""
    calibration: Calibration | None = None
    """Of all answers with a score, as it came."""
    learned: LearnedCalibration | None = None
    """None where there were too few truths for two parts."""
    humans: HumanAgreement | None = None
    unread: TruthsUnread | None = None
    truth: TruthSource = TruthSource.GROUND_TRUTH
    fingerprint: str = ""
    """Tells whether the truths still are those it was measured on."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What answers took."""

    cost: float | None
    """Dollars; None when a price is unknown. Answers from the cache cost nothing again."""
    cost_per_task: float | None
    """Of those that were paid for; None without any, or when a price is unknown."""
    latency: float | None
    """Seconds a task, the median of those not answered from the cache; None without any."""
    latency_p95: float | None
    prompt_tokens: int
    completion_tokens: int
    cached: int
