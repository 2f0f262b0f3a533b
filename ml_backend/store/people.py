"""Who made a row: a person as JSON, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ml_backend.records import JsonObject, Person


def person_column(person: Person | None) -> JsonObject | None:
    """Return what a ``created_by`` column holds."""
    return asdict(person) if person is not None else None


def read_person(value: Any) -> Person | None:
    """Return the person of a ``created_by`` column."""
    return Person(**value) if isinstance(value, dict) else None
