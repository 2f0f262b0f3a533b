"""Which models in use are retired, or will be soon, in words."""

from __future__ import annotations

from ml_backend.records import Connection
from ml_backend.services.models.model_catalogue import ModelCatalogue

MOST_NAMED = 3


def say_retiring(
    catalogue: ModelCatalogue, connection: Connection, of_versions: bool
) -> tuple[str, str] | None:
    """Return what is about to be retired at a connection and what to do; None for nothing.

    ``of_versions`` counts what versions ask as well, beside the connection's default model.
    """
    found = catalogue.retiring(connection, of_versions=of_versions)
    if not found:
        return None
    more = len(found) - MOST_NAMED
    message = " ".join(found[:MOST_NAMED]) + (f" And {more} more." if more > 0 else "")
    fix = "Make versions that name another model, and compare them before it is gone."
    return message, fix
