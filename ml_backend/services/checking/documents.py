"""What follows accept, as JSON and in a sentence; the words are the API's."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.records import JsonObject
from ml_backend.records.follow_checks import NOT_PROMISED, FollowedTask, FollowGuard
from ml_backend.services.accepting.take_back import TakeBackPlan
from ml_backend.services.checking.batches import figures_of


def of_guard(guard: FollowGuard, tasks: Sequence[FollowedTask]) -> JsonObject:
    """Return by what a follow accepts, and how its checks stand."""
    figures = figures_of(guard, tasks)
    place = guard.good_place
    since = sum(place is not None and not e.is_check and e.place > place for e in tasks)
    return {
        "state": guard.state.value,
        "promise": False,
        "why": f"What a follow accepts is {NOT_PROMISED}.",
        "promise_sample": guard.promise_id,
        "version": guard.version_id,
        "model_version": guard.label,
        "max_error": guard.max_error,
        "certainty": guard.certainty,
        "threshold": guard.threshold,
        "accepted": figures.accepted,
        "checks": figures.drawn,
        "checks_answered": figures.answered,
        "checks_wrong": figures.wrong,
        "ahead": figures.ahead,
        "waiting": guard.waiting,
        "alarm_level": figures.level,
        "since_last_good_check": since,
        "message": guard.message,
        "since": guard.created_at.isoformat(),
        "ended_at": guard.ended_at.isoformat() if guard.ended_at else None,
    }


def in_a_sentence(guard: FollowGuard, tasks: Sequence[FollowedTask]) -> str:
    """Return what a person should know of what a follow accepts; it may hold a next step."""
    figures = figures_of(guard, tasks)
    checked = (
        f"{figures.wrong} of {figures.answered} answered checks wrong, "
        f"{figures.drawn - figures.answered} open"
    )
    count = f"{figures.accepted:,} tasks accepted"
    if not guard.is_accepting:
        return f"Accepts no more ({guard.state.value}): {count}; {checked}. {guard.message}"
    limit = f"at most {100 * guard.max_error:g} % wrong"
    said = f"Accepts by a promise of {limit}, {NOT_PROMISED}: {count}; {checked}."
    return f"{said} {guard.message}".strip()


def of_doubtful(guard: FollowGuard, plans: Sequence[TakeBackPlan]) -> JsonObject:
    """Return what taking back what came since the last good check would do."""
    return {
        "prompt": guard.prompt_id,
        "project": guard.project_id,
        "acceptances": [plan.act.id for plan in plans],
        "would_delete": sum(plan.would_delete for plan in plans),
        "kept": sum(sum(plan.kept.values()) for plan in plans),
        "gone": sum(len(plan.gone) for plan in plans),
    }
