"""What the kept tables know of a model: ``genai-prices`` where it has it, our own for the rest."""

from __future__ import annotations

from functools import cache, lru_cache

from ml_backend.llm.models.tables.families import FAMILIES
from ml_backend.llm.models.tables.retirements import RETIREMENTS
from ml_backend.llm.models.vendors import Named, named
from ml_backend.llm.prices import Listed, listed
from ml_backend.records import Connection
from ml_backend.records.abilities import Fact, ModelAbilities, merged

FORMS = frozenset({"json_schema", "tool", "json_object", "text"})
EVERY = "*"
_ENDS = ("-", ":", "@")


def kept_abilities(connection: Connection, model: str) -> ModelAbilities:
    """Return what the tables know of a model behind a connection."""
    found = listed(connection, model)
    return merged(documented(connection, model), _listed(found) if found else ModelAbilities())


def documented(connection: Connection, model: str) -> ModelAbilities:
    """Return what our own tables know of it."""
    known = named(connection, model)
    return merged(_retirement(known), _family(known))


def retirement_of(connection: Connection, model: str) -> ModelAbilities:
    """Return when a model is switched off and what takes its place, without loading any prices."""
    return _retirement(named(connection, model))


def _listed(found: Listed) -> ModelAbilities:
    def fact(value: int | bool | None) -> Fact | None:
        return Fact(value, found.source, found.dated) if value else None

    return ModelAbilities(context=fact(found.context), deprecated=fact(found.deprecated))


@lru_cache(maxsize=1024)
def _retirement(known: Named) -> ModelAbilities:
    found = _days(known.vendor).get(known.model)
    page = RETIREMENTS.get(known.vendor)
    if found is None or page is None:
        return ModelAbilities()
    day, replacement = found
    return ModelAbilities(
        deprecated=Fact(True, page.source, page.dated),
        retires=Fact(day, page.source, page.dated),
        replacement=Fact(replacement, page.source, page.dated) if replacement else None,
    )


@cache
def _days(vendor: str) -> dict[str, tuple[str, str]]:
    """Model -> the day it goes, and what replaces it."""
    page = RETIREMENTS.get(vendor)
    found: dict[str, tuple[str, str]] = {}
    for line in filter(None, map(str.strip, page.lines.splitlines() if page else ())):
        names, _, replacement = line.partition(" > ")
        day, *models = names.split()
        found.update(dict.fromkeys(models, (day, replacement.strip())))
    return found


@lru_cache(maxsize=1024)
def _family(known: Named) -> ModelAbilities:
    families = _families(known.vendor)
    mine = [name for name in families if _belongs(known.model, name)]
    best = families[max(mine, key=len)] if mine else ModelAbilities()
    return merged(best, families.get(EVERY, ModelAbilities()))


def _belongs(model: str, family: str) -> bool:
    return model == family or model.startswith(tuple(f"{family}{end}" for end in _ENDS))


@cache
def _families(vendor: str) -> dict[str, ModelAbilities]:
    found: dict[str, ModelAbilities] = {}
    for page in FAMILIES.get(vendor, ()):
        for line in filter(None, map(str.strip, page.lines.splitlines())):
            name, *signs = line.split()
            found[name] = ModelAbilities(
                **{
                    ("form" if sign in FORMS else sign[1:]): Fact(
                        sign if sign in FORMS else sign[0] == "+", page.source, page.dated
                    )
                    for sign in signs
                }
            )
    return found
