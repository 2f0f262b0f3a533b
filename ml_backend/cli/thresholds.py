"""Thresholds as people read and type them."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal


def threshold(value: float) -> str:
    """Write a threshold with four digits, rounded down: who types it leaves nothing out."""
    said = Decimal(repr(value)).quantize(Decimal("0.0001"), ROUND_FLOOR)
    return f"{said.normalize():f}"
