"""Promise samples: what was drawn, what became of it, and which tasks are closed meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.errors import Conflict, NotFound
from ml_backend.next_steps import Step
from ml_backend.records import AuditAction, JsonObject, Person, Slot
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
from ml_backend.store.audit import note
from ml_backend.store.database import Database, insert_ignoring, inserted_id
from ml_backend.store.people import person_column
from ml_backend.store.promise_rows import (
    closed_in,
    look_json,
    read_sample,
    read_task,
    read_withheld,
)

_S, _T, _W = t.promise_samples.c, t.promise_tasks.c, t.promise_withheld.c
NOT_BEGUN = -1
"""The watermark of a sample none of whose predictions was put back."""
NOT_BACK = (Hiding.HIDING.value, Hiding.HIDDEN.value, Hiding.RETURNING.value)
_IS_PROMISE = _S.kind == SampleKind.PROMISE.value
UNSETTLED = sa.or_(
    _S.hiding.in_((Hiding.HIDING.value, Hiding.RETURNING.value)),
    sa.and_(
        _IS_PROMISE,  # checks have a tab for all of a follow's
        _S.state == PromiseState.DRAWN.value,
        _S.hiding == Hiding.HIDDEN.value,
        _S.tab.is_(None),
    ),
    sa.and_(_S.hiding == Hiding.RETURNED.value, _S.tab.is_not(None)),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample to be kept, as it was drawn."""

    project_id: int
    project_made_at: datetime | None
    prompt_id: int
    version_id: int
    label: str
    slot: Slot
    seed: str
    snapshot: JsonObject
    config_digest: str
    pool_revision: int | None
    pool_digest: str
    run_ids: Sequence[int]
    population: Sequence[Eligible]
    population_digest: str
    left_out: Mapping[str, int]
    max_error: float
    certainty: float
    several_looks: bool
    created_by: Person | None = None
    kind: SampleKind = SampleKind.PROMISE
    newest_task_at: datetime | None = None


