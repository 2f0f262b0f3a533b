"""How sure a model is of its answer, and which way it came to say so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ml_backend.records.json_types import JsonObject


class ConfidenceSource(StrEnum):
    """What a confidence was made of."""

    LOGPROBS = "logprobs"
    SAMPLES = "samples"
    RATED = "rated"
    VOTE = "vote"
    BASELINE = "baseline"

    @property
    def words(self) -> str:
        return _SOURCES[self]


class ConfidenceWay(StrEnum):
    """How a version asks for confidence."""

    AUTO = "auto"
    LOGPROBS = "logprobs"
    RATED = "rated"
    NONE = "none"

    @property
    def words(self) -> str:
        return _WAYS[self]


_SOURCES: Mapping[ConfidenceSource, str] = {
    ConfidenceSource.LOGPROBS: "token log-probabilities",
    ConfidenceSource.SAMPLES: "agreement of several answers",
    ConfidenceSource.RATED: "rated by the model itself",
    ConfidenceSource.VOTE: "agreement of versions",
    ConfidenceSource.BASELINE: "agreement of similar tasks",
}

_WAYS: Mapping[ConfidenceWay, str] = {
    ConfidenceWay.AUTO: "log-probabilities where the model gives them, else rated by the model",
    ConfidenceWay.LOGPROBS: "token log-probabilities",
    ConfidenceWay.RATED: "rated by the model itself",
    ConfidenceWay.NONE: "not asked for",
}


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure an answer is, 0 to 1, as a whole and in its parts; as it came, not calibrated.

    A part of which nothing is known is left out.
    """

    source: ConfidenceSource
    task: float
    controls: Mapping[str, float] = field(default_factory=dict)
    """By the name of the control."""
    regions: Mapping[str, float] = field(default_factory=dict)
    """By the id of the region, of controls that mark regions."""


def of_all(parts: Iterable[float]) -> float:
    """Return how sure a whole is of which all parts must be right: their product."""
    return share(math.prod(parts))


def share(value: float) -> float:
    """Return a number as a confidence: within 0 and 1."""
    return min(1.0, max(0.0, value))


def confidence_json(confidence: Confidence | None) -> JsonObject | None:
    """Return a confidence as the store keeps it, None for none."""
    if confidence is None:
        return None
    found: JsonObject = {"source": confidence.source.value, "task": confidence.task}
    if confidence.controls:
        found["controls"] = dict(confidence.controls)
    if confidence.regions:
        found["regions"] = dict(confidence.regions)
    return found


def confidence_of(row: object) -> Confidence | None:
    """Return a confidence as it was kept; None for what is none, as of answers before there was."""
    if not isinstance(row, Mapping) or not _is_share(row.get("task")):
        return None
    try:
        source = ConfidenceSource(str(row.get("source")))
    except ValueError:
        return None
    return Confidence(
        source, float(row["task"]), _parts(row.get("controls")), _parts(row.get("regions"))
    )


def _parts(kept: object) -> dict[str, float]:
    parts = kept if isinstance(kept, Mapping) else {}
    return {str(name): float(value) for name, value in parts.items() if _is_share(value)}


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0.0 <= value <= 1.0
