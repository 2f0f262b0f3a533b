"""Annotations made from predictions, once for each, and by default not over a person's work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from typing import Generic

from ml_backend.errors import Conflict, InvalidInput, LabelStudioError, PromptsError
from ml_backend.labelstudio import Annotation, LabelStudioReader, PredictionRow, queries
from ml_backend.next_steps import Step
from ml_backend.records import AuditAction, Slot
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.predictions.accept_rule import EVERYTHING, AcceptRule
from ml_backend.services.predictions.promote_plan import (
    Candidate as Candidate,
    Ledger,
    PromotePlan as PromotePlan,
    PromoteReport as PromoteReport,
    Standing,
    Unwritten,
    sort_out,
)
from ml_backend.services.predictions.promote_strays import delete_strays
from ml_backend.services.predictions.selection import (
    FEW_TASKS,
    Selection,
    selected_labels,
    selected_tasks,
)
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.truths import People
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.resend import ROUNDS, wait_until_up
from ml_backend.services.writing.writer import Acting, Writer, WriterSession
from ml_backend.store import Store

READ_ALL_ABOVE = 1_000
"""Selected tasks up to which their annotations are read by id, above all annotated tasks are."""

Progress = Callable[[int, int], None]


class PromotePredictions(Generic[Acting]):
    """Plans, carries out and reads back promotions; Label Studio is read in bulk only."""

    def __init__(
        self, store: Store, studio: Acting, writer: Writer[Acting], ownership: Ownership
    ) -> None:
        self._store = store
        self._studio = studio
        self._writer = writer
        self._ownership = ownership
        self._identity = ProjectIdentity(store)

    def plan_promote(
        self,
        project_id: int,
        selection: Selection,
        *,
        include_annotated: bool = False,
        rule: AcceptRule = EVERYTHING,
    ) -> PromotePlan:
        """Count what would become annotations; a prompt stands for its versions' *all* slot.

        ``rule`` says which of them are sure enough.

        Raises InvalidInput unless both versions and tasks are named: Label Studio takes silence
        for "all".
        """
        if not (selection.labels or selection.prompt):
            raise InvalidInput(
                "Which predictions to promote is not said.",
                field="model_version",
                fix=Step.NAME_PREDICTIONS_TO_PROMOTE(),
            )
        if not selection.names_tasks:
            raise InvalidInput(
                "Which tasks to promote is not said.",
                field="tasks",
                fix=Step.NAME_TASKS_TO_PROMOTE(),
            )
        return self._plan_promote(self._studio, project_id, selection, include_annotated, rule)

    def execute_promote(
        self,
        plan: PromotePlan,
        patience: Patience,
        progress: Progress = lambda done, total: None,
        ledger: Ledger | None = None,
    ) -> PromoteReport:
        """Make the annotations, each once however often this is interrupted and repeated.

        What is about to be made, and what was, is written to the ledger. Raises Conflict when more
        would be made now than was counted.
        """
        told = AuditAction.PREDICTIONS_PROMOTED
        with self._store.audit.doing(
            told, kind="project", object_id=plan.project_id, project_id=plan.project_id
        ) as doing:
            report = self._execute_promote(plan, patience, progress, ledger or Unwritten())
            doing.counts["annotations"] = report.created
        return report

    def _execute_promote(
        self, plan: PromotePlan, patience: Patience, progress: Progress, ledger: Ledger
    ) -> PromoteReport:
        wanted = set(plan.candidates)
        with self._writer.hold(patience) as session:
            fresh = self._replan(session.studio, plan)
            grown = set(fresh.candidates) - wanted
            if grown:
                raise Conflict(
                    f"{len(grown)} predictions more than were counted fit by now.",
                    fix="Repeat the command to count again.",
                )
            notes = []
            if len(fresh.candidates) < len(wanted):
                gone = len(wanted) - len(fresh.candidates)
                notes.append(f"{gone} of those counted no longer fit and were left out.")
            number = ledger.begin(fresh, session.studio)
            self._promote(session, fresh, progress)
            return self._read_back(session, fresh, tuple(notes), ledger, number)

    def _replan(self, studio: LabelStudioReader, plan: PromotePlan) -> PromotePlan:
        return self._plan_promote(
            studio, plan.project_id, plan.selection, plan.include_annotated, plan.rule
        )

    def _plan_promote(
        self,
        studio: LabelStudioReader,
        project_id: int,
        selection: Selection,
        include_annotated: bool,
        rule: AcceptRule,
    ) -> PromotePlan:
        tasks = selected_tasks(studio, project_id, selection)
        rows, held = self._read_rows(studio, project_id, tasks)
        if selection.prompt is not None:
            project = studio.get_project(project_id)
            self._ownership.identify(project)
            self._identity.check(selection.prompt.id, project)
        ours = self._ownership.ours(project_id)
        labels = selected_labels(ours, selection, held, slot=Slot.ALL)
        named = set(selection.labels)
        meant = {
            (row.task_id, row.model_version)
            for row in rows
            if row.model_version in named or ours.holds(row)
        }
        if tasks is None:
            tasks = frozenset(studio.task_ids(project_id))
        standing = self._read_standing(studio, project_id, rows, labels, tasks, meant)
        candidates, left_out, without = sort_out(
            standing, tasks, labels, rule, include_annotated=include_annotated
        )
        return PromotePlan(
            project_id=project_id,
            selection=selection,
            include_annotated=include_annotated,
            labels=labels,
            candidates=tuple(candidates),
            left_out=left_out,
            without_prediction=without,
            rule=rule,
            standing=frozenset(
                each.id for group in standing.annotations.values() for each in group
            ),
        )

    @staticmethod
    def _read_rows(
        studio: LabelStudioReader, project_id: int, tasks: Set[int] | None
    ) -> tuple[list[PredictionRow], Set[str | None]]:
        """Return predictions, of a few tasks theirs alone, and the versions the project holds."""
        if tasks is None or len(tasks) > FEW_TASKS:
            rows = studio.predictions(project_id)
            return rows, {row.model_version for row in rows}
        found = [studio.task_prediction_rows(project_id, each) for each in sorted(tasks)]
        return [row for rows in found for row in rows], set(studio.model_versions(project_id))

    def _read_standing(
        self,
        studio: LabelStudioReader,
        project_id: int,
        rows: Sequence[PredictionRow],
        labels: Sequence[str],
        tasks: Set[int],
        meant: Set[tuple[int, str | None]],
    ) -> Standing:
        chosen: dict[int, dict[str, list[PredictionRow]]] = defaultdict(lambda: defaultdict(list))
        prints: dict[int, str] = {}
        for row in rows:
            if row.task_id in tasks:
                prints[row.id] = fingerprint(row.result)
                label = row.model_version
                # Beside one of ours, somebody else's under the same label counts as a double.
                if label is not None and label in labels and (row.task_id, label) in meant:
                    chosen[row.task_id][label].append(row)
        annotations = self._read_annotations(studio, project_id, tasks)
        by_people = self._remember(project_id, annotations)
        closed = self._store.promises.closed_tasks(project_id)
        return Standing(chosen, prints, annotations, by_people, closed)

    @staticmethod
    def _read_annotations(
        studio: LabelStudioReader, project_id: int, tasks: Set[int]
    ) -> dict[int, list[Annotation]]:
        if not tasks:
            return {}
        only = sorted(tasks) if len(tasks) <= READ_ALL_ABOVE else None
        return {
            task.id: [each for each in task.annotations if not each.was_cancelled]
            for task in studio.iter_annotated(project_id, task_ids=only)
            if task.id in tasks
        }

    def _remember(
        self, project_id: int, annotations: Mapping[int, Sequence[Annotation]]
    ) -> set[int]:
        """Return the tasks that people annotated.

        The others' annotations are remembered while their predictions stand: later nothing tells
        them apart.
        """
        with People(self._store, project_id) as people:
            # Each is met, not only up to a task's first: what is not remembered now is lost.
            by_people = {task: [*map(people.made, each)] for task, each in annotations.items()}
        return {task for task, made in by_people.items() if any(made)}

    def _promote(
        self, session: WriterSession[Acting], plan: PromotePlan, progress: Progress
    ) -> None:
        wanted = set(plan.candidates)
        left = plan
        for _ in range(ROUNDS):
            try:
                self._send_promotions(session, left, len(wanted), progress)
                return
            except LabelStudioError as error:
                wait_until_up(error, session.studio)
            # What broke off may still come: wait for it, then go on with what it left.
            session.settle()
            left = self._replan(session.studio, plan)
            if set(left.candidates) - wanted:
                raise Conflict(
                    "Other predictions appeared while this was interrupted.",
                    fix="Repeat the command; what was promoted is left out.",
                )
            if not left.candidates:
                return
        raise PromptsError(
            f"Label Studio broke off {ROUNDS} times; {left.would_create} are left to promote.",
            fix="Repeat the command; what was promoted is left out.",
        )

    def _send_promotions(
        self, session: WriterSession[Acting], plan: PromotePlan, total: int, progress: Progress
    ) -> None:
        done = total - plan.would_create
        for label in plan.labels:
            chosen = {
                each.task_id: each.prediction_id for each in plan.candidates if each.label == label
            }

            def show(sent: int, before: int = done) -> None:
                progress(before + sent, total)

            if chosen:
                session.promote(plan.project_id, [label], chosen, show)
                done += len(chosen)

    @staticmethod
    def _why_lost(
        studio: LabelStudioReader, plan: PromotePlan, parents: Set[int | None], lost: Set[int]
    ) -> tuple[str, ...]:
        """Return what kept predictions from being promoted: their tasks are gone, or they are."""
        few = queries.selecting(sorted(lost)) if len(lost) <= FEW_TASKS else None
        deleted = lost - set(studio.task_ids(plan.project_id, query=few))
        missing = sum(
            each.prediction_id not in parents and each.task_id not in deleted
            for each in plan.candidates
        )
        notes = []
        if deleted:
            were = "1 task was" if len(deleted) == 1 else f"{len(deleted)} tasks were"
            notes.append(f"{were} deleted meanwhile.")
        if missing:
            notes.append(f"{missing} predictions were gone before they could be promoted.")
        return tuple(notes)

    def read_made(
        self, studio: LabelStudioReader, project_id: int, candidates: Iterable[Candidate]
    ) -> dict[int, Annotation]:
        """Return the annotations made of these predictions that nobody opened, by prediction."""
        wanted = {each.prediction_id: each.task_id for each in candidates}
        annotations = self._read_annotations(studio, project_id, set(wanted.values()))
        return self._made(project_id, wanted, annotations)

    def _made(
        self,
        project_id: int,
        wanted: Container[int],
        annotations: Mapping[int, Sequence[Annotation]],
    ) -> dict[int, Annotation]:
        made: dict[int, Annotation] = {}
        with People(self._store, project_id) as people:
            for each in (each for group in annotations.values() for each in group):
                parent = each.parent_prediction
                if not people.made(each) and parent is not None and parent in wanted:
                    made.setdefault(parent, each)
        return made

    def _read_back(
        self,
        session: WriterSession[Acting],
        plan: PromotePlan,
        notes: tuple[str, ...],
        ledger: Ledger,
        number: int | None,
    ) -> PromoteReport:
        studio = session.studio
        wanted = {each.prediction_id: each.task_id for each in plan.candidates}
        annotations = self._read_annotations(studio, plan.project_id, set(wanted.values()))
        made = self._made(plan.project_id, wanted, annotations)
        if number is not None:
            ledger.end(number, made)
        notes += delete_strays(self._store, session, plan, annotations)
        parents = {each.parent_prediction for group in annotations.values() for each in group}
        created = sum(candidate.prediction_id in parents for candidate in plan.candidates)
        project = studio.get_project(plan.project_id)
        lost = {each.task_id for each in plan.candidates if each.prediction_id not in parents}
        if lost:
            notes += self._why_lost(studio, plan, parents, lost)
        annotated = studio.task_ids(plan.project_id, query=queries.ANNOTATED)
        return PromoteReport(plan, created, project.annotations, len(annotated), notes, number)
