"""Where people look first: least sure, of every kind something, the same each time."""

from __future__ import annotations

import random
from math import nan

import pytest

from ml_backend.scoring.confidence.review_order import Unsure, review_order


def test_every_other_place_is_the_least_sure_and_the_rest_goes_round() -> None:
    """Ten unsure ones of one kind, three sure ones of three others."""
    tasks = [Unsure(number, number / 100, "bad") for number in range(10)]
    tasks += [Unsure(100 + place, 0.9 + place / 100, f"kind {place}") for place in range(3)]
    assert review_order(tasks, size=8) == [0, 100, 1, 101, 2, 102, 3, 4]


def test_of_each_kind_something_is_soon() -> None:
    draw = random.Random(2)
    kinds = [f"kind {number}" for number in range(12)]
    tasks = [
        Unsure(number, draw.random() ** (1 + kinds.index(kind)), kind)
        for number in range(600)
        for kind in [draw.choice(kinds)]
    ]
    batch = review_order(tasks, size=50)
    by_id = {task.task_id: task for task in tasks}
    assert {by_id[task_id].group for task_id in batch[:24]} == set(kinds)
    sure = sorted(task.confidence for task in tasks)
    assert {by_id[task_id].confidence for task_id in batch[::2]} <= set(sure[:50])


def test_order_of_what_comes_in_changes_nothing() -> None:
    draw = random.Random(3)
    tasks = [Unsure(number, round(draw.random(), 1), draw.choice("abc")) for number in range(80)]
    first = review_order(tasks)
    assert sorted(first) == list(range(80))
    for _ in range(3):
        draw.shuffle(tasks)
        assert review_order(tasks) == first


@pytest.mark.parametrize("unknown", [None, nan])
def test_what_nothing_is_known_of_is_least_sure(unknown: float | None) -> None:
    tasks = [Unsure(1, 0.0, "a"), Unsure(2, unknown, None), Unsure(3, 0.2, "b")]
    assert review_order(tasks) == [2, 1, 3]


def test_a_batch_is_no_longer_than_there_are_tasks() -> None:
    assert review_order([], size=50) == []
    assert review_order([Unsure(1, 0.5, "a")], size=50) == [1]
    assert review_order([Unsure(1, 0.5, "a")], size=0) == []
