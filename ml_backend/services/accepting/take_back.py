"""An acceptance taken back: exactly the annotations it made go, where nobody touched them since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Generic

from ml_backend.errors import Conflict, LabelStudioError, PromptsError
from ml_backend.kinds import Kept
from ml_backend.labelstudio import AnnotatedTask, Annotation, LabelStudioReader
from ml_backend.records import AuditAction
from ml_backend.services.accepting.book import AcceptanceBook, tasks_of
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.resend import ROUNDS, wait_until_up
from ml_backend.services.writing.writer import Acting, Writer, WriterSession
from ml_backend.store import AcceptanceAct, AcceptedRow, Store
from ml_backend.store.promotions import CONFIRMED

AT_ONCE = 50
"""Annotations that are looked at once more right before they are deleted."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class TakeBackPlan:
    """What taking an acceptance back would delete, and what it leaves."""

    act: AcceptanceAct
    untouched: Mapping[int, int] = field(repr=False)
    """Annotation -> task."""
    kept: Mapping[Kept, int]
    gone: tuple[int, ...]
    """Annotations that Label Studio holds no more, by whomever they were deleted."""
    taken_back: int
    """Annotations that were taken back before."""
    only: Set[int] | None = field(default=None, repr=False)
    """The tasks it is about, None for all of the acceptance."""

    @property
    def would_delete(self) -> int:
        return len(self.untouched)


@dataclass(frozen=True, slots=True)
class TakeBackReport:
    """What taking back did."""

    plan: TakeBackPlan
    deleted: int
    kept: Mapping[Kept, int]
    notes: tuple[str, ...] = ()


