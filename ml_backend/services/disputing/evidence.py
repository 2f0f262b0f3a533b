"""A disputed label with what speaks for it and against it, and pages of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ml_backend.records import JsonObject, Run
from ml_backend.store import CheckedLabel, ClassPair


class Says(StrEnum):
    """What another version says of a disputed label."""

    ANSWER = "answer"
    """The same as the answer that disputes it."""
    LABEL = "label"
    """The same as the label."""
    OTHER = "other"
    """Neither."""


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """Another version of the prompt that answered the same task."""

    version_id: int
    title: str
    says: Says


@dataclass(frozen=True, slots=True)
class DisputedLabel:
    """A label of people that an answer differs from, with the evidence."""

    task_id: int
    data: Mapping[str, Any]
    label: JsonObject
    """Of several people's the one that agrees with the answer best."""
    labelled_by: tuple[str, ...]
    """Who gave this label; a person whose name is not known is a number."""
    answer: JsonObject
    differs: tuple[str, ...]
    """The controls in which the two differ."""
    pairs: tuple[ClassPair, ...]
    confidence: float | None
    """Of the answer, as it came."""
    calibrated: float | None
    """How often an answer as sure as this is right; None where that is not known."""
    source: str
    """Where the confidence is from, in words; "" where that was not kept."""
    label_digest: str
    answer_digest: str
    others: tuple[OtherVersion, ...] = ()

    def says(self, what: Says) -> int:
        """Return how many other versions say so."""
        return sum(each.says is what for each in self.others)


@dataclass(frozen=True, slots=True)
class UnclearPair:
    """Two classes between which a guideline was found unclear."""

    control: str
    label: str
    answer: str
    task_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DisputePage:
    """Disputed labels, the most doubtful first, and what was decided of others."""

    run: Run
    rows: tuple[DisputedLabel, ...]
    first: int
    """Where the page begins in the order …"""
    after: int | None
    """… and where the next one does; None where there is none."""
    disputed: int
    """All that are ranked, as they were last measured, without those decided on."""
    unranked: int
    """Tasks got wrong without a confidence, or without any answer."""
    decided: tuple[CheckedLabel, ...] = ()
    unclear: tuple[UnclearPair, ...] = ()
    instruction: str = ""
    """What the project tells people who label, as plain text."""
