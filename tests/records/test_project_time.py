"""Which project is which, by the time it was made, whatever a move did to its times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ml_backend.records import is_same_project, is_told_so, read_moment, was_made_after
from support.tables import each_row

MADE = datetime(2026, 3, 1, 12, 0, 0, 123_456, UTC)


@each_row(
    ("other", "is_same"),
    [
        (MADE, True),
        (MADE.astimezone(), True),
        (MADE.replace(microsecond=123_000), True),  # by Django's dumpdata
        (MADE + timedelta(hours=2), True),  # taken for local time on the way to PostgreSQL
        (MADE - timedelta(hours=5, minutes=45), True),
        (MADE.replace(microsecond=123_000) + timedelta(hours=1), True),
        (MADE + timedelta(seconds=1), False),
        (MADE + timedelta(milliseconds=2), False),
        (MADE + timedelta(hours=2, seconds=1), False),
        (MADE + timedelta(days=1), False),
        (MADE + timedelta(days=300), False),
        (MADE - timedelta(days=300), False),
    ],
)
def test_a_move_does_not_make_another_project_of_it(other: datetime, is_same: bool) -> None:
    assert is_same_project(MADE, other) is is_same_project(other, MADE) is is_same


def test_whole_seconds_tell_no_time_zone() -> None:
    whole = MADE.replace(microsecond=0)
    assert is_same_project(whole, whole)
    assert not is_same_project(whole, whole + timedelta(hours=1))


def test_what_label_studio_sends_in_whole_seconds_is_the_same_time() -> None:
    assert is_told_so(MADE, MADE.replace(microsecond=0))
    assert not is_told_so(MADE, MADE.replace(microsecond=0) + timedelta(seconds=1))


def test_a_clock_that_is_behind_makes_nothing_later() -> None:
    assert not was_made_after(MADE + timedelta(minutes=9), MADE)
    assert was_made_after(MADE + timedelta(minutes=11), MADE)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01"])
def test_a_time_that_cannot_be_read_is_none(text: str) -> None:
    assert read_moment(text) is None
