"""What a model's tokens cost, from the connection's own prices or a dated table.

The table is the one bundled with the ``genai-prices`` package; nothing is fetched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any

from ml_backend.llm import facts_of
from ml_backend.llm.models.vendors import bare_name
from ml_backend.llm.presets import price_table_at
from ml_backend.records import Connection, ProviderName, Usage

MILLION = 1_000_000
EVERY_MODEL = "*"
"""Among a connection's own prices: that of every model which has none by its name."""
GOOGLE = "google"
"""In the table: of Gemini and of Vertex AI."""
PERIODS = {"": "", "month": "Monthly", "monthly": "Monthly", "year": "Yearly", "yearly": "Yearly"}
GIVEN = "given for this connection"
GIVEN_BY_ENVIRONMENT = "given by OPENAI_PRICE"


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices that hold for the whole of a call whose prompt is longer than ``above`` tokens."""

    above: int
    prompt: float
    completion: float
    cached: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens, and where they come from; ``dated`` is "" for own prices.

    ``cached`` is that of prompt tokens read from the provider's cache, ``cache_write`` that of
    those written to it; None where it is not known, and the prompt's own price counts.
    """

    prompt: float
    completion: float
    source: str
    dated: str = ""
    tiers: tuple[Tier, ...] = ()
    cached: float | None = None
    cache_write: float | None = None

    def cost(self, usage: Usage) -> float:
        """Dollars for one call."""
        at = self._at(usage.prompt_tokens)
        dollars = usage.prompt_tokens * at.prompt + usage.completion_tokens * at.completion
        if usage.cached_tokens and at.cached is not None:
            dollars += usage.cached_tokens * (at.cached - at.prompt)
        if usage.cache_write_tokens and at.cache_write is not None:
            dollars += usage.cache_write_tokens * (at.cache_write - at.prompt)
        return dollars / MILLION

    def most(self, usage: Usage) -> float:
        """Dollars one call can cost at most: nothing is read from a cache, all is written to it."""
        at = self._at(usage.prompt_tokens)
        prompt = max(at.prompt, at.cached or 0.0, at.cache_write or 0.0)
        return (usage.prompt_tokens * prompt + usage.completion_tokens * at.completion) / MILLION

    def _at(self, prompt_tokens: int) -> Price | Tier:
        found: Price | Tier = self
        for tier in self.tiers:
            if prompt_tokens > tier.above:
                found = tier
        return found


def find_price(connection: Connection, model: str) -> Price | None:
    """Return the price of a model behind a connection; None when it is not known.

    The connection's own prices go first. A ``Custom`` endpoint is looked up by its address only:
    a model's name says nothing about what a server of one's own costs.
    """
    if connection.provider is ProviderName.BASELINE:
        return Price(0.0, 0.0, "the offline baseline makes no calls")
    if connection.provider is ProviderName.LOCAL:
        return Price(0.0, 0.0, "your own machine")
    own, source = connection.prices.get(model), GIVEN
    if own is None:
        own = connection.prices.get(EVERY_MODEL)
        source = GIVEN if connection.id is not None else GIVEN_BY_ENVIRONMENT
    if own is not None:
        # Kept by whatever wrote it: what is no price is none, and no calls are free by it.
        return Price(float(own[0]), float(own[1]), source) if _are_dollars(own) else None
    found = _look_up(*_place(connection, model), datetime.now(UTC).date())
    if found is None and connection.provider is ProviderName.LITELLM:
        return _of_litellm(connection, model)
    return found


def _are_dollars(pair: Sequence[Any]) -> bool:
    return len(pair) == 2 and all(
        isinstance(each, int | float) and not isinstance(each, bool) and 0 <= each <= MILLION
        for each in pair
    )


def read_price(text: str) -> tuple[float, float]:
    """Return dollars per million tokens of prompt and answer, as in ``0.25,2``.

    A single 0 is both: a server of one's own. Raises ValueError for what is no price.
    """
    parts = [part.strip().removeprefix("$") for part in text.split(",")]
    if len(parts) == 1 and float(parts[0]) == 0:
        parts *= 2
    prompt, completion = (float(part) for part in parts)
    if not (0 <= prompt < MILLION and 0 <= completion < MILLION):
        raise ValueError(f"{text!r} is no price")
    return prompt, completion


def read_budget(text: str) -> tuple[float, str]:
    """Return dollars and how often they begin anew, as in ``50 monthly`` or ``50/month``.

    Raises ValueError for what is no budget.
    """
    shape = r"\$?\s*(\d+\.?\d*|\.\d+)(?:\s*/\s*|\s+|$)([a-z]*)"
    found = re.fullmatch(shape, text.strip().casefold(), re.ASCII)
    if found is None or found[2] not in PERIODS or not float(found[1]) < MILLION:
        raise ValueError(f"{text!r} is no budget")
    return float(found[1]), PERIODS[found[2]]


