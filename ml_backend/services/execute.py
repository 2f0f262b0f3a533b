"""The executor of runs: claim, ask, publish, report. It can die anywhere and be followed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ml_backend.errors import PromptsError, RunStopper
from ml_backend.jobs import LoopThread
from ml_backend.labelstudio import LabelStudioDoor
from ml_backend.records import JsonObject, Run, RunStatus, Slot, Stage, Subset, Task
from ml_backend.services.asking import Asking, Tally
from ml_backend.services.evaluate import Evaluation
from ml_backend.services.models import Models
from ml_backend.services.publish import Publisher
from ml_backend.services.recipes import Recipe, Recipes, version_of
from ml_backend.services.waiting import Interrupted, Patience
from ml_backend.services.writer import Writer, holder_name
from ml_backend.store import Store, totals_columns

log = logging.getLogger(__name__)

CLAIM_SECONDS = 15.0
PAGE = 1000
IDS_AT_ONCE = 500


class Heartbeat:
    """Keeps a run's claim and shows its progress every second; tells the work when to stop."""

    def __init__(self, store: Store, run_id: int, fence: int, shutdown: threading.Event) -> None:
        self._store = store
        self._run_id = run_id
        self._fence = fence
        self._shutdown = shutdown
        self._ended = threading.Event()
        self.stop = threading.Event()
        """Set when the work must end: the claim is lost or the process shuts down."""
        self.stop_asking = threading.Event()
        """Set as well when a person canceled; publishing what was answered goes on."""
        self.canceled = False
        self.tally: Tally | None = None
        self._message = ""
        self._thread = threading.Thread(target=self._beat, name=f"beat-{run_id}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def say(self, message: str) -> None:
        """Show a message on the run with the next beat."""
        self._message = message

    def columns(self) -> JsonObject:
        """Return the run's columns as they stand now."""
        columns: JsonObject = {"message": self._message}
        return columns | (totals_columns(self.tally.totals) if self.tally else {})

    def _beat(self) -> None:
        try:
            while not self._ended.wait(1.0):
                if self._shutdown.is_set():
                    return
                held = self._store.runs.change(
                    self._run_id, self._fence, lease_until=_in(CLAIM_SECONDS), **self.columns()
                )
                if not held:
                    return
                if self._store.runs.is_canceled(self._run_id):
                    self.canceled = True
                    self.stop_asking.set()
        finally:
            if not self._ended.is_set():
                self.stop.set()
                self.stop_asking.set()


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
        version = version_of(run.snapshot, self._store.prompts.get_version(run.version_id))
        project = patience.call(lambda: self._studio.get_project(run.project_id))
        recipe: Recipe = patience.call(lambda: self._recipes.recipe(project, version))
        tally = beat.tally or Tally(run.totals)
        predictor = patience.call(
            lambda: self._recipes.predictor(
                recipe,
                version,
                budget=run.options.get("budget"),
                spent=tally.totals.cost or 0.0,
            )
        )
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
        pages = self._pages(run, fence, project.tasks, reading)
        stopper = self._loop.run(asking.run(pages))
        if beat.stop.is_set():
            raise Interrupted("The work was interrupted.")
        plan = {**run.plan, **_stopped(stopper, beat)}
        return self._set(run, fence, stage=Stage.PLANNING, plan=plan, asked_at=datetime.now(UTC))

    def _pages(
        self, run: Run, fence: int, task_number: int, patience: Patience
    ) -> Iterator[list[Task]]:
        """Yield the tasks a run covers, page by page, waiting for Label Studio when it is away."""
        task_ids = run.options.get("task_ids")
        if task_ids is None:
            self._set(run, fence, total=task_number)
            queries: list[JsonObject | None] = [None]
        else:
            self._set(run, fence, total=len(task_ids))
            queries = [
                _only(task_ids[start : start + IDS_AT_ONCE])
                for start in range(0, len(task_ids), IDS_AT_ONCE)
            ]
        seen = 0
        for query in queries:
            pages = _Pages(self._studio, run.project_id, query)
            while (page := patience.call(pages.read)) is not None:
                seen += len(page)
                yield page
        self._set(run, fence, total=max(seen, len(self._store.outcomes.task_ids(run.id))))

    # Publishing

    def _publish(self, run: Run, fence: int, patience: Patience) -> str:
        with self._writer.hold(patience, run.id) as session:
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


class _Pages:
    """Task pages that survive a Label Studio going away between two of them."""

    def __init__(self, studio: LabelStudioDoor, project_id: int, query: JsonObject | None) -> None:
        self._studio = studio
        self._project_id = project_id
        self._query = query
        self._pages = self._open()
        self._seen: set[int] = set()

    def _open(self) -> Iterator[list[Task]]:
        return self._studio.iter_tasks(self._project_id, page_size=PAGE, query=self._query)

    def read(self) -> list[Task] | None:
        """Return the next page without tasks already given, None after the last."""
        try:
            page = next(self._pages, None)
        except PromptsError:
            self._pages = (
                self._open()
            )  # an iterator that raised is spent; start over, skip the seen
            raise
        if page is None:
            return None
        fresh = [task for task in page if task.id not in self._seen]
        self._seen.update(task.id for task in fresh)
        return fresh


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


def _only(task_ids: list[int]) -> JsonObject:
    return {
        "filters": {
            "conjunction": "and",
            "items": [
                {
                    "filter": "filter:tasks:id",
                    "operator": "in_list",
                    "type": "Number",
                    "value": task_ids,
                }
            ],
        }
    }


def _in(seconds: float) -> float:
    return time.time() + seconds
