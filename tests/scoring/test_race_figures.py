"""The benchmark of races says what is beyond its limit, and ends with 1."""

from __future__ import annotations

import pytest

from benchmarks.races import CASES, Case, Outcome, missed, report

FOUR = next(each for each in CASES if each.winner == 1)
EQUAL = next(each for each in CASES if each.are_equal)
GOOD = Outcome(1, 0.5, called_better=False, is_shown=False)


@pytest.mark.parametrize(
    ("case", "outcomes", "said"),
    [
        (FOUR, [GOOD] * 100, ""),
        (FOUR, [GOOD] * 95 + [Outcome(0, 0.5, False, False)] * 5, ""),
        (FOUR, [GOOD] * 94 + [Outcome(0, 0.5, False, False)] * 6, "named in 94 of 100"),
        (FOUR, [GOOD] * 99 + [Outcome(2, 0.5, False, False)], "beyond the tolerance"),
        (FOUR, [Outcome(1, 0.71, False, False)] * 100, "71% of all calls, more than 70%"),
        (EQUAL, [Outcome(0, 0.7, n < 70, False) for n in range(1000)], ""),
        (EQUAL, [Outcome(0, 0.7, n < 71, False) for n in range(1000)], "called better in 7.1%"),
    ],
)
def test_a_figure_beyond_its_limit_is_told(
    case: Case, outcomes: list[Outcome], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = " ".join(missed(case, outcomes))
    assert said in found
    assert bool(said) == bool(found)
    assert report([(case, outcomes)]) == bool(said)
    assert (said or "within its limit") in capsys.readouterr().err


def test_the_limits_are_those_that_are_promised() -> None:
    assert (FOUR.most_calls, FOUR.truths) == (0.7, 300)
    eight = [each for each in CASES if len(each.accuracies) == 8]
    assert eight
    assert all(each.most_calls == 0.5 for each in eight)
