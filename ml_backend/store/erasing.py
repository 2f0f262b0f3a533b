"""Erasing what is kept of a project, of tasks, of a person: texts go, figures stay.

Runs keep what they cost, counted and measured; labels stay known, for what stands under them in
Label Studio is ours. SQLite overwrites what is deleted here, so that no byte of it is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.records import AuditAction, JobKind, RunStatus, Scope
from ml_backend.store import tables as t
from ml_backend.store.audit import note
from ml_backend.store.database import Database
from ml_backend.store.opinions import opinion_keys
from ml_backend.store.outcomes import drop_tasks
from ml_backend.store.people import person_column, read_person
from ml_backend.store.promise_erasing import erase_answers, told_tasks
from ml_backend.store.promises import withdraw_samples

OPEN = (RunStatus.PENDING.value, RunStatus.IN_PROGRESS.value)
BY_TASK = (
    t.examples,
    t.provenance,
    t.served,
    t.predict_failures,
    t.race_answers,
    t.promise_withheld,
    t.accepted_rows,
    t.checked_labels,
)
BY_PROJECT = (
    t.contacts, t.events, t.follows, t.splits, t.presences,
    t.acceptances, t.review_tabs, t.follow_tasks, t.follow_guards,
)  # fmt: skip
WORDS = {
    "provenance": "origins",
    "served_predictions": "handed out",
    "predict_failures": "failures",
    "presences": "looks",
    "race_answers": "results of races",
    "promise_withheld": "predictions kept back",
    "accepted_rows": "rows of acceptances",
    "follow_tasks": "tasks of follows that accept",
    "follow_guards": "follows that accept",
    "checked_labels": "decisions on labels",
}
CHUNK = 500
TEXTS = ("prompt", "reasoning", "diff")
"""Of a refinement, which may quote tasks; which tasks it saw stays known."""

Counts = dict[str, int]


class _DryRun(Exception):
    """Rolls back what was only counted."""


class ErasingStore:
    """Erases in one transaction, and counts by doing the same and taking it back."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # What is kept

    def projects(self) -> list[int]:
        """Return the projects of which anything is kept that could be erased."""
        tables = (
            t.runs,
            t.examples,
            t.contacts,
            t.predict_failures,
            t.projects,
            t.race_answers,
            t.promise_tasks,
        )
        with self._db.read() as c:
            found = {
                row[0] for each in tables for row in c.execute(sa.select(each.c.project_id)).all()
            }
        return sorted(found)

    def tasks(self, project_id: int) -> list[int]:
        """Return the tasks of a project of which texts are kept."""
        queries = [
            sa.select(t.outcomes.c.task_id).where(t.outcomes.c.run_id.in_(_runs_of(project_id))),
            *(
                sa.select(each.c.task_id).where(each.c.project_id == project_id)
                for each in (t.examples, t.predict_failures, t.race_answers)
            ),
            told_tasks(project_id),
        ]
        with self._db.read() as c:
            return sorted({row[0] for each in queries for row in c.execute(each.distinct())})

    def projects_of_task(self, task_id: int) -> list[int]:
        """Return the projects in which texts of a task are kept."""
        return [each for each in self.projects() if task_id in set(self.tasks(each))]

    def people(self) -> dict[int, set[str]]:
        """Return the people who made anything, with the addresses they had."""
        found: dict[int, set[str]] = {}
        with self._db.read() as c:
            for table in _made_by_people():
                for row in c.execute(sa.select(table.c.created_by)).all():
                    person = read_person(row.created_by)
                    if person is not None and person.id:
                        found.setdefault(person.id, set()).add(person.email.casefold())
            e = t.audit_events.c
            query = sa.select(e.person_id, e.email).where(e.person_id.is_not(None), e.email != "")
            for row in c.execute(query.distinct()):
                found.setdefault(row.person_id, set()).add(row.email.casefold())
        return found

    def open_samples(self, project_id: int, task_ids: Collection[int] | None = None) -> list[int]:
        """Return the promise samples that keep predictions of a project, or of these tasks."""
        w = t.promise_withheld.c
        query = sa.select(w.sample_id, w.task_id).where(w.project_id == project_id)
        with self._db.read() as c:
            rows = c.execute(query.distinct()).all()
        return sorted({row[0] for row in rows if task_ids is None or row[1] in set(task_ids)})

    def open_runs(self, project_id: int) -> list[int]:
        """Return the runs of a project that go on."""
        r = t.runs.c
        query = sa.select(r.id).where(r.project_id == project_id, r.status.in_(OPEN))
        with self._db.read() as c:
            return list(c.execute(query.order_by(r.id)).scalars())

    def open_races(self, project_id: int) -> list[int]:
        """Return the races of a project that a process works on, by their jobs.

        What such a process read it keeps; one that takes a race up reads everything anew.
        """
        j = t.jobs.c
        mine = (j.project_id == project_id, j.kind == JobKind.RACE.value)
        held = (j.status.in_(OPEN), j.lease_until > time.time())
        with self._db.read() as c:
            return list(c.execute(sa.select(j.id).where(*mine, *held).order_by(j.id)).scalars())

    def is_worked_on(self, project_id: int) -> bool:
        """Return whether runs or races of a project go on, which keep what they read of it."""
        return bool(self.open_runs(project_id) or self.open_races(project_id))

    # Erasing

    def erase_project(self, project_id: int, *, dry_run: bool = False) -> Counts:
        """Erase all that is kept of a project but figures; return how much of what."""

        def erase(c: sa.Connection) -> Counts:
            tasks = self.tasks(project_id)
            counts = _erase_tasks(c, project_id, tasks)
            for table in (*BY_TASK, *BY_PROJECT):
                gone = c.execute(sa.delete(table).where(table.c.project_id == project_id))
                _count(counts, table, gone.rowcount)
            counts["refinements"] = _blank_jobs(c, project_id, None)
            samples = t.promise_samples.c.project_id == project_id
            withdraw_samples(c, samples, "What was kept of its project was erased.")
            mine = t.runs.c.project_id == project_id
            for row in c.execute(sa.select(t.runs.c.id, t.runs.c.options).where(mine)).all():
                options = {**(row.options or {}), "filters": None}
                values = {"message": "", "plan": {}, "options": options}
                c.execute(sa.update(t.runs).where(t.runs.c.id == row.id).values(**values))
            p = t.publications.c
            settled = (p.project_id == project_id, p.settled_at.is_not(None))
            c.execute(sa.update(t.publications).where(*settled).values(detail={}, note=""))
            _forget_read(c, project_id, title="", instruction="", instruction_read_at=None)
            return counts

        return self._do(erase, dry_run, kind="project", object_id=project_id, project=project_id)

    def erase_tasks(
        self, project_id: int, task_ids: Collection[int], *, dry_run: bool = False
    ) -> Counts:
        """Erase all that is kept of some tasks of a project but figures."""

        def erase(c: sa.Connection) -> Counts:
            counts = _erase_tasks(c, project_id, task_ids)
            counts["refinements"] = _blank_jobs(c, project_id, set(task_ids))
            if counts.get("examples"):
                _forget_read(c, project_id)
            return counts

        only = next(iter(task_ids)) if len(task_ids) == 1 else None
        return self._do(erase, dry_run, kind="task", object_id=only, project=project_id)

    def erase_person(self, person_id: int, *, dry_run: bool = False) -> Counts:
        """Erase a person's name and address wherever they made something, and keys of theirs.

        What they made stays, and is nobody's; the audit log keeps their number alone.
        """
        nobody = person_column(_nobody())

        def erase(c: sa.Connection) -> Counts:
            counts: Counts = {}
            x = t.connections
            for table in _made_by_people():
                rows = c.execute(sa.select(table.c.id, table.c.created_by)).all()
                ids = [row.id for row in rows if (row.created_by or {}).get("id") == person_id]
                for start in range(0, len(ids), CHUNK):
                    these = table.c.id.in_(ids[start : start + CHUNK])
                    if table is x:
                        own = sa.and_(these, x.c.scope == Scope.USER.value)
                        keys = {"encrypted_key": "", "encrypted_secrets": ""}
                        gone = c.execute(sa.update(x).where(own).values(**keys))
                        _add(counts, "keys of their own", gone.rowcount)
                    done = c.execute(sa.update(table).where(these).values(created_by=nobody))
                    _add(counts, f"{table.name} made", done.rowcount)
            s, e = t.web_sessions, t.audit_events
            ended = c.execute(sa.delete(s).where(s.c.person_id == person_id))
            _add(counts, "sessions", ended.rowcount)
            p = t.project_connectors
            stood = c.execute(sa.delete(p).where(p.c.person_id == person_id))
            _add(counts, "projects connected", stood.rowcount)
            name = f"person {person_id} (erased)"
            mine = (e.c.person_id == person_id, e.c.name != name)
            told = c.execute(sa.update(e).where(*mine).values(email="", name=name))
            _add(counts, "lines of the audit log", told.rowcount)
            return counts

        return self._do(erase, dry_run, kind="person", object_id=person_id)

    def erase_unused_answers(
        self, project_id: int | None, *, before: datetime | None = None, dry_run: bool = False
    ) -> int:
        """Erase cached answers of a project that no run of it refers to: whose task is not known.

        None erases those of all projects, and of none. Returns how many.
        """
        a, r, o = t.answers.c, t.runs.c, t.outcomes.c
        old = sa.true() if before is None else a.created_at < before
        mine = sa.true() if project_id is None else a.project_id == project_id
        asked = sa.select(r.project_id, o.request_key).join_from(t.outcomes, t.runs)
        used = asked.distinct().subquery("used")
        same = sa.and_(
            used.c.request_key == a.request_key,
            sa.or_(used.c.project_id == a.project_id, a.project_id.is_(None)),
        )
        joined = t.answers.outerjoin(used, same)
        columns = sa.select(a.key, a.request_key).select_from(joined)
        unused = columns.where(used.c.request_key.is_(None))
        with self._db.read() as c:  # it takes seconds of a large database, which would stop writers
            rows = c.execute(unused.where(old, mine)).all()
            together = opinion_keys(c) if rows else set()
        keys = [row.key for row in rows if row.request_key not in together]

        def erase(c: sa.Connection) -> Counts:
            gone = 0
            for at in range(0, len(keys), CHUNK):
                these = a.key.in_(keys[at : at + CHUNK])
                gone += c.execute(sa.delete(t.answers).where(these)).rowcount
            return {"answers": gone}

        return self._do(erase, dry_run)["answers"] if keys else 0

    def settle(self, *, whole: bool) -> bool:
        """Have no byte of what was erased in the database's files; False when others read there.

        ``whole`` writes the file anew, which needs room for it once more and keeps writers waiting.
        """
        engine = self._db.engine.execution_options(isolation_level="AUTOCOMMIT")
        if engine.dialect.name != "sqlite":
            if whole:
                with engine.connect() as c:
                    c.execute(sa.text("VACUUM"))
            return True
        raw = self._db.engine.raw_connection()
        try:
            cursor = raw.cursor()
            if whole:
                cursor.execute("VACUUM")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        finally:
            raw.close()

    def _do(self, erase: Callable[[sa.Connection], Counts], dry_run: bool, **what: Any) -> Counts:
        counts: Counts = {}
        try:
            with self._db.write() as c, _overwriting(c):
                counts = {name: n for name, n in erase(c).items() if n or name == "answers"}
                if dry_run:
                    raise _DryRun
                if what and any(counts.values()):
                    project = what.pop("project", None)
                    told = AuditAction.ERASED
                    note(c, told, counts=counts, project_id=project, **what)
        except _DryRun:
            pass
        return counts


