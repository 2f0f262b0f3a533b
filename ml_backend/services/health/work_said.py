"""What goes on by itself, in words: jobs, and follows that accept no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ml_backend.records import Job, RunStatus
from ml_backend.records.follow_checks import GuardState
from ml_backend.store import Store

Said = tuple[bool, str]
"""Whether all is well, and what there is to say."""


def say_jobs(store: Store, is_seen: Callable[[Job], bool]) -> Said:
    """Say which jobs go on, else which of the last day failed."""
    jobs = [job for job in store.jobs.search(limit=100) if is_seen(job)]
    going = [job for job in jobs if not job.status.is_final]
    lately = datetime.now(UTC) - timedelta(days=1)
    failed = [job for job in jobs if job.status is RunStatus.FAILED and job.created_at > lately][:3]
    if going:
        parts = (f"{job.id} {job.kind.value} {job.message}".strip() for job in going[:5])
        return True, f"{len(going)} go on: {'; '.join(parts)}."
    if failed:
        parts = (f"{job.id} {job.kind.value}: {job.message}" for job in failed)
        return False, f"The last that failed: {' '.join(parts)}"
    return True, "None goes on."


def say_follows(store: Store, is_seen: Callable[[int], bool]) -> Said:
    """Say which follows accept, and which had that withdrawn; ``is_seen`` is asked of a project."""
    seen = [each for each in store.follows.all() if is_seen(each.project_id)]
    found = [store.guards.find(each.prompt_id, each.project_id) for each in seen]
    guards = [each for each in found if each is not None]
    ended = [each for each in guards if each.state in (GuardState.ALARMED, GuardState.WITHDRAWN)]
    if ended:
        parts = (f"Prompt {e.prompt_id} in project {e.project_id}: {e.message}" for e in ended[:3])
        return False, " ".join(parts)
    accepting = sum(each.is_accepting for each in guards)
    waiting = [each for each in guards if each.is_accepting and each.message]
    said = f"{len(seen)} follow, {accepting} of them accept."
    parts = (f"In project {each.project_id}: {each.message}" for each in waiting[:3])
    return True, " ".join([said, *parts])
