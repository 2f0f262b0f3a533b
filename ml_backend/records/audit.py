"""What the audit log tells: who did what to what, without task data, texts of prompts or keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AuditAction(StrEnum):
    """What was done: what removes, changes what others rely on, opens a door or spends."""

    PROMPT_DELETED = "prompt_deleted"
    VERSION_DELETED = "version_deleted"
    PREDICTIONS_DELETED = "predictions_deleted"
    PREDICTIONS_PROMOTED = "predictions_promoted"
    ACCEPTANCE_TAKEN_BACK = "acceptance_taken_back"
    PROMISE_DRAWN = "promise_drawn"
    PROMISE_OPENED = "promise_opened"
    PROMISE_WITHDRAWN = "promise_withdrawn"
    TRUTH_MARKED = "truth_marked"
    TRUTH_UNMARKED = "truth_unmarked"
    CONNECTION_ADDED = "connection_added"
    CONNECTION_CHANGED = "connection_changed"
    CONNECTION_REMOVED = "connection_removed"
    KEY_CHANGED = "key_changed"
    KEYS_ROTATED = "keys_rotated"
    PRICE_CHANGED = "price_changed"
    BUDGET_CHANGED = "budget_changed"
    PROJECT_CONNECTED = "project_connected"
    PROJECT_DISCONNECTED = "project_disconnected"
    PROMPT_IMPORTED = "prompt_imported"
    PROJECT_CONFIRMED = "project_confirmed"
    FOLLOWING_STARTED = "following_started"
    FOLLOWING_STOPPED = "following_stopped"
    FOLLOW_ACCEPTING_STARTED = "follow_accepting_started"
    FOLLOW_ACCEPTING_ENDED = "follow_accepting_ended"
    REVIEW_STARTED = "review_started"
    REVIEW_STOPPED = "review_stopped"
    RUN_STARTED = "run_started"
    RUN_RESUMED = "run_resumed"
    RUN_CANCELED = "run_canceled"
    RUN_ENDED = "run_ended"
    TASK_TRIED = "task_tried"
    PROMPT_REFINED = "prompt_refined"
    MODELS_RACED = "models_raced"
    MODEL_MEASURED = "model_measured"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    ERASED = "erased"


DONE, FAILED = "done", "failed"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the log; what was acted on keeps the name that it had then."""

    id: int
    at: datetime
    face: str
    """By which way: API, pages, command line, Label Studio, run, server."""
    person_id: int | None
    email: str
    name: str
    action: AuditAction
    kind: str
    """Of the object: prompt, version, run, connection, project, person."""
    object_id: int | None
    title: str
    project_id: int | None
    organization: int | None
    counts: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = None
    """Dollars, where it is known what was spent."""
    outcome: str = DONE
    """``done``, or ``failed``: then some of it may be done."""
