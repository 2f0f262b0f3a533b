"""Addresses that an operator put in place of vendors' own: a gateway for all who ask one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ml_backend.llm import facts_of
from ml_backend.records import Connection


class VendorAddresses:
    """Tells where a connection without an endpoint leads; who set that up may lead it anywhere."""

    def __init__(self, addresses: Mapping[str, str] | None = None) -> None:
        """``addresses`` are by variable, "" where one is not set."""
        self._addresses = {name: each for name, each in (addresses or {}).items() if each}

    def of(self, connection: Connection) -> str:
        """Return the operator's address for a connection, "" where it has one of its own."""
        if not self._addresses or connection.endpoint:
            return ""
        return self._addresses.get(facts_of(connection.provider).address_variable, "")

    def placed(self, connection: Connection) -> Connection:
        """Return a connection as it is asked; its prices stay those of its vendor."""
        address = self.of(connection)
        return replace(connection, endpoint=address) if address else connection
