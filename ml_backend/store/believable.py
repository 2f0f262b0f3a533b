"""Sums over what providers said: numbers that cannot be are left out, so no page stands on them.

A database may hold what was once taken at its word: 10^30 tokens, less than none, infinite dollars.
"""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa

COUNTS = 10.0**12
"""More calls or tokens than a row can stand for."""

COSTS = 10.0**9
"""More dollars than a row can stand for."""


def believable(column: sa.ColumnElement[Any], most: float) -> sa.ColumnElement[float]:
    """Return a column's values from 0 to ``most``, as floating-point numbers, and NULL for others.

    Sums of whole ones would overflow, and whatever was written is compared as one.
    """
    value = sa.cast(column, sa.Float)
    # NaN is NULL on SQLite, and above everything on PostgreSQL.
    fits = sa.and_(value >= 0.0, value <= most)
    return sa.case((fits, value))


def believable_sum(column: sa.ColumnElement[Any], most: float) -> sa.ColumnElement[float]:
    """Return the sum of what can be believed of a column; 0 where there is nothing."""
    return sa.func.coalesce(sa.func.sum(believable(column, most)), 0.0)


def believable_count(value: Any) -> int:
    """Return a count of a row as it is, 0 for one that cannot be."""
    return int(value) if _is_number(value) and 0 <= value <= COUNTS else 0


def believable_cost(value: Any) -> float | None:
    """Return the dollars of a row as they are, None for unknown and for what cannot be."""
    return float(value) if _is_number(value) and 0 <= value <= COSTS else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
