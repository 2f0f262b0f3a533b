"""A calibration is learned on one half of the truths, and told by the other."""

from __future__ import annotations

import random

import pytest

from ml_backend.records import ConfidenceSource, LearnedCalibration
from ml_backend.scoring.confidence.calibration_map import CalibrationMap, logistic
from ml_backend.scoring.confidence.learning import FEWEST, JudgedConfidence, learn

LOGPROBS, RATED = ConfidenceSource.LOGPROBS, ConfidenceSource.RATED


def judged(n: int, bend: float, seed: int = 1) -> list[JudgedConfidence]:
    """Answers whose log-odds of being right are ``bend`` times those that were said."""
    dice = random.Random(seed)
    found = []
    for task in range(n):
        odds = dice.gauss(1.5, 1.5)
        said, right = logistic(odds), dice.random() < logistic(bend * odds)
        found.append(JudgedConfidence(task, said, LOGPROBS, right))
    return found


def learned(answers: list[JudgedConfidence]) -> LearnedCalibration:
    found = learn(answers)
    assert found is not None
    return found


@pytest.mark.parametrize("bend", [0.3, 2.5], ids=["overconfident", "underconfident"])
def test_what_means_something_else_than_it_says_is_mended_where_it_was_not_learned(
    bend: float,
) -> None:
    for seed in range(5):
        found = learned(judged(600, bend, seed))
        assert (found.learned_on, found.before.n, found.after.n) == (300, 300, 300)
        assert found.after.ece < found.before.ece
        assert found.after.brier < found.before.brier
        assert found.after.ranking is not None
        assert found.before.ranking is not None
        assert found.after.ranking.auroc == pytest.approx(found.before.ranking.auroc, abs=0.03)


def test_what_is_calibrated_is_not_spoiled_beyond_noise() -> None:
    worse = []
    for seed in range(40):
        found = learned(judged(400, 1.0, seed))
        worse.append(found.after.ece - found.before.ece)
    assert sum(worse) / len(worse) < 0.02


def test_a_confidence_that_means_nothing_becomes_the_share_of_right_answers() -> None:
    dice = random.Random(5)
    answers = [JudgedConfidence(n, dice.random(), RATED, dice.random() < 0.8) for n in range(400)]
    found = learned(answers)
    assert found.source is RATED
    assert found.after.ece < 0.08 < found.before.ece
    said = CalibrationMap.from_json(found.map)
    assert said.of(0.05) == pytest.approx(0.8, abs=0.12)


def test_the_half_that_is_measured_was_not_learned_on_whatever_the_order() -> None:
    answers = judged(100, 0.5)
    found = learned(answers)
    assert learned(answers[::-1]) == found
    held = sorted(range(100), key=lambda n: _place(n))[1::2]
    changed = [
        JudgedConfidence(each.task_id, each.confidence, each.source, not each.right)
        if each.task_id in held
        else each
        for each in answers
    ]
    assert learned(changed).map == found.map
    assert learned(changed).after != found.after


def _place(task: int) -> bytes:
    import hashlib

    return hashlib.sha256(f"calibration:{task}".encode()).digest()


def test_sources_are_not_mixed_and_too_few_teach_nothing() -> None:
    few = [JudgedConfidence(1000 + n, 0.9, RATED, True) for n in range(FEWEST - 1)]
    assert learn(few) is None
    assert learn([]) is None
    many = judged(FEWEST, 1.0)
    found = learned([*few, *many])
    assert (found.source, found.learned_on) == (LOGPROBS, FEWEST // 2)
    assert learn([*few, *many[1:]]) is None, "neither of the two is enough"


def test_it_says_what_it_was_measured_on() -> None:
    said = learned(judged(100, 0.5)).words
    assert "calibrated on 50 tasks and measured on 50 others" in said
    assert "AUROC" in said
    assert "token log-probabilities" in said
