"""The executor of runs: claim, ask, publish, report. It can die anywhere and be followed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ml_backend.errors import PromptsError, RunStopper
from ml_backend.jobs import LoopThread
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.records import JsonObject, Run, RunStatus, Slot, Stage, Subset, Task
from ml_backend.services.asking import Asking, Tally
from ml_backend.services.evaluate import Evaluation
from ml_backend.services.heartbeat import CLAIM_SECONDS, Heartbeat
from ml_backend.services.models import Models
from ml_backend.services.predict import Predictor
from ml_backend.services.publish import Publisher
from ml_backend.services.recipes import Recipe, Recipes, version_of
from ml_backend.services.task_pages import iter_task_pages
from ml_backend.services.waiting import Interrupted, Patience
from ml_backend.services.writer import Writer, holder_name
from ml_backend.store import Store

log = logging.getLogger(__name__)


class Executor:
    """Executes runs from whatever stage the store has them in."""

    def __init__(
        self,
        store: Store,
        studio: LabelStudioDoor,
        models: Models,
        recipes: Recipes,
        evaluation: Evaluation,
        writer: Writer,
        loop: LoopThread,
    ) -> None:
        self._store = store
        self._studio = studio
        self._models = models
        self._recipes = recipes
        self._evaluation = evaluation
        self._writer = writer
        self._loop = loop
        self.shutdown = threading.Event()

    def execute(self, run_id: int) -> Run | None:
        """Run to an end; None when another process holds it or takes it over."""
        fence = self._store.runs.claim(run_id, holder_name(), CLAIM_SECONDS)
        if fence is None:
            return None
        with Heartbeat(self._store, run_id, fence, self.shutdown) as beat:
            try:
                status, message = self._advance(run_id, fence, beat)
            except Interrupted:
                self._store.runs.change(run_id, fence, lease_until=0.0, holder=None)
                return None
            except PromptsError as error:
                status, message = self._ending(beat, str(error))
            except Exception:  # the run must end with a word to its owner, whatever went wrong
                log.exception("run %s failed unexpectedly", run_id)
                status, message = self._ending(
                    beat, "An unexpected error; the server's log has it."
                )
            columns = beat.columns() | {"message": message}
        self._store.runs.change(run_id, fence, **columns)
        self._store.runs.finish(run_id, fence, status, message)
        return self._store.runs.get(run_id)

    @staticmethod
    def _ending(beat: Heartbeat, message: str) -> tuple[RunStatus, str]:
        return (RunStatus.CANCELED if beat.canceled else RunStatus.FAILED), message

    def _advance(self, run_id: int, fence: int, beat: Heartbeat) -> tuple[RunStatus, str]:
        run = self._store.runs.get(run_id)
        if run.cancel_requested:
            # Before the first beat looks: nothing more may be asked, not even for a second.
            beat.canceled = True
            beat.stop_asking.set()
        beat.tally = Tally(self._store.outcomes.totals(run_id))
        patience = Patience(beat.say, beat.stop)
        while True:
            if run.stage in (Stage.PENDING, Stage.ASKING, Stage.DONE):
                run = self._ask(run, fence, beat, patience)
            stopped = run.plan.get("stopped")
            if not beat.tally.totals.succeeded:
                self._set(run, fence, stage=Stage.ASKING)
                return self._without_success(run, beat, stopped)
            note = self._publish(run, fence, patience)
            run = self._store.runs.get(run_id)
            self._set(run, fence, metrics=self._measure(run, patience))
            if run.plan.get("ask_again"):
                run = self._set(run, fence, stage=Stage.ASKING, plan={})
                continue
            self._set(run, fence, stage=Stage.DONE)
            if stopped:
                return RunStatus(stopped["status"]), f"{stopped['message']} {note}".strip()
            return RunStatus.COMPLETED, note

    def _without_success(
        self, run: Run, beat: Heartbeat, stopped: JsonObject | None
    ) -> tuple[RunStatus, str]:
        if stopped:
            return RunStatus(stopped["status"]), stopped["message"]
        failed = beat.tally.totals.failed if beat.tally else 0
        if failed == 0:
            return RunStatus.COMPLETED, "There was no task to ask."
        return RunStatus.FAILED, (
            f"None of the {failed} tasks got a prediction; older predictions were left in place. "
            f"`ls-prompts runs failures {run.id}` lists the reasons."
        )

    # Asking

    def _ask(self, run: Run, fence: int, beat: Heartbeat, patience: Patience) -> Run:
        run = self._set(run, fence, stage=Stage.ASKING)
        tally = beat.tally or Tally(run.totals)
        spent = {"budget": run.options.get("budget"), "spent": tally.totals.cost or 0.0}
        recipe, predictor = self._predictor(run, patience, spent)
        asking = Asking(
            self._store,
            run.id,
            predictor,
            tally,
            concurrency=self._models.concurrency,
            fresh=bool(run.options.get("fresh")),
            stop=beat.stop_asking,
        )
        reading = Patience(beat.say, beat.stop_asking)
        pages = self._pages(run, fence, recipe.project.tasks, reading)
        newest = patience.call(lambda: self._studio.newest_task(run.project_id))
        stopper = self._loop.run(asking.run(pages))
        if beat.stop.is_set():
            raise Interrupted("The work was interrupted.")
        plan = {**run.plan, **_stopped(stopper, beat), "newest_task": newest}
        return self._set(run, fence, stage=Stage.PLANNING, plan=plan, asked_at=datetime.now(UTC))

    def _predictor(
        self, run: Run, patience: Patience, budget: dict[str, Any]
    ) -> tuple[Recipe, Predictor]:
        version = version_of(run.snapshot, self._store.prompts.get_version(run.version_id))
        project = patience.call(lambda: self._studio.get_project(run.project_id))
        recipe = patience.call(lambda: self._recipes.recipe(project, version))
        predictor = patience.call(lambda: self._recipes.predictor(recipe, version, **budget))
        return recipe, predictor

    def _pages(
        self, run: Run, fence: int, task_number: int, patience: Patience
    ) -> Iterator[list[Task]]:
        """Yield the tasks a run covers and keep its total true."""
        task_ids = run.options.get("task_ids")
        self._set(run, fence, total=task_number if task_ids is None else len(task_ids))
        seen = 0
        for page in iter_task_pages(self._studio, run.project_id, task_ids, patience):
            seen += len(page)
            yield page
        self._set(run, fence, total=max(seen, len(self._store.outcomes.task_ids(run.id))))

    # Publishing

    def _publish(self, run: Run, fence: int, patience: Patience) -> str:
        with self._writer.hold(patience, run.id) as session:
            run = self._drop_strangers(run, fence, patience)
            publisher = Publisher(self._store, self._studio, session, patience)
            if run.stage is Stage.PLANNING:
                plan = {**run.plan, **publisher.plan(run)}
                run = self._set(run, fence, stage=Stage.CLEARING, plan=plan)
            if run.stage is Stage.CLEARING:
                publisher.clear(run)
                run = self._set(run, fence, stage=Stage.LOADING)
                publisher.load(run)
            run = self._set(run, fence, stage=Stage.VERIFYING)
            publisher.verify(run)
            note = publisher.finish(run)
        if run.slot is Slot.ALL and run.subset is Subset.ALL and not run.plan.get("stopped"):
            self._publish_version(run)
        return note

    def _drop_strangers(self, run: Run, fence: int, patience: Patience) -> Run:
        """Forget outcomes whose task id now belongs to another task, and ask those tasks again.

        On SQLite Label Studio gives the ids of deleted tasks to new ones, from the highest
        remaining id on; so while the newest task still is the same, all of them are.
        """
        newest = patience.call(lambda: self._studio.newest_task(run.project_id))
        if newest == run.plan.get("newest_task"):
            return run
        recipe, predictor = self._predictor(run, patience, {})
        asked = self._store.outcomes.request_keys(run.id)
        strangers = []
        for page in iter_task_pages(self._studio, recipe.project.id, None, patience):
            for task in page:
                if task.id in asked and predictor.prepare(task).key != asked[task.id]:
                    strangers.append(task.id)
        self._store.outcomes.forget_tasks(run.id, strangers)
        plan = {**run.plan, "newest_task": newest}
        if strangers:
            log.warning("run %s: %s task ids belong to other tasks now", run.id, len(strangers))
            plan["ask_again"] = True
        return self._set(run, fence, plan=plan)

    def _publish_version(self, run: Run) -> None:
        if run.options.get("activate") is not False:
            self._store.prompts.update(run.prompt_id, published_version_id=run.version_id)

    def _measure(self, run: Run, patience: Patience) -> JsonObject:
        if run.slot is not Slot.EVALUATE:
            return run.metrics
        project = patience.call(lambda: self._studio.get_project(run.project_id))
        config = self._recipes.config_of(project)
        return patience.call(lambda: self._evaluation.measure(run, config))

    def _set(self, run: Run, fence: int, **values: Any) -> Run:
        """Commit a change of the run under its fence and return it as it now is."""
        if "stage" in values:
            values["stage"] = Stage(values["stage"]).value
        if not self._store.runs.change(run.id, fence, **values):
            raise Interrupted("Another process took the run over.")
        return self._store.runs.get(run.id)


def _stopped(stopper: RunStopper | None, beat: Heartbeat) -> JsonObject:
    if stopper is not None:
        return {"stopped": {"status": RunStatus.FAILED.value, "message": str(stopper)}}
    if beat.canceled:
        return {
            "stopped": {
                "status": RunStatus.CANCELED.value,
                "message": "Canceled; what was answered is kept and published.",
            }
        }
    return {}
