"""A promise from the first prediction to the accepted annotations, by commands and over HTTP.

`python -m benchmarks.acceptance_end_to_end` has thirty projects, and a real Label Studio.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.acceptance_end_to_end import (
    MODELS,
    Asked,
    Model,
    Outcome,
    Place,
    opened_place,
    report,
)

FEW = Asked(tasks=120, labels=60)
GOOD = Model("good", {"accuracy": 0.95, "auroc": 0.9})
BAD = Model("bad", {"accuracy": 0.5, "auroc": 0.5})


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with opened_place() as opened:
        yield opened


@pytest.mark.slow
def test_a_good_model_is_accepted_and_no_more_is_wrong_than_promised(place: Place) -> None:
    found = place.accept(1, GOOD, FEW)
    assert found.promised
    assert found.would == 60
    assert 20 <= found.accepted <= 60
    assert found.error <= FEW.max_error


@pytest.mark.slow
def test_nothing_is_accepted_of_a_model_that_errs_too_often(place: Place) -> None:
    found = place.accept(2, BAD, FEW)
    assert (found.promised, found.accepted) == (False, 0)


def test_it_ends_with_1_where_more_is_broken_than_chance_breaks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = [Outcome(MODELS[0], True, 100, 10, 250)] * 24
    broken = Outcome(MODELS[0], True, 100, 11, 250)
    assert report([*kept, *[broken] * 5], Asked()) == 1
    assert report([*kept, *[broken] * 4], Asked()) == 0
    assert "4 of 28 projects are broken" in capsys.readouterr().out
