"""Races over HTTP, from the service to the simulated models and back: a few seeds of each case.

`python -m benchmarks.races_served` has a hundred; the chances themselves are tests/scoring's.
"""

from __future__ import annotations

from statistics import fmean

import pytest

from support.house import House
from support.race_track import Field, RaceTrack
from support.simulator import Simulator

FOUR = Field((0.92, 0.91, 0.75, 0.60), (10, 1, 1, 0.5))
EIGHT = Field((0.92, 0.91, *[0.77] * 6), (1, 1, *[10] * 6))
EQUAL = Field((0.8, 0.8, 0.8), (1, 1, 1))


@pytest.mark.slow
def test_over_the_wire_the_cheap_model_near_the_best_wins(
    served: House, simulator: Simulator
) -> None:
    track = RaceTrack(served, simulator, FOUR)
    found = [track.race(seed) for seed in range(4)]
    assert [each.winner for each in found].count(1) >= 3, found
    assert {each.winner for each in found} <= {0, 1}, "never one more than 5 points below"
    assert fmean(each.share for each in found) <= 0.7
    assert track.served() == sum(each.calls for each in found), "each was asked for once"


@pytest.mark.slow
def test_over_the_wire_models_far_below_cost_little(served: House, simulator: Simulator) -> None:
    track = RaceTrack(served, simulator, EIGHT)
    found = [track.race(seed) for seed in range(2)]
    assert {each.winner for each in found} <= {0, 1}
    assert fmean(each.share for each in found) <= 0.5


@pytest.mark.slow
def test_over_the_wire_none_of_equal_models_is_called_better(
    served: House, simulator: Simulator
) -> None:
    track = RaceTrack(served, simulator, EQUAL)
    assert not any(track.race(seed).called_better for seed in range(2))
