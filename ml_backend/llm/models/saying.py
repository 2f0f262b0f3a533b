"""A model in a few words, for a list one chooses from; what nobody knows is left out."""

from __future__ import annotations

from datetime import date

from ml_backend.llm.models.catalogue import KnownModel
from ml_backend.llm.prices import Price
from ml_backend.records.abilities import Fact


def short_words(known: KnownModel, today: date) -> str:
    """Return context, what it takes, what it costs and when it is retired; "" for nothing known."""
    parts = [abilities_said(known), _price(known.price) if known.price else ""]
    day = known.abilities.retires_on
    if day is not None:
        parts.append(f"{'retired' if day <= today else 'retires'} {day.isoformat()}")
    return ", ".join(filter(None, parts))


def abilities_said(known: KnownModel) -> str:
    """Return its context and what it takes and does."""
    able = known.abilities
    parts = (
        f"{_thousands(int(able.context.value))} context" if able.context else "",
        "pictures" if _is(able.images, True) else "no pictures" if _is(able.images, False) else "",
        "PDFs" if _is(able.pdfs, True) else "",
        "thinks" if _is(able.reasoning, True) else "",
    )
    return ", ".join(filter(None, parts))


def _is(fact: Fact | None, value: bool) -> bool:
    return fact is not None and fact.value is value


def _thousands(tokens: int) -> str:
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.3g}M"
    return f"{tokens / 1000:.3g}k" if tokens >= 1000 else str(tokens)


def _price(price: Price) -> str:
    if price.prompt == price.completion == 0:
        return "free"
    return f"${price.prompt:g} in, ${price.completion:g} out"
