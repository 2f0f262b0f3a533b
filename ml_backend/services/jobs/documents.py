"""Bulk actions, comparisons and reports of runs as JSON; the words are the API's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from ml_backend.records import (
    Cascade,
    Failure,
    JsonObject,
    Member,
    Prediction,
    Run,
    RunReport,
)
from ml_backend.records.metrics_json import correctness_json, metrics_json
from ml_backend.records.run_json import pool_json
from ml_backend.services.accepting.documents import of_rule

if TYPE_CHECKING:
    from ml_backend.records import PromptVersion
    from ml_backend.services.evaluation.comparison import Comparison, Measure, VersionScore
    from ml_backend.services.evaluation.comparison_grid import ComparisonGrid, GridRow
    from ml_backend.services.marking.marks import MarkPlan, MarkReport
    from ml_backend.services.predictions.bulk_actions import DeletePlan, DeleteReport
    from ml_backend.services.predictions.delete_prompt import PromptDeletion
    from ml_backend.services.predictions.promote import PromotePlan, PromoteReport

SHOWN_TASKS = 1_000
"""Tasks that a plan of marks names; it counts all."""

REPORTED = (
    "id",
    "model_version",
    "status",
    "slot",
    "project",
    "project_subset",
    "truth",
    "measured_on",
    "message",
    "stale",
    "total_tasks",
    "succeeded",
    "failed",
    "deleted_tasks",
    "failures",
    "nothing_to_tell",
    "cached",
    "asked_again",
    "no_longer_fitting",
    "cost",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
"""What a report says of its run, in this order."""


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
        **of_rule(plan),
    }


def of_promote_report(report: PromoteReport) -> JsonObject:
    plan = of_promote_plan(report.plan)
    del plan["would_create"], plan["model_versions"]
    return {
        **plan,
        "created": report.created,
        "annotations": report.annotations,
        "annotated_tasks": report.annotated_tasks,
        "acceptance": report.acceptance,
        "notes": list(report.notes),
    }


def of_promoted_marks(report: MarkReport) -> JsonObject:
    """Return what a promotion says of marks: only what a person has opened can get one."""
    return {"marked": report.done, "unopened": report.plan.unopened}


def of_mark_plan(plan: MarkPlan) -> JsonObject:
    verb = "would_mark" if plan.request.ground_truth else "would_unmark"
    drawn = plan.draw
    return {
        "project": plan.project.id,
        "ground_truth": plan.request.ground_truth,
        verb: plan.tasks,
        "task_ids": [mark.task_id for mark in plan.marks[:SHOWN_TASKS]],
        "already": plan.already,
        "disagree": len(plan.disagree),
        "disagreeing_tasks": list(plan.disagree[:SHOWN_TASKS]),
        "unopened": plan.unopened,
        "not_annotated": plan.nothing,
        "seed": plan.request.seed,
        "drawn_from": drawn.out_of if drawn else None,
        "drawn_by": drawn.control or None if drawn else None,
        "classes": [{"class": name, "tasks": n} for name, n in drawn.by_class] if drawn else [],
        "promise_sample": False,
    }


def of_mark_report(report: MarkReport) -> JsonObject:
    verb = "marked" if report.plan.request.ground_truth else "unmarked"
    return {
        **of_mark_plan(report.plan),
        verb: report.done,
        "ground_truth_tasks": report.marked,
        "annotated_tasks": report.annotated,
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


def of_grid(found: ComparisonGrid) -> JsonObject:
    """Return a page of versions side by side; ``right`` is null where there is no truth."""
    return {
        "project": found.project_id,
        "truth": found.truth.value,
        "measured_on": found.measured_on,
        "tasks": found.tasks,
        "with_truth": found.with_truth,
        "left_out": found.left_out,
        "show": found.filter.value,
        "counts": {each.value: number for each, number in found.counts.items()},
        "count": found.count,
        "page": found.page,
        "pages": found.pages,
        "versions": [
            {
                "version": version.id,
                "title": version.title,
                "prompt": version.prompt_id,
                "run": run.id,
            }
            for version, run in zip(found.versions, found.runs, strict=True)
        ],
        "rows": [_of_grid_row(each, found.versions) for each in found.rows],
    }


def _of_grid_row(row: GridRow, versions: Sequence[PromptVersion]) -> JsonObject:
    return {
        "task": row.task_id,
        "data": dict(row.task.data) if row.task is not None else None,
        "truth": row.truth,
        "answers": row.answers,
        "cells": [
            {
                "version": version.id,
                "right": cell.right,
                "answer": cell.outcome.answer if isinstance(cell.outcome, Prediction) else None,
                "score": cell.outcome.score if isinstance(cell.outcome, Prediction) else None,
                "error": cell.outcome.message if isinstance(cell.outcome, Failure) else None,
            }
            for version, cell in zip(versions, row.cells, strict=True)
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
        **correctness_json(each.summary.overall),
        "controls": {name: correctness_json(n) for name, n in each.summary.controls.items()},
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


def of_run(run: Run) -> JsonObject:
    """Return a run in full; ``model_version`` is what its predictions are called."""
    totals, options, pool = run.totals, run.options, run.snapshot.few_shot
    return {
        "id": run.id,
        "parent_model": run.prompt_id,
        "version": run.version_id,
        "project": run.project_id,
        "project_subset": run.subset.value,
        "slot": run.slot.value,
        "truth": run.truth.value,
        "measured_on": run.measured_on,
        "model_version": run.label,
        "status": run.status.value,
        "stage": run.stage.value,
        "message": run.message,
        "total_tasks": totals.total,
        "total_predictions": totals.succeeded,
        "total_correct_predictions": run.metrics.overall.correct if run.metrics else None,
        "succeeded": totals.succeeded,
        "failed": totals.failed,
        "deleted_tasks": run.deleted_tasks,
        "failures": dict(totals.failures),
        "nothing_to_tell": totals.nothing_to_tell,
        "cached": totals.cached,
        "asked_again": totals.again.answers,
        "no_longer_fitting": totals.again.unfitting,
        "cost": totals.cost,
        "prompt_tokens": totals.usage.prompt_tokens,
        "completion_tokens": totals.usage.completion_tokens,
        "cached_tokens": totals.usage.cached_tokens,
        "cache_write_tokens": totals.usage.cache_write_tokens,
        "reasoning_tokens": totals.usage.reasoning_tokens,
        "metrics": metrics_json(run.metrics),
        "few_shot": pool_json(pool) if pool else None,
        "held_out": options.held_out,
        "caution": options.caution or None,
        "samples": options.samples,
        "vote": [of_member(each) for each in options.vote.members] if options.vote else None,
        "cascade": of_cascade(options.cascade) if options.cascade else None,
        "sample_seed": options.sample_seed,
        "stale": run.stale,
        "created_at": run.created_at.isoformat(),
        "triggered_at": run.started_at.isoformat() if run.started_at else None,
        "predictions_updated_at": run.asked_at.isoformat() if run.asked_at else None,
        "completed_at": run.completed_at.isoformat() if run.completed_at else None,
    }


def of_member(member: Member) -> JsonObject:
    asked = member.snapshot
    return {"version": member.version_id, "title": asked.version_title, "model": asked.model}


def of_cascade(cascade: Cascade) -> JsonObject:
    cheap, dear = map(of_member, cascade.members)
    return {
        "cheap": cheap,
        "dear": dear,
        "min_score": cascade.min_score,
        "max_error": cascade.max_error,
        "certainty": cascade.certainty,
        "judged": cascade.judged,
        "promise": cascade.is_promise,
        "why": cascade.why or None,
        "expected_to_go_on": cascade.goes_on,
    }


def of_run_report(report: RunReport) -> JsonObject:
    return {
        "run": _of_reported_run(report.run),
        "project": report.project,
        "prompt": _of_asked_prompt(report.run),
        "metrics": metrics_json(report.run.metrics),
        "effort": asdict(report.effort),
        "failures": [
            {
                "task": each.task_id,
                "kind": each.kind.value,
                "message": each.message,
                "raw": each.raw,
            }
            for each in report.failures
        ],
        "failures_left_out": report.failures_left_out,
        "wrong": [asdict(each) for each in report.wrong],
        "wrong_left_out": report.wrong_left_out,
        "wrong_unknown": report.wrong_unknown,
        "made_at": report.made_at,
    }


def _of_reported_run(run: Run) -> JsonObject:
    found = of_run(run)
    done = f"{run.completed_at:%Y-%m-%d %H:%M} UTC" if run.completed_at else None
    return {name: found[name] for name in REPORTED} | {"completed_at": done}


def _of_asked_prompt(run: Run) -> JsonObject:
    """Return the version as the run asked it, whatever it is now."""
    asked = run.snapshot
    return {
        "title": asked.prompt_title or run.label,
        "version": asked.version_title,
        "text": asked.text or "",
        "provider": asked.provider.value if asked.provider else "",
        "model": asked.model,
        "parameters": asked.parameters,
        "system_prompt": asked.system_prompt,
        "confidence": (asked.confidence_asked or asked.confidence).value,
        "max_few_shot_examples": asked.max_few_shot_examples,
    }


def _versions(counts: Mapping[str | None, int] | Mapping[str, int]) -> list[JsonObject]:
    return [{"model_version": name, "predictions": n} for name, n in counts.items()]
