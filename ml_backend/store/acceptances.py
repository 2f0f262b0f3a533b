"""Acceptances: which annotations were made of which predictions, by whom, and which are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.errors import NotFound
from ml_backend.records import JsonObject, Person
from ml_backend.store import tables as t
from ml_backend.store.database import Database, insert_ignoring, inserted_id
from ml_backend.store.people import person_column, read_person

IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """A prediction that an acceptance makes, or made, an annotation of."""

    prediction_id: int
    task_id: int
    label: str
    score: float | None
    fingerprint: str = field(repr=False)
    """Of the result that its annotation was made with."""
    annotation_id: int | None = None
    """None while nothing was read back, and where none was made."""
    taken_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AcceptanceAct:
    """One act of accepting: who made annotations of what, by which threshold.

    The counts are of its rows as they stand when this is read.
    """

    id: int
    project_id: int
    project_made_at: datetime | None
    prompt_id: int | None
    version_id: int | None
    selection: JsonObject
    """What was asked for, as far as it tells two acts apart: model versions, tasks, numbers."""
    threshold: float | None
    """The lowest score accepted; None where any, or none, would do."""
    promise_id: int | None
    """The promise sample that it stands on, None for none."""
    studio_user: int | None
    """The user of Label Studio in whose name the annotations are."""
    created_by: Person | None
    created_at: datetime
    completed_at: datetime | None
    """None while it goes on, or since it was interrupted."""
    planned: int = 0
    made: int = 0
    taken_back: int = 0

    @property
    def is_open(self) -> bool:
        return self.completed_at is None


@dataclass(frozen=True, slots=True)
class NewAcceptance:
    """An acceptance as it is kept before it acts."""

    project_id: int
    project_made_at: datetime | None
    prompt_id: int | None
    version_id: int | None
    selection: JsonObject
    threshold: float | None
    promise_id: int | None
    studio_user: int | None
    created_by: Person | None


class AcceptanceStore:
    """Queries over acceptances and their rows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, new: NewAcceptance, rows: Sequence[AcceptedRow]) -> int:
        """Keep an acceptance and what it is about to make, in one transaction; return its id."""
        with self._db.write() as c:
            acceptance_id = inserted_id(
                c.execute(
                    sa.insert(t.acceptances).values(
                        project_id=new.project_id,
                        project_made_at=new.project_made_at,
                        prompt_id=new.prompt_id,
                        version_id=new.version_id,
                        selection=new.selection,
                        threshold=new.threshold,
                        promise_id=new.promise_id,
                        studio_user=new.studio_user,
                        created_by=person_column(new.created_by),
                        created_at=datetime.now(UTC),
                    )
                )
            )
            _add_rows(c, acceptance_id, new.project_id, rows)
        return acceptance_id

    def add_rows(self, acceptance_id: int, project_id: int, rows: Sequence[AcceptedRow]) -> None:
        """Keep more that an acceptance which is resumed is about to make.

        Of known ones it is forgotten what was made: that was deleted, else it were not made again.
        """
        r, ids = t.accepted_rows.c, [each.prediction_id for each in rows]
        with self._db.write() as c:
            for start in range(0, len(ids), IDS_AT_ONCE):
                these = r.prediction_id.in_(ids[start : start + IDS_AT_ONCE])
                c.execute(
                    sa.update(t.accepted_rows)
                    .where(r.acceptance_id == acceptance_id, these)
                    .values(annotation_id=None, taken_back_at=None)
                )
            _add_rows(c, acceptance_id, project_id, rows)

    def note_made(self, acceptance_id: int, made: Mapping[int, int]) -> None:
        """Keep which annotations were made: prediction id -> annotation id."""
        r = t.accepted_rows.c
        with self._db.write() as c:
            for prediction_id, annotation_id in made.items():
                mine = (r.acceptance_id == acceptance_id, r.prediction_id == prediction_id)
                c.execute(
                    sa.update(t.accepted_rows)
                    .where(*mine, r.annotation_id.is_(None))
                    .values(annotation_id=annotation_id)
                )

    def complete(self, acceptance_id: int) -> None:
        """Say that an acceptance makes nothing more; the first time stays."""
        a = t.acceptances.c
        mine = (a.id == acceptance_id, a.completed_at.is_(None))
        with self._db.write() as c:
            c.execute(sa.update(t.acceptances).where(*mine).values(completed_at=datetime.now(UTC)))

    def note_taken_back(self, acceptance_id: int, annotation_ids: Collection[int]) -> None:
        """Keep which annotations of an acceptance are gone from Label Studio."""
        r, ids = t.accepted_rows.c, sorted(annotation_ids)
        with self._db.write() as c:
            for start in range(0, len(ids), IDS_AT_ONCE):
                these = r.annotation_id.in_(ids[start : start + IDS_AT_ONCE])
                mine = (r.acceptance_id == acceptance_id, r.taken_back_at.is_(None))
                c.execute(
                    sa.update(t.accepted_rows)
                    .where(*mine, these)
                    .values(taken_back_at=datetime.now(UTC))
                )

    def find(self, acceptance_id: int) -> AcceptanceAct | None:
        found = self._read(t.acceptances.c.id == acceptance_id, limit=1)
        return found[0] if found else None

    def get(self, acceptance_id: int) -> AcceptanceAct:
        """Return an acceptance; raises NotFound."""
        found = self.find(acceptance_id)
        if found is None:
            raise NotFound(f"There is no acceptance {acceptance_id}.", field="acceptance")
        return found

    def of_project(self, project_id: int, *, limit: int = 100) -> list[AcceptanceAct]:
        """Return a project's acceptances, newest first."""
        return self._read(t.acceptances.c.project_id == project_id, limit=limit)

    def open(self, project_id: int | None = None) -> list[AcceptanceAct]:
        """Return those that go on or were interrupted, of a project or of all, newest first."""
        a = t.acceptances.c
        mine = sa.true() if project_id is None else a.project_id == project_id
        return self._read(a.completed_at.is_(None), mine, limit=None)

    def rows(self, acceptance_id: int) -> list[AcceptedRow]:
        """Return what an acceptance was to make an annotation of, by task."""
        r = t.accepted_rows.c
        query = sa.select(t.accepted_rows).where(r.acceptance_id == acceptance_id)
        with self._db.read() as c:
            return [_row(each) for each in c.execute(query.order_by(r.task_id, r.prediction_id))]

    def _read(self, *where: sa.ColumnElement[bool], limit: int | None) -> list[AcceptanceAct]:
        a, r = t.acceptances.c, t.accepted_rows.c
        counts = (
            sa.select(
                r.acceptance_id,
                sa.func.count().label("planned"),
                sa.func.count(r.annotation_id).label("made"),
                sa.func.count(r.taken_back_at).label("taken_back"),
            )
            .group_by(r.acceptance_id)
            .subquery("counts")
        )
        query = (
            sa.select(t.acceptances, counts.c.planned, counts.c.made, counts.c.taken_back)
            .outerjoin(counts, counts.c.acceptance_id == a.id)
            .where(*where)
            .order_by(a.id.desc())
            .limit(limit)
        )
        with self._db.read() as c:
            return [_act(row) for row in c.execute(query)]


