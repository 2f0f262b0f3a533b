"""Which versions a teacher wrote: also those that somebody saved by hand from its proposal."""

from __future__ import annotations

from difflib import SequenceMatcher

from ml_backend.records import JobKind, RunStatus
from ml_backend.store import Store

FROM_NOTHING = 0
"""Stands for the version a draft was made from: none."""
LIKE = 0.7
LOOKED_AT = 50
LONGEST = 2_000
"""Words that are compared."""


def refined_from(store: Store, prompt_id: int, text: str) -> int | None:
    """Return the version that a teacher made this text from; None for a text of one's own.

    A proposal that was edited a little still is the teacher's.
    """
    jobs = store.jobs.search(kinds=[JobKind.REFINE], prompt_id=prompt_id, limit=LOOKED_AT)
    texts = {version.id: version.text for version in store.prompts.versions(prompt_id)}
    for job in jobs:
        proposed = job.result.get("prompt")
        if job.status is not RunStatus.COMPLETED or not proposed:
            continue
        if not job.result.get("saw_tasks", True):
            continue
        likeness = _likeness(text, proposed)
        if likeness == 1.0 or (
            likeness >= LIKE and likeness > _likeness(text, texts.get(job.version_id or 0, ""))
        ):
            return job.version_id or FROM_NOTHING
    return None


def _likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    words, others = one.split()[:LONGEST], other.split()[:LONGEST]
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.real_quick_ratio() < LIKE or matcher.quick_ratio() < LIKE:
        return 0.0  # at most that, and not worth the time to know better
    return min(0.999, matcher.ratio())
