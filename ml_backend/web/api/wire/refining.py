"""A teacher's better prompt: what it is asked and what it proposes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ml_backend.records import RunStatus, TruthSource
from ml_backend.web.api.wire.parts import Given, Id, Shown
from ml_backend.web.api.wire.prompts import VersionAnswer


def _flag(value: Any) -> Any:
    return value.casefold() == "true" if value in ("True", "False") else value


class RefineQuery(Given):
    """Whether to wait for the teacher."""

    is_async: Annotated[
        bool | None, BeforeValidator(_flag), Field(alias="async", description="Answer at once.")
    ] = None


class RefineCreate(Given):
    """A teacher model for a version, and the project whose mistakes it is shown."""

    project_id: Id
    teacher_model_name: Annotated[str, Field(min_length=1, max_length=200)]
    teacher_model_provider_connection_id: Id


class RefineFind(Given):
    """Which refinement; without one the version's last."""

    refinement_job_id: Annotated[str, Field(pattern=r"^\d{1,9}$")] | None = None


class RefinedAnswer(Shown):
    """A prompt that a teacher proposes; it becomes a version when one is made of it."""

    prompt: str
    """Empty until the job has ended."""
    title: str | None = None
    reasoning: str | None = None
    diff: str | None = None
    """What changed, as ``diff -u`` says it. Ours, as the next two."""
    examples: int | None = None
    """Tasks the teacher was shown; none of those held out."""
    held_out: int | None = None
    """Tasks with a truth that no teacher sees: what a version made of it is scored on."""
    truth: TruthSource | None = None
    """Which annotations it took for right; null while it goes on."""
    previous_version: VersionAnswer
    total_cost: str | None = None
    """Dollars; null while it goes on and when the teacher's price is unknown."""
    refinement_job_id: str
    refinement_status: RunStatus
    error: str | None = None
