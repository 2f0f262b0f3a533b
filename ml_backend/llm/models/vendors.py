"""Whose a connection's model is: by its provider, or the address it leads to, or LiteLLM's prefix.

A server of one's own is nobody's: a model's name says nothing about what runs behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ml_backend.records import Connection, ProviderName

OPENAI, AZURE, ANTHROPIC, GOOGLE, VERTEX = "openai", "azure", "anthropic", "google", "vertex"
GROQ, MISTRAL, DEEPSEEK = "groq", "mistral", "deepseek"

_PROVIDERS = {
    ProviderName.OPENAI: OPENAI,
    ProviderName.ANTHROPIC: ANTHROPIC,
    ProviderName.GEMINI: GOOGLE,
    ProviderName.VERTEX_AI: VERTEX,
}
"""Providers whose connection may lead to a gateway instead, by its endpoint."""

_AZURE = (ProviderName.AZURE_OPENAI, ProviderName.AZURE_AI_FOUNDRY)

_HOSTS = {
    "api.openai.com": OPENAI,
    "eu.api.openai.com": OPENAI,
    "us.api.openai.com": OPENAI,
    "api.anthropic.com": ANTHROPIC,
    "generativelanguage.googleapis.com": GOOGLE,
    "api.groq.com": GROQ,
    "api.mistral.ai": MISTRAL,
    "api.deepseek.com": DEEPSEEK,
}
_DOMAINS = {
    "openai.azure.com": AZURE,
    "services.ai.azure.com": AZURE,
    "cognitiveservices.azure.com": AZURE,
    "aiplatform.googleapis.com": VERTEX,
}

_PREFIXES = {
    "openai": OPENAI,
    "azure": AZURE,
    "azure_ai": AZURE,
    "anthropic": ANTHROPIC,
    "gemini": GOOGLE,
    "vertex_ai": VERTEX,
    "groq": GROQ,
    "mistral": MISTRAL,
    "deepseek": DEEPSEEK,
}
"""LiteLLM's own names, before the slash."""


@dataclass(frozen=True, slots=True)
class Named:
    """A model by its vendor's own name; ``vendor`` is "" where nobody can tell whose it is."""

    vendor: str
    model: str


def named(connection: Connection, model: str) -> Named:
    """Return whose model a connection asks, and how that vendor calls it."""
    name = model.strip().casefold()
    if connection.provider is ProviderName.LITELLM:
        prefix, slash, rest = name.partition("/")
        vendor = "" if connection.endpoint or not slash else _PREFIXES.get(prefix, "")
        return Named(vendor, _plain(vendor, rest) if vendor else name)
    vendor = _vendor(connection)
    return Named(vendor, _plain(vendor, name))


def bare_name(name: str) -> str:
    """Return one of Google's models by its name alone.

    It lists them as ``models/gemini-…`` and ``publishers/google/models/gemini-…``, and others write
    ``google/gemini-…``.
    """
    return name.rpartition("/")[2]


def _vendor(connection: Connection) -> str:
    if connection.provider in _AZURE:
        return AZURE
    if connection.provider in _PROVIDERS and not connection.endpoint:
        return _PROVIDERS[connection.provider]
    if connection.provider in (ProviderName.LOCAL, ProviderName.BASELINE):
        return ""
    try:
        host = (urlsplit(connection.endpoint).hostname or "").casefold().rstrip(".")
    except ValueError:
        return ""
    if host in _HOSTS:
        return _HOSTS[host]
    for domain, vendor in _DOMAINS.items():
        if host == domain or host.endswith((f".{domain}", f"-{domain}")):
            return vendor
    return ""


def _plain(vendor: str, name: str) -> str:
    """A model's name without routes and the like that mean the same model."""
    if vendor in (GOOGLE, VERTEX):
        name = bare_name(name)
    if vendor in (OPENAI, AZURE) and name.startswith("ft:"):
        # A fine-tuned model goes when the one it was made of goes.
        parts = name.split(":")
        return parts[1] if len(parts) > 1 and parts[1] else name
    if vendor == AZURE:
        return name.replace("gpt-35-", "gpt-3.5-", 1) if name.startswith("gpt-35-") else name
    return name
