"""How often a race is wrong and what it saves, simulated: the figures of docs/which-model.md.

``python -m benchmarks.races`` takes some minutes on one core; ``--seeds 50`` is a glance. Models
are right on each task with their accuracy, by themselves or (``hard``) on tasks whose difficulty
they share. 300 truths unless said otherwise, a tolerance of 5 points. It ends with 1 where a
figure is beyond its limit. ``benchmarks.races_served`` asks for the same over the real service.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from ml_backend.scoring.racing import ALPHA, Race
from ml_backend.services.racing.course import SHARE

TOLERANCE = 0.05
ROUND = 8
SURE = 0.95
"""In so many of all races the right one is named."""
HEADINGS = "| case | winners | calls | one called better | shown |\n| --- | --- | --- | --- | --- |"


@dataclass(frozen=True, slots=True)
class Case:
    """Models of these accuracies at these prices, and what is to hold of their races."""

    name: str
    accuracies: Sequence[float]
    prices: Sequence[float]
    truths: int = 300
    hard: float = 0.0
    """The part of a task's difficulty that all models share."""
    winner: int | None = None
    """Who is to be named, and never one more than the tolerance below the best."""
    most_calls: float = 1.0
    """As a part of those that all models on all tasks would take."""

    @property
    def are_equal(self) -> bool:
        return len(set(self.accuracies)) == 1


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
    Case("four models", *FOUR, winner=1, most_calls=0.7),
    Case("four models, hard tasks", *FOUR, hard=0.5, winner=1, most_calls=0.7),
    Case("four models, 40 truths", *FOUR, truths=40),
    Case("four models, 1,500 truths", *FOUR, truths=1500, winner=1, most_calls=0.7),
    Case(
        "eight, six 15 points below, cheap",
        (0.92, 0.91, *[0.77] * 6),
        (10, 1, *[0.5] * 6),
        most_calls=0.5,
    ),
    Case(
        "eight, six 15 points below, dear",
        (0.92, 0.91, *[0.77] * 6),
        (1, 1, *[10.0] * 6),
        most_calls=0.5,
    ),
    Case(
        "eight, six 15 points below, hard tasks",
        (0.92, 0.91, *[0.77] * 6),
        (10, 1, *[0.5] * 6),
        hard=0.5,
        most_calls=0.5,
    ),
    Case(
        "eight, six 15 to 32 points below",
        (0.92, 0.91, 0.77, 0.75, 0.72, 0.7, 0.65, 0.6),
        (10, 1, *[0.5] * 6),
        most_calls=0.5,
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


def beyond(case: Case, found: Sequence[Outcome]) -> int:
    """Return in how many races one was named that is worse by more than the tolerance."""
    least = max(case.accuracies) - TOLERANCE
    return sum(each.winner is not None and case.accuracies[each.winner] < least for each in found)


def row(case: Case, found: Sequence[Outcome]) -> str:
    """Return a case's row of the table."""
    winners = Counter(
        "none" if each.winner is None else f"{case.accuracies[each.winner]:.2f}" for each in found
    )
    said = ", ".join(f"{name}: {n / len(found):.1%}" for name, n in winners.most_common())
    return (
        f"| {case.name} | {said} ({beyond(case, found) / len(found):.1%} beyond) "
        f"| {fmean(each.calls for each in found):.0%} "
        f"| {fmean(each.called_better for each in found):.1%} "
        f"| {fmean(each.is_shown for each in found):.1%} |"
    )


def missed(case: Case, found: Sequence[Outcome]) -> list[str]:
    """Return what of a case is not as it must be, a sentence each."""
    said = []
    seeds, calls = len(found), fmean(each.calls for each in found)
    if case.winner is not None:
        right = sum(each.winner == case.winner for each in found)
        if right < SURE * seeds:
            said.append(f"the right one was named in {right} of {seeds} races")
        if wrong := beyond(case, found):
            said.append(f"one beyond the tolerance was named in {wrong} of {seeds} races")
    if calls > case.most_calls:
        said.append(f"it took {calls:.0%} of all calls, more than {case.most_calls:.0%}")
    if case.are_equal:
        most = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / seeds)
        better = fmean(each.called_better for each in found)
        if better > most:
            said.append(f"one was called better in {better:.1%}, more than {most:.1%}")
    return [f"{case.name}: {each}." for each in said]


def report(rows: Sequence[tuple[Case, Sequence[Outcome]]]) -> int:
    """Say what is beyond its limit; return what to exit with."""
    wrong = [each for case, found in rows for each in missed(case, found)]
    print("\n".join(wrong) or "Every figure is within its limit.", file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    seeds = parser.parse_args().seeds
    print(HEADINGS)
    rows = []
    for case in CASES:
        rows.append((case, [race(case, seed) for seed in range(seeds)]))
        print(row(*rows[-1]), flush=True)
    return report(rows)


if __name__ == "__main__":
    sys.exit(main())
