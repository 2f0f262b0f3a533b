"""What measuring a model found out, in words and as a document, for all faces."""

from __future__ import annotations

from typing import Any

from ml_backend.services.models.measuring import Measured

UNKNOWN = "unknown"


def document(found: Measured) -> dict[str, Any]:
    """Return it as JSON; what is unknown is null."""
    price = found.price
    return {
        "model": found.model,
        "calls": found.calls,
        "cost_usd": found.cost,
        "form": found.form or None,
        "images": found.images,
        "pdfs": found.pdfs,
        "logprobs": found.logprobs,
        "reasoning": found.reasoning,
        "reasoning_tokens": found.reasoning_tokens,
        "context": found.context,
        "limits": dict(found.limits) if found.limits else None,
        "seconds_per_call": found.seconds,
        "price": None
        if price is None
        else {
            "prompt_per_million": price.prompt,
            "completion_per_million": price.completion,
            "source": price.source,
            "date": price.dated or None,
        },
        "remarks": list(found.remarks),
    }


def rows(found: Measured) -> list[tuple[str, str]]:
    """Return what was found out, a name and words each; one table for all faces."""
    tokens = f", {found.reasoning_tokens} tokens" if found.reasoning_tokens else ""
    limits = ", ".join(f"{number:,} {words}" for words, number in (found.limits or {}).items())
    return [
        ("Form of answers", found.form or UNKNOWN),
        ("Pictures", _said(found.images)),
        ("PDF files as they are", _said(found.pdfs)),
        ("Log-probabilities", _said(found.logprobs)),
        ("Thinks", _said(found.reasoning) + tokens),
        ("Context", f"{found.context:,} tokens" if found.context else UNKNOWN),
        ("Limits", limits or UNKNOWN),
        ("A call", f"{found.seconds:.2f} s" if found.seconds is not None else UNKNOWN),
        ("Price", _price(found)),
        ("This test", f"{found.calls} calls, {_dollars(found.cost)}"),
    ]


def _said(value: bool | None) -> str:
    return UNKNOWN if value is None else "yes" if value else "no"


def _dollars(cost: float | None) -> str:
    return "cost unknown" if cost is None else f"${cost:.5f}"


def _price(found: Measured) -> str:
    price = found.price
    if price is None:
        return UNKNOWN
    dated = f" of {price.dated}" if price.dated else ""
    return (
        f"${price.prompt:g} in, ${price.completion:g} out a million tokens ({price.source}{dated})"
    )
