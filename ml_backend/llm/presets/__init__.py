"""Servers that speak OpenAI's protocol, each with its address and its ways: ``PRESETS`` by name.

A preset makes an ordinary connection of provider Custom, which keeps its name. Nothing is asked
otherwise because of it: what a server takes is learnt from its answers, as with any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ml_backend.llm.presets.hosted import HOSTED
from ml_backend.llm.presets.own import OWN
from ml_backend.llm.presets.preset import Preset
from ml_backend.records import Connection, ProviderName

__all__ = ["PRESET", "PRESETS", "Preset", "preset_of", "price_table_at"]

PRESET = "preset"
"""Where a connection's details keep the name."""

PRESETS: Mapping[str, Preset] = {each.name: each for each in (*HOSTED, *OWN)}


def preset_of(connection: Connection) -> Preset | None:
    """Return the preset a connection was made with, or whose vendor's host it leads to."""
    if connection.provider is not ProviderName.CUSTOM:
        return None
    named = PRESETS.get(str(connection.details.get(PRESET, "")))
    if named is not None:
        return named
    return _hosted_at(connection.endpoint)


def price_table_at(address: str) -> str:
    """Return the name in the table of prices of the vendor whose own host an address is."""
    found = _hosted_at(address)
    return found.price_table if found is not None else ""


def _hosted_at(address: str) -> Preset | None:
    try:
        host = urlsplit(address).hostname
    except ValueError:
        return None
    return next((each for each in HOSTED if host in each.hosts), None)
