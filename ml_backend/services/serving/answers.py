"""What answers a project, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.records import Outcome, Prompt, PromptVersion, Region


@dataclass(frozen=True, slots=True)
class Answers:
    """One outcome for each task asked for, in their order; None was not reached."""

    label: str
    outcomes: tuple[Outcome | None, ...]


@dataclass(frozen=True, slots=True)
class Serving:
    """What answers a project now; ``prompt`` is None for a text typed into the task itself."""

    prompt: Prompt | None
    version: PromptVersion
    label: str
    echo: tuple[Region, ...] = ()
    """Regions of the text areas the prompt was typed into, to be given back with the answer."""
