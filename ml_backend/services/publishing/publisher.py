"""How a run's predictions reach Label Studio exactly once: plan, clear, load, verify, finish.

Nothing is ever replayed: each stage is entered by a commit, and recovery reads what Label Studio
holds and mends the difference to what the store says. docs/design/publishing.md, has the why.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_backend.errors import LabelStudioError, LabelStudioRejected, PromptsError
from ml_backend.labelstudio import PredictionKey, ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import JsonObject, PlannedWrites, Prediction, Region, Run
from ml_backend.records.promises import Withheld
from ml_backend.services.publishing.label_stream import choose_model_version
from ml_backend.services.publishing.ownership import Owned, Ownership
from ml_backend.services.writing.resend import ROUNDS, resend, wait_until_up
from ml_backend.services.writing.writer import WriterSession
from ml_backend.store import Store

log = logging.getLogger(__name__)

IMPORT_AT_ONCE = 10_000
SAY_EVERY = 100
SECONDS_PER_DELETE_BY_ID = 0.065
SECONDS_PER_ROW_DELETED_BY_LABEL = 0.0045
SECONDS_PER_ROW_IMPORTED = 0.0007


@dataclass(slots=True)
class Difference:
    """What Label Studio lacks and has too much of; both empty means published."""

    missing: set[int] = field(default_factory=set)
    missing_kept: list[dict[str, Any]] = field(default_factory=list)
    surplus: set[int] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        return not (self.missing or self.missing_kept or self.surplus)

    def __str__(self) -> str:
        lacking = len(self.missing) + len(self.missing_kept)
        return f"{lacking} predictions are missing and {len(self.surplus)} are left over"


class Publisher:
    """Publishes one run under a held writer session, by whose studio it reads."""

    def __init__(
        self,
        store: Store,
        session: WriterSession[ServerLabelStudio],
        ownership: Ownership,
        *,
        may_be_imported: Callable[[Sequence[Region]], bool] = lambda result: True,
    ) -> None:
        """``may_be_imported`` tells the results that an import takes from those it would drop."""
        self._store = store
        self._session = session
        self._studio = session.studio
        self._patience = session.studio.patience
        self._may_be_imported = may_be_imported
        self._ownership = ownership
        self.deleted: set[int] = set()
        """The tasks of the run that are gone from Label Studio, as far as was looked."""

    def plan(self, run: Run) -> PlannedWrites:
        """Return what will be removed and written, to be committed before the first write."""
        good, definite, published = self._store.outcomes.verdicts(run.id)
        project = self._studio.get_project(run.project_id)
        keys = self._studio.prediction_keys(run.project_id)
        ours = self._ours(run)
        rows_of: dict[int, list[PredictionKey]] = defaultdict(list)
        for key in keys:
            if ours.holds(key):
                rows_of[key.task_id].append(key)
        standing = {
            task_id
            for task_id in published
            if [key.model_version for key in rows_of[task_id]] == [run.label]
        }
        settled = (good | definite) - standing
        clear = [key.id for task_id in sorted(settled) for key in rows_of.get(task_id, ())]
        return PlannedWrites(
            watermark=max((key.id for key in keys), default=0),
            clear=tuple(clear) if good else (),
            skip=tuple(sorted(standing)),
            model_version=project.model_version or "",
        )

    def clear(self, run: Run) -> None:
        """Remove the older predictions the plan names, and only those."""
        by_label: dict[str, list[int]] = defaultdict(list)
        rows_under: dict[str, list[PredictionKey]] = defaultdict(list)
        planned = set(run.plan.planned.clear)
        if not planned:
            return
        for key in self._studio.prediction_keys(run.project_id):
            if key.model_version is None:
                continue
            rows_under[key.model_version].append(key)
            if key.id in planned:
                by_label[key.model_version].append(key.id)
        for label, ids in by_label.items():
            self._clear_label(run, label, ids, rows_under[label])

    def _clear_label(self, run: Run, label: str, ids: list[int], rows: list[PredictionKey]) -> None:
        kept = {row.id for row in rows} - set(ids)
        ours = self._ours(run)
        if not all(ours.holds(row) for row in rows):
            # Somebody else's are among them: those are neither taken away nor written again.
            resend(lambda: self._session.delete_predictions(run.project_id, ids), self._studio)
            return
        by_id = SECONDS_PER_DELETE_BY_ID * len(ids)
        whole = SECONDS_PER_ROW_DELETED_BY_LABEL * len(rows) + SECONDS_PER_ROW_IMPORTED * len(kept)
        if kept and by_id <= whole:
            resend(lambda: self._session.delete_predictions(run.project_id, ids), self._studio)
            return
        if kept:
            self._keep_copies(run, kept)
        resend(lambda: self._session.delete_label(run.project_id, label), self._studio)

    def _keep_copies(self, run: Run, kept: set[int]) -> None:
        newest: dict[tuple[int, str], dict[str, Any]] = {}
        for row in self._studio.predictions(run.project_id):
            if row.id in kept and row.model_version is not None:
                newest[row.task_id, row.model_version] = {
                    "prediction_id": row.id,
                    "task_id": row.task_id,
                    "label": row.model_version,
                    "score": row.score,
                    "result": row.result,
                }
        self._store.outcomes.keep(run.id, list(newest.values()))

    def load(self, run: Run) -> None:
        """Import what is planned in few large calls; anything that goes wrong is left to verify."""
        try:
            kept = self._kept_to_load(run)
            left: set[int] = set()
            for rows in self._chunks(run, kept, self._targets(run), left):
                created = self._session.import_predictions(
                    run.project_id, run.label, rows, run.plan.planned.watermark
                )
                if created != len(rows):
                    log.warning("run %s: sent %s, stored %s", run.id, len(rows), created)
            self._create(run, left)
        except LabelStudioError as error:
            log.warning("run %s: import interrupted: %s", run.id, error.message)
            self._patience.say(f"the import was interrupted: {error.message}")

    def _kept_to_load(self, run: Run) -> list[JsonObject]:
        kept = self._store.outcomes.kept(run.id)
        if not kept:
            return []
        keys = self._studio.prediction_keys(run.project_id)
        standing = {key.id for key in keys}
        elsewhere = self._targets(run) | self._withheld(run)
        return [
            _kept_row(row)
            for row in kept
            if row["prediction_id"] not in standing and row["task_id"] not in elsewhere
        ]

    def verify(self, run: Run) -> None:
        """Read and mend until Label Studio holds exactly what the store says.

        Raises PromptsError after five rounds that did not get there; the run can be resumed.
        """
        rounds = 0
        while True:
            self._session.settle()
            doubtful = self._session.doubtful_seconds()
            difference = self._compare(run)
            if difference.is_clean:
                if not doubtful:
                    return
                # A write that was given up on unseen could still come: look once more, later.
                self._patience.say("waiting to see whether an interrupted write still comes")
                self._patience.sleep(doubtful)
                continue
            if rounds == ROUNDS:
                break
            rounds += 1
            self._mend(run, difference, again=rounds > 2)
        raise PromptsError(
            f"After {ROUNDS} rounds {difference} in Label Studio.",
            fix=f"Look at Label Studio's log first. {Step.RESUME_RUN(run=run.id)}",
        )

    def finish(self, run: Run) -> str:
        """Repair counters, choose what the label stream shows; return what a person should know."""
        resend(lambda: self._session.repair_counters(run.project_id), self._studio)
        note = choose_model_version(
            run,
            ownership=self._ownership,
            studio=self._studio,
            show=lambda label: resend(
                lambda: self._session.set_model_version(run.project_id, label), self._studio
            ),
        )
        note = f"{note} {self._withhold(run)}".strip()
        self._store.outcomes.mark_published(run.id)
        self._store.provenance.forget_replaced(run)
        self._store.outcomes.drop_kept(run.id)
        return note

    def withdraw(self, run: Run, task_ids: Collection[int]) -> None:
        """Delete what this run wrote to tasks that took the ids of those it asked."""
        keys = self._studio.prediction_keys(run.project_id)
        wrong = [
            key.id
            for key in keys
            if key.task_id in task_ids
            and key.model_version == run.label
            and key.id > run.plan.planned.watermark
        ]
        resend(lambda: self._session.delete_predictions(run.project_id, wrong), self._studio)

    # Verifying

    def _compare(self, run: Run) -> Difference:
        ours = self._ours(run)
        watermark = run.plan.planned.watermark
        planned = set(run.plan.planned.clear)
        targets, withheld = self._targets(run), self._withheld(run)
        kept = {
            (row["task_id"], row["label"]): row
            for row in self._store.outcomes.kept(run.id)
            if row["task_id"] not in targets and row["task_id"] not in withheld
        }
        overtaken: set[int] = set()
        new: dict[int, list[int]] = defaultdict(list)
        back: dict[tuple[int, str], list[int]] = defaultdict(list)
        difference = Difference()
        for key in self._studio.prediction_keys(run.project_id):
            if key.model_version is None or not ours.holds(key):
                continue
            place = (key.task_id, key.model_version)
            if key.task_id in targets:
                if key.id > watermark and key.model_version == run.label:
                    new[key.task_id].append(key.id)
                else:
                    difference.surplus.add(key.id)
            elif key.id in planned:
                difference.surplus.add(key.id)
            elif place in kept and (key.id > watermark or key.id == kept[place]["prediction_id"]):
                back[place].append(key.id)
            elif key.id > watermark:
                overtaken.add(key.task_id)  # a later run wrote here: what was kept is history
        for ids in [*new.values(), *back.values()]:
            difference.surplus.update(sorted(ids)[1:])
        difference.missing = {task for task in targets if task not in new}
        difference.missing_kept = [
            row for place, row in kept.items() if place not in back and place[0] not in overtaken
        ]
        if difference.missing or difference.missing_kept:
            self._drop_deleted_tasks(run, difference)
        return difference

    def _drop_deleted_tasks(self, run: Run, difference: Difference) -> None:
        existing = set(self._studio.task_ids(run.project_id))
        self.deleted = self._store.outcomes.task_ids(run.id) - existing
        difference.missing &= existing
        difference.missing_kept = [
            row for row in difference.missing_kept if row["task_id"] in existing
        ]

    def _mend(self, run: Run, difference: Difference, *, again: bool) -> None:
        """Bring the difference to nothing, once; ``again`` when that did not work before."""
        watermark = run.plan.planned.watermark
        try:
            if difference.surplus:
                self._session.delete_predictions(run.project_id, sorted(difference.surplus))
            if difference.missing or difference.missing_kept:
                kept = [_kept_row(row) for row in difference.missing_kept]
                if again:
                    # Once the labeling config has changed, an import drops what stood before.
                    self._session.create_predictions(run.project_id, kept, watermark)
                    kept = []
                left: set[int] = set()
                for rows in self._chunks(run, kept, difference.missing, left):
                    self._session.import_predictions(run.project_id, run.label, rows, watermark)
                self._create(run, left)
        except LabelStudioRejected as error:
            # A task deleted this moment: the next round reads the tasks again.
            log.warning("run %s: Label Studio refused: %s", run.id, error.message)
        except LabelStudioError as error:
            log.warning("run %s: mending interrupted: %s", run.id, error.message)
            if not error.maybe_done:
                wait_until_up(error, self._studio)

    def _targets(self, run: Run) -> set[int]:
        return self._written(run) - self._withheld(run)

    def _written(self, run: Run) -> set[int]:
        good, _, _ = self._store.outcomes.verdicts(run.id)
        return good - set(run.plan.planned.skip)

    def _withheld(self, run: Run) -> frozenset[int]:
        """Return the tasks of promise samples, which people label without a look at any answer."""
        return self._store.promises.withheld_tasks(run.project_id)

    def _withhold(self, run: Run) -> str:
        """Keep back what this run says of tasks of promise samples; return what to tell of it."""
        tasks = self._written(run) & self._withheld(run)
        if not tasks:
            return ""
        rows = [
            Withheld(
                task_id=each.task_id,
                label=run.label,
                prompt_id=run.prompt_id,
                slot=run.slot,
                score=each.score,
                result=each.result,
            )
            for each in self._outcomes(run, tasks)
        ]
        self._store.promises.withhold(run.project_id, run.prompt_id, run.slot, rows)
        were = "1 prediction is" if len(rows) == 1 else f"{len(rows)} predictions are"
        return f"{were} kept back until the promise sample is opened that their tasks are in."

    def _ours(self, run: Run) -> Owned:
        return self._ownership.ours(run.project_id, prompt_id=run.prompt_id, slot=run.slot)

    def _chunks(
        self, run: Run, first: list[JsonObject], targets: set[int], left: set[int]
    ) -> Iterator[list[JsonObject]]:
        """Yield the rows of imports; ``left`` gets the tasks whose predictions one would drop."""
        rows = list(first)
        for outcome in self._outcomes(run, targets):
            if not self._may_be_imported(outcome.result):
                left.add(outcome.task_id)
                continue
            rows.append(_row(outcome, run.label))
            if len(rows) >= IMPORT_AT_ONCE:
                yield rows
                rows = []
        if rows:
            yield rows

    def _create(self, run: Run, targets: set[int]) -> None:
        """Create, one by one, the predictions an import would drop though the editor takes them."""
        if not targets:
            return
        watermark = run.plan.planned.watermark
        for count, outcome in enumerate(self._outcomes(run, targets), 1):
            row = _row(outcome, run.label)
            self._session.create_predictions(run.project_id, [row], watermark)
            if count % SAY_EVERY == 0:
                self._patience.say(f"{count} predictions created one by one")

    def _outcomes(self, run: Run, targets: set[int]) -> Iterator[Prediction]:
        for outcome in self._store.outcomes.iter(run.id, ok=True, task_ids=targets):
            if isinstance(outcome, Prediction):
                yield outcome


def _row(prediction: Prediction, label: str) -> JsonObject:
    return {
        "task": prediction.task_id,
        "result": prediction.result,
        "score": prediction.score,
        "model_version": label,
    }


def _kept_row(row: dict[str, Any]) -> JsonObject:
    return {
        "task": row["task_id"],
        "result": row["result"],
        "score": row["score"],
        "model_version": row["label"],
    }
