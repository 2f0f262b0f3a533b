"""What a model behind a connection can, and what it costs: everything known, who is believed first.

What asking it showed goes before what is said of the connection, that before what its provider
lists, and that before the kept tables.
What none of them knows is unknown, and never guessed from another model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_backend.llm.local.model_file import DEFAULT_CONTEXT
from ml_backend.llm.models.kept import kept_abilities
from ml_backend.llm.prices import EVERY_MODEL, Price, find_price
from ml_backend.records import BASELINE_MODEL, Connection, ProviderName
from ml_backend.records.abilities import (
    GIVEN,
    MEASURED,
    Fact,
    ModelAbilities,
    abilities_of,
    by_source,
    merged,
)

ABILITIES = "abilities"
"""Among a connection's details: model -> what is said of it there."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model behind a connection: its name, what it can, what it costs."""

    name: str
    abilities: ModelAbilities
    price: Price | None


def known_model(
    connection: Connection, model: str, measured: Mapping[str, ModelAbilities]
) -> KnownModel:
    """Return what is known of a model; ``measured`` is what asking there showed, lists included."""
    found = measured.get(model, ModelAbilities())
    abilities = merged(
        by_source(found, MEASURED),
        own_abilities(connection, model),
        found,  # what its provider lists
        kept_abilities(connection, model),
    )
    return KnownModel(model, abilities, find_price(connection, model))


def _is_shown(abilities: ModelAbilities) -> bool:
    return by_source(abilities, MEASURED) != ModelAbilities()


def own_abilities(connection: Connection, model: str) -> ModelAbilities:
    """Return what is said of the connection itself."""
    if connection.provider is ProviderName.LOCAL:
        context = connection.details.get("context") or DEFAULT_CONTEXT
        return ModelAbilities(context=Fact(int(context), GIVEN))
    if connection.provider is ProviderName.BASELINE:
        none = Fact(False, "the offline baseline asks no model")
        return ModelAbilities(images=none, pdfs=none, reasoning=none, logprobs=none)
    said = connection.details.get(ABILITIES)
    return abilities_of(said.get(model)) if isinstance(said, Mapping) else ModelAbilities()


def names_of(
    connection: Connection, *more: str, measured: Mapping[str, ModelAbilities] | None = None
) -> list[str]:
    """Return the models a connection is known to have, without asking it: its own, then others."""
    if connection.provider is ProviderName.BASELINE:
        return [BASELINE_MODEL]
    cached = connection.details.get("cached_available_models")
    given = cached.replace("\n", ",").split(",") if isinstance(cached, str) else []
    found = (
        connection.default_model,
        connection.deployment,
        *(name for name in connection.prices if name != EVERY_MODEL),
        *(name for name, each in (measured or {}).items() if _is_shown(each)),
        *(name.strip().strip("[]\"' ") for name in given),
        *more,
    )
    return list(dict.fromkeys(filter(None, found)))
