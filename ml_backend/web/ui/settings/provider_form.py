"""The part of a connection's form that is its provider's: shown and read as its facts have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from ml_backend.llm import ProviderFacts, facts_of
from ml_backend.llm.presets import PRESET, PRESETS, Preset, preset_of
from ml_backend.llm.provider_facts import API_KEY, CREDENTIALS, ENDPOINT
from ml_backend.records import Connection, JsonObject, ProviderName
from ml_backend.services.callers.connection_fields import (
    FIELDS,
    IN_DETAILS,
    ConnectionField,
    fields_of,
    value_of,
)
from ml_backend.services.callers.connection_rules import provider_choices
from ml_backend.services.connecting.backend_urls import plain

COLUMNS = tuple(
    name for name, field in FIELDS.items() if not field.is_secret and name not in IN_DETAILS
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One field as it stands in the form."""

    field: ConnectionField
    value: str
    """Never of a secret."""
    is_needed: bool
    is_kept: bool
    """Whether a secret is kept."""
    example: str

    @property
    def is_long(self) -> bool:
        return self.field.name == CREDENTIALS


@dataclass(frozen=True, slots=True)
class ProviderForm:
    """All that the choice of a provider changes."""

    chosen: str
    facts: ProviderFacts
    preset: Preset | None
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Headings with (value, title) of the choices below each."""
    fields: tuple[Shown, ...]

    @property
    def title(self) -> str:
        return self.preset.title if self.preset else self.facts.title

    @property
    def keys(self) -> str:
        return self.preset.keys if self.preset else self.facts.keys

    @property
    def documentation(self) -> str:
        return (self.preset or self.facts).documentation

    @property
    def documented(self) -> str:
        return (self.preset or self.facts).documented

    @property
    def looked_up(self) -> tuple[str, ...]:
        return (self.preset or self.facts).looked_up

    @property
    def quirks(self) -> tuple[str, ...]:
        return self.preset.quirks if self.preset else ()

    @property
    def model(self) -> str:
        """A model's name by way of example."""
        return self.preset.model if self.preset else self.facts.example.get("model", "")


def provider_form(connection: Connection, *, new: bool) -> ProviderForm:
    """Return the form's part for the provider asked for, else that of the connection."""
    kept = preset_of(connection)
    own = connection.provider.value + (f":{kept.name}" if kept else "")
    provider, preset = _read(request.args.get("provider", "") or own)
    if provider not in provider_choices():
        provider, preset = connection.provider.value, kept
    facts = facts_of(ProviderName(provider))
    chosen = provider + (f":{preset.name}" if preset else "")
    return ProviderForm(
        chosen,
        facts,
        preset,
        _groups(),
        tuple(_shown(each, connection, facts, preset, new=new) for each in fields_of(facts)),
    )


def given_fields(before: Connection) -> tuple[str, dict[str, str], JsonObject]:
    """Return the provider that a form names, and what it says in its fields: columns, details.

    What is of another provider is left empty.
    """
    provider, preset = _read(request.form.get("provider", "") or before.provider.value)
    names: set[str] = set()
    if provider in provider_choices():
        names = {each.name for each in fields_of(facts_of(ProviderName(provider)))}
    said = {
        name: request.form.get(name, "").strip() if name in names else ""
        for name in (*COLUMNS, *IN_DETAILS)
    }
    details: JsonObject = {
        name: said[name] for name in IN_DETAILS if said[name] or name in before.details
    }
    if preset or before.details.get(PRESET):
        details[PRESET] = preset.name if preset else ""
    return provider, {name: said[name] for name in COLUMNS}, details


def given_secrets() -> dict[str, Any]:
    """Return the secrets that a form gives; those left blank are none."""
    said = {
        name: request.form.get(name, "").strip() for name, each in FIELDS.items() if each.is_secret
    }
    key = said.pop(API_KEY)
    return {"api_key": key, "secrets": {name: text for name, text in said.items() if text}}


def _read(chosen: str) -> tuple[str, Preset | None]:
    provider, _, preset = chosen.partition(":")
    return provider, PRESETS.get(preset) if provider == ProviderName.CUSTOM else None


def _groups() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    known = [facts_of(ProviderName(name)) for name in provider_choices()]
    any_other = tuple(
        (each.name.value, each.title) for each in known if each.name is ProviderName.CUSTOM
    )
    presets = [(f"{ProviderName.CUSTOM.value}:{name}", each) for name, each in PRESETS.items()]
    return (
        (
            "Providers",
            tuple((e.name.value, e.title) for e in known if e.name is not ProviderName.CUSTOM),
        ),
        ("Hosted, OpenAI-compatible", tuple((v, e.title) for v, e in presets if not e.is_own)),
        (
            "On a machine of yours, OpenAI-compatible",
            (*((v, e.title) for v, e in presets if e.is_own), *any_other),
        ),
    )


def _shown(
    field: ConnectionField,
    connection: Connection,
    facts: ProviderFacts,
    preset: Preset | None,
    *,
    new: bool,
) -> Shown:
    value, is_needed = value_of(connection, field.name), field.name in facts.needs
    examples: Mapping[str, str] = facts.example
    if field.name == ENDPOINT:
        value = plain(value).partition("?")[0]
        if preset and (new or preset is not preset_of(connection)):
            value = preset.address
    if field.is_secret:
        needs_secret = preset.needs_key if preset else facts.needs_secret
        is_needed = needs_secret and len(facts.secrets) == 1
    return Shown(
        field,
        "" if field.is_secret else value,
        is_needed,
        bool(value) and field.is_secret,
        examples.get(field.name, ""),
    )
