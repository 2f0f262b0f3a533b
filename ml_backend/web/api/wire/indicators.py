"""A run's figures, each with a title and its parts; what parts a figure has tells its key."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from ml_backend.records import RunStatus, Subset, TruthSource
from ml_backend.services.evaluation import indicators
from ml_backend.web.api.wire.metrics import (
    CalibrationAnswer,
    ClassMetricsAnswer,
    ConfusionAnswer,
    CorrectnessAnswer,
    HumanAgreementAnswer,
    LearnedCalibrationAnswer,
    MacroMeanAnswer,
    MicroMeanAnswer,
    NumberErrorAnswer,
    RankCorrelationAnswer,
    SpanOverlapAnswer,
)
from ml_backend.web.api.wire.parts import LeftOut, Shown


class AccuracyFigure(CorrectnessAnswer):
    """``accuracy``: of whole tasks, right when each control is."""

    stale: LeftOut[str] = None
    """Why it no longer holds."""
    truth: TruthSource
    measured_on: str
    """The same in words, and why where nobody chose it."""
    project_subset: Subset
    is_whole: bool
    """Whether it was measured on all that is true, and not on a sample or on chosen tasks."""


class ProgressFigure(Shown):
    """``progress``: tasks in all, those that were asked, and those with a prediction."""

    status: RunStatus
    total: int
    done: int
    predicted: int


class FailuresFigure(Shown):
    """``failures``: failed tasks in all, and how many of each kind."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]

    total: int


class CostFigure(Shown):
    """``cost``: dollars, null when a price is unknown."""

    total: float | None
    cached_tasks: int
    """Answered before and paid for once."""
    asked_tasks: int
    """Asked in this run: what the total paid for."""


class TokensFigure(Shown):
    """``tokens``: as the provider counted them."""

    prompt: int
    completion: int
    cached: int
    reasoning: int


class ClassesFigure(Shown):
    """``classes-`` and a control: each class against the rest, and their means."""

    macro: MacroMeanAnswer
    micro: MicroMeanAnswer
    classes: list[ClassMetricsAnswer]
    classes_left_out: int


class ConfusionFigure(Shown):
    """``confusion-`` and a control: which classes are taken for each other."""

    classes: list[str]
    matrix: list[list[int]] | None
    """Rows are the truth's classes, the last of each is none; null where it would be too large."""
    cells: list[ConfusionAnswer]
    """Those that are not 0, the most frequent first."""
    cells_left_out: int


Figure = (
    AccuracyFigure
    | CorrectnessAnswer
    | ProgressFigure
    | CostFigure
    | TokensFigure
    | ClassesFigure
    | ConfusionFigure
    | SpanOverlapAnswer
    | NumberErrorAnswer
    | RankCorrelationAnswer
    | HumanAgreementAnswer
    | CalibrationAnswer
    | LearnedCalibrationAnswer
    | FailuresFigure
)
_WHOLE: dict[str, type[Figure]] = {
    "accuracy": AccuracyFigure,
    "progress": ProgressFigure,
    "failures": FailuresFigure,
    "cost": CostFigure,
    "tokens": TokensFigure,
    "humans": HumanAgreementAnswer,
    "calibration": CalibrationAnswer,
    "calibrated": LearnedCalibrationAnswer,
}
_OF_CONTROL: dict[str, type[Figure]] = {
    "accuracy": CorrectnessAnswer,
    "classes": ClassesFigure,
    "confusion": ConfusionFigure,
    "overlap": SpanOverlapAnswer,
    "error": NumberErrorAnswer,
    "order": RankCorrelationAnswer,
}
"""What comes before the control's name in a key -> its parts."""


class Indicator(Shown):
    """A figure of a run, with its parts."""

    key: str
    """What to ask for it alone by."""
    title: str
    values: Annotated[Figure, Field(description="Its parts, by its key.")]

    @classmethod
    def of(cls, indicator: indicators.Indicator) -> Indicator:
        figure, of_control, _ = indicator.key.partition("-")
        parts = (_OF_CONTROL if of_control else _WHOLE)[figure]
        values = parts.model_validate(indicator.values)
        return cls(key=indicator.key, title=indicator.title, values=values)
