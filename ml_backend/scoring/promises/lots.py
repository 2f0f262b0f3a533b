"""The lot by which some of what would be accepted is checked by people instead: 1 of each 20."""

from __future__ import annotations

import random

ONE_OF = 20
"""Of each so many in a row one is checked: 5 %, and never many in a row without one."""


def is_check(seed: str, place: int) -> bool:
    """Return whether the lot falls on a place, counted from 0; each place's chance is the same."""
    block, offset = divmod(place, ONE_OF)
    return random.Random(f"{seed}:block:{block}").randrange(ONE_OF) == offset  # noqa: S311  # nosec B311  # the seed is secret


def shuffled(seed: str, batch: int, ids: list[int]) -> list[int]:
    """Return tasks in the order in which they get their places: by lot, whatever their numbers."""
    found = sorted(ids)
    random.Random(f"{seed}:batch:{batch}").shuffle(found)  # noqa: S311  # nosec B311  # the seed is secret
    return found
