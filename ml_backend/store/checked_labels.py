"""What people decided of labels that answers dispute: one decision a task of a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ml_backend.records import Person
from ml_backend.store import tables as t
from ml_backend.store.database import Database, storable
from ml_backend.store.people import person_column, read_person

ClassPair = tuple[str, str, str]
"""(control, class of the label, class of the answer); "" where there is no class."""


class Decision(StrEnum):
    """What somebody who looked says of a disputed label."""

    LABEL = "label"
    """The label is wrong."""
    PROMPT = "prompt"
    """The prompt is wrong: a mistake to learn from."""
    GUIDELINE = "guideline"
    """The guideline is unclear: either may be right."""


@dataclass(frozen=True, slots=True)
class CheckedLabel:
    """A decision, and of which label and answer it is one."""

    project_id: int
    prompt_id: int
    task_id: int
    version_id: int
    run_id: int
    decision: Decision
    pairs: tuple[ClassPair, ...]
    label_digest: str
    answer_digest: str
    unmarked: tuple[int, ...] = ()
    """Annotations whose mark as ground truth was taken off with it."""
    created_by: Person | None = None
    created_at: datetime | None = None


class CheckedLabelStore:
    """Queries over these decisions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def keep(self, decided: CheckedLabel) -> None:
        """Keep a decision in place of what was decided of the task before."""
        row = {
            "project_id": decided.project_id,
            "prompt_id": decided.prompt_id,
            "task_id": decided.task_id,
            "version_id": decided.version_id,
            "run_id": decided.run_id,
            "decision": decided.decision.value,
            "pairs": [[storable(each) for each in pair] for pair in decided.pairs],
            "label_digest": decided.label_digest,
            "answer_digest": decided.answer_digest,
            "unmarked": list(decided.unmarked),
            "created_by": person_column(decided.created_by),
            "created_at": datetime.now(UTC),
        }
        with self._db.write() as c:
            where = _where(decided.project_id, decided.prompt_id, decided.task_id)
            c.execute(sa.delete(t.checked_labels).where(*where))
            c.execute(sa.insert(t.checked_labels).values(**row))

    def undo(self, project_id: int, prompt_id: int, task_id: int) -> bool:
        """Forget a decision; False where there is none."""
        query = sa.delete(t.checked_labels).where(*_where(project_id, prompt_id, task_id))
        with self._db.write() as c:
            return c.execute(query).rowcount > 0

    def find(self, project_id: int, prompt_id: int, task_id: int) -> CheckedLabel | None:
        query = sa.select(t.checked_labels).where(*_where(project_id, prompt_id, task_id))
        with self._db.read() as c:
            row = c.execute(query).first()
        return _checked(row) if row else None

    def of_prompt(self, project_id: int, prompt_id: int) -> list[CheckedLabel]:
        """Return what was decided of a prompt's answers in a project, the last first."""
        x = t.checked_labels.c
        query = sa.select(t.checked_labels).where(*_where(project_id, prompt_id))
        with self._db.read() as c:
            return [_checked(row) for row in c.execute(query.order_by(x.id.desc()))]


def _where(project_id: int, prompt_id: int, task_id: int | None = None) -> tuple[Any, ...]:
    x = t.checked_labels.c
    mine = (x.project_id == project_id, x.prompt_id == prompt_id)
    return mine if task_id is None else (*mine, x.task_id == task_id)


def _checked(row: Any) -> CheckedLabel:
    values = dict(row._mapping)
    del values["id"]
    values["decision"] = Decision(values["decision"])
    values["pairs"] = tuple((each[0], each[1], each[2]) for each in values["pairs"])
    values["unmarked"] = tuple(values["unmarked"])
    return CheckedLabel(**{**values, "created_by": read_person(values["created_by"])})
