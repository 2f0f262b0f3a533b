"""A sample from its highest score down, and how much of its population is as high."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, SupportsFloat

Score = SupportsFloat | None
"""None and NaN are scores nobody knows."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """A sample from its highest score down; a row is a group of equal scores."""

    n: int
    scored: int
    thresholds: list[float] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)
    """Labels at or above each threshold."""
    wrong: list[int] = field(default_factory=list)
    """How many of these were wrong."""
    sizes: list[int] = field(default_factory=list)
    """Tasks of the population at or above; empty without a population."""


def ranked(
    scores: Iterable[Score],
    right: Iterable[SupportsFloat | None],
    population: Iterable[Score] | None,
) -> Ranks:
    """Return a sample by its groups of equal scores; raises ValueError as ``choose_threshold``."""
    import numpy as np

    values, wrong = _numbers(scores), _mistakes(right)
    if len(values) != len(wrong):
        raise ValueError(f"{len(values)} scores, but {len(wrong)} of right and wrong.")
    known = ~np.isnan(values)
    order = np.argsort(-values[known], kind="stable")
    down = values[known][order]
    if not len(down):
        return Ranks(len(values), 0)
    ends = np.flatnonzero(np.append(down[1:] != down[:-1], True))
    drawn = ends + 1
    return Ranks(
        n=len(values),
        scored=len(down),
        thresholds=down[ends].tolist(),
        drawn=drawn.tolist(),
        wrong=np.cumsum(wrong[known][order])[ends].tolist(),
        sizes=[] if population is None else _sizes(down[ends], drawn, len(values), population),
    )


def _sizes(thresholds: Any, drawn: Any, n: int, population: Iterable[Score]) -> list[int]:
    """How many of the population are at or above each threshold; it holds the sample."""
    import numpy as np

    scores = _numbers(population)
    up = np.sort(scores[~np.isnan(scores)])
    below = np.searchsorted(up, thresholds, side="left")
    equal = np.searchsorted(up, thresholds, side="right") - below
    if len(scores) < n or (equal < np.diff(drawn, prepend=0)).any():
        raise ValueError("The population must hold the scores of its sample.")
    return [int(each) for each in len(up) - below]


def _numbers(scores: Iterable[Score]) -> Any:
    """The scores as floats, NaN for None; one zero, so that no order decides its sign."""
    import numpy as np

    numbers = np.array(list(scores), dtype=float)
    if numbers.ndim != 1:
        raise ValueError("A score is a number.")
    return numbers + 0.0


def _mistakes(right: Iterable[SupportsFloat | None]) -> Any:
    """1 for each that is wrong or was never labelled, else 0."""
    import numpy as np

    numbers = np.nan_to_num(np.array(list(right), dtype=float), nan=0.0)
    if numbers.ndim != 1 or not np.isin(numbers, (0.0, 1.0)).all():
        raise ValueError("Right is true or false.")
    return 1 - numbers.astype(int)
