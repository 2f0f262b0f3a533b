"""What a run measured, field by field: ``records.metrics`` as the API answers it.

Shares and scores are 0 to 1; low and high are the 95 % interval; null is a share of nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ml_backend.records import ConfidenceSource, RunMetrics, TruthSource
from ml_backend.records.metrics_json import metrics_json
from ml_backend.web.api.wire.parts import LeftOut, Shown


class CorrectnessAnswer(Shown):
    """How many tasks, or regions, were exactly right; failed ones count as wrong."""

    n: int
    correct: int
    failed: int
    accuracy: float | None
    low: float | None
    high: float | None
    score: float | None
    """The mean, with credit for what is partly right."""


class ClassMetricsAnswer(Shown):
    """One class against the rest."""

    name: Annotated[str, Field(alias="class")]
    support: int
    """Times it is true."""
    given: int
    correct: int
    precision: float | None
    """Null where it was never given."""
    recall: float | None
    """Null where it is never true."""
    f1: float | None
    recall_low: float | None
    recall_high: float | None


class MacroMeanAnswer(Shown):
    """The mean of all classes that occur, each weighing the same."""

    classes: int
    precision: float | None
    recall: float | None
    f1: float | None
    f1_low: float | None
    """By drawing tasks again; null where that says nothing."""
    f1_high: float | None


class MicroMeanAnswer(Shown):
    """All classes taken together, each weighing as often as it occurs."""

    support: int
    given: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float | None
    f1_low: float | None
    """By drawing tasks again; null where that says nothing."""
    f1_high: float | None


class ConfusionAnswer(Shown):
    """How often a class was given for a true one; null where one side names nothing."""

    true: str | None
    given: str | None
    n: int


class CharacterOverlapAnswer(Shown):
    """How far the spans of a class cover the same characters."""

    characters: int
    """Labelled in the truth."""
    precision: float | None
    recall: float | None
    f1: float | None


class SpanOverlapAnswer(CharacterOverlapAnswer):
    """How far spans cover the same characters."""

    classes: dict[str, CharacterOverlapAnswer]


class NumberErrorAnswer(Shown):
    """How far off numbers are, over those that were answered."""

    n: int
    mae: float | None
    """The mean absolute error; null when beyond all bounds."""
    worst: float | None


class RankCorrelationAnswer(Shown):
    """How far rankings agree with the truth."""

    n: int
    kendall_tau: float
    """1 for the same order, -1 for the opposite."""


class ControlMetricsAnswer(CorrectnessAnswer):
    """A control: how right it is, and the details that its kind of answer has."""

    classes: LeftOut[list[ClassMetricsAnswer]] = None
    """Of a control that names classes, as are macro, micro and confusion."""
    classes_left_out: LeftOut[int] = None
    macro: LeftOut[MacroMeanAnswer] = None
    micro: LeftOut[MicroMeanAnswer] = None
    confusion: LeftOut[list[ConfusionAnswer]] = None
    """The most frequent first."""
    confusion_left_out: LeftOut[int] = None
    overlap: LeftOut[SpanOverlapAnswer] = None
    """Of spans."""
    error: LeftOut[NumberErrorAnswer] = None
    """Of numbers and ratings."""
    order: LeftOut[RankCorrelationAnswer] = None
    """Of rankings."""


class CalibrationBinAnswer(Shown):
    """The answers with a score in this range."""

    start: Annotated[float, Field(alias="from")]
    end: Annotated[float, Field(alias="to")]
    n: int
    score: float
    """Their mean score."""
    accuracy: float
    """How many of them were right."""
    low: float
    high: float


class CalibrationAnswer(Shown):
    """Whether scores mean what they say: of answers scored 0.8, are 80 % right?"""

    n: int
    ece: float
    """The expected calibration error."""
    brier: float
    """The Brier score."""
    bins: list[CalibrationBinAnswer]
    ranking: LeftOut[RankingAnswer] = None
    """Left out where all answers were right, or all wrong."""


class RankingAnswer(Shown):
    """How well scores tell right from wrong: the area under their ROC curve, 0.5 by chance."""

    auroc: float
    low: float
    high: float


class LearnedCalibrationAnswer(Shown):
    """How often a confidence is right, learned on one half of the truths, measured on the other."""

    source: ConfidenceSource
    """What all these confidences were made of."""
    learned_on: int
    """Tasks."""
    map: dict[str, Any]
    """Steps as ``points`` of (confidence, probability), or a line in log-odds: ``slope``,
    ``intercept``."""
    before: CalibrationAnswer
    """Of the half it was not learned on: the confidence as it came."""
    after: CalibrationAnswer
    """Of the same half: what the map makes of it."""


class AgreementRateAnswer(Shown):
    """How often people gave exactly the same answer, where several annotated a task."""

    n: int
    accuracy: float
    low: float
    high: float
    score: float


class HumanAgreementAnswer(Shown):
    """How far people agree with each other: more no prompt can be expected to reach."""

    overall: AgreementRateAnswer
    controls: dict[str, AgreementRateAnswer]


class TruthsUnreadAnswer(Shown):
    """Annotations that should have been the truth and cannot be read: nothing counts as wrong."""

    annotations: int
    tasks: int
    """Those without any other truth: they are not in the score."""
    reasons: dict[str, int]
    """Why, with how many; the ten most frequent."""


class MetricsAnswer(Shown):
    """What a run measured."""

    overall: CorrectnessAnswer
    """Tasks as a whole: right when each control is."""
    controls: dict[str, ControlMetricsAnswer]
    per_region: LeftOut[dict[str, ControlMetricsAnswer]] = None
    """Controls asked about each region; they count regions."""
    calibration: LeftOut[CalibrationAnswer] = None
    """Where answers have scores."""
    calibrated: LeftOut[LearnedCalibrationAnswer] = None
    """Where there were truths enough for two halves."""
    humans: LeftOut[HumanAgreementAnswer] = None
    """Where several people annotated a task."""
    unread: LeftOut[TruthsUnreadAnswer] = None
    """Where an annotation could not be read."""
    truth: TruthSource
    ground_truth: LeftOut[str] = None
    """A fingerprint of the truths it was measured on."""


class NotMeasured(Shown):
    """The metrics of a run that was not measured."""


Measured = MetricsAnswer | NotMeasured


def metrics_answer(metrics: RunMetrics | None) -> Measured:
    if metrics is None:
        return NotMeasured()
    return MetricsAnswer.model_validate(metrics_json(metrics))


class EffortAnswer(Shown):
    """What answers took."""

    cost: float | None
    """Dollars; null when a price is unknown."""
    cost_per_task: float | None
    """Of those not answered from the cache."""
    latency: float | None
    """Seconds a task, the median."""
    latency_p95: float | None
    prompt_tokens: int
    completion_tokens: int
    cached: int
