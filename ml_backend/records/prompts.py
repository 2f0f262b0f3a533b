"""Prompts, their versions, and the model version strings they own in Label Studio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml_backend.kinds import Origin, ProviderName, Slot
from ml_backend.records.confidence import ConfidenceWay
from ml_backend.records.json_types import JsonObject
from ml_backend.records.people import Person


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt: what Enterprise's SDK calls a ModelInterface."""

    id: int
    title: str
    description: str
    project_ids: tuple[int, ...]
    active_version_id: int | None
    """Chosen by hand; None follows the last published All run, else the newest version."""
    created_at: datetime
    updated_at: datetime
    origin: Origin = Origin.BY_HAND
    """Prompts that come from a connection or project are not that project's own choice."""
    created_by: Person | None = None
    """None for one made by command: it belongs to who runs the server."""
    organization: int | None = None
    skill_name: str = ""
    input_fields: Any = None
    output_classes: Any = None


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """One version of a prompt with the model that answers it."""

    id: int
    prompt_id: int
    title: str
    text: str
    provider: ProviderName
    model: str
    connection_id: int | None
    max_few_shot_examples: int
    parameters: JsonObject
    created_at: datetime
    updated_at: datetime
    origin: Origin = Origin.BY_HAND
    created_by: Person | None = None
    organization: int | None = None
    refined_from: int | None = None
    """The version a teacher made it from; it is scored on tasks that no teacher saw."""
    system_prompt: str = ""
    """Sent before all else, the same for every task; it names no task data."""
    confidence: ConfidenceWay = ConfidenceWay.AUTO

    @property
    def is_lenient(self) -> bool:
        """True for prose written elsewhere: braces that name no task data stay as they are."""
        return self.origin is not Origin.BY_HAND


@dataclass(frozen=True, slots=True)
class Label:
    """A model version string of ours in one project of one Label Studio."""

    label: str
    prompt_id: int
    version_id: int
    slot: Slot
    project_id: int
    is_written: bool = True
    """Whether we wrote under it: rows under it are ours then, and not before."""
    is_checked: bool = True
    """Whether it was looked whether the project held rows of others under it."""
    watermark: int = 0
    """Rows with ids up to this one stood there before us, and are not ours."""
