"""Rows of promise samples as records, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import JsonObject, Slot
from ml_backend.records.promises import (
    Eligible,
    Finding,
    Hiding,
    Look,
    PromiseSample,
    PromiseState,
    PromiseTask,
    SampleKind,
    Withheld,
)
from ml_backend.store import tables as t
from ml_backend.store.people import person_column, read_person


def closed_in(project_id: int | sa.ScalarSelect[Any]) -> sa.Select[Any]:
    """Return the query for the tasks of a project's samples that are not opened yet."""
    s, task = t.promise_samples.c, t.promise_tasks.c
    return (
        sa.select(task.task_id)
        .join_from(t.promise_tasks, t.promise_samples, task.sample_id == s.id)
        .where(task.project_id == project_id, s.state == PromiseState.DRAWN.value)
    )


def look_json(look: Look) -> JsonObject:
    """Return a look as its column holds it."""
    return {**asdict(look), "at": look.at.isoformat(), "by": person_column(look.by)}


def read_look(value: Mapping[str, Any]) -> Look:
    """Return the look that ``look_json`` was given."""
    at = datetime.fromisoformat(value["at"])
    return Look(**{**value, "at": at, "by": read_person(value["by"])})


def read_sample(row: Any) -> PromiseSample:
    """Return the record of a row."""
    values = dict(row._mapping)
    return PromiseSample(
        **{
            **values,
            "slot": Slot(row.slot),
            "run_ids": tuple(row.run_ids),
            "population": tuple(Eligible(*each) for each in row.population),
            "state": PromiseState(row.state),
            "hiding": Hiding(row.hiding),
            "kind": SampleKind(row.kind),
            "looks": tuple(read_look(each) for each in row.looks or ()),
            "created_by": read_person(row.created_by),
        }
    )


def read_task(row: Any) -> PromiseTask:
    """Return the record of a row."""
    return PromiseTask(
        task_id=row.task_id,
        score=row.score,
        fingerprint=row.fingerprint,
        result=row.result,
        data_digest=row.data_digest,
        finding=Finding(row.finding) if row.finding else None,
        annotation_id=row.annotation_id,
    )


def read_withheld(row: Any) -> Withheld:
    """Return the record of a row."""
    return Withheld(
        task_id=row.task_id,
        label=row.label,
        prompt_id=row.prompt_id,
        slot=Slot(row.slot),
        score=row.score,
        result=row.result,
        prediction_id=row.prediction_id,
    )
