"""Predictions accepted as annotations: counted first, written down, made once, read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from ml_backend.errors import Conflict
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.records import Label, Slot
from ml_backend.records.promises import Promise
from ml_backend.services.accepting.book import AcceptanceBook, AcceptancePage
from ml_backend.services.accepting.request import AcceptRequest, one_version_wanted
from ml_backend.services.accepting.standing_promises import (
    Found,
    StandingPromises,
    no_promise,
    rule_of,
)
from ml_backend.services.predictions.accept_rule import AcceptRule
from ml_backend.services.predictions.bulk_actions import Predictions
from ml_backend.services.predictions.promote_plan import PromotePlan, PromoteReport
from ml_backend.services.predictions.selection import Selection, owned_labels
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.writer import Acting
from ml_backend.store import NewAcceptance, Store

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class AcceptPlan:
    """What accepting would do, and the promise it stands on."""

    request: AcceptRequest
    promote: PromotePlan
    promise: Promise | None = None

    @property
    def would_create(self) -> int:
        return self.promote.would_create

    @property
    def threshold(self) -> float | None:
        """The lowest score accepted; None where any, or none, will do."""
        return self.promote.rule.min_score


class Accepting(Generic[Acting]):
    """Plans and carries out acceptances, with the rights and in the name of its client's user."""

    def __init__(
        self,
        store: Store,
        studio: Acting,
        predictions: Predictions[Acting],
        ownership: Ownership,
        promises: StandingPromises,
    ) -> None:
        self._store = store
        self._studio = studio
        self._predictions = predictions
        self._ownership = ownership
        self._promises = promises
        self.book = AcceptanceBook(store, predictions)

    def plan(self, project_id: int, request: AcceptRequest) -> AcceptPlan:
        """Count what would be accepted and what is left for people; nothing is changed.

        Raises Conflict, with what to do, where an error is allowed that nothing promises.
        """
        self.book.settle(self._studio, project_id)
        promise = None
        rule = AcceptRule(request.min_score)
        if request.by_promise:
            promise = self._require(self._studio, project_id, request)
            rule = rule_of(promise)
        plan = self._predictions.plan_promote(
            project_id,
            request.selection,
            include_annotated=request.include_annotated,
            rule=rule,
        )
        return AcceptPlan(request, plan, promise)

    def execute(
        self,
        plan: AcceptPlan,
        patience: Patience,
        progress: Progress = lambda done, total: None,
    ) -> PromoteReport:
        """Accept what was counted, each once however often this is interrupted and repeated.

        Raises Conflict when more would be accepted than was counted, or the promise is gone.
        """
        page = AcceptancePage(
            self._store,
            self.book,
            check=lambda studio: self._check(studio, plan),
            new=lambda fresh: self._new(plan, fresh),
        )
        return self._predictions.execute_promote(plan.promote, patience, progress, page)

    def accept(
        self, project_id: int, request: AcceptRequest, patience: Patience
    ) -> PromoteReport | None:
        """Accept what fits now, without anybody to be asked; None where nothing does."""
        plan = self.plan(project_id, request)
        return self.execute(plan, patience) if plan.would_create else None

    def find_promise(
        self, studio: LabelStudioReader, project: Project, request: AcceptRequest
    ) -> Found:
        """Return the promise that a request may be accepted by, or why there is none."""
        label = self.one_label(project.id, request.selection)
        return self._promises.find(
            studio,
            project,
            label.label,
            label.version_id,
            max_error=request.max_error or 0.0,
            certainty=request.certainty,
        )

    def one_label(self, project_id: int, selection: Selection) -> Label:
        """Return the one label of ours that is selected; raises InvalidInput for several or none.

        Of a prompt the versions count that people see predictions of, evaluations do not.
        """
        ours = self._ownership.ours(project_id)
        names = dict.fromkeys([*selection.labels, *owned_labels(ours, selection, Slot.ALL)])
        found = [ours.labels[name] for name in names if name in ours]
        if len(found) > 1 and selection.prompt is not None and not selection.labels:
            held = self._studio.model_versions(project_id)
            found = [each for each in found if each.label in held]
        if len(names) == 0 or len(found) != 1 or any(name not in ours for name in selection.labels):
            raise one_version_wanted(len(found))
        return found[0]

    def _require(
        self, studio: LabelStudioReader, project_id: int, request: AcceptRequest
    ) -> Promise:
        found = self.find_promise(studio, studio.get_project(project_id), request)
        if found.promise is None:
            raise no_promise(found, project_id)
        return found.promise

    def _check(self, studio: LabelStudioReader, plan: AcceptPlan) -> None:
        """Raise Conflict where the promise is another one by now, or none."""
        if plan.promise is None:
            return
        fresh = self._require(studio, plan.promote.project_id, plan.request)
        now = (fresh.sample.id, fresh.threshold, fresh.passed_on)
        before = plan.promise
        if now != (before.sample.id, before.threshold, before.passed_on):
            raise Conflict("What is promised has changed meanwhile.", fix="Count again.")

    def _new(self, plan: AcceptPlan, fresh: PromotePlan) -> NewAcceptance:
        ours = self._ownership.ours(fresh.project_id)
        owners = {ours.labels[name].version_id for name in fresh.labels if name in ours}
        prompts = {ours.labels[name].prompt_id for name in fresh.labels if name in ours}
        only = len(fresh.labels) == 1
        return NewAcceptance(
            project_id=fresh.project_id,
            project_made_at=None,
            prompt_id=min(prompts) if len(prompts) == 1 else None,
            version_id=min(owners) if owners and only else None,
            selection=plan.request.document(fresh.labels),
            threshold=plan.threshold,
            promise_id=plan.promise.sample.id if plan.promise else None,
            studio_user=None,
            created_by=None,
        )
