"""What many tasks take in all, told from some of them: a total and the interval it falls in.

scipy is imported late: only who estimates needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance

CONFIDENCE = 0.95
LEAST_SPREAD = 0.05
"""Of the total, to either side: models and providers change in ways no sample shows."""


@dataclass(frozen=True, slots=True)
class Total:
    """What is expected, and between what it will be in ``CONFIDENCE`` of all cases."""

    mean: float
    low: float
    high: float

    def __add__(self, other: Total) -> Total:
        """Return the sum of two that go up and down together: the widest it can be."""
        return Total(self.mean + other.mean, self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> Total:
        return Total(self.mean * factor, self.low * factor, self.high * factor)


def from_measured(
    sizes: Sequence[float], population: int, measured: Sequence[tuple[float, float]]
) -> Total:
    """Return the total of ``population`` tasks from a sample of their sizes.

    ``measured`` are (size, amount) of at least two tasks that were done before: a ratio estimator,
    with what the ratio, the sample and each single task add to the uncertainty.
    """
    ratio = sum(amount for _, amount in measured) / sum(size for size, _ in measured)
    number, mean_size = len(measured), fmean(sizes)
    measured_size = fmean(size for size, _ in measured)
    errors = [amount - ratio * size for size, amount in measured]
    spread = sum(error**2 for error in errors) / (number - 1)
    of_ratio = spread / number * (population * mean_size / measured_size) ** 2
    total = population * mean_size * ratio
    of_sample = _sampling(sizes, population) * ratio**2
    deviation = sqrt(of_ratio + of_sample + population * spread)
    half = max(_quantile(number - 1) * deviation, LEAST_SPREAD * total)
    return Total(total, max(0.0, total - half), total + half)


def from_sizes(
    low: Sequence[float], middle: Sequence[float], high: Sequence[float], population: int
) -> Total:
    """Return the total of ``population`` tasks from bounds and a middle of each one sampled."""
    return Total(
        population * fmean(middle),
        max(0.0, population * fmean(low) - _reach(low, population)),
        population * fmean(high) + _reach(high, population),
    )


def _reach(sizes: Sequence[float], population: int) -> float:
    return _quantile(max(1, len(sizes) - 1)) * sqrt(_sampling(sizes, population))


def _sampling(sizes: Sequence[float], population: int) -> float:
    """Return the variance of a total for not having seen all tasks; none where all were."""
    number = len(sizes)
    if number < 2 or number >= population:
        return 0.0
    return population**2 * variance(sizes) / number * (1 - number / population)


def _quantile(degrees: int) -> float:
    """Return Student's t for the confidence, two-sided."""
    from scipy.special import stdtrit  # scipy.stats has it too, for three times the memory

    return float(stdtrit(degrees, 0.5 + CONFIDENCE / 2))
