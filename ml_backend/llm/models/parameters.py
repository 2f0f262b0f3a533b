"""Which parameters the provider behind a connection takes, and within which bounds."""

from __future__ import annotations

from collections.abc import Mapping

from ml_backend.llm import facts_of
from ml_backend.llm.provider_facts import SERVER_PARAMETERS
from ml_backend.prompting.parameters import KNOWN, Kind, Number, check
from ml_backend.records import Connection, JsonObject, ProviderName

_NARROWER: Mapping[ProviderName, Mapping[str, Kind]] = {
    ProviderName.ANTHROPIC: {
        "temperature": Number(0, 1),
        "top_k": Number(0, 1_000_000, whole=True),
    },
    ProviderName.GEMINI: {"top_k": Number(1, 1_000_000, whole=True)},
    ProviderName.VERTEX_AI: {"top_k": Number(1, 1_000_000, whole=True)},
}
"""Where a provider documents bounds that are narrower than those of most."""


def kinds_of(connection: Connection) -> Mapping[str, Kind]:
    """Return name -> what it takes, in the order of ``KNOWN``.

    A gateway in OpenAI's place may stand before any server, so it takes what those take. The
    offline baseline reads none, and minds none: it stands in where no model is set up yet.
    """
    provider = connection.provider
    if provider is ProviderName.BASELINE:
        return KNOWN
    takes = facts_of(provider).parameters
    if provider is ProviderName.OPENAI and connection.endpoint:
        takes |= SERVER_PARAMETERS
    own = _NARROWER.get(provider, {})
    return {name: own.get(name, kind) for name, kind in KNOWN.items() if name in takes}


def check_anywhere(provider: ProviderName, parameters: Mapping[str, object]) -> JsonObject:
    """Return parameters that a provider takes at some connection; raises as ``check_at``."""
    return check_at(Connection(None, "", provider, endpoint="https://example.com"), parameters)


def check_at(connection: Connection, parameters: Mapping[str, object]) -> JsonObject:
    """Return parameters that the provider takes; raises InvalidInput naming what it does not."""
    return check(parameters, kinds_of(connection), of=facts_of(connection.provider).title)
