"""The price in force for a connection's models, and where it came from, in words."""

from __future__ import annotations

from ml_backend.llm.prices import EVERY_MODEL, Price, find_price
from ml_backend.next_steps import Step
from ml_backend.records import Connection, ProviderName
from ml_backend.services.models.paid_calls import PaidCalls

MOST_NAMED = 3
"""Models whose prices are said beside that of the one it asks by itself."""


def say_price(connection: Connection) -> tuple[str, str]:
    """Return a sentence, and what mends it where nobody knows the price; "" for what is free."""
    if connection.provider in (ProviderName.BASELINE, ProviderName.LOCAL):
        return "", ""
    named = [each for each in connection.prices if each != EVERY_MODEL]
    models = list(dict.fromkeys(filter(None, (connection.default_model, *named))))
    if not models:
        found = find_price(connection, EVERY_MODEL) if EVERY_MODEL in connection.prices else None
        return (f"Price of every model: {_said(found)}." if found else ""), ""
    found = find_price(connection, models[0])
    if found is None:
        message = f"The price of {models[0]} is unknown: costs are not told, budgets not kept."
        return message, Step.ADD_PRICE(model=models[0])
    parts = [f"Price of {models[0]}: {_said(found)}"]
    for model in models[1 : 1 + MOST_NAMED]:
        other = find_price(connection, model)
        parts += [f"of {model}: {_said(other)}"] if other else []
    more = len(models) - 1 - MOST_NAMED
    return "; ".join(parts) + (f"; and of {more} more" if more > 0 else "") + ".", ""


def say_budget(connection: Connection) -> str:
    """Return what a connection may spend, "" without a limit."""
    if connection.budget_limit is None:
        return ""
    source = " (OPENAI_BUDGET)" if connection.id is None else ""
    period = {"Monthly": " a month", "Yearly": " a year"}.get(connection.budget_period, "")
    return f"Budget: ${connection.budget_limit:g}{period}{source}."


def _said(price: Price) -> str:
    where = f"{price.source}, {price.dated}" if price.dated else price.source
    if price.prompt == price.completion == 0:
        return f"$0 ({where})"
    return f"${price.prompt:g} in, ${price.completion:g} out per million tokens ({where})"


def say_calls(calls: PaidCalls) -> str:
    """Return how many paid calls a person may have made, and whether anybody has had all."""
    used_up = calls.used_up()
    people = "Nobody has" if not used_up else "1 person has" if used_up == 1 else f"{used_up} have"
    return (
        f"Each person may have {calls.limit:,} paid calls made in a day (PAID_CALLS_PER_USER). "
        f"{people} used that up today (UTC)."
    )
