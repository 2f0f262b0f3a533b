"""What jobs do: deletions, promotions, refinements, each from a request that was checked before."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ml_backend.errors import Conflict, LabelStudioAuthError
from ml_backend.labelstudio import CallerLabelStudio, Project, ServerLabelStudio
from ml_backend.records import JobKind, JsonObject
from ml_backend.services.jobs import documents
from ml_backend.services.jobs.acceptances import AcceptanceJobs, selection_of
from ml_backend.services.jobs.jobs import CanceledWork, Handler, Work
from ml_backend.services.marking.marks import GroundTruthMarks, MarkPlan, require_counted
from ml_backend.services.marking.request import request_from
from ml_backend.services.predictions.bulk_actions import DeletePlan, Predictions, PromotePlan
from ml_backend.services.predictions.delete_prompt import DeletePrompts
from ml_backend.services.prompts.own_keys import require_owner
from ml_backend.services.racing.race import Races
from ml_backend.services.racing.request import Doing, RaceRequest
from ml_backend.services.refining.refine import RefineRequest, Refining
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.store import Store


class JobHandlers:
    """The handlers of all kinds of jobs.

    Prompts and versions are deleted with the server's own token, so that the work survives a
    restart and the end of the caller's token; the caller's rights were checked before. Predictions
    are deleted and promoted with the caller's.
    """

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        deletions: DeletePrompts,
        refining: Refining,
        races: Races,
        predictions_through: Callable[[CallerLabelStudio], Predictions[CallerLabelStudio]],
        marks_through: Callable[[CallerLabelStudio], GroundTruthMarks[CallerLabelStudio]],
        acceptances: AcceptanceJobs,
    ) -> None:
        self._store = store
        self._studio = studio
        self._deletions = deletions
        self._refining = refining
        self._races = races
        self._predictions_through = predictions_through
        self._marks_through = marks_through
        self.acceptances = acceptances
        """What accepts predictions and takes that back."""

    @property
    def handlers(self) -> Mapping[JobKind, Handler]:
        return {
            JobKind.DELETE_PROMPT: self._delete_prompt,
            JobKind.DELETE_VERSION: self._delete_version,
            JobKind.DELETE_PREDICTIONS: self._delete_predictions,
            JobKind.PROMOTE: self._promote,
            JobKind.TAKE_BACK: self._take_back,
            JobKind.GROUND_TRUTH: self._mark,
            JobKind.REFINE: self._refine,
            JobKind.RACE: self._race,
        }

    def plan_delete(
        self, studio: CallerLabelStudio, project_id: int, request: JsonObject
    ) -> DeletePlan:
        """Count what a deletion asked for would remove."""
        predictions = self._predictions_through(studio)
        return predictions.plan_delete(project_id, selection_of(self._store, request))

    def plan_promote(
        self, studio: CallerLabelStudio, project_id: int, request: JsonObject
    ) -> PromotePlan:
        """Count what a promotion asked for would make."""
        return self.acceptances.plan(studio, project_id, request).promote

    def plan_promoted_marks(
        self, studio: CallerLabelStudio, project: Project, plan: PromotePlan
    ) -> MarkPlan:
        """Count those annotations of a promotion's predictions that a person has opened by now."""
        marks = self._marks_through(studio)
        return marks.plan_promoted(project, plan.labels, plan.selection.task_ids)

    def _delete_prompt(self, work: Work) -> JsonObject:
        prompt = self._store.prompts.find(work.job.prompt_id or 0)
        if prompt is None:
            return {"deleted": 0}
        projects = work.job.request.get("projects")
        plan = self._deletions.plan(prompt, projects=projects, patience=work.patience)
        done = self._deletions.execute(plan, work.patience, work.progress)
        return {"deleted": sum(report.deleted for report in done)}

    def _delete_version(self, work: Work) -> JsonObject:
        prompt = self._store.prompts.find(work.job.prompt_id or 0)
        if prompt is None:
            return {"deleted": 0}
        versions = {each.id: each for each in self._store.prompts.versions(prompt.id)}
        version = versions.get(work.job.version_id or 0)
        if version is None:
            return {"deleted": 0}
        projects = work.job.request.get("projects")
        plan = self._deletions.plan(prompt, version, projects=projects, patience=work.patience)
        done = self._deletions.execute(plan, work.patience, work.progress)
        return {"deleted": sum(report.deleted for report in done)}

    def _delete_predictions(self, work: Work) -> JsonObject:
        studio, project_id = self._callers_studio(work), work.job.project_id or 0
        plan = self.plan_delete(studio, project_id, work.job.request)
        _require_counted(work.job.request, plan.total)
        predictions = self._predictions_through(studio)
        report = predictions.execute_delete(plan, work.patience, work.progress)
        return documents.of_delete_report(report)

    def _promote(self, work: Work) -> JsonObject:
        studio, project_id = self._callers_studio(work), work.job.project_id or 0
        accepted = self.acceptances.plan(studio, project_id, work.job.request)
        plan = accepted.promote
        _require_counted(work.job.request, plan.would_create)
        try:
            report = self.acceptances.accept(work, studio, accepted)
            if not work.job.request.get("ground_truth"):
                return documents.of_promote_report(report)
            marks = self._marks_through(studio)
            opened = marks.plan_promoted(
                studio.get_project(project_id), plan.labels, plan.selection.task_ids
            )
            marked = marks.execute(opened, work.patience, work.progress)
        except LabelStudioAuthError as error:
            error.fix = _begin_again(error, "create and mark annotations", "was created")
            raise
        return {**documents.of_promote_report(report), **documents.of_promoted_marks(marked)}

    def _take_back(self, work: Work) -> JsonObject:
        try:
            return self.acceptances.take_back(work, self._callers_studio(work))
        except LabelStudioAuthError as error:
            error.fix = _begin_again(error, "delete its annotations", "was deleted")
            raise

    def _mark(self, work: Work) -> JsonObject:
        """Mark annotations, or count what would be marked where there are many to read."""
        studio, request = self._callers_studio(work), work.job.request
        marks = self._marks_through(studio)
        project = studio.get_project(work.job.project_id or 0)
        plan = marks.plan(project, request_from(request), work.progress)
        if request.get("dry_run"):
            return documents.of_mark_plan(plan)
        require_counted(plan, request.get("counted"))
        try:
            return documents.of_mark_report(marks.execute(plan, work.patience, work.progress))
        except LabelStudioAuthError as error:
            error.fix = _begin_again(error, "change its annotations", "was marked")
            raise

    def _refine(self, work: Work) -> JsonObject:
        request = work.job.request
        connection = self._refining.teacher_at(request["connection_id"])
        require_owner(connection, work.job.created_by)
        studio = PatientLabelStudio(self._studio, work.patience)
        project = studio.get_project(work.job.project_id or 0)
        version_id = work.job.version_id
        version = self._store.prompts.get_version(version_id) if version_id is not None else None
        prompt = self._store.prompts.get(work.job.prompt_id or 0)
        done = self._refining.refine(
            self._studio,
            RefineRequest(
                project,
                prompt,
                version,
                connection,
                request["teacher"],
                request.get("goal", ""),
                work.job.created_by,
            ),
        )
        return done.document()

    def _race(self, work: Work) -> JsonObject:
        job = work.job
        studio = PatientLabelStudio(self._studio, work.patience)

        def look() -> bool:
            work.patience.sleep(0.0)
            return self._store.jobs.is_canceled(job.id)

        asked = RaceRequest.of(
            job,
            studio.get_project(job.project_id or 0),
            self._store.prompts.get(job.prompt_id or 0),
            self._store.prompts.get_version(job.version_id or 0),
        )
        doing = Doing(job.id, look, work.patience.say, work.show)
        result = self._races.run(studio, asked, doing)
        if self._store.jobs.is_canceled(job.id):
            raise CanceledWork(result)
        return result

    @staticmethod
    def _callers_studio(work: Work) -> CallerLabelStudio:
        if work.studio is None:
            raise Conflict(
                "The server was restarted meanwhile, and the caller's token is kept nowhere.",
                fix="Repeat the call; what was done is left out.",
            )
        return work.studio


def _begin_again(error: LabelStudioAuthError, right: str, done: str) -> str:
    """Return the next step of who was refused: another token mends no lack of rights."""
    if error.status == 403:
        return (
            f"Ask whoever manages the project in Label Studio for the right to {right}, or have "
            f"somebody do this who has it. What {done} stays, and is left out then."
        )
    return f"Begin again with a token that is valid. What {done} stays, and is left out then."


def _require_counted(request: JsonObject, now: int) -> None:
    """Refuse when a person agreed to another number than is found by now."""
    counted = request.get("counted")
    if counted is not None and counted != now:
        raise Conflict(
            f"{now} predictions fit by now, {counted} were counted; nothing was done.",
            fix="Count again.",
        )
