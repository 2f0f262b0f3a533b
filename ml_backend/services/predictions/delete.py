"""Predictions deleted in bulk: counted first, chosen by their exact version, read back after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Generic

from ml_backend.errors import (
    Conflict,
    InvalidInput,
    LabelStudioError,
    LabelStudioRejected,
    PromptsError,
)
from ml_backend.labelstudio import LabelStudioReader, PredictionKey
from ml_backend.next_steps import Step
from ml_backend.records import AuditAction, Prompt, PromptVersion, Run
from ml_backend.services.predictions.selection import (
    UNVERSIONED,
    Selection,
    owned_labels,
    select,
    selected_labels,
    selected_tasks,
)
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.resend import ROUNDS, resend, wait_until_up
from ml_backend.services.writing.writer import Acting, Writer, WriterSession
from ml_backend.store import Store

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """What a deletion would remove."""

    project_id: int
    selection: Selection
    keys: tuple[PredictionKey, ...] = field(repr=False)
    whole: tuple[str, ...]
    """Versions deleted by name, in one call each; everything else goes one by one."""

    @property
    def total(self) -> int:
        return len(self.keys)

    @property
    def prediction_ids(self) -> tuple[int, ...]:
        return tuple(key.id for key in self.keys)

    @property
    def tasks(self) -> int:
        return len({key.task_id for key in self.keys})

    @property
    def by_version(self) -> dict[str | None, int]:
        """Return model version -> predictions to remove; None and "" are those without one."""
        return dict(Counter(key.model_version for key in self.keys))

    @property
    def mode(self) -> str:
        """Return how: "version", "id", both as "version and id", or "nothing"."""
        one_by_one = any(key.model_version not in self.whole for key in self.keys)
        ways = [name for name, used in (("version", self.whole), ("id", one_by_one)) if used]
        return " and ".join(ways) or "nothing"


@dataclass(frozen=True, slots=True)
class DeleteReport:
    """What a deletion did, read back from Label Studio."""

    plan: DeletePlan
    deleted: int
    remaining: Mapping[str | None, int]
    """Model version -> predictions the project now holds."""
    notes: tuple[str, ...] = ()


class DeletePredictions(Generic[Acting]):
    """Plans, carries out and reads back deletions."""

    def __init__(
        self, store: Store, studio: Acting, writer: Writer[Acting], ownership: Ownership
    ) -> None:
        self._store = store
        self._studio = studio
        self._writer = writer
        self._ownership = ownership
        self._identity = ProjectIdentity(store)

    def plan_delete(self, project_id: int, selection: Selection) -> DeletePlan:
        """Count what would be removed. Versions and tasks narrow each other; one must be named.

        Raises Conflict while a run of a prompt concerned is under way in the project.
        """
        if not (selection.names_versions or selection.names_tasks):
            raise InvalidInput(
                "Which predictions to delete is not said.",
                field="model_version",
                fix=Step.NAME_PREDICTIONS_TO_DELETE(),
            )
        plan = self._plan_delete(self._studio, project_id, selection)
        self._refuse_open_runs(plan)
        return plan

    def plan_owned(
        self,
        studio: LabelStudioReader,
        project_id: int,
        prompt: Prompt,
        version: PromptVersion | None,
    ) -> DeletePlan:
        """Count what a prompt, or one version of it, wrote; the caller sees to its runs."""
        # In another project of this number nothing is its: there is nothing to refuse.
        selection = select(prompt=prompt, version=version)
        return self._plan_delete(studio, project_id, selection, is_checked=False)

    def execute_delete(
        self,
        plan: DeletePlan,
        patience: Patience,
        progress: Progress = lambda done, total: None,
    ) -> DeleteReport:
        """Remove what was counted and still fits; raises Conflict when more fits by now."""
        told = AuditAction.PREDICTIONS_DELETED
        with self._store.audit.doing(
            told, kind="project", object_id=plan.project_id, project_id=plan.project_id
        ) as doing:
            report = self._execute_delete(plan, patience, progress)
            doing.counts["predictions"] = report.deleted
        return report

    def _execute_delete(
        self, plan: DeletePlan, patience: Patience, progress: Progress
    ) -> DeleteReport:
        counted = set(plan.prediction_ids)
        with self._writer.hold(patience) as session:
            self._refuse_open_runs(plan)
            fresh = self._plan_delete(
                session.studio, plan.project_id, plan.selection, is_checked=False
            )
            grown = set(fresh.prediction_ids) - counted
            if grown:
                raise Conflict(
                    f"{len(grown)} predictions more than were counted fit by now; "
                    "nothing was deleted.",
                    fix="Repeat the command to count again.",
                )
            notes = []
            if fresh.total < plan.total:
                gone = plan.total - fresh.total
                notes.append(f"{gone} of those counted were gone already or no longer fit.")
            remaining, more = self.carry_out(session, fresh, progress)
            return DeleteReport(fresh, fresh.total, remaining, (*notes, *more))

    def carry_out(
        self,
        session: WriterSession[Acting],
        plan: DeletePlan,
        progress: Progress = lambda done, total: None,
        *,
        heir: str | None = None,
    ) -> tuple[dict[str | None, int], list[str]]:
        """Remove exactly a plan's rows; return what the project now holds by version, and notes.

        Counters are repaired and the label stream shows what it showed, or ``heir`` when nothing
        is left of that.
        """
        shown = session.studio.get_project(plan.project_id).model_version
        if plan.total:
            self._remove(session, plan, progress)
            gone = [(key.task_id, key.model_version) for key in plan.keys]
            self._store.provenance.forget(plan.project_id, gone)
            resend(lambda: session.repair_counters(plan.project_id), session.studio)
        remaining = self._remaining(session.studio, plan.project_id)
        if not plan.total:
            return remaining, []
        return remaining, self._restore(session, plan, shown, remaining, heir)

    # Choosing

    def choose(
        self,
        studio: LabelStudioReader,
        project_id: int,
        selection: Selection,
        keys: Sequence[PredictionKey],
    ) -> list[PredictionKey]:
        """Return the predictions a selection takes; without versions those of every version.

        Under a label that is named all of them, of a prompt only those that are ours.
        """
        ours = self._ownership.ours(project_id)
        selected_labels(ours, selection, {key.model_version for key in keys})
        wanted: set[str | None] = set(selection.labels)
        if selection.unversioned:
            wanted |= UNVERSIONED
        owned = set(owned_labels(ours, selection))
        tasks = selected_tasks(studio, project_id, selection)
        chosen = [
            key
            for key in keys
            if not selection.names_versions
            or key.model_version in wanted
            or (key.model_version in owned and ours.holds(key))
        ]
        return [key for key in chosen if tasks is None or key.task_id in tasks]

    def _plan_delete(
        self,
        studio: LabelStudioReader,
        project_id: int,
        selection: Selection,
        *,
        is_checked: bool = True,
    ) -> DeletePlan:
        if selection.prompt is not None:
            project = studio.get_project(project_id)
            self._ownership.identify(project)
            if is_checked:
                self._identity.check(selection.prompt.id, project)
        keys = studio.prediction_keys(project_id)
        chosen = self.choose(studio, project_id, selection, keys)
        by_name = () if _is_narrowed(selection) else whole_versions(chosen, keys)
        return DeletePlan(project_id, selection, tuple(chosen), tuple(by_name))

    def _refuse_open_runs(self, plan: DeletePlan) -> None:
        """A run under way would write again what is deleted, or count on what it read."""
        versions = set(plan.by_version) | set(plan.selection.labels)
        ours = self._ownership.ours(plan.project_id)
        owners = {label.prompt_id for name, label in ours.labels.items() if name in versions}
        if plan.selection.prompt is not None:
            owners.add(plan.selection.prompt.id)
        runs = self._store.runs.search(project_id=plan.project_id, open_only=True)
        concerned = [run for run in runs if run.prompt_id in owners]
        if concerned:
            raise Conflict(_under_way(concerned), fix=_cancel_first(concerned))
        if not plan.selection.narrows_tasks:
            self.refuse_kept(plan.project_id, versions | set(owned_labels(ours, plan.selection)))

    def refuse_kept(self, project_id: int, labels: Collection[str | None]) -> None:
        """Raise Conflict while a promise sample keeps such predictions: they would come back."""
        for sample in self._store.promises.keeping(project_id, {each or "" for each in labels}):
            raise Conflict(
                f"Promise sample {sample} keeps some of these predictions out of Label Studio, and "
                "would put them back.",
                fix=Step.END_PROMISE(promise=sample),
            )

    # Removing

    def _remove(self, session: WriterSession[Acting], plan: DeletePlan, progress: Progress) -> None:
        doomed = set(plan.prediction_ids)
        standing = doomed
        for _ in range(ROUNDS):
            keys = session.studio.prediction_keys(plan.project_id)
            standing = {key.id for key in keys} & doomed
            if not standing:
                return
            try:
                self._send_deletes(session, plan, keys, standing, progress)
            except LabelStudioError as error:
                wait_until_up(error, session.studio)
                session.settle()
        keys = session.studio.prediction_keys(plan.project_id)
        standing = {key.id for key in keys} & doomed
        if standing:
            raise PromptsError(
                f"{len(standing)} of {plan.total} predictions still stand after {ROUNDS} rounds.",
                fix="Look at Label Studio's log, then repeat the command.",
            )

    def _send_deletes(
        self,
        session: WriterSession[Acting],
        plan: DeletePlan,
        keys: Sequence[PredictionKey],
        standing: Set[int],
        progress: Progress,
    ) -> None:
        chosen = [key for key in keys if key.id in standing]
        by_name = whole_versions(chosen, keys, among=plan.whole)
        done = plan.total - len(chosen)
        for label in by_name:
            session.delete_label(plan.project_id, label)
            done += sum(key.model_version == label for key in chosen)
            progress(done, plan.total)
        one_by_one = [key.id for key in chosen if key.model_version not in by_name]
        session.delete_predictions(
            plan.project_id, one_by_one, lambda n: progress(done + n, plan.total)
        )

    @staticmethod
    def _remaining(studio: LabelStudioReader, project_id: int) -> dict[str | None, int]:
        keys = studio.prediction_keys(project_id)
        return dict(Counter(key.model_version for key in keys))

    def _restore(
        self,
        session: WriterSession[Acting],
        plan: DeletePlan,
        before: str | None,
        remaining: Mapping[str | None, int],
        heir: str | None,
    ) -> list[str]:
        """Put back what the label stream showed, which deleting by version can blank."""
        now = session.studio.get_project(plan.project_id).model_version
        wanted = heir if before in plan.by_version and before not in remaining else before
        if wanted != now:
            try:
                resend(lambda: session.set_model_version(plan.project_id, wanted), session.studio)
            except LabelStudioRejected:
                return [f"The label stream showed {before!r}, which no longer exists."]
        if wanted != before:
            shows = "no predictions" if wanted is None else repr(wanted)
            return [f"The label stream showed {before!r}, now deleted; it shows {shows}."]
        return []


def _is_narrowed(selection: Selection) -> bool:
    return selection.task_ids is not None or selection.filters is not None


def whole_versions(
    chosen: Iterable[PredictionKey],
    keys: Iterable[PredictionKey],
    among: Collection[str] | None = None,
) -> list[str]:
    """Return the versions of which every row of the project is chosen.

    Never one that is empty: asked to delete that, Label Studio deletes all predictions.
    """
    taken = Counter(key.model_version for key in chosen)
    held = Counter(key.model_version for key in keys)
    return [
        version
        for version, count in taken.items()
        if version is not None
        and version not in UNVERSIONED
        and count == held[version]
        and (among is None or version in among)
    ]


def _under_way(runs: Sequence[Run]) -> str:
    numbers = ", ".join(str(run.id) for run in runs)
    which = "Run" if len(runs) == 1 else "Runs"
    return f"{which} {numbers} of this prompt {'is' if len(runs) == 1 else 'are'} under way."


def _cancel_first(runs: Sequence[Run]) -> str:
    return Step.CANCEL_RUNS(runs=", ".join(str(run.id) for run in runs))
