"""What jobs do that accept predictions, or take that back: with the caller's rights."""

from __future__ import annotations

from collections.abc import Callable

from ml_backend.labelstudio import CallerLabelStudio
from ml_backend.records import JsonObject
from ml_backend.services.accepting import documents
from ml_backend.services.accepting.accepting import Accepting, AcceptPlan
from ml_backend.services.accepting.request import AcceptRequest, accept_request
from ml_backend.services.accepting.take_back import TakeBack, TakeBackPlan
from ml_backend.services.jobs.jobs import Work
from ml_backend.services.predictions.promote_plan import PromoteReport
from ml_backend.services.predictions.selection import Selection, select
from ml_backend.store import Store


class AcceptanceJobs:
    """Plans and does what requests of jobs say; they were checked before."""

    def __init__(
        self,
        store: Store,
        accepting_through: Callable[[CallerLabelStudio], Accepting[CallerLabelStudio]],
        take_back_through: Callable[[CallerLabelStudio], TakeBack[CallerLabelStudio]],
    ) -> None:
        self._store = store
        self._accepting_through = accepting_through
        self._take_back_through = take_back_through

    def plan(self, studio: CallerLabelStudio, project_id: int, request: JsonObject) -> AcceptPlan:
        """Count what an acceptance asked for would make."""
        return self._accepting_through(studio).plan(project_id, self.request_of(request))

    def accept(self, work: Work, studio: CallerLabelStudio, plan: AcceptPlan) -> PromoteReport:
        return self._accepting_through(studio).execute(plan, work.patience, work.progress)

    def plan_take_back(self, studio: CallerLabelStudio, acceptance_id: int) -> TakeBackPlan:
        """Count what taking an acceptance back would delete."""
        return self._take_back_through(studio).plan(acceptance_id)

    def take_back(self, work: Work, studio: CallerLabelStudio) -> JsonObject:
        """Do what the job of a taking back says."""
        service = self._take_back_through(studio)
        plan = service.plan(int(work.job.request["acceptance"]))
        report = service.execute(plan, work.patience, work.progress)
        return documents.of_take_back_report(report)

    def request_of(self, request: JsonObject) -> AcceptRequest:
        """Return what a job's request asks to accept."""
        return accept_request(
            selection_of(self._store, request),
            include_annotated=bool(request.get("include_annotated")),
            min_score=request.get("min_score"),
            max_error=request.get("max_error"),
            certainty=request.get("certainty"),
        )


def selection_of(store: Store, request: JsonObject) -> Selection:
    """Return the predictions that a job's request names."""
    prompt_id = request.get("prompt_id")
    return select(
        labels=request.get("labels"),
        prompt=store.prompts.get(prompt_id) if prompt_id is not None else None,
        unversioned=bool(request.get("unversioned")),
        task_ids=request.get("task_ids"),
        filters=request.get("filters"),
        everything=bool(request.get("all")),
    )
