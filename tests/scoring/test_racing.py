"""Races: who is dropped, who wins, and how seldom that is wrong."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

import pytest

from ml_backend.scoring.anytime import Differences, Wealth, e_value, interval, p_of, round_up
from ml_backend.scoring.racing import Race
from ml_backend.scoring.verdict import Out, Verdict

TRUTHS, SHARE, ROUND = 300, 0.6, 8


@dataclass(frozen=True, slots=True)
class Raced:
    race: Race
    verdict: Verdict
    calls: int


def raced(
    accuracies: Sequence[float],
    prices: Sequence[float | None],
    seed: int,
    truths: int = TRUTHS,
    hard: float = 0.0,
    looks_every: int = ROUND,
) -> Raced:
    """Race models of these accuracies; ``hard`` is how much the difficulty of tasks is shared."""
    draw = random.Random(seed)
    tasks = round(SHARE * truths)
    race = Race(len(accuracies), 0.05, tasks)
    levels = [NormalDist().inv_cdf(each) for each in accuracies]
    own, calls = math.sqrt(1 - hard), 0
    while not race.is_over:
        for _ in range(min(looks_every, tasks - race.asked)):
            shared = math.sqrt(hard) * draw.gauss(0, 1) if hard else 0.0
            scores = {
                each: float(
                    shared + own * draw.gauss(0, 1) < levels[each]
                    if hard
                    else draw.random() < accuracies[each]
                )
                for each in race.left
            }
            calls += len(scores)
            race.add(scores, {each: prices[each] for each in scores})
        race.look()
    verdict = race.verdict()
    return Raced(race, verdict, calls + (truths - tasks) * (verdict.winner is not None))


@pytest.mark.slow
@pytest.mark.parametrize("hard", [0.0, 0.5], ids=["each by itself", "hard tasks"])
def test_the_cheap_model_near_the_best_wins_with_fewer_calls(hard: float) -> None:
    """Four models of .92, .91, .75 and .60 at 10, 1, 1 and 0.5 dollars, 300 truths."""
    found = [
        raced([0.92, 0.91, 0.75, 0.60], [10, 1, 1, 0.5], seed, hard=hard) for seed in range(100)
    ]
    winners = [each.verdict.winner for each in found]
    assert winners.count(1) >= 95, winners
    assert set(winners) <= {0, 1}, "never one more than 5 points below"
    assert fmean(each.calls for each in found) <= 0.7 * 4 * TRUTHS


@pytest.mark.slow
def test_models_far_below_cost_little() -> None:
    """Eight models, six of them 15 points below at least, cheap or dear."""
    for prices in ([10, 1, *[0.5] * 6], [1, 1, *[5] * 6]):
        found = [
            raced([0.92, 0.91, 0.77, 0.77, 0.75, 0.72, 0.7, 0.6], prices, seed)
            for seed in range(20)
        ]
        assert fmean(each.calls for each in found) <= 0.5 * 8 * TRUTHS


@pytest.mark.slow
def test_of_equal_models_none_is_called_better() -> None:
    found = [raced([0.8] * 3, [1, 1, 1], seed, looks_every=20) for seed in range(1000)]
    better = sum(any(pair.better is not None for pair in each.verdict.pairs) for each in found)
    assert better <= 1000 * (0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000))


@pytest.mark.slow
def test_a_look_at_two_equal_models_after_each_task_tells_them_apart_in_one_of_twenty() -> None:
    """1,000 pairs, 180 tasks, a look at each of them: what a p value would not survive."""
    told = 0
    for seed in range(1000):
        draw, found = random.Random(seed), Differences()
        for _ in range(round(SHARE * TRUTHS)):
            difference = float(draw.random() < 0.8) - float(draw.random() < 0.8)
            found.add(difference)
            if difference:
                found.above(0.0)
                found.below(0.0)
        told += p_of(max(found.above(0.0), found.below(0.0))) <= 0.05
    assert told <= 1000 * (0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000))


def test_too_few_tasks_tell_nobody_apart() -> None:
    verdict = raced([0.92, 0.91, 0.8], [10, 1, 0.5], seed=1, truths=40).verdict
    assert verdict.winner is None
    assert verdict.undecided
    assert verdict.more_tasks is not None
    assert 100 <= verdict.more_tasks <= 20_000


def test_one_that_is_far_worse_is_dropped_at_once() -> None:
    race = Race(3, 0.05, 1000)
    while 1 in race.left:
        race.add({each: float(each != 1) for each in race.left}, {0: 2.0, 1: 1.0, 2: 2.0})
        race.look()
    assert race.dropped[1].why is Out.WORSE
    assert race.dropped[1].by == 0
    assert race.asked < 20
    assert not race.is_over


def test_a_cheap_one_a_little_worse_stays_where_a_dear_one_would_go() -> None:
    """Three points below: within the tolerance for one that costs less, beaten for one that does
    not."""

    def run(prices: tuple[float, float]) -> Race:
        race = Race(2, 0.05, 3000)
        draw = random.Random(3)
        for _ in range(2000):
            if len(race.left) < 2:
                break
            missed = draw.random() < 0.03
            race.add({0: 1.0, 1: float(not missed)}, dict(enumerate(prices)))
            if race.asked % 10 == 0:
                race.look()
        return race

    cheap, dear = run((2.0, 1.0)), run((1.0, 2.0))
    assert 1 in cheap.left
    assert dear.left == [0]
    assert dear.dropped[1].why is Out.DEARER


def test_a_good_enough_cheap_one_ends_the_race() -> None:
    race = Race(2, 0.05, 5000)
    while not race.is_over:
        race.add({0: 1.0, 1: 1.0}, {0: 5.0, 1: 1.0})
        race.look()
    assert race.left == [1], "who costs more cannot win any more"
    assert race.dropped[0].why is Out.DEARER
    assert race.asked < 300
    verdict = race.verdict()
    assert (verdict.winner, verdict.is_shown, verdict.undecided) == (1, True, ())


def test_without_prices_the_best_as_measured_wins() -> None:
    found = raced([0.9, 0.6], [None, None], seed=2)
    assert found.verdict.winner == 0
    assert found.race.price(0) is None


def test_one_that_cannot_be_asked_is_out() -> None:
    race = Race(3, 0.05, 100)
    race.fail(1)
    race.add({0: 1.0, 2: 0.0}, {})
    assert race.left == [0, 2]
    assert race.dropped[1].why is Out.FAILED
    race.fail(0)
    race.fail(2)
    assert race.is_over
    assert race.verdict().winner is None


def test_the_order_of_entrants_changes_nothing() -> None:
    draw = random.Random(5)
    one, other = Race(3, 0.05, 60), Race(3, 0.05, 60)
    turned = {0: 2, 1: 0, 2: 1}
    for _ in range(60):
        scores = [float(draw.random() < each) for each in (0.9, 0.85, 0.5)]
        one.add({n: scores[n] for n in one.left}, dict(enumerate((3.0, 2.0, 1.0))))
        two = {turned[n]: scores[n] for n in range(3)}
        price = {turned[n]: each for n, each in enumerate((3.0, 2.0, 1.0))}
        other.add({n: two[n] for n in other.left}, {n: price[n] for n in other.left})
        one.look()
        other.look()
    assert [turned[each] for each in one.left] == sorted(
        other.left, key=[turned[n] for n in one.left].index
    )


# The evidence


def test_money_is_seldom_made_of_a_true_claim() -> None:
    """Ville: 1/alpha is reached with a chance of at most alpha, however often one looks."""
    rich = 0
    for seed in range(300):
        draw, wealth = random.Random(seed), Wealth()
        for _ in range(100):
            wealth.bet(draw.choice((-1.0, 0.0, 1.0)))
            if wealth.log >= math.log(20):
                rich += 1
                break
    assert rich <= 300 * (0.05 + 3 * math.sqrt(0.05 * 0.95 / 300))


def test_evidence_is_the_same_from_both_sides() -> None:
    ahead, behind = {1.0: 30, 0.0: 50, -1.0: 5}, {-1.0: 30, 0.0: 50, 1.0: 5}
    assert e_value(ahead, 0.05) == pytest.approx(e_value(behind, -0.05, flip=True))
    assert e_value(ahead, 0.05) > math.log(100)
    assert e_value(behind, 0.05) < 0


def test_limits_of_a_difference_hold_the_truth() -> None:
    missed = 0
    for seed in range(60):
        draw, found = random.Random(seed), Differences()
        for _ in range(80):
            found.add(float(draw.random() < 0.8) - float(draw.random() < 0.7))
        low, high = found.least(0.05), found.most(0.05)
        assert -1.0 <= low < found.mean < high <= 1.0
        missed += not low <= 0.1 <= high
    assert missed <= 6


def test_limits_of_a_mean_hold_whenever_one_looks() -> None:
    assert interval(0, 0, 0.05) == (0.0, 1.0)
    low, high = interval(45, 50, 0.05)
    assert 0.7 < low < 0.9 < high < 1.0
    assert interval(50, 50, 0.05)[1] == 1.0
    assert interval(0, 50, 0.05)[0] == 0.0
    missed = 0
    for seed in range(60):
        draw, right = random.Random(seed), 0
        for n in range(1, 61):
            right += draw.random() < 0.7
            low, high = interval(right, n, 0.05)
            if not low <= 0.7 <= high:
                missed += 1
                break
    assert missed <= 60 * (0.05 + 3 * math.sqrt(0.05 * 0.95 / 60))


def test_scores_between_right_and_wrong_count_too() -> None:
    race = Race(2, 0.05, 400)
    draw = random.Random(1)
    while not race.is_over:
        race.add({0: draw.uniform(0.8, 1.0), 1: draw.uniform(0.5, 0.7)}, {0: 2.0, 1: 1.0})
        race.look()
    assert race.left == [0]
    assert race.dropped[1].why is Out.WORSE


def test_numbers_are_rounded_up_to_what_anybody_knows() -> None:
    assert [round_up(each) for each in (1, 41, 999, 1001, 9_950, 12_345)] == [
        10, 50, 1000, 1100, 10_000, 13_000,
    ]  # fmt: skip
