"""A prompt as a file, out and in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ml_backend.web.api.wire.parts import Exact, Id, Shown
from ml_backend.web.api.wire.prompts import Title


class PromptFileAnswer(Shown):
    """A prompt as a YAML file: all its versions, no keys."""

    prompt: int
    title: str
    file: str
    """The same prompt gives the same bytes."""
    left_out: list[str]
    """Parameters that may hold a key, as "version: name"."""


class PromptImport(Exact):
    """A prompt file to read in for a project."""

    file: Annotated[str, Field(min_length=1, description="The YAML of a prompt file.")]
    project: Id
    title: Annotated[
        Title | None, Field(description="What the prompt is called; null as in the file.")
    ] = None
    dry_run: Annotated[
        bool, Field(description="Only check the file and say what would be done.")
    ] = False


class ImportedVersion(Shown):
    """What becomes of a version of the file."""

    title: str
    """What it is called in the prompt."""
    in_file: str
    action: Literal["add", "keep"]
    """``keep``: a version that asks the same stands already."""
    id: int | None = None
    """null where it would be added."""
    provider: str
    provider_model_id: str
    connection: str | None = None


class ImportAnswer(Shown):
    """What an import did, or would do."""

    dry_run: bool
    prompt: int | None = None
    """null where it would be made."""
    title: str
    new_prompt: bool
    project: int
    new_project: bool
    """Whether the prompt was not the project's before."""
    versions: list[ImportedVersion]
    notes: list[str]
