"""What a person should know of a run's cost: what was paid twice, and what nobody counted."""

from __future__ import annotations

from ml_backend.records import Totals


def costs_said(totals: Totals) -> str:
    """Return sentences for a run's message, "" mostly."""
    return f"{_uncounted(totals)} {_asked_again(totals)}".strip()


def _uncounted(totals: Totals) -> str:
    """Say of how many calls nobody knows what they took."""
    number = totals.usage.uncounted
    if not number or totals.cost == 0:
        return ""
    calls, each = ("1 call", "it counts") if number == 1 else (f"{number:,} calls", "each counts")
    return (
        f"The cost is an estimate: of {calls} the provider did not say, or not so that it can be "
        f"true, what was taken; {each} as the most it could have been."
    )


def _asked_again(totals: Totals) -> str:
    """Say which answers were paid for twice, since the labeling config was changed meanwhile."""
    number = totals.again.unfitting
    if not number:
        return ""
    answers, were = ("1 answer", "was") if number == 1 else (f"{number:,} answers", "were")
    return (
        f"The labeling config was changed meanwhile: {answers} no longer fitted it and {were} "
        "asked again; cost and tokens count both."
    )
