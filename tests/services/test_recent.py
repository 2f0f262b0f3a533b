"""What is remembered for a while, and for how long."""

from __future__ import annotations

from itertools import count

import pytest

from ml_backend.services.recent import Recent


def test_a_new_value_is_made_once() -> None:
    numbers = count(1)
    recent: Recent[str, int] = Recent(60)
    assert [recent.get("a", lambda: next(numbers)) for _ in range(3)] == [1, 1, 1]
    assert recent.get("b", lambda: next(numbers)) == 2


def test_an_old_value_is_made_again_but_can_still_be_found() -> None:
    numbers = count(1)
    recent: Recent[str, int] = Recent(0)
    assert [recent.get("a", lambda: next(numbers)) for _ in range(2)] == [1, 2]
    assert recent.find_new("a") is None
    assert recent.find("a") == 2


def test_what_making_raises_passes_and_nothing_is_kept() -> None:
    recent: Recent[str, float] = Recent(60)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 / 0)
    assert recent.find("a") is None


def test_the_oldest_go_when_there_are_too_many() -> None:
    recent: Recent[int, int] = Recent(60, size=2)
    for number in range(3):
        recent.put(number, number)
    assert [recent.find(number) for number in range(3)] == [None, 1, 2]
