"""Amounts of dollars, as options take them."""

from __future__ import annotations

import math
from typing import Any

import click


class Dollars(click.FloatRange):
    """An amount; `nan` and `inf` are none, though they are numbers."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        amount = float(super().convert(value, param, ctx))
        if not math.isfinite(amount):
            self.fail(f"{value!r} is no amount of dollars.", param, ctx)
        return amount