@dataclass(frozen=True, slots=True)
class Listed:
    """What the table tells of a model besides its price; None where it does not."""

    context: int | None
    deprecated: bool
    source: str
    dated: str


def listed(connection: Connection, model: str) -> Listed | None:
    """Return what the table tells of a model behind a connection; None for one it has not."""
    if not model or connection.provider in (ProviderName.BASELINE, ProviderName.LOCAL):
        return None
    found = _row(*_place(connection, model))
    if found is None:
        return None
    context = getattr(found, "context_window", None)
    is_count = isinstance(context, int) and context > 0
    deprecated = bool(getattr(found, "deprecated", False))
    return Listed(context if is_count else None, deprecated, _version(), table_date())


def _of_litellm(connection: Connection, model: str) -> Price | None:
    """The price in LiteLLM's own table, where a vendor is asked at its own address."""
    from ml_backend.llm.through_litellm import rules, table

    if not rules.is_vendors_own(connection):
        return None
    target = rules.target_of(connection, model)
    found = table.dollars(target.vendor, target.model)
    if found is None:
        return None
    return Price(
        found["prompt"],
        found["completion"],
        table.source(),
        cached=found.get("cached"),
        cache_write=found.get("cache_write"),
    )


def _place(connection: Connection, model: str) -> tuple[str | None, str | None, str]:
    """Where the table has a model: provider or address, and the name it goes by there."""
    if connection.provider is not ProviderName.LITELLM:
        provider, url = _provider(connection)
        return provider, url, bare_name(model) if provider == GOOGLE else model
    from ml_backend.llm.through_litellm import rules

    target = rules.target_of(connection, model)
    if not rules.is_vendors_own(connection):
        return None, connection.endpoint, target.model
    vendor = rules.VENDORS.get(target.vendor, "")
    return (vendor, None, target.model) if vendor else (None, None, "")


def _provider(connection: Connection) -> tuple[str | None, str | None]:
    """A provider by its name in the table, or the address of whoever is asked in its place."""
    facts = facts_of(connection.provider)
    is_elsewhere = bool(facts.address and connection.endpoint)
    if facts.price_table and not is_elsewhere:
        return facts.price_table, None
    table = price_table_at(connection.endpoint)
    return (table, None) if table else (None, connection.endpoint)


@lru_cache(maxsize=256)
def _look_up(provider: str | None, url: str | None, model: str, today: date) -> Price | None:
    found = _row(provider, url, model)
    if found is None:
        return None
    prices = found.get_prices(datetime(today.year, today.month, today.day, tzinfo=UTC))
    prompt, completion = getattr(prices, "input_mtok", None), getattr(prices, "output_mtok", None)
    if prompt is None or completion is None:
        return None
    cached = getattr(prices, "cache_read_mtok", None)
    written = getattr(prices, "cache_write_mtok", None)
    parts = (prompt, completion, cached, written)
    starts = sorted({tier.start for part in parts for tier in _tiers(part)})
    return Price(
        prompt=_at(prompt, 0),
        completion=_at(completion, 0),
        source=_version(),
        dated=table_date(),
        tiers=tuple(
            Tier(
                start,
                _at(prompt, start),
                _at(completion, start),
                _known_at(cached, start),
                _known_at(written, start),
            )
            for start in starts
        ),
        cached=_known_at(cached, 0),
        cache_write=_known_at(written, 0),
    )


@lru_cache(maxsize=512)
def _row(provider: str | None, url: str | None, model: str) -> Any:
    """A model as the table has it, None for one it has not."""
    # 28 MB and 0.4 s: only for those who ask for a price.
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(model, None, provider, url)[1] if model else None
    except LookupError:
        return None


def _version() -> str:
    from genai_prices import __version__

    return f"genai-prices {__version__}"


@cache
def table_date() -> str:
    """ISO date of the newest price change the table knows of, scheduled ones left out.

    The package names no date of its own. What it was installed before cannot have been news to
    it, so changes later than that are announcements.
    """
    from genai_prices import data

    installed = datetime.fromtimestamp(os.path.getmtime(data.__file__), UTC).date()
    starts = {
        getattr(condition.constraint, "start_date", None)
        for provider in data.providers
        for found in provider.models
        if isinstance(found.prices, list)
        for condition in found.prices
    }
    known = [start for start in starts if isinstance(start, date) and start <= installed]
    return max(known, default=installed).isoformat()


def _tiers(price: Any) -> list[Any]:
    return list(getattr(price, "tiers", ()))


def _known_at(price: Any, tokens: int) -> float | None:
    return None if price is None else _at(price, tokens)


def _at(price: Any, tokens: int) -> float:
    """The price per million at a prompt of so many tokens; a number or ``TieredPrices``."""
    value = getattr(price, "base", price)
    for tier in _tiers(price):
        if tokens >= tier.start:
            value = tier.price
    return float(value)
