"""When Label Studio made a project: it never changes that, so it tells a project from another.

Numbers of projects begin again in a Label Studio that is set up anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

CLOCKS_DIFFER = timedelta(minutes=10)
"""How far our clock may be behind Label Studio's."""

_EXACTLY = timedelta(milliseconds=1)
"""A dump of a database may keep no more than thousandths of a second."""
_ZONE = timedelta(minutes=15)
_FARTHEST_ZONE = timedelta(hours=14)


def read_moment(text: str) -> datetime | None:
    """Return the time Label Studio names, None for one that cannot be read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_same_project(one: datetime, other: datetime) -> bool:
    """Return whether two projects of the same number, made then, are the same.

    Moving Label Studio to another database may cut its times off, or take them for those of
    another time zone: then they differ by whole quarters of an hour, to the thousandth of a second.
    """
    apart = abs(one - other)
    if apart < _EXACTLY:
        return True
    if not (one.microsecond and other.microsecond):
        return False  # whole seconds may be quarters of an hour apart by chance
    return apart <= _FARTHEST_ZONE + _EXACTLY and _to_quarter(apart) < _EXACTLY


def is_told_so(made_at: datetime, said: datetime) -> bool:
    """Return whether a request says, in whole seconds, the time a project was made."""
    return _to_quarter(abs(made_at.replace(microsecond=0) - said)) < _EXACTLY


def _to_quarter(apart: timedelta) -> timedelta:
    return min(apart % _ZONE, _ZONE - apart % _ZONE)


def was_made_after(made_at: datetime, moment: datetime) -> bool:
    """Return whether a project was made after something of ours that names its number."""
    return made_at > moment + CLOCKS_DIFFER
