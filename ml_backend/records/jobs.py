"""Work in the background."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ml_backend.kinds import JobKind, RunStatus
from ml_backend.records.json_types import JsonObject
from ml_backend.records.people import Person


@dataclass(frozen=True, slots=True)
class Job:
    """Work that goes on in the background; ``result`` is its report once it is Completed."""

    id: int
    kind: JobKind
    prompt_id: int | None
    version_id: int | None
    project_id: int | None
    status: RunStatus
    request: JsonObject
    result: JsonObject
    message: str
    """What it does now, or why it failed."""
    created_by: Person | None
    created_at: datetime
    completed_at: datetime | None
    cancel_requested: bool = False
    """Whether somebody wants it to end with what there is."""