class TakeBack(Generic[Acting]):
    """Plans, carries out and reads back what undoes an acceptance; safe to repeat."""

    def __init__(
        self, store: Store, studio: Acting, writer: Writer[Acting], book: AcceptanceBook[Acting]
    ) -> None:
        self._store = store
        self._studio = studio
        self._writer = writer
        self._book = book

    def list(self, project_id: int, *, limit: int = 100) -> list[AcceptanceAct]:
        """Return a project's acceptances, newest first; interrupted ones are read back first."""
        self._book.settle(self._studio, project_id)
        return self._store.acceptances.of_project(project_id, limit=limit)

    def plan(self, acceptance_id: int, only: Set[int] | None = None) -> TakeBackPlan:
        """Count what would be deleted, on some tasks ``only``; nothing is changed.

        Raises NotFound for no such acceptance, Conflict where its project is another one by now.
        """
        act = self._store.acceptances.get(acceptance_id)
        if not self._book.is_here(self._studio, act):
            raise Conflict(
                f"Acceptance {act.id} was made in another project, which had the number "
                f"{act.project_id} then: none of its annotations are here."
            )
        self._book.settle(self._studio, act.project_id)
        return self._plan(self._studio, self._store.acceptances.get(acceptance_id), only)

    def execute(
        self,
        plan: TakeBackPlan,
        patience: Patience,
        progress: Progress = lambda done, total: None,
    ) -> TakeBackReport:
        """Delete what was counted and still is untouched; what people touched meanwhile stays."""
        act = plan.act
        with self._store.audit.doing(
            AuditAction.ACCEPTANCE_TAKEN_BACK,
            kind="acceptance",
            object_id=act.id,
            title=", ".join(act.selection.get("model_versions") or ()),
            project_id=act.project_id,
        ) as doing:
            return self._execute(plan, patience, progress, doing.counts)

    def _execute(
        self, plan: TakeBackPlan, patience: Patience, progress: Progress, told: dict[str, int]
    ) -> TakeBackReport:
        act = plan.act
        with self._writer.hold(patience) as session:
            # Whoever takes back what was interrupted does not want the rest of it.
            self._store.acceptances.complete(act.id)
            self._store.acceptances.note_taken_back(act.id, plan.gone)
            done = deleted = 0
            for part in _parts(list(plan.untouched), AT_ONCE):
                rows = {each: plan.untouched[each] for each in part}
                deleted += self._delete_part(session, act, rows)
                told["annotations"] = deleted
                done += len(part)
                progress(done, plan.would_delete)
            now = self._store.acceptances.get(act.id)
            fresh = self._plan(session.studio, now, plan.only)
        notes = []
        if deleted < plan.would_delete:
            left = plan.would_delete - deleted
            notes.append(f"{left} of those counted were touched or deleted meanwhile.")
        return TakeBackReport(plan, deleted, fresh.kept, tuple(notes))

    def _delete_part(
        self, session: WriterSession[Acting], act: AcceptanceAct, annotations: Mapping[int, int]
    ) -> int:
        """Delete some annotations as far as they still are untouched; return how many."""
        rows = {
            each.annotation_id: each
            for each in self._store.acceptances.rows(act.id)
            if each.annotation_id in annotations
        }
        doomed: set[int] = set()
        for _ in range(ROUNDS):
            sorted_out = self._sort_out(session.studio, act.project_id, list(rows.values()))
            if not sorted_out.untouched:
                break
            doomed |= sorted_out.untouched.keys()
            try:
                session.delete_annotations(act.project_id, sorted_out.untouched, lambda done: None)
            except LabelStudioError as error:
                wait_until_up(error, session.studio)
                session.settle()
        else:
            raise PromptsError(
                f"Annotations of acceptance {act.id} still stand after {ROUNDS} rounds.",
                fix="Look at Label Studio's log, then repeat the command: what is gone stays so.",
            )
        gone = doomed & set(sorted_out.gone)
        self._store.acceptances.note_taken_back(act.id, sorted_out.gone)
        return len(gone)

    def _plan(
        self, studio: LabelStudioReader, act: AcceptanceAct, only: Set[int] | None
    ) -> TakeBackPlan:
        every = self._store.acceptances.rows(act.id)
        rows = [each for each in every if only is None or each.task_id in only]
        standing = [
            each for each in rows if each.annotation_id is not None and each.taken_back_at is None
        ]
        sorted_out = self._sort_out(studio, act.project_id, standing)
        return TakeBackPlan(
            act=act,
            untouched=sorted_out.untouched,
            kept=sorted_out.kept,
            gone=tuple(sorted_out.gone),
            taken_back=sum(each.taken_back_at is not None for each in rows),
            only=only,
        )

    def _sort_out(
        self, studio: LabelStudioReader, project_id: int, rows: Sequence[AcceptedRow]
    ) -> _SortedOut:
        made_as = {each.annotation_id: each.fingerprint for each in rows}
        wanted = tasks_of(rows)
        found: dict[int, Kept | None] = {}
        for part in _parts(sorted(set(wanted.values())), 1_000):
            for task in studio.touched(project_id, part):
                for each in task.annotations:
                    if each.id in wanted:
                        found[each.id] = self._why_kept(project_id, task, each, made_as[each.id])
        return _SortedOut(
            untouched={each: wanted[each] for each in wanted if found.get(each, "") is None},
            kept=Counter(why for why in found.values() if why is not None),
            gone=[each for each in wanted if each not in found],
        )

    def _why_kept(
        self, project_id: int, task: AnnotatedTask, annotation: Annotation, made_as: str
    ) -> Kept | None:
        """Return what says that somebody touched an annotation, None where nobody did."""
        if annotation.lead_time is not None or annotation.was_cancelled:
            return Kept.OPENED
        if fingerprint(annotation.result) != made_as:
            return Kept.CHANGED
        if annotation.ground_truth or annotation.updated_by is not None:
            return Kept.MARKED
        if self._store.promotions.find(project_id, annotation.id) == CONFIRMED:
            return Kept.CONFIRMED
        return Kept.DRAFTED if task.has_draft else None


@dataclass(frozen=True, slots=True)
class _SortedOut:
    untouched: Mapping[int, int]
    kept: Mapping[Kept, int]
    gone: Sequence[int]


def _parts(ids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
