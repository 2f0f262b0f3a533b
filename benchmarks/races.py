"""How often a race is wrong and what it saves, simulated: the figures of docs/which-model.md.

``python -m benchmarks.races`` takes some minutes on one core; ``--seeds 50`` is a glance. Models
are right on each task with their accuracy, by themselves or (``hard``) on tasks whose difficulty
they share. 300 truths unless said otherwise, a tolerance of 5 points.
"""

from __future__ import annotations

import argparse
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from ml_backend.scoring.racing import Race
from ml_backend.services.racing.course import SHARE

TOLERANCE = 0.05
ROUND = 8


@dataclass(frozen=True, slots=True)
class Case:
    """Models of these accuracies at these prices."""

    name: str
    accuracies: Sequence[float]
    prices: Sequence[float]
    truths: int = 300
    hard: float = 0.0
    """The part of a task's difficulty that all models share."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one race came to."""

    winner: int | None
    calls: float
    """A part of those that all models on all tasks would take."""
    called_better: bool
    is_shown: bool


FOUR = ((0.92, 0.91, 0.75, 0.60), (10.0, 1.0, 1.0, 0.5))
CASES = (
    Case("four models", *FOUR),
    Case("four models, hard tasks", *FOUR, hard=0.5),
    Case("four models, 40 truths", *FOUR, truths=40),
    Case("four models, 1,500 truths", *FOUR, truths=1500),
    Case("eight, six 15 points below, cheap", (0.92, 0.91, *[0.77] * 6), (10, 1, *[0.5] * 6)),
    Case("eight, six 15 points below, dear", (0.92, 0.91, *[0.77] * 6), (1, 1, *[10.0] * 6)),
    Case(
        "eight, six 15 points below, hard tasks",
        (0.92, 0.91, *[0.77] * 6),
        (10, 1, *[0.5] * 6),
        hard=0.5,
    ),
    Case(
        "eight, six 15 to 32 points below",
        (0.92, 0.91, 0.77, 0.75, 0.72, 0.7, 0.65, 0.6),
        (10, 1, *[0.5] * 6),
    ),
    Case("four equal models", (0.8,) * 4, (1.0,) * 4),
    Case("four equal models, hard tasks", (0.8,) * 4, (1.0,) * 4, hard=0.5),
    Case("two models, 7 points apart", (0.92, 0.85), (10, 1)),
)


def race(case: Case, seed: int) -> Outcome:
    """Race models once."""
    draw = random.Random(seed)  # nosec B311  # a simulation
    tasks = round(SHARE * case.truths)
    found = Race(len(case.accuracies), TOLERANCE, tasks)
    levels = [NormalDist().inv_cdf(each) for each in case.accuracies]
    shared, own, calls = math.sqrt(case.hard), math.sqrt(1 - case.hard), 0
    while not found.is_over:
        for _ in range(min(ROUND, tasks - found.asked)):
            easy = shared * draw.gauss(0, 1)
            scores = {
                each: float(easy + own * draw.gauss(0, 1) < levels[each]) for each in found.left
            }
            calls += len(scores)
            found.add(scores, {each: case.prices[each] for each in scores})
        found.look()
    verdict = found.verdict()
    calls += (case.truths - tasks) * (verdict.winner is not None)
    return Outcome(
        verdict.winner,
        calls / (len(case.accuracies) * case.truths),
        any(pair.better is not None for pair in verdict.pairs),
        verdict.is_shown,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    seeds = parser.parse_args().seeds
    print("| case | winners | calls | one called better | shown |\n| --- | --- | --- | --- | --- |")
    for case in CASES:
        found = [race(case, seed) for seed in range(seeds)]
        best = max(case.accuracies)
        beyond = sum(
            each.winner is not None and case.accuracies[each.winner] < best - TOLERANCE
            for each in found
        )
        winners = Counter(
            "none" if each.winner is None else f"{case.accuracies[each.winner]:.2f}"
            for each in found
        )
        said = ", ".join(f"{name}: {n / seeds:.1%}" for name, n in winners.most_common())
        print(
            f"| {case.name} | {said} ({beyond / seeds:.1%} beyond) "
            f"| {fmean(each.calls for each in found):.0%} "
            f"| {fmean(each.called_better for each in found):.1%} "
            f"| {fmean(each.is_shown for each in found):.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
