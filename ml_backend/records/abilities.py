"""What a model can do, each fact with where it is from; what nobody knows is None, no guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from ml_backend.records.json_types import JsonObject

MEASURED = "measured"
"""The source of what asking the model showed."""
GIVEN = "given for this connection"

JSON_SCHEMA = "json_schema"
TOOL = "tool"
JSON_OBJECT = "json_object"
TEXT = "text"
FORMS = (JSON_SCHEMA, TOOL, JSON_OBJECT, TEXT)
"""The forms a structured answer is asked for in, the best first."""

Value = int | bool | str


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known of a model: what, from where, and as of which ISO date."""

    value: Value
    source: str
    dated: str = ""


@dataclass(frozen=True, slots=True)
class ModelAbilities:
    """Facts about a model; each is None where nobody knows."""

    context: Fact | None = None
    """Tokens of its context."""
    images: Fact | None = None
    """Whether it takes pictures."""
    pdfs: Fact | None = None
    """Whether it takes PDF files as they are."""
    reasoning: Fact | None = None
    """Whether it thinks before it answers."""
    logprobs: Fact | None = None
    """Whether it tells the log-probabilities of its tokens."""
    form: Fact | None = None
    """The best of ``FORMS`` that it takes."""
    deprecated: Fact | None = None
    """Whether its vendor advises against it."""
    retires: Fact | None = None
    """The ISO date from which it is not answered any more."""
    replacement: Fact | None = None
    """The model its vendor names in its place."""

    @property
    def retires_on(self) -> date | None:
        return date.fromisoformat(str(self.retires.value)) if self.retires else None


NAMES = tuple(each.name for each in fields(ModelAbilities))

_KINDS: Mapping[str, type] = {
    "context": int,
    "form": str,
    "retires": str,
    "replacement": str,
    **dict.fromkeys(("images", "pdfs", "reasoning", "logprobs", "deprecated"), bool),
}


def merged(*known: ModelAbilities) -> ModelAbilities:
    """Return each fact as the first that has it knows it: who is believed most comes first."""
    found: dict[str, Fact] = {}
    for each in known:
        for name in NAMES:
            fact = getattr(each, name)
            if fact is not None:
                found.setdefault(name, fact)
    return ModelAbilities(**found)


def by_source(abilities: ModelAbilities, source: str) -> ModelAbilities:
    """Return those of the facts that are from a source."""
    known = {name: getattr(abilities, name) for name in NAMES}
    return ModelAbilities(
        **{name: fact for name, fact in known.items() if fact is not None and fact.source == source}
    )


def brought_up_to_date(found: ModelAbilities, before: ModelAbilities) -> ModelAbilities:
    """Return what is known after a look: what asking showed stays before what was only said."""
    shown = by_source(found, MEASURED), by_source(before, MEASURED)
    return merged(*shown, found, before)


def measured(dated: str, **values: Value | None) -> ModelAbilities:
    """Return what asking a model showed on a day; None is what was not found out."""
    return ModelAbilities(
        **{
            name: Fact(value, MEASURED, dated)
            for name, value in values.items()
            if value is not None
        }
    )


def abilities_json(abilities: ModelAbilities) -> JsonObject:
    """Return the facts that are known, by name."""
    known = {name: getattr(abilities, name) for name in NAMES}
    return {
        name: {"value": fact.value, "source": fact.source, "dated": fact.dated}
        for name, fact in known.items()
        if fact is not None
    }


def abilities_of(row: Mapping[str, Any] | None) -> ModelAbilities:
    """Return facts as they were kept; what is none, or of another kind, is left out."""
    found = ModelAbilities()
    for name, kept in (row or {}).items():
        value: Any = kept.get("value") if isinstance(kept, Mapping) else None
        if name not in _KINDS or not _fits(name, value):
            continue
        fact = Fact(value, str(kept.get("source") or MEASURED), str(kept.get("dated") or ""))
        found = replace(found, **{name: fact})
    return found


def _fits(name: str, value: Any) -> bool:
    kind = _KINDS[name]
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if name == "retires":
        return is_day(value)
    return isinstance(value, kind) and value != ""


def is_day(value: object) -> bool:
    """Return whether something is an ISO date."""
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return isinstance(value, str)
