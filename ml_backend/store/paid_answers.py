"""The cache of paid answers: its rows, which are written with the outcomes they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ml_backend.records import CallRecord, Confidence, Usage
from ml_backend.records.confidence import confidence_json, confidence_of
from ml_backend.store.believable import believable_cost, believable_count
from ml_backend.store.database import storable


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A model's answer to one exact request in a project, kept because it was paid for.

    ``key`` is a SHA-256 of both. The request of ``asked`` and the project tell whose it is, for
    erasing; None is of no known project, as of before there were such.
    """

    key: str
    text: str
    score: float | None
    asked: CallRecord
    project_id: int | None = None
    confidence: Confidence | None = None


def answer_rows(cached: Sequence[CachedAnswer]) -> list[dict[str, Any]]:
    """Return answers as rows of the table."""
    now = datetime.now(UTC)
    return [
        {
            "key": answer.key,
            "text": storable(answer.text),
            "score": answer.score,
            "confidence": confidence_json(answer.confidence),
            **usage_columns(answer.asked.usage),
            "cost": answer.asked.cost,
            "created_at": now,
            "project_id": answer.project_id,
            "request_key": answer.asked.request_key,
        }
        for answer in cached
    ]


def read_answer(row: Any) -> CachedAnswer:
    """Return a row as the answer it keeps."""
    asked = CallRecord(
        usage=usage_of(row), cost=believable_cost(row.cost), request_key=row.request_key
    )
    sure = confidence_of(row.confidence)
    return CachedAnswer(row.key, row.text, row.score, asked, row.project_id, sure)


USAGE = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"
)  # fmt: skip
"""Columns of tokens that runs, outcomes and kept answers have in common."""


def usage_columns(usage: Usage) -> dict[str, int]:
    """Return tokens as columns, without the number of calls nobody counted."""
    return {name: getattr(usage, name) for name in USAGE}


def usage_of(row: Any, uncounted: int = 0) -> Usage:
    """Return the tokens a row keeps, as far as they can be believed."""
    return Usage(
        believable_count(row.prompt_tokens),
        believable_count(row.completion_tokens),
        uncounted,
        believable_count(row.cached_tokens),
        believable_count(row.cache_write_tokens),
        believable_count(row.reasoning_tokens),
    )
