"""The fields of a connection, by the names that ``ProviderFacts`` has, and what a provider lacks.

Which of them a provider needs or takes its own module says; a new provider is no line here, a
field that none had before is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ml_backend.errors import InvalidInput
from ml_backend.llm import ProviderFacts, facts_of
from ml_backend.llm.presets import PRESET, PRESETS
from ml_backend.llm.provider_facts import (
    API_KEY,
    API_VERSION,
    AUTH_TOKEN,
    CREDENTIALS,
    DEPLOYMENT,
    ENDPOINT,
    LOCATION,
    LONGEST_CREDENTIALS,
    PERSON,
    PROJECT,
    SERVICE_ACCOUNT,
)
from ml_backend.next_steps import Step
from ml_backend.records import Connection, JsonObject, ProviderName

NO_KEY = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ConnectionField:
    """One field, as each face calls it."""

    name: str
    label: str
    """On the pages."""
    phrase: str
    """In a sentence: what a connection needs."""
    option: str
    """Of the command line, without its dashes."""
    given_as: str
    """The API's name: the SDK's where that has one."""
    is_secret: bool = False
    help: str = ""


FIELDS: Mapping[str, ConnectionField] = {
    field.name: field
    for field in (
        ConnectionField(ENDPOINT, "Endpoint", "an endpoint", "endpoint", "endpoint"),
        ConnectionField(DEPLOYMENT, "Deployment", "a deployment", "deployment", "deployment_name"),
        ConnectionField(API_VERSION, "API version", "an API version", "api-version", "api_version"),
        ConnectionField(
            PROJECT, "Google project", "a Google project", "google-project", "google_project_id"
        ),
        ConnectionField(
            LOCATION, "Google location", "a Google location", "google-location", "google_location"
        ),
        ConnectionField(API_KEY, "API key", "an API key", "api-key-env", "api_key", True),
        ConnectionField(
            AUTH_TOKEN, "Auth token", "an auth token", "auth-token-env", "auth_token", True
        ),
        ConnectionField(
            CREDENTIALS,
            "Google credentials",
            "Google credentials",
            "google-credentials",
            "google_application_credentials",
            True,
            "The whole text of the service account’s JSON file.",
        ),
    )
}
IN_DETAILS = (PROJECT, LOCATION)
"""Those that a connection keeps among its details."""


def fields_of(facts: ProviderFacts) -> tuple[ConnectionField, ...]:
    """Return the fields of a provider's connections: what it needs, may have, and its secrets."""
    return tuple(FIELDS[name] for name in (*facts.needs, *facts.takes, *facts.secrets))


def value_of(connection: Connection, name: str) -> str:
    """Return what a connection has in a field, "" for nothing."""
    if name in IN_DETAILS:
        return str(connection.details.get(name) or "")
    if name in (AUTH_TOKEN, CREDENTIALS):
        return connection.secrets.get(name, "")
    if name == API_KEY:
        # A token stands in the key's place as well.
        is_token = connection.api_key == connection.secrets.get(AUTH_TOKEN)
        return "" if is_token else connection.api_key
    return str(getattr(connection, name))


def check_needs(
    provider: ProviderName, given: Mapping[str, str], touched: Collection[str] | None = None
) -> None:
    """Raise InvalidInput, naming the field, where a connection would lack what it needs.

    ``given`` is what it would have, by the names of ``FIELDS``. Of ``touched`` fields alone, None
    for all: what was kept in another time may stay.
    """
    facts = facts_of(provider)
    for name in facts.needs:
        if not given.get(name) and (touched is None or name in touched):
            raise lacking(facts, FIELDS[name])
    is_new = touched is None or CREDENTIALS in touched
    if is_new and CREDENTIALS in facts.secrets and given.get(CREDENTIALS):
        check_credentials(given[CREDENTIALS])
    for name in (API_KEY, AUTH_TOKEN):
        if touched is None or name in touched:
            _check_key(FIELDS[name], given.get(name, ""))
    opened = touched is None or any(FIELDS[name].is_secret for name in touched)
    if opened and facts.needs_secret and not _has_secret(facts, given):
        raise lacking(facts, *(FIELDS[name] for name in facts.secrets))


def check_shared(provider: ProviderName, given: Mapping[str, str]) -> None:
    """Raise InvalidInput where a key of the whole organization would go wherever a version says."""
    facts = facts_of(provider)
    for name in facts.shared_needs:
        if given.get(API_KEY) and not given.get(name):
            why = " where a whole organization uses its key: it says which vendor that is of"
            raise lacking(facts, FIELDS[name], why=why)


def _check_key(field: ConnectionField, text: str) -> None:
    """Raise InvalidInput for what no header can hold; credentials may be given as a key."""
    if NO_KEY.search(text) and not text.startswith("{"):
        raise InvalidInput(
            f"The {field.label} has a line break or another character in it that none has.",
            field=field.given_as,
            fix="Copy it anew, from its first character to its last.",
        )


def _has_secret(facts: ProviderFacts, given: Mapping[str, str]) -> bool:
    # A token does for a key where a provider knows keys alone: the SDK has both.
    taken = {*facts.secrets, *((AUTH_TOKEN,) if API_KEY in facts.secrets else ())}
    return any(given.get(name) for name in taken)


def lacking(facts: ProviderFacts, *fields: ConnectionField, why: str = "") -> InvalidInput:
    """Return the error for what a connection lacks: one of ``fields``, in its provider's words."""
    first = fields[0]
    steps = [
        Step.GIVE_FIELD(field=each.given_as, label=each.label, option=each.option)
        for each in fields
    ]
    said = " Or: ".join(steps)
    if example := facts.example.get(first.name):
        said += f" For example {example}."
    if first.is_secret and facts.keys:
        said += f" It comes from {facts.keys}."
    return InvalidInput(
        f"{facts.name.value} needs {' or '.join(each.phrase for each in fields)}{why}.",
        field=first.given_as,
        fix=said,
    )


def check_credentials(text: str) -> JsonObject:
    """Return the content of a Google credentials file; raises InvalidInput for what is none."""
    try:
        found = json.loads(text) if len(text) <= LONGEST_CREDENTIALS else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("type") not in (SERVICE_ACCOUNT, PERSON):
        raise InvalidInput(
            "These are no Google credentials that a server can use.",
            field=CREDENTIALS,
            fix="Give the whole JSON file of a service account's key, whose type is "
            "service_account, or what gcloud auth application-default login writes.",
        )
    return found


def check_preset(provider: ProviderName, details: JsonObject) -> None:
    """Raise InvalidInput for a preset that there is not, or with another provider than Custom."""
    name = details.get(PRESET)
    if not name:
        return
    if name not in PRESETS:
        raise InvalidInput(
            f'"{str(name)[:60]}" is not a valid choice.',
            field=PRESET,
            fix=f"There are: {', '.join(PRESETS)}.",
        )
    if provider is not ProviderName.CUSTOM:
        raise InvalidInput(
            f"A preset is for the provider Custom, not {provider.value}.",
            field=PRESET,
            fix="Leave the provider out, or the preset.",
        )


def address_of(details: JsonObject) -> str:
    """Return the address of the preset among a connection's details, "" for none."""
    preset = PRESETS.get(str(details.get(PRESET) or ""))
    return preset.address if preset else ""
