"""Tasks drawn at random, by class where that can be told: so that no class is left to luck.

What is drawn is no promise sample: only tasks that somebody annotated can be drawn, and who chose
those chose them for reasons of their own.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml_backend.labeling import LabelingConfig
from ml_backend.records import JsonObject

MOST_CLASSES = 200
"""With more of them a class is no group to draw from any more."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn, out of how many, and how many of each class; "" without a control."""

    task_ids: frozenset[int]
    out_of: int
    control: str = ""
    by_class: tuple[tuple[str, int], ...] = ()
    """The most frequent class first."""


def draw(
    answers: Mapping[int, JsonObject | None], number: int, seed: int, config: LabelingConfig
) -> Draw:
    """Draw so many of the tasks, whose answers tell their class; the same for the same seed.

    Each class gets its share of the draw, and at least one as long as there are enough.
    """
    control = _control(answers, config)
    groups: dict[str, list[int]] = defaultdict(list)
    for task_id in shuffled(answers, seed):
        groups[_class_of(answers[task_id], control, config) if control else ""].append(task_id)
    shares = _shares({name: len(group) for name, group in groups.items()}, number)
    chosen = [task_id for name, group in groups.items() for task_id in group[: shares[name]]]
    by_class = sorted(shares.items(), key=lambda each: (-each[1], each[0])) if control else []
    return Draw(frozenset(chosen), len(answers), control, tuple(by_class))


def shuffled(task_ids: Mapping[int, object] | Sequence[int], seed: int) -> list[int]:
    """Return tasks in the order of a seed, by their ids alone: later tasks change little of it."""
    return sorted(task_ids, key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())


def _control(answers: Mapping[int, JsonObject | None], config: LabelingConfig) -> str:
    """Return the first control that names one class of nearly every task, "" for none."""
    for name in config.controls:
        classes = Counter(_class_of(each, name, config) for each in answers.values())
        unclear = classes.pop("", 0)
        if 2 <= len(classes) <= MOST_CLASSES and unclear <= len(answers) / 10:
            return name
    return ""


def _class_of(answer: JsonObject | None, control: str, config: LabelingConfig) -> str:
    named = config.controls[control].named((answer or {}).get(control)) or ()
    return named[0] if len(named) == 1 else ""


def _shares(sizes: Mapping[str, int], number: int) -> dict[str, int]:
    """Return how many of each group: in proportion, by the largest remainders, no group at 0."""
    total = sum(sizes.values())
    number = min(number, total)
    if not number:
        return dict.fromkeys(sizes, 0)
    exact = {name: number * size / total for name, size in sizes.items()}
    shares = {name: math.floor(share) for name, share in exact.items()}
    order = sorted(sizes, key=lambda name: (-(exact[name] - shares[name]), name))
    for name in order[: number - sum(shares.values())]:
        shares[name] += 1
    missing = [name for name in sorted(sizes) if not shares[name]]
    for name in missing if number >= len(sizes) else ():
        largest = max(sorted(shares), key=lambda each: shares[each])
        shares[largest] -= 1
        shares[name] += 1
    return shares
