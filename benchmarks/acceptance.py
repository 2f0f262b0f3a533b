"""Whether promises hold: thousands of simulated projects, and the figures of docs/accept.md.

``python -m benchmarks.acceptance`` takes some minutes on one core, ``--projects 200`` is a glance.
It ends with 1 where a figure is beyond its limit: 1 - certainty and three standard errors, for what
is to hold in every project, and what rule or issue say for the others.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.confidence_worlds import alarms, ece_change, found_after, wrong_labels
from benchmarks.promise_worlds import (
    Rng,
    Setting,
    World,
    broken,
    broken_by_best,
    broken_by_class,
    broken_by_fitting,
    broken_by_looks,
    broken_by_stratifying,
    broken_in_sets,
    broken_on_the_slider,
    calibrated,
    most,
    share_of_oracle,
    worlds,
)
from ml_backend.scoring.acceptance import labels_needed

SETTINGS = [
    Setting(n, max_error, certainty)
    for n in (50, 150, 400)
    for max_error in (0.02, 0.05, 0.1)
    for certainty in (0.9, 0.95)
]
"""What the issue names; where n is too small no promise is possible, and none is broken."""

SETS = (40, 200, 2000)
LIMITS = {0.02: 0.95, 0.03: 0.95, 0.05: 0.92}
"""Limit of an alarm -> how often a break to 16 % is to be found within 100 checks."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it may be; one without a limit is told."""

    name: str
    value: float
    least: float = float("-inf")
    most: float = float("inf")

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most

    def __str__(self) -> str:
        limits = [f"at least {self.least:.3f}"] if self.least > float("-inf") else []
        limits += [f"at most {self.most:.3f}"] if self.most < float("inf") else []
        mark = "" if self.holds else "  <-- BEYOND"
        return f"{self.name}: {self.value:.4f} ({', '.join(limits) or 'told'}){mark}"


def one_look(projects: int, rng: Rng) -> Iterator[Figure]:
    for setting in SETTINGS:
        for world in worlds(setting.max_error):
            yield _kept("one look", world, setting, broken(world, setting, projects, rng), projects)


def many_looks(projects: int, rng: Rng) -> Iterator[Figure]:
    for setting in SETTINGS:
        for world in _tempting(setting):
            if _is_possible(setting):
                share = broken_by_looks(world, setting, projects, rng)
                yield _kept("a look every 10 labels", world, setting, share, projects)
                share = broken_by_best(world, setting, projects, rng)
                yield _kept("best of 20 versions", world, setting, share, projects)


def sliders(projects: int, rng: Rng) -> Iterator[Figure]:
    for setting in SETTINGS:
        for world in worlds(setting.max_error):
            share = broken_on_the_slider(world, setting, projects, rng)
            yield _kept("all slider positions", world, setting, share, projects)


def classes(projects: int, rng: Rng) -> Iterator[Figure]:
    for setting in SETTINGS:
        if _is_possible(setting):
            world = _tempting(setting)[0]
            share = broken_by_class(world, setting, projects, rng)
            yield _kept("each of 4 classes", world, setting, share, projects)


def rules_broken(projects: int, rng: Rng) -> Iterator[Figure]:
    """What becomes of a promise whose conditions are not kept: told, for nothing can hold it."""
    told = Setting(400, 0.05, 0.95)
    flat = _tempting(told)[0]
    share = broken_by_looks(flat, told, projects, rng, spent=False)
    yield Figure("without spending, a look every 10 labels: broken", share)
    share = broken_by_best(flat, told, projects, rng, spent=False)
    yield Figure("without spending, best of 20 versions: broken", share)
    share = broken_by_stratifying(told, projects, rng)
    yield Figure("half of the labels from a class of 5 % of the tasks: broken", share)
    share = broken_by_fitting(flat, told, projects, rng)
    yield Figure("scores fitted on the truths that test them: broken", share)
    good = World("3 % everywhere", np.full_like(flat.wrong, 0.03), levels=1)
    share, said = broken_in_sets(good, told, 60, projects, rng, finite=False)
    yield Figure(f"an expected rate, taken for one of 60 tasks, promised in {said:.0%}", share)


def finite_sets(projects: int, rng: Rng) -> Iterator[Figure]:
    for setting in SETTINGS:
        for left in SETS:
            good = World("good enough", 0.6 * _tempting(setting)[0].wrong, levels=1)
            for world in (*worlds(setting.max_error), good):
                share, said = broken_in_sets(world, setting, left, projects, rng)
                name = f"a set of {left}, promised in {said:.0%}"
                yield _kept(name, world, setting, share, projects)