def _add_rows(
    c: sa.Connection, acceptance_id: int, project_id: int, rows: Iterable[AcceptedRow]
) -> None:
    values = [
        {
            "acceptance_id": acceptance_id,
            "prediction_id": row.prediction_id,
            "project_id": project_id,
            "task_id": row.task_id,
            "label": row.label,
            "score": row.score,
            "fingerprint": row.fingerprint,
        }
        for row in rows
    ]
    insert_ignoring(c, t.accepted_rows, values)


def _row(row: Any) -> AcceptedRow:
    return AcceptedRow(
        prediction_id=row.prediction_id,
        task_id=row.task_id,
        label=row.label,
        score=row.score,
        fingerprint=row.fingerprint,
        annotation_id=row.annotation_id,
        taken_back_at=row.taken_back_at,
    )


def _act(row: Any) -> AcceptanceAct:
    return AcceptanceAct(
        id=row.id,
        project_id=row.project_id,
        project_made_at=row.project_made_at,
        prompt_id=row.prompt_id,
        version_id=row.version_id,
        selection=row.selection or {},
        threshold=row.threshold,
        promise_id=row.promise_id,
        studio_user=row.studio_user,
        created_by=read_person(row.created_by),
        created_at=row.created_at,
        completed_at=row.completed_at,
        planned=row.planned or 0,
        made=row.made or 0,
        taken_back=row.taken_back or 0,
    )
