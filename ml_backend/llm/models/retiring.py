"""Whether a model is about to be retired, or is, in words for people."""

from __future__ import annotations

from datetime import date

from ml_backend.records.abilities import ModelAbilities

NOTICE_DAYS = 90
"""So long before a model is switched off people are told wherever they use it."""


def retirement_said(model: str, abilities: ModelAbilities, today: date) -> str:
    """Return a sentence of a model that is retired, or is within the notice; "" for others."""
    day = abilities.retires_on
    if day is None or (day - today).days > NOTICE_DAYS:
        return ""
    page = abilities.retires
    source = f" (says {page.source}, read {page.dated})" if page and page.dated else ""
    other = abilities.replacement
    instead = f" Its vendor names {other.value} instead." if other else ""
    if day <= today:
        return f"The model {model} was retired on {day.isoformat()}{source}.{instead}"
    left = (day - today).days
    days = "tomorrow" if left == 1 else f"in {left} days"
    return f"The model {model} retires on {day.isoformat()}, {days}{source}.{instead}"
