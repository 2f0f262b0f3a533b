"""Intervals and p values by drawing again from the tasks; with a fixed seed, so they repeat.

numpy is imported late: only who measures needs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ml_backend.scoring.classes import Interval, Pair

SEED = 20_240_229
DRAWS = 2_000
FLIPS = 10_000
MOST_CLASSES = 200
"""From which on no interval of F1 is drawn: nobody reads it, and it takes memory."""

FINE = 2_000
"""Tasks up to which scores are drawn to the last digit; of more the third is fine enough."""

_AT_ONCE = 2_000_000
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """The mean score of the second less that of the first, over the same tasks.

    ``low`` and ``high`` are the 95 % interval of a paired bootstrap; ``p`` is two-sided, of the
    paired randomization test: how often signs thrown at random make as large a difference.
    """

    n: int
    difference: float | None
    low: float | None
    high: float | None
    p: float


def compare_scores(first: Mapping[int, float], second: Mapping[int, float]) -> ScoreDifference:
    """Compare scores by task; tasks that only one of them has do not count."""
    import numpy as np

    common = sorted(first.keys() & second.keys())
    differences = np.array([second[each] - first[each] for each in common], dtype=float)
    if not len(differences):
        return ScoreDifference(0, None, None, None, 1.0)
    rng = np.random.default_rng(SEED)
    # Scores are mostly few different numbers: drawing counts of them is drawing tasks.
    drawn_from = differences.round(12 if len(common) <= FINE else 3)
    values, counts = np.unique(drawn_from, return_counts=True)
    drawn = np.concatenate(
        [
            rng.multinomial(len(common), counts / len(common), size=size) @ values / len(common)
            for size in _portions(DRAWS, len(values))
        ]
    )
    low, high = _middle(drawn)
    mean = float(differences.mean())
    return ScoreDifference(len(common), mean, low, high, _by_signs(rng, drawn_from))


def _by_signs(rng: Any, differences: Any) -> float:
    """The two-sided p of the mean when each difference could as well be its opposite."""
    import numpy as np

    sizes, counts = np.unique(abs(differences), return_counts=True)
    sizes, counts = sizes[sizes > 0], counts[sizes > 0]
    if not len(sizes):
        return 1.0
    wanted = abs(float(differences.sum())) - _SLACK
    extreme = 0
    for size in _portions(FLIPS, len(sizes)):
        heads = rng.binomial(counts, 0.5, size=(size, len(counts)))
        extreme += int((abs((2 * heads - counts) @ sizes) >= wanted).sum())
    return min(1.0, (1 + extreme) / (1 + FLIPS))


def f1_intervals(tasks: Sequence[Mapping[Pair, int]]) -> dict[str, Interval]:
    """95 % intervals of macro and micro F1, by drawing tasks; None where there is one alone.

    A task has its pairs of classes and how often each.
    """
    names = {name: n for n, name in enumerate(dict.fromkeys(_names(tasks)))}
    if len(tasks) < 2 or not 0 < len(names) <= MOST_CLASSES:
        return {"macro": (None, None), "micro": (None, None)}
    macro, micro = _drawn_f1(tasks, names)
    return {"macro": _middle(macro), "micro": _middle(micro)}


def _drawn_f1(
    tasks: Sequence[Mapping[Pair, int]], names: Mapping[str, int]
) -> tuple[list[float], list[float]]:
    import numpy as np

    # Tasks that say the same are one row, drawn as often as there are of them.
    alike = Counter(frozenset(pairs.items()) for pairs in tasks)
    hits, named = np.zeros((len(alike), len(names))), np.zeros((len(alike), len(names)))
    for place, pairs in enumerate(alike):
        for (true, given), n in pairs:
            for name in (true, given):
                if name is not None:
                    named[place, names[name]] += n
            if true is not None and true == given:
                hits[place, names[true]] += n
    rng = np.random.default_rng(SEED)
    macro: list[float] = []
    micro: list[float] = []
    shares = np.array(list(alike.values())) / len(tasks)
    for size in _portions(DRAWS, len(alike)):
        chosen = rng.multinomial(len(tasks), shares, size=size)
        good, all_named = 2 * (chosen @ hits), chosen @ named
        with np.errstate(invalid="ignore"):
            macro += np.nanmean(np.where(all_named > 0, good / all_named, np.nan), axis=1).tolist()
        micro += (good.sum(axis=1) / all_named.sum(axis=1)).tolist()
    return macro, micro


def _portions(draws: int, width: int) -> list[int]:
    """How many draws to make at once, so that a table of them takes little memory."""
    size = max(1, _AT_ONCE // width)
    return [min(size, draws - start) for start in range(0, draws, size)]


def _middle(drawn: Sequence[float]) -> Interval:
    """The middle 95 %; None where all draws are alike: that says nothing of tasks not seen."""
    import numpy as np

    low, high = (float(each) for each in np.quantile(drawn, (0.025, 0.975)))
    return (low, high) if isfinite(low) and isfinite(high) and low < high else (None, None)


def _names(tasks: Sequence[Mapping[Pair, int]]) -> list[str]:
    return [name for pairs in tasks for pair in pairs for name in pair if name is not None]
