"""Simulated projects: models that are wrong in known ways, and how often a promise breaks there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from ml_backend.scoring.acceptance import (
    Acceptance,
    certainty_of_look,
    choose_by_class,
    choose_threshold,
)
from ml_backend.scoring.confidence.calibrating import isotonic
from ml_backend.scoring.confidence.calibration_map import CalibrationMap, CalibrationWay
from ml_backend.scoring.promises.bands import draw_band

Array = Any
Rng = np.random.Generator

FINE = 2000
"""Parts of the range of scores that a world is made of."""


@dataclass(frozen=True, slots=True)
class World:
    """A model: scores are spread evenly over 0..1, and each part has its share of wrong answers."""

    name: str
    wrong: Array
    """Share of wrong answers in each of FINE parts, the lowest scores first."""
    levels: int = 0
    """Different scores there are; 0 is any number."""

    def draw(self, rng: Rng, *shape: int) -> tuple[Array, Array]:
        """Return scores and who is right."""
        places = rng.random(shape)
        right = rng.random(shape) >= self.wrong[(places * FINE).astype(int)]
        return self.rounded(places), right

    def rounded(self, scores: Array) -> Array:
        return np.floor(scores * self.levels) / self.levels if self.levels else scores

    def error(self, threshold: float) -> float:
        """The true share of wrong answers at or above a threshold."""
        from_here = np.clip(np.arange(1, FINE + 1) - threshold * FINE, 0, 1)
        return float((from_here * self.wrong).sum() / from_here.sum())

    def oracle(self, max_error: float) -> float:
        """The largest share that may be accepted, by who knows the truth."""
        errors = self.wrong[::-1].cumsum() / np.arange(1, FINE + 1)
        kept = np.flatnonzero(errors <= max_error)
        return float((kept[-1] + 1) / FINE) if len(kept) else 0.0


def worlds(max_error: float) -> list[World]:
    """Return what the issue names, each as near to the limit as may tempt a promise to break."""
    place = (np.arange(FINE) + 0.5) / FINE
    flat = np.full(FINE, max_error)
    steep = np.where(place > 0.5, 0.3 * max_error, 0.3)
    edge = np.clip(max_error * (1.3 - place / 2), 0, 1)
    return [
        World("sharp", steep),
        World("sharp at the edge", edge),
        World("flat, just above", 1.02 * flat),
        World("tied", 1.3 * edge, levels=5),
        World("all alike", 1.02 * flat, levels=1),
        World("anti-calibrated", np.clip(2.2 * max_error * place, 0, 1)),
        World("anti-calibrated, crossing", np.clip(max_error * (0.4 + place), 0, 1)),
        World("wrong on top", np.select([place > 0.7, place > 0.1], [1.34 * max_error, 0.0], 0.3)),
        World("worse everywhere", 1.5 * flat),
    ]


def calibrated(near_1: float = 2.0, near_0: float = 0.5) -> World:
    """A model whose scores are its chance of being right, spread as a beta distribution.

    Given by rank: a threshold is a share of the tasks, and the order is all that counts. Those of
    log-probabilities crowd at 1 (2 and 0.5: right in 80 %); with 5 and 1 the surest are no sure
    ones, and a sequence from the top often ends with the first mistakes.
    """
    from scipy.special import betaincinv

    place = (np.arange(FINE) + 0.5) / FINE
    return World(f"calibrated, beta({near_1:g}, {near_0:g})", 1 - betaincinv(near_1, near_0, place))


@dataclass(frozen=True, slots=True)
class Setting:
    n: int
    max_error: float
    certainty: float

    def promises(self, scores: Array, right: Array, **more: Any) -> Acceptance:
        allowed = {"max_error": self.max_error, "certainty": self.certainty, **more}
        return choose_threshold(scores, right, **allowed)


Choose = Callable[..., Acceptance]


def most(share: float, projects: int) -> float:
    """What a share of broken promises may be, by chance."""
    return share + 3 * sqrt(share * (1 - share) / projects)


def broken(world: World, setting: Setting, projects: int, rng: Rng) -> float:
    """Return how often one look at n labels promises what is not so."""
    return float(
        np.mean(
            [is_broken(world, setting, *each) for each in _samples(world, setting.n, projects, rng)]
        )
    )


def is_broken(world: World, setting: Setting, scores: Array, right: Array) -> bool:
    found = setting.promises(scores, right)
    return found.threshold is not None and world.error(found.threshold) > setting.max_error


def broken_by_looks(
    world: World, setting: Setting, projects: int, rng: Rng, *, spent: bool = True
) -> float:
    """Return how often some look, one every 10 labels, promises what is not so."""
    return float(
        np.mean(
            [
                any(_looks(world, setting, scores, right, spent))
                for scores, right in _samples(world, setting.n, projects, rng)
            ]
        )
    )


def _looks(
    world: World, setting: Setting, scores: Array, right: Array, spent: bool
) -> Iterator[bool]:
    for look, n in enumerate(range(10, setting.n + 1, 10), start=1):
        certainty = certainty_of_look(setting.certainty, look) if spent else setting.certainty
        this = Setting(n, setting.max_error, certainty)
        yield is_broken(world, this, scores[:n], right[:n])


def broken_by_best(
    world: World,
    setting: Setting,
    projects: int,
    rng: Rng,
    *,
    versions: int = 20,
    spent: bool = True,
) -> float:
    """Return how often the version that accepts most, of several on the same truths, is no such."""
    count = 0
    for _ in range(projects):
        found = []
        for version in range(1, versions + 1):
            certainty = (
                certainty_of_look(setting.certainty, version) if spent else setting.certainty
            )
            found.append(setting.promises(*world.draw(rng, setting.n), certainty=certainty))
        best = max(found, key=lambda each: each.accepted)
        count += best.threshold is not None and world.error(best.threshold) > setting.max_error
    return count / projects


def broken_on_the_slider(world: World, setting: Setting, projects: int, rng: Rng) -> float:
    """Return how often the band's upper limit is below the truth at some position."""
    count = 0
    for scores, right in _samples(world, setting.n, projects, rng):
        band = draw_band(scores, right, certainty=setting.certainty)
        count += any(world.error(point.threshold) > point.high for point in band.points)
    return count / projects