class PromiseStore:
    """Queries over promise samples."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # What everybody asks

    def closed_tasks(self, project_id: int) -> frozenset[int]:
        """Return the tasks of samples not opened yet: no truth and no example of anything."""
        with self._db.read() as c:
            return frozenset(c.execute(closed_in(project_id)).scalars())

    def withheld_tasks(self, project_id: int) -> frozenset[int]:
        """Return the tasks onto which no prediction is written: none of theirs is back yet."""
        with self._db.read() as c:
            return frozenset(task_id for _, task_id in c.execute(_not_back(project_id)).all())

    # Drawing

    def create(
        self, drawn: Drawn, tasks: Sequence[PromiseTask], withheld: Sequence[Withheld]
    ) -> PromiseSample:
        """Keep a sample with the predictions that are about to be taken out of Label Studio.

        Raises Conflict when one of its tasks is in another sample that is not settled.
        """
        with self._db.write() as c:
            sample_id = create_sample(c, drawn, tasks, withheld)
        return self.get(sample_id)

    def set_tab(self, sample_id: int, tab: JsonObject | None) -> None:
        """Keep which tab of Label Studio shows the tasks; None once it is gone."""
        self._set(sample_id, tab=tab)

    # Reading

    def get(self, sample_id: int) -> PromiseSample:
        query = sa.select(t.promise_samples).where(_S.id == sample_id)
        with self._db.read() as c:
            row = c.execute(query).first()
        if row is None:
            raise NotFound(f"There is no promise sample {sample_id}.", field="promise")
        return read_sample(row)

    def of_project(self, project_id: int, *, version_id: int | None = None) -> list[PromiseSample]:
        """Return the samples of a project, newest first."""
        query = sa.select(t.promise_samples).where(_S.project_id == project_id, _IS_PROMISE)
        if version_id is not None:
            query = query.where(_S.version_id == version_id)
        with self._db.read() as c:
            return [read_sample(row) for row in c.execute(query.order_by(_S.id.desc()))]

    def drawn_before(
        self, project_id: int, version_id: int, max_error: float, *, before: int | None = None
    ) -> int:
        """Return how many samples of a version were drawn for a limit, those withdrawn too.

        ``before`` counts those alone that were drawn before a sample.
        """
        query = sa.select(sa.func.count()).where(
            _S.project_id == project_id,
            _S.version_id == version_id,
            sa.func.abs(_S.max_error - max_error) < 1e-12,
            sa.true() if before is None else _S.id < before,
        )
        with self._db.read() as c:
            return int(c.execute(query).scalar() or 0)

    def unsettled(self) -> list[int]:
        """Return the samples whose predictions or tabs are not as they should be, oldest first."""
        query = sa.select(_S.id).where(UNSETTLED).order_by(_S.id)
        with self._db.read() as c:
            return list(c.execute(query).scalars())

    def tasks(self, sample_id: int) -> list[PromiseTask]:
        """Return the tasks of a sample, by id."""
        query = sa.select(t.promise_tasks).where(_T.sample_id == sample_id).order_by(_T.task_id)
        with self._db.read() as c:
            return [read_task(row) for row in c.execute(query)]

    def withheld(self, sample_id: int) -> list[Withheld]:
        """Return the predictions that are kept here, by task and label."""
        query = sa.select(t.promise_withheld).where(_W.sample_id == sample_id)
        with self._db.read() as c:
            rows = c.execute(query.order_by(_W.task_id, _W.label)).all()
        return [read_withheld(row) for row in rows]

    def keeping(self, project_id: int, labels: Collection[str]) -> list[int]:
        """Return the samples that keep predictions of any of these model versions."""
        query = sa.select(_W.sample_id).distinct().where(_W.project_id == project_id)
        query = query.where(_W.label.in_(sorted(labels))).order_by(_W.sample_id)
        with self._db.read() as c:
            return list(c.execute(query).scalars()) if labels else []

    # What is changed

    def seen(self, sample_id: int, task_ids: Collection[int]) -> None:
        """Note the tasks that somebody worked on before their predictions were hidden."""
        mine = (_T.sample_id == sample_id, _T.task_id.in_(sorted(task_ids)), _T.finding.is_(None))
        saw = sa.update(t.promise_tasks).where(*mine).values(finding=Finding.SAW_PREDICTION.value)
        with self._db.write() as c:
            c.execute(saw)

    def hidden(self, sample_id: int) -> None:
        """Note that Label Studio holds none of the predictions any more."""
        mine = (_S.id == sample_id, _S.hiding == Hiding.HIDING.value)
        with self._db.write() as c:
            c.execute(sa.update(t.promise_samples).where(*mine).values(hiding=Hiding.HIDDEN.value))

    def open(
        self, sample_id: int, findings: Mapping[int, tuple[Finding, int | None]], look: Look | None
    ) -> bool:
        """Keep what became of each task, and the first look; False when it was opened before.

        Checks are asked for nothing, and have none.
        """
        mine = (
            _S.id == sample_id,
            _S.state == PromiseState.DRAWN.value,
            _S.hiding == Hiding.HIDDEN.value,
        )
        values = {
            "state": PromiseState.OPENED.value,
            "hiding": Hiding.RETURNING.value,
            "watermark": NOT_BEGUN,
            "looks": [] if look is None else [look_json(look)],
            "opened_at": datetime.now(UTC),
        }
        with self._db.write() as c:
            if not c.execute(sa.update(t.promise_samples).where(*mine).values(**values)).rowcount:
                return False
            for task_id, (finding, annotation_id) in findings.items():
                task = (_T.sample_id == sample_id, _T.task_id == task_id)
                found = {"finding": finding.value, "annotation_id": annotation_id}
                c.execute(sa.update(t.promise_tasks).where(*task).values(**found))
            wrong = sum(not finding.is_right for finding, _ in findings.values())
            holds = look is not None and look.holds
            counts = {"tasks": len(findings), "wrong": wrong, "promised": int(holds)}
            _note(c, AuditAction.PROMISE_OPENED, sample_id, counts)
        return True

    def add_look(self, sample_id: int, look: Look) -> bool:
        """Keep a further look; False when another was quicker, and this one's share is not its."""
        with self._db.write() as c:
            query = sa.select(_S.looks).where(_S.id == sample_id).with_for_update()
            looks = list(c.execute(query).scalar() or [])
            if len(looks) != look.number - 1:
                return False
            looks.append(look_json(look))
            c.execute(sa.update(t.promise_samples).where(_S.id == sample_id).values(looks=looks))
        return True

    def withdraw(self, sample_id: int, reason: str) -> bool:
        """Have a sample promise nothing any more; False when that was so already."""
        with self._db.write() as c:
            return bool(withdraw_samples(c, _S.id == sample_id, reason))

    def begin_return(self, sample_id: int, watermark: int) -> None:
        """Keep from which id on predictions are those that were put back."""
        mine = (_S.id == sample_id, _S.watermark == NOT_BEGUN)
        with self._db.write() as c:
            c.execute(sa.update(t.promise_samples).where(*mine).values(watermark=watermark))

    def returned(self, sample_id: int) -> None:
        """Note that Label Studio holds the predictions again, and keep them here no longer."""
        mine = (_S.id == sample_id, _S.hiding == Hiding.RETURNING.value)
        with self._db.write() as c:
            back = sa.update(t.promise_samples).where(*mine).values(hiding=Hiding.RETURNED.value)
            if c.execute(back).rowcount:
                c.execute(sa.delete(t.promise_withheld).where(_W.sample_id == sample_id))

    # Predictions that come while a sample is open

    def withhold(
        self, project_id: int, prompt_id: int, slot: Slot, rows: Sequence[Withheld]
    ) -> None:
        """Keep newer predictions of a prompt and slot in place of those kept so far."""
        by_task = {each.task_id: each for each in rows}
        with self._db.write() as c:
            for sample_id, task_id in c.execute(_not_back(project_id)).all():
                if task_id not in by_task:
                    continue
                old = (
                    _W.sample_id == sample_id,
                    _W.task_id == task_id,
                    _W.prompt_id == prompt_id,
                    _W.slot == slot.value,
                )
                c.execute(sa.delete(t.promise_withheld).where(*old))
                place = {"sample_id": sample_id, "project_id": project_id}
                _add_withheld(c, place, [replace(by_task[task_id], prediction_id=None)])

    def keep_late(self, sample_id: int, project_id: int, rows: Sequence[Withheld]) -> None:
        """Keep predictions found in Label Studio after hiding; those kept already stay as they are.

        ``withhold`` is for what is known to be newer.
        """
        with self._db.write() as c:
            _add_withheld(c, {"sample_id": sample_id, "project_id": project_id}, rows)

    def _set(self, sample_id: int, **values: Any) -> None:
        with self._db.write() as c:
            c.execute(sa.update(t.promise_samples).where(_S.id == sample_id).values(**values))