@contextmanager
def _overwriting(c: sa.Connection) -> Iterator[None]:
    """Have SQLite overwrite what is deleted, on this connection."""
    if c.dialect.name != "sqlite":
        yield
        return
    c.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        c.exec_driver_sql("PRAGMA secure_delete=OFF")


def _erase_tasks(c: sa.Connection, project_id: int, task_ids: Collection[int]) -> Counts:
    counts: Counts = {}
    tasks, o, a = sorted(task_ids), t.outcomes.c, t.answers.c
    runs = list(c.execute(_runs_of(project_id)).scalars())
    for start in range(0, len(tasks), CHUNK):
        chunk = tasks[start : start + CHUNK]
        held = (o.run_id.in_(_runs_of(project_id)), o.task_id.in_(chunk))
        x = t.race_answers.c
        raced = sa.select(x.request_key).where(x.project_id == project_id, x.task_id.in_(chunk))
        asked = sa.select(o.request_key).where(*held).union(raced)
        keys = (set(c.execute(asked).scalars()) - {""}) | opinion_keys(c, *held)
        for run_id in runs:
            _add(counts, "answers of runs", drop_tasks(c, run_id, chunk))
        # Another task may have asked the very same; what is of no known project, anywhere.
        for whose, places in (
            (a.project_id == project_id, o.run_id.in_(_runs_of(project_id))),
            (a.project_id.is_(None), sa.true()),
        ):
            kept = _found(c, a.request_key, keys, whose)
            unused = sorted(kept - _found(c, o.request_key, kept, places))
            for at in range(0, len(unused), CHUNK):
                these = a.request_key.in_(unused[at : at + CHUNK])
                gone = c.execute(sa.delete(t.answers).where(these, whose))
                _add(counts, "cached answers", gone.rowcount)
        for table in BY_TASK:
            mine = (table.c.project_id == project_id, table.c.task_id.in_(chunk))
            _count(counts, table, c.execute(sa.delete(table).where(*mine)).rowcount)
    _add(counts, "answers of promise samples", erase_answers(c, project_id, tasks))
    return counts


