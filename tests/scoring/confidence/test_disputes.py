"""Labels that sure answers dispute: ranked, and rather the wrong ones."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from benchmarks.confidence_worlds import wrong_labels
from ml_backend.scoring.confidence.disputes import Dispute, Given, Judged, disputes, pairs


def test_the_surest_answer_against_a_label_is_first() -> None:
    found = disputes(
        [
            Judged(1, "spam", [Given("ham", 0.7)]),
            Judged(2, "spam", [Given("ham", 0.9)]),
            Judged(3, "spam", [Given("spam", 0.99)]),
            Judged(4, "ham", [Given("spam", 0.7)]),
        ]
    )
    assert [each.task_id for each in found] == [2, 1, 4]
    assert found[0] == Dispute(2, "spam", "ham", 0.9, 1, 1)


def test_versions_that_agree_against_a_label_weigh_more_than_one_alone() -> None:
    alone = Judged(1, "a", [Given("b", 0.9), Given("a", 0.6), Given("a", 0.6)])
    together = Judged(2, "a", [Given("b", 0.6), Given("b", 0.7), Given("b", 0.6)])
    apart = Judged(3, "a", [Given("b", 0.4), Given("c", 0.5), Given("b", 0.3)])
    found = disputes([alone, together, apart])
    assert [each.task_id for each in found] == [2, 3, 1]
    assert (found[1].answer, found[1].against, found[1].asked) == ("b", 3, 3)
    assert (found[2].against, found[2].doubt) == (1, pytest.approx(0.3))


def test_an_answer_without_a_confidence_disputes_nothing() -> None:
    assert disputes([Judged(1, "a", [Given("b", None), Given("b", nan)]), Judged(2, "a", [])]) == []


def test_pairs_are_counted_by_how_often_they_are_disputed() -> None:
    tasks = [Judged(number, "a", [Given("b", 0.5)]) for number in range(3)]
    found = pairs(disputes([*tasks, Judged(9, "b", [Given("a", 0.9)])]))
    assert found == [("a", "b", 3), ("b", "a", 1)]


@pytest.mark.slow
def test_of_the_first_disputes_most_labels_are_wrong() -> None:
    """10 % of 1,000 labels flipped, a model of 85 %: among the first 100 five times as many."""
    rng = np.random.default_rng(7)
    for _ in range(5):
        found = wrong_labels(rng)
        assert found.auroc >= 0.8
        assert found.precision >= 0.5