def create_sample(
    c: sa.Connection, drawn: Drawn, tasks: Sequence[PromiseTask], withheld: Sequence[Withheld]
) -> int:
    """Keep a sample in a transaction of others', as ``PromiseStore.create`` does; return its id."""
    _refuse_doubles(c, drawn.project_id, [each.task_id for each in tasks])
    values = {
        **{name: getattr(drawn, name) for name in drawn.__slots__},
        "slot": drawn.slot.value,
        "kind": drawn.kind.value,
        "run_ids": list(drawn.run_ids),
        "population": [[e.task_id, e.score, e.fingerprint] for e in drawn.population],
        "left_out": dict(drawn.left_out),
        "size": len(tasks),
        "state": PromiseState.DRAWN.value,
        "hiding": Hiding.HIDING.value,
        "looks": [],
        "created_by": person_column(drawn.created_by),
        "created_at": datetime.now(UTC),
    }
    sample_id = inserted_id(c.execute(sa.insert(t.promise_samples).values(**values)))
    place = {"sample_id": sample_id, "project_id": drawn.project_id}
    rows = [
        {
            **place,
            "task_id": each.task_id,
            "score": each.score,
            "fingerprint": each.fingerprint,
            "result": each.result,
            "data_digest": each.data_digest,
        }
        for each in tasks
    ]
    if rows:
        c.execute(sa.insert(t.promise_tasks), rows)
    _add_withheld(c, place, withheld)
    note(
        c,
        AuditAction.PROMISE_DRAWN,
        kind="promise",
        object_id=sample_id,
        title=drawn.label,
        project_id=drawn.project_id,
        counts={"tasks": len(tasks), "of": len(drawn.population)},
    )
    return sample_id


def withdraw_samples(c: sa.Connection, which: sa.ColumnElement[bool], reason: str) -> list[int]:
    """Withdraw samples in a transaction of others'; return which were not withdrawn before."""
    standing = sa.and_(which, _S.state != PromiseState.WITHDRAWN.value)
    found = list(c.execute(sa.select(_S.id).where(standing)).scalars())
    for sample_id in found:
        back = sa.case(
            (_S.hiding == Hiding.RETURNED.value, Hiding.RETURNED.value),
            else_=Hiding.RETURNING.value,
        )
        values = {
            "state": PromiseState.WITHDRAWN.value,
            "hiding": back,
            "reason": reason,
            "withdrawn_at": datetime.now(UTC),
        }
        c.execute(sa.update(t.promise_samples).where(_S.id == sample_id).values(**values))
        _note(c, AuditAction.PROMISE_WITHDRAWN, sample_id, {})
    return found


def drop_withheld(c: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Keep no more, in a transaction of others', what is deleted for good; return how many."""
    return c.execute(sa.delete(t.promise_withheld).where(which)).rowcount


def _not_back(project_id: int) -> sa.Select[Any]:
    """Return the query for (sample, task) of samples whose predictions are not back."""
    return (
        sa.select(_T.sample_id, _T.task_id)
        .join_from(t.promise_tasks, t.promise_samples, _T.sample_id == _S.id)
        .where(_T.project_id == project_id, _S.hiding.in_(NOT_BACK))
    )


def _refuse_doubles(c: sa.Connection, project_id: int, task_ids: Collection[int]) -> None:
    taken = {task_id for _, task_id in c.execute(_not_back(project_id)).all()}
    if taken & set(task_ids):
        raise Conflict(
            "Tasks drawn now were drawn for another promise sample a moment ago.",
            fix=Step.DRAW_AGAIN(),
        )


def _add_withheld(c: sa.Connection, place: Mapping[str, int], rows: Sequence[Withheld]) -> None:
    values = [
        {
            **place,
            **asdict(each),
            "slot": each.slot.value,
        }
        for each in rows
    ]
    insert_ignoring(c, t.promise_withheld, values)


def _note(c: sa.Connection, action: AuditAction, sample_id: int, counts: Mapping[str, int]) -> None:
    row = c.execute(sa.select(_S.project_id, _S.label).where(_S.id == sample_id)).one()
    note(
        c,
        action,
        kind="promise",
        object_id=sample_id,
        title=row.label,
        project_id=row.project_id,
        counts=counts,
    )
