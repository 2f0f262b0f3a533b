"""What is asked of a race, as a job keeps it, and what whoever does it is told by."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ml_backend.labelstudio import Project
from ml_backend.records import (
    ConfidenceWay,
    Job,
    JsonObject,
    Person,
    Prompt,
    PromptVersion,
    TruthSource,
)
from ml_backend.services.racing.entrants import Entrant, from_json, to_json

TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class RaceRequest:
    """What is raced, on whose truths, and what it may cost."""

    project: Project
    prompt: Prompt
    version: PromptVersion
    entrants: tuple[Entrant, ...]
    tolerance: float = TOLERANCE
    budget: float | None = None
    truth: TruthSource | None = None
    person: Person | None = None
    """Who asks; None by command."""
    seed: str = field(default_factory=lambda: secrets.token_hex(8))
    """Of the random order of tasks."""

    def document(self) -> JsonObject:
        """Return what a job keeps of it: the version as it is now, whatever is edited meanwhile."""
        return {
            "entrants": to_json(self.entrants),
            "tolerance": self.tolerance,
            "budget": self.budget,
            "truth": self.truth.value if self.truth else None,
            "seed": self.seed,
            "text": self.version.text,
            "parameters": dict(self.version.parameters),
            "system_prompt": self.version.system_prompt,
            "confidence": self.version.confidence.value,
        }

    @classmethod
    def of(cls, job: Job, project: Project, prompt: Prompt, version: PromptVersion) -> RaceRequest:
        """Return what a job keeps."""
        kept = job.request
        return cls(
            project,
            prompt,
            version_raced(job, version),
            tuple(from_json(kept["entrants"])),
            kept["tolerance"],
            kept["budget"],
            TruthSource(kept["truth"]) if kept["truth"] else None,
            job.created_by,
            kept["seed"],
        )


def version_raced(job: Job, version: PromptVersion) -> PromptVersion:
    """Return a race's version as it was asked, whatever was edited since."""
    kept = job.request
    return replace(
        version,
        text=kept["text"],
        parameters=kept["parameters"],
        system_prompt=kept["system_prompt"],
        confidence=ConfidenceWay(kept.get("confidence", ConfidenceWay.NONE)),
    )


def winner_of(job: Job) -> Entrant | None:
    """Return who won a race, None where nobody did by now."""
    rows = job.result.get("models") or []
    row = next((each for each in rows if each.get("state") == "winner"), None)
    if row is None:
        return None
    names = ("model", "connection_id", "connection", "provider", "few_shot")
    return Entrant(**{name: row[name] for name in names})


@dataclass(frozen=True, slots=True)
class Doing:
    """A race under way, as whoever keeps its job sees it."""

    job_id: int
    look: Callable[[], bool]
    """Returns whether somebody wants it to end; raises where it is another's now."""
    say: Callable[[str], None]
    show: Callable[[JsonObject], None]
    """Takes how it stands, for people who watch."""
