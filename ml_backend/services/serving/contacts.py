"""What the connections of projects said, which `/predict` does not say again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ml_backend.records import was_made_after
from ml_backend.services.serving.prompt_sources import Address
from ml_backend.store import Store


class Contacts:
    """Remembers it by project and path, in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(
        self, project_id: int, address: Address, made_at: datetime | None
    ) -> Mapping[str, Any]:
        """Return what a connection said; nothing where that was said of an earlier project."""
        contact = self._store.contacts.find(project_id, address.path) or {}
        is_older = contact and made_at and was_made_after(made_at, contact["seen_at"])
        return {} if is_older else contact

    def remember(
        self, project_id: int, address: Address, made_at: datetime | None, said: Mapping[str, Any]
    ) -> None:
        """Keep what a connection says, where that is new."""
        known = self.find(project_id, address, made_at)
        if not known or any(known[name] != value for name, value in said.items()):
            self._store.contacts.remember(project_id, address.path, **said)
