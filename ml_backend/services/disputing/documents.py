"""Disputed labels as JSON, and as CSV that a spreadsheet opens without running anything of it."""

from __future__ import annotations

from ml_backend.records import JsonObject
from ml_backend.services.disputing.deciding import Undone
from ml_backend.services.disputing.evidence import DisputedLabel, DisputePage, Says
from ml_backend.services.evaluation.results_csv import written
from ml_backend.store import CheckedLabel

COLUMNS = (
    *("task", "label", "labelled_by", "answer", "differs", "confidence", "calibrated"),
    *("confidence_source", "other_versions_with_answer", "other_versions_with_label", "data"),
)


def of_page(page: DisputePage) -> JsonObject:
    """Return a page of disputed labels."""
    return {
        "run": page.run.id,
        "project": page.run.project_id,
        "disputed": page.disputed,
        "unranked": page.unranked,
        "first": page.first,
        "next": page.after,
        "labels": [of_label(each) for each in page.rows],
        "decided": [of_decision(each) for each in page.decided],
        "unclear": [
            {
                "control": each.control,
                "label": each.label,
                "answer": each.answer,
                "tasks": list(each.task_ids),
            }
            for each in page.unclear
        ],
        "instruction": page.instruction,
    }


def of_label(row: DisputedLabel) -> JsonObject:
    """Return one disputed label with its evidence."""
    return {
        "task": row.task_id,
        "data": dict(row.data),
        "label": row.label,
        "labelled_by": list(row.labelled_by),
        "answer": row.answer,
        "differs": list(row.differs),
        "confidence": row.confidence,
        "calibrated": row.calibrated,
        "confidence_source": row.source,
        "other_versions": [
            {"version": each.version_id, "title": each.title, "says": each.says.value}
            for each in row.others
        ],
    }


def of_decision(decided: CheckedLabel) -> JsonObject:
    """Return what was decided of a task."""
    return {
        "task": decided.task_id,
        "decision": decided.decision.value,
        "run": decided.run_id,
        "version": decided.version_id,
        "unmarked": list(decided.unmarked),
        "decided_by": decided.created_by.email if decided.created_by else None,
    }


def of_undone(undone: Undone) -> JsonObject:
    """Return what became of a decision that was taken back."""
    return {
        "task": undone.decided.task_id,
        "decision": undone.decided.decision.value,
        "marked_again": undone.marked_again,
        "mark_left_off": undone.mark_left_off,
    }


def csv_of(page: DisputePage) -> str:
    """Return a page as CSV, the most doubtful first."""
    return written(
        [
            COLUMNS,
            *(
                (
                    each.task_id,
                    each.label,
                    ", ".join(each.labelled_by),
                    each.answer,
                    ", ".join(each.differs),
                    each.confidence,
                    each.calibrated,
                    each.source,
                    each.says(Says.ANSWER),
                    each.says(Says.LABEL),
                    dict(each.data),
                )
                for each in page.rows
            ),
        ]
    )
