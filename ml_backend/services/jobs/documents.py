"""Bulk actions and comparisons as JSON; the words are the API's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from ml_backend.records import JsonObject

if TYPE_CHECKING:
    from ml_backend.services.evaluation.comparison import Comparison, Measure, VersionScore
    from ml_backend.services.predictions.bulk_actions import DeletePlan, DeleteReport
    from ml_backend.services.predictions.delete_prompt import PromptDeletion
    from ml_backend.services.predictions.promote import PromotePlan, PromoteReport


def of_delete_plan(plan: DeletePlan) -> JsonObject:
    return {
        "project": plan.project_id,
        "would_delete": plan.total,
        "tasks": plan.tasks,
        "model_versions": _versions(plan.by_version),
        "mode": plan.mode,
    }


def of_delete_report(report: DeleteReport) -> JsonObject:
    return {
        "project": report.plan.project_id,
        "deleted": report.deleted,
        "model_versions": _versions(report.remaining),
        "notes": list(report.notes),
    }


def of_promote_plan(plan: PromotePlan) -> JsonObject:
    return {
        "project": plan.project_id,
        "would_create": plan.would_create,
        "model_versions": _versions(plan.by_version),
        "skipped_identical": plan.skipped_identical,
        "skipped_annotated": plan.skipped_annotated,
        "skipped_doubled": plan.skipped_doubled,
        "without_prediction": plan.without_prediction,
    }


def of_promote_report(report: PromoteReport) -> JsonObject:
    plan = of_promote_plan(report.plan)
    del plan["would_create"], plan["model_versions"]
    return {
        **plan,
        "created": report.created,
        "annotations": report.annotations,
        "annotated_tasks": report.annotated_tasks,
        "notes": list(report.notes),
    }


def of_deletion(deletion: PromptDeletion) -> JsonObject:
    return {
        "prompt": deletion.prompt.id,
        "version": deletion.version.id if deletion.version else None,
        "predictions": deletion.predictions,
        "model_versions": _versions(deletion.by_version),
        "projects": [plan.project_id for plan in deletion.plans],
        "open_runs": [run.id for run in deletion.runs],
    }


def of_comparison(found: Comparison) -> JsonObject:
    return {
        "project": found.project_id,
        "truth": found.truth.value,
        "measured_on": found.measured_on,
        "tasks": found.tasks,
        "left_out": found.left_out,
        "versions": [_of_version_score(each) for each in found.versions],
        "pairs": [
            {
                "first": pair.first,
                "second": pair.second,
                "overall": _of_measure(pair.overall),
                "controls": {name: _of_measure(each) for name, each in pair.controls.items()},
                "changed": [{"task": task, "right": right} for task, right in pair.changed],
            }
            for pair in found.pairs
        ],
    }


def _of_version_score(each: VersionScore) -> JsonObject:
    return {
        "version": each.version.id,
        "title": each.version.title,
        "prompt": each.version.prompt_id,
        "run": each.run.id,
        "run_truth": each.run.truth.value,
        "run_tasks": each.tasks,
        "changed": each.changed,
        **each.summary["overall"],
        "controls": each.summary["controls"],
        **asdict(each.effort),
    }


def _of_measure(measure: Measure) -> JsonObject:
    score = asdict(measure.score)
    del score["n"]
    return {
        **asdict(measure.paired),
        "p_holm": measure.p_holm,
        "better": (None, "first", "second")[measure.better],
        "score": score | {"p_holm": measure.score_p_holm},
    }


def _versions(counts: Mapping[str | None, int] | Mapping[str, int]) -> list[JsonObject]:
    return [{"model_version": name, "predictions": n} for name, n in counts.items()]