def oracle(projects: int, rng: Rng) -> Iterator[Figure]:
    for world, least in ((calibrated(), 0.7), (calibrated(4, 0.5), 0.7), (calibrated(5, 1), 0.0)):
        share = share_of_oracle(world, Setting(400, 0.1, 0.95), projects, rng)
        yield Figure(f"{world.name}: accepted of what the oracle would", share, least=least)


def drift(projects: int, rng: Rng) -> Iterator[Figure]:
    runs = max(100, projects // 4)
    for limit, least in LIMITS.items():
        found = [found_after(rng, limit, before=0.01, after=0.16) for _ in range(runs)]
        soon = sum(each is not None and 0 < each <= 100 for each in found) / runs
        yield Figure(f"limit {limit}: 1 % to 16 % found within 100 checks", soon, least=least)
        known = [each if each is not None else 1000 for each in found]
        yield Figure(f"limit {limit}: checks until then, median", float(np.median(known)))
        slow = [found_after(rng, limit, before=limit / 2, after=2 * limit) for _ in range(100)]
        known = [each if each is not None else 1000 for each in slow]
        yield Figure(f"limit {limit}: to twice the limit, median", float(np.median(known)))
        loud = sum(alarms(rng, limit, share=limit / 2) for _ in range(runs)) / runs
        yield Figure(f"limit {limit}: alarms in 1,000 quiet checks", loud, most=most(0.0075, runs))


def confidence(projects: int, rng: Rng) -> Iterator[Figure]:
    seeds = max(20, projects // 20)
    for name, sharpness, rise in (("overconfident", 0.4, -0.02), ("underconfident", 2.0, -0.02)):
        found = [ece_change(rng, sharpness=sharpness) for _ in range(seeds)]
        yield Figure(f"{name}: rise of the ECE", float(np.mean(found)), most=rise)
    found = [ece_change(rng, sharpness=1.0) for _ in range(seeds)]
    yield Figure("calibrated before: rise of the ECE", float(np.mean(found)), most=0.015)
    for name, more, least in (
        ("at random", {}, 0.5),
        ("by a pair", {"by_pair": True}, float("-inf")),
        ("by a pair, the model too", {"by_pair": True, "model_too": True}, float("-inf")),
    ):
        labels = [wrong_labels(rng, **more) for _ in range(seeds)]
        precision = float(np.mean([each.precision for each in labels]))
        yield Figure(f"wrong labels {name}: precision of the first 100", precision, least=least)
        worst = min(each.precision for each in labels)
        yield Figure(f"wrong labels {name}: the same, at worst", worst, least=least)
    measured = float(np.mean([each.auroc for each in labels]))
    yield Figure("AUROC of the simulated model", measured, least=0.85)


PARTS = {
    part.__name__: part
    for part in (
        one_look, many_looks, sliders, classes, finite_sets, oracle, drift, confidence,
        rules_broken,
    )
}  # fmt: skip


def _tempting(setting: Setting) -> list[World]:
    """Return models that are just too bad, where a promise is likeliest to be made and broken."""
    found = {world.name: world for world in worlds(setting.max_error)}
    return [found["flat, just above"], found["sharp at the edge"]]


def _is_possible(setting: Setting) -> bool:
    return setting.n >= labels_needed(setting.max_error, setting.certainty)


def _kept(name: str, world: World, setting: Setting, share: float, projects: int) -> Figure:
    said = f"n {setting.n}, at most {setting.max_error:g}, certainty {setting.certainty:g}"
    limit = most(1 - setting.certainty, projects)
    return Figure(f"{name}; {world.name}; {said}: broken", share, most=limit)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=__doc__)
    parser.add_argument("--projects", type=int, default=2000)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()
    beyond = 0
    for name in options.only or PARTS:
        began = time.process_time()
        figures = list(PARTS[name](options.projects, np.random.default_rng(options.seed)))
        for figure in figures:
            print(figure, flush=True)
        beyond += sum(not figure.holds for figure in figures)
        print(f"-- {name}: {len(figures)} figures, {time.process_time() - began:.0f} s", flush=True)
    print(f"{beyond} figures are beyond their limits.")
    return int(beyond > 0)


if __name__ == "__main__":
    sys.exit(main())
