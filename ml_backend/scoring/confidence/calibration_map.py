"""A map from a confidence as it was said to the probability of being right, as numbers to keep."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import exp, isnan, log
from typing import Any

EDGE = 1e-4
"""How near 0 and 1 a confidence is told apart by its odds."""


class CalibrationWay(StrEnum):
    """How a map was found."""

    ISOTONIC = "isotonic"
    """Steps between points, as the labels have them: for many."""
    PLATT = "platt"
    """A line in log-odds: for few."""


@dataclass(frozen=True, slots=True)
class CalibrationMap:
    """It never changes an order: a higher confidence is mapped no lower."""

    way: CalibrationWay
    n: int
    """Labels it was fitted on."""
    wrong: int
    points: tuple[tuple[float, float], ...] = ()
    """Of steps: (confidence, probability), both rising; between two it is a line."""
    slope: float = 0.0
    """Of a line: log-odds of being right for each of the confidence's; never below 0."""
    intercept: float = 0.0

    def of(self, confidence: float | None) -> float | None:
        """Return the probability, 0..1; None for a confidence nobody knows."""
        if confidence is None or isnan(confidence):
            return None
        if self.way is CalibrationWay.PLATT:
            return logistic(self.slope * log_odds(confidence) + self.intercept)
        place = bisect_right(self.points, confidence, key=lambda point: point[0])
        if place in (0, len(self.points)):
            return self.points[max(0, place - 1)][1]
        (x, y), (next_x, next_y) = self.points[place - 1 : place + 1]
        return y + (next_y - y) * (confidence - x) / (next_x - x)

    def to_json(self) -> dict[str, Any]:
        return {
            "way": self.way.value,
            "n": self.n,
            "wrong": self.wrong,
            "points": [list(point) for point in self.points],
            "slope": self.slope,
            "intercept": self.intercept,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> CalibrationMap:
        return cls(
            way=CalibrationWay(kept["way"]),
            n=kept["n"],
            wrong=kept["wrong"],
            points=tuple((float(x), float(y)) for x, y in kept["points"]),
            slope=kept["slope"],
            intercept=kept["intercept"],
        )


def log_odds(confidence: float) -> float:
    """The log-odds of a confidence, which those at 0 and 1 have as well."""
    inside = min(1 - EDGE, max(EDGE, confidence))
    return log(inside / (1 - inside))


def logistic(odds: float) -> float:
    """The probability of log-odds."""
    if odds < 0:
        return exp(odds) / (1 + exp(odds))
    return 1 / (1 + exp(-odds))
