"""Acceptances as JSON; the words are the API's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_backend.kinds import Kept, LeftOut
from ml_backend.records import JsonObject

if TYPE_CHECKING:
    from ml_backend.services.accepting.accepting import AcceptPlan
    from ml_backend.services.accepting.take_back import TakeBackPlan, TakeBackReport
    from ml_backend.services.accepting.thresholds import ThresholdAnswer
    from ml_backend.services.predictions.promote_plan import PromotePlan
    from ml_backend.store import AcceptanceAct


def of_rule(plan: PromotePlan) -> JsonObject:
    """Return what a threshold, a promise or an open promise sample left out, by why."""
    return {
        "threshold": plan.rule.min_score,
        "skipped_below": plan.skipped(LeftOut.BELOW),
        "skipped_unscored": plan.skipped(LeftOut.UNSCORED),
        "skipped_outside": plan.skipped(LeftOut.OUTSIDE),
        "skipped_replaced": plan.skipped(LeftOut.REPLACED),
        "skipped_sampled": plan.skipped(LeftOut.SAMPLED),
        "for_people": plan.for_people,
    }


def of_accept_plan(plan: AcceptPlan) -> JsonObject:
    """Return what accepting adds to what a promotion says: the promise it stands on."""
    promise = plan.promise
    return {
        **of_rule(plan.promote),
        "promise": promise is not None,
        "promise_sample": promise.sample.id if promise else None,
        "error_bound": promise.look.error_bound if promise else None,
    }


def of_threshold(found: ThresholdAnswer) -> JsonObject:
    tested, holds = found.tested, found.holds
    return {
        "project": found.project_id,
        "model_version": found.label.label,
        "prompt": found.label.prompt_id,
        "version": found.label.version_id,
        "max_error": found.max_error,
        "certainty": found.certainty,
        "promise": found.is_promise,
        "why": found.why,
        "promise_sample": found.sample_id,
        "threshold": tested.threshold,
        "error_bound": tested.error_bound,
        "predictions": holds.predictions,
        "accepted": holds.accepted,
        "accepted_share": holds.share,
        "for_people": holds.for_people,
        "unscored": holds.unscored,
        "outside": holds.outside,
        "labels": tested.labels,
        "accepted_labels": tested.accepted_labels,
        "wrong_labels": tested.wrong_labels,
        "labels_needed": tested.needed,
        "labels_for_2_percent": found.labels_for_shown_error,
        "curve": [
            {
                "threshold": each.threshold,
                "accepted": each.accepted,
                "error": each.error,
                "low": each.low,
                "high": each.high,
                "labels": each.accepted_n,
                "wrong": each.wrong_n,
            }
            for each in found.band.points
        ],
        "curve_is": "band" if found.is_promise else "estimate",
    }


def of_act(act: AcceptanceAct) -> JsonObject:
    """Return an acceptance as it is listed."""
    return {
        "id": act.id,
        "project": act.project_id,
        "prompt": act.prompt_id,
        "version": act.version_id,
        "model_versions": list(act.selection.get("model_versions") or ()),
        "selection": act.selection,
        "threshold": act.threshold,
        "promise_sample": act.promise_id,
        "planned": act.planned,
        "created": act.made,
        "taken_back": act.taken_back,
        "interrupted": act.is_open,
        "created_by": act.created_by.id if act.created_by else None,
        "created_by_name": _name(act),
        "created_at": act.created_at.isoformat(),
        "completed_at": act.completed_at.isoformat() if act.completed_at else None,
    }


def _name(act: AcceptanceAct) -> str:
    person = act.created_by
    if person is None:
        return ""
    return f"{person.first_name} {person.last_name}".strip() or person.email or person.username


def of_take_back_plan(plan: TakeBackPlan) -> JsonObject:
    return {
        "acceptance": plan.act.id,
        "project": plan.act.project_id,
        "created": plan.act.made,
        "would_delete": plan.would_delete,
        "already_taken_back": plan.taken_back,
        "gone": len(plan.gone),
        "kept": {each.value: plan.kept.get(each, 0) for each in Kept},
    }


def of_take_back_report(report: TakeBackReport) -> JsonObject:
    return {
        "acceptance": report.plan.act.id,
        "project": report.plan.act.project_id,
        "deleted": report.deleted,
        "gone": len(report.plan.gone),
        "kept": {each.value: report.kept.get(each, 0) for each in Kept},
        "notes": list(report.notes),
    }