def broken_in_sets(
    world: World, setting: Setting, left: int, projects: int, rng: Rng, *, finite: bool = True
) -> tuple[float, float]:
    """Return how often more of the accepted tasks of a set are wrong, and how often one is said.

    n labels are drawn from n + ``left`` tasks; the accepted ones are those beside the labels.
    """
    count = said = 0
    n = setting.n
    for scores, right in _samples(world, n + left, projects, rng):
        more = {"population": scores} if finite else {}
        found = setting.promises(scores[:n], right[:n], **more)
        if found.threshold is None:
            continue
        said += 1
        wrong = ~right[n:][scores[n:] >= found.threshold]
        count += wrong.sum() > setting.max_error * len(wrong) + 1e-9
    return count / projects, said / projects


def broken_by_stratifying(setting: Setting, projects: int, rng: Rng) -> float:
    """Return how often it is false where half of the labels are of a class of 5 % of the tasks.

    That class is easy: a third of the errors allowed. Of all tasks a little more than allowed are
    wrong, and each of one score.
    """
    easy, truth = setting.max_error / 3, 1.02 * setting.max_error
    hard = (truth - 0.05 * easy) / 0.95
    shares = np.where(np.arange(setting.n) % 2, easy, hard)
    scores = np.zeros(setting.n)
    drawn = rng.random((projects, setting.n)) >= shares
    return float(np.mean([setting.promises(scores, right).is_promise for right in drawn]))


def broken_by_fitting(world: World, setting: Setting, projects: int, rng: Rng) -> float:
    """Return how often it is false where scores are steps fitted on the truths that test them."""
    count = 0
    for scores, right in _samples(world, setting.n, projects, rng):
        order = np.argsort(scores)
        steps = CalibrationMap(
            CalibrationWay.ISOTONIC,
            setting.n,
            0,
            isotonic(scores[order].tolist(), right[order].tolist()),
        )
        mapped = np.array([steps.of(score) for score in scores])
        found = setting.promises(mapped, right)
        lowest = scores[mapped >= found.threshold].min() if found.is_promise else 1.0
        count += found.is_promise and world.error(lowest) > setting.max_error
    return count / projects


def broken_by_class(
    world: World, setting: Setting, projects: int, rng: Rng, *, classes: int = 4
) -> float:
    """Return how often one of several classes, n labels each, breaks its promise."""
    count = 0
    groups = np.repeat(np.arange(classes), setting.n).tolist()
    for _ in range(projects):
        scores, right = world.draw(rng, classes * setting.n)
        found = choose_by_class(
            scores, right, groups, max_error=setting.max_error, certainty=setting.certainty
        )
        count += any(
            each.threshold is not None and world.error(each.threshold) > setting.max_error
            for each in found.values()
        )
    return count / projects


def share_of_oracle(world: World, setting: Setting, projects: int, rng: Rng) -> float:
    """Return how much is accepted on average, as a part of what who knows the truth would."""
    accepted = []
    for scores, right in _samples(world, setting.n, projects, rng):
        found = setting.promises(scores, right)
        accepted.append(0.0 if found.threshold is None else 1 - found.threshold)
    return float(np.mean(accepted)) / world.oracle(setting.max_error)


def _samples(world: World, n: int, projects: int, rng: Rng) -> Iterator[tuple[Array, Array]]:
    scores, right = world.draw(rng, projects, n)
    return zip(scores, right, strict=True)
