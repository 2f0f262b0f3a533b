"""The slider: its limits hold at all positions at once, and nothing in it depends on a label."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.promise_worlds import Setting, broken_on_the_slider, most, worlds
from ml_backend.scoring.acceptance import choose_threshold, error_limit
from ml_backend.scoring.promises.bands import FEWEST, draw_band


def test_the_positions_share_the_certainty() -> None:
    scores = [0.9] * 100 + [0.5] * 100
    right = [True] * 100 + [False] * 10 + [True] * 90
    band = draw_band(scores, right, certainty=0.95)
    top, low = band.points
    assert (top.threshold, top.accepted, top.wrong_n) == (0.9, 0.5, 0)
    assert (low.accepted_n, low.error) == (200, 0.05)
    assert top.high == error_limit(0, 100, 0.975)
    assert top.low == 0.0
    assert low.low < 0.05 < low.high == error_limit(10, 200, 0.975)


def test_a_position_of_the_slider_is_the_one_that_accepts_most() -> None:
    scores = np.linspace(1, 0, 400)
    right = np.arange(400) < 300
    band = draw_band(scores, right, certainty=0.95)
    found = band.at(0.1)
    assert found is not None
    assert found.high <= 0.1
    assert all(each.high > 0.1 for each in band.points if each.accepted > found.accepted)
    assert band.at(0.001) is None
    one_look = choose_threshold(scores, right, max_error=0.1, certainty=0.95)
    assert found.accepted <= one_look.accepted, "the slider has its price"


def test_positions_are_fixed_without_a_label() -> None:
    scores = np.random.default_rng(1).random(400)
    some, none, all_of_them = (
        draw_band(scores, right, certainty=0.9)
        for right in (scores > 0.3, np.zeros(400), np.ones(400))
    )
    places = [[each.threshold for each in band.points] for band in (some, none, all_of_them)]
    assert places[0] == places[1] == places[2]
    assert 10 <= len(places[0]) <= 20
    assert some.points[0].accepted_n >= FEWEST
    assert some.points[-1].accepted == 1.0
    assert all(point.high == 1.0 for point in none.points)


def test_few_labels_have_no_curve() -> None:
    assert draw_band([0.5] * (FEWEST - 1), [True] * (FEWEST - 1), certainty=0.9).points == ()
    assert draw_band([], [], certainty=0.9).at(0.5) is None
    with pytest.raises(ValueError, match="certainty"):
        draw_band([], [], certainty=95)


def test_of_a_set_the_limits_are_those_of_what_was_not_labelled() -> None:
    scores, right = [0.9] * 100, [False] * 5 + [True] * 95
    found = draw_band(scores, right, certainty=0.9, population=[0.9] * 140).points[0]
    assert found.set_n == 40
    assert found.high * 40 == pytest.approx(round(found.high * 40))
    assert found.low < 0.05 < found.high
    assert draw_band(scores, right, certainty=0.9, population=scores).points == ()


@pytest.mark.slow
@pytest.mark.parametrize("max_error", [0.02, 0.1])
def test_the_band_holds_along_all_of_the_slider(max_error: float) -> None:
    rng = np.random.default_rng(8)
    for world in worlds(max_error):
        share = broken_on_the_slider(world, Setting(150, max_error, 0.9), 300, rng)
        assert share <= most(0.1, 300), world.name