def _found(
    c: sa.Connection,
    column: sa.ColumnElement[str],
    values: Collection[str],
    mine: sa.ColumnElement[bool],
) -> set[str]:
    """Return which of these values a column has, among rows that are meant."""
    found: set[str] = set()
    some = sorted(values)
    for start in range(0, len(some), CHUNK):
        these = column.in_(some[start : start + CHUNK])
        found.update(c.execute(sa.select(column).where(these, mine).distinct()).scalars())
    return found


def _blank_jobs(c: sa.Connection, project_id: int, task_ids: set[int] | None) -> int:
    """Empty the texts of refinements that saw any of these tasks, None for all."""
    j, done = t.jobs.c, 0
    mine = (j.project_id == project_id, j.kind == JobKind.REFINE.value, j.status.not_in(OPEN))
    for row in c.execute(sa.select(j.id, j.result).where(*mine)).all():
        result = row.result or {}
        if task_ids is not None and not task_ids & set(result.get("task_ids") or ()):
            continue
        blank = {name: "" for name in TEXTS if result.get(name)}
        if blank:
            values = {"result": {**result, **blank}, "message": ""}
            c.execute(sa.update(t.jobs).where(j.id == row.id).values(**values))
            done += 1
    return done


def _forget_read(c: sa.Connection, project_id: int, **values: Any) -> None:
    """Have a project read anew, if it is there, by every process."""
    p = t.projects
    anew = {"examples_read_at": None, "examples_revision": p.c.examples_revision + 1, **values}
    c.execute(sa.update(p).where(p.c.project_id == project_id).values(**anew))


def _runs_of(project_id: int) -> sa.Select[Any]:
    return sa.select(t.runs.c.id).where(t.runs.c.project_id == project_id)


def _made_by_people() -> list[sa.Table]:
    return [each for each in t.metadata.sorted_tables if "created_by" in each.c]


def _nobody() -> Any:
    return read_person({"id": 0, "username": "erased"})


def _count(counts: Counts, table: sa.Table, n: int) -> None:
    _add(counts, WORDS.get(table.name, table.name.replace("_", " ")), n)


def _add(counts: Counts, name: str, n: int) -> None:
    counts[name] = counts.get(name, 0) + max(0, n)
