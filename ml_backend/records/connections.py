"""Connections to model providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ml_backend.kinds import ProviderName, Scope
from ml_backend.records.json_types import JsonObject
from ml_backend.records.people import Person

BASELINE_MODEL = "nearest-annotated-tasks"
"""The one model of the offline baseline."""

KEY_UNREADABLE = "Its key cannot be read: SECRET_KEY has changed since it was saved."


@dataclass(frozen=True, slots=True)
class Connection:
    """Credentials and endpoint of a model provider; ``id`` None is the one from the environment."""

    id: int | None
    title: str
    provider: ProviderName
    endpoint: str = ""
    deployment: str = ""
    api_version: str = ""
    default_model: str = ""
    api_key: str = field(default="", repr=False)
    prices: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Model -> (prompt, completion) dollars per million tokens; goes before the price table."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    scope: Scope = Scope.ORGANIZATION
    created_by: Person | None = None
    """None for one made by command: it belongs to who runs the server."""
    organization: int | None = None
    details: JsonObject = field(default_factory=dict)
    """What the SDK keeps of a connection, and what the process of a local model is started with."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets besides ``api_key``, by the SDK's names."""
    budget_limit: float | None = None
    """Dollars it may spend in a ``budget_period``; None has no limit."""
    budget_period: str = ""
    is_unreadable: bool = False
    """Whether it has a key, or another secret, that no SECRET_KEY at hand decrypts."""
