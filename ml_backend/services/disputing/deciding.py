"""What somebody decides of a disputed label, kept and undone; marks go with the caller's rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from ml_backend.errors import Conflict, LabelStudioError
from ml_backend.labelstudio import Project
from ml_backend.records import Person, Run
from ml_backend.services.disputing.disputed import DisputedLabels
from ml_backend.services.evaluation.ground_truth import answer_digest
from ml_backend.services.marking.one_label import LabelMarks
from ml_backend.services.writing.writer import Acting
from ml_backend.store import CheckedLabel, Decision, Store


@dataclass(frozen=True, slots=True)
class Undone:
    """A decision that holds no more, and what became of a mark that went with it."""

    decided: CheckedLabel
    marked_again: bool
    mark_left_off: bool
    """The annotation is gone or changed since, or another one is marked."""


class LabelDecisions(Generic[Acting]):
    """Decides and undoes, by one client's rights."""

    def __init__(
        self, store: Store, studio: Acting, disputed: DisputedLabels, marks: LabelMarks[Acting]
    ) -> None:
        self._store = store
        self._studio = studio
        self._disputed = disputed
        self._marks = marks

    def decide(
        self,
        project: Project,
        run: Run,
        task_id: int,
        decision: Decision,
        person: Person | None = None,
    ) -> CheckedLabel:
        """Keep a decision in place of an earlier one; raises Conflict where nothing is disputed.

        Where the label is wrong its mark as ground truth is taken off.
        """
        row = self._disputed.one(self._studio, project, run, task_id)
        if self._store.checked_labels.find(project.id, run.prompt_id, task_id) is not None:
            self.undo(project, run.prompt_id, task_id)
        unmarked = self._marks.marked(project, task_id) if decision is Decision.LABEL else []
        decided = CheckedLabel(
            project_id=project.id,
            prompt_id=run.prompt_id,
            task_id=task_id,
            version_id=run.version_id,
            run_id=run.id,
            decision=decision,
            pairs=row.pairs,
            label_digest=row.label_digest,
            answer_digest=row.answer_digest,
            unmarked=tuple(unmarked),
            created_by=person,
        )
        # Kept before the mark goes: a process that dies between the two leaves none unknown.
        self._store.checked_labels.keep(decided)
        try:
            self._marks.take_off(project, task_id, unmarked)
        except LabelStudioError as error:
            if not error.maybe_done:
                self._store.checked_labels.undo(project.id, run.prompt_id, task_id)
            raise
        return decided

    def undo(self, project: Project, prompt_id: int, task_id: int) -> Undone:
        """Take a decision back, and put the mark back where its annotation still says the same.

        Raises Conflict where nothing was decided.
        """
        decided = self._store.checked_labels.find(project.id, prompt_id, task_id)
        if decided is None:
            raise Conflict(f"Nothing was decided of task {task_id}.", field="task")
        marked = bool(decided.unmarked) and self._marks.put_back(
            project,
            task_id,
            decided.unmarked,
            lambda answer: answer_digest(answer) == decided.label_digest,
        )
        self._store.checked_labels.undo(project.id, prompt_id, task_id)
        return Undone(decided, marked, bool(decided.unmarked) and not marked)
