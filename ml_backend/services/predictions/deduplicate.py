"""The sweep after ``/predict``: one prediction per task and prompt, in the slot *all*.

Label Studio stores what ``/predict`` answered by itself, one by one, after the answer: beside rows
of an older version, of a run that published meanwhile, of a second retrieval. So every prediction
handed out is looked at again a few times, and of several the newest decision stays.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ml_backend.errors import LabelStudioNotFound, PromptsError
from ml_backend.labelstudio import PredictionKey, ServerLabelStudio, queries
from ml_backend.records import Slot, Stage
from ml_backend.services.predictions.delete import DeletePlan, DeletePredictions, whole_versions
from ml_backend.services.predictions.selection import select
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.patience import Interrupted, Patience
from ml_backend.services.writing.resend import resend
from ml_backend.services.writing.writer import Writer, WriterSession
from ml_backend.store import Served, Store

log = logging.getLogger(__name__)

READ_ONE_BY_ONE = 30
"""Tasks read one by one, at 25 to 60 ms each; more by reading the project (12,000 rows: 1.3 s)."""

DELETE_ONE_BY_ONE = 100
"""Rows of a label deleted one by one; more in one call, which costs a recount of the project."""

DELETES_AT_ONCE = 100
"""Deletes by id in one pass: 10 s, in which others wait to write and ``/predict`` gives none."""

BUSY_SECONDS = 3.0
AWAY_SECONDS = 15.0
WAIT_SECONDS = 5.0
"""How long a pass may wait, for the right to write and for Label Studio, all in all."""

PRUNE_EVERY = 600.0
REMEMBERED = timedelta(days=1)
NEVER = datetime.min.replace(tzinfo=UTC)

Surplus = Mapping[PredictionKey, str]
"""Prediction to remove -> label of the one that stays on its task."""


class Sweep:
    """Removes doubles of what ``/predict`` handed out; safe in several processes at once."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        writer: Writer[ServerLabelStudio],
        removals: DeletePredictions[ServerLabelStudio],
        ownership: Ownership,
        shutdown: threading.Event,
    ) -> None:
        self._store = store
        self._studio = studio
        self._writer = writer
        self._removals = removals
        self._ownership = ownership
        self._prune_at = 0.0
        self.shutdown = shutdown

    def work(self) -> None:
        """Look once at everything that is due; what cannot be done now is due again in seconds."""
        by_project: dict[int, list[Served]] = defaultdict(list)
        for served in self._store.served.due():
            by_project[served.project_id].append(served)
        for project_id, due in by_project.items():
            if self.shutdown.is_set():
                return
            self._attend(project_id, due)
        if time.monotonic() >= self._prune_at:
            self._store.served.prune(REMEMBERED)
            self._prune_at = time.monotonic() + PRUNE_EVERY

    def _attend(self, project_id: int, due: Sequence[Served]) -> None:
        try:
            done = self._sweep(project_id, due)
        except LabelStudioNotFound:
            log.info("project %s is gone: nothing is left to sweep", project_id)
            self._store.served.give_up(project_id)
            self._store.provenance.forget_project(project_id)
        except Interrupted:
            self._store.served.put_off(due, BUSY_SECONDS)
        except PromptsError as error:
            log.warning("project %s: doubles are looked for later: %s", project_id, error)
            self._store.served.put_off(due, AWAY_SECONDS)
        except Exception:  # one project's trouble must not keep the others waiting
            log.exception("project %s: doubles are looked for later", project_id)
            self._store.served.put_off(due, AWAY_SECONDS)
        else:
            self._store.served.swept(done)

    def _sweep(self, project_id: int, due: Sequence[Served]) -> Sequence[Served]:
        """Return what needs no further look this time; raises Interrupted while others write."""
        self._refuse_publishing(project_id)
        if self._writer.holder() is not None:
            raise Interrupted("Another run or command is writing.")
        tasks = {key.task_id for key in self._surplus(project_id, due)}
        if not tasks:
            return due
        doubled = [served for served in due if served.task_id in tasks]
        patience = _ShortPatience(self.shutdown, WAIT_SECONDS)
        with self._writer.hold(patience) as session:
            self._refuse_publishing(project_id)
            self._ownership.identify(self._studio.get_project(project_id))
            # Read again: what was seen without the right to write may be gone or decided anew.
            surplus = self._surplus(project_id, doubled)
            removed = self._remove(session, project_id, surplus) if surplus else set()
        left = {key.task_id for key in surplus if key.id not in removed}
        return [served for served in due if served.task_id not in left]

    def _refuse_publishing(self, project_id: int) -> None:
        stages = (Stage.CLEARING, Stage.LOADING, Stage.VERIFYING)
        runs = self._store.runs.search(project_id=project_id, open_only=True)
        if any(run.stage in stages for run in runs):
            raise Interrupted("A run is publishing in this project.")

    # Choosing

    def _surplus(self, project_id: int, served: Iterable[Served]) -> Surplus:
        """Return every row of ours but the one to keep, of the tasks served and of one prompt."""
        ours = self._ownership.ours(project_id, slot=Slot.ALL)
        owners = {label.label: label.prompt_id for label in ours.labels.values()}
        places = {(each.task_id, owners[each.label]) for each in served if each.label in owners}
        held: dict[tuple[int, int], list[PredictionKey]] = defaultdict(list)
        for key in self._read(project_id, {task_id for task_id, _ in places}):
            owner = ours.owner(key)
            if owner is not None and (key.task_id, owner.prompt_id) in places:
                held[key.task_id, owner.prompt_id].append(key)
        doubled = [keys for keys in held.values() if len(keys) > 1]
        decided = self._store.served.decisions(project_id, {keys[0].task_id for keys in doubled})
        surplus: dict[PredictionKey, str] = {}
        for keys in doubled:
            kept = max(keys, key=_newest(decided))
            surplus |= {key: kept.model_version or "" for key in keys if key is not kept}
        return surplus

    def _read(self, project_id: int, task_ids: Collection[int]) -> Iterable[PredictionKey]:
        if len(task_ids) > READ_ONE_BY_ONE:
            return self._studio.prediction_keys(project_id)
        found: list[PredictionKey] = []
        for task_id in sorted(task_ids):
            found += self._studio.task_predictions(project_id, task_id)
        return found

    # Removing

    def _remove(
        self, session: WriterSession[ServerLabelStudio], project_id: int, surplus: Surplus
    ) -> set[int]:
        """Remove surplus rows, as many as one pass may; return their ids."""
        whole = self._whole_labels(project_id, surplus)
        by_name = {key for key in surplus if key.model_version in whole}
        if by_name:
            plan = DeletePlan(project_id, select(labels=whole), tuple(by_name), tuple(whole))
            heir = _heir({key: surplus[key] for key in by_name})
            _, notes = self._removals.carry_out(session, plan, heir=heir)
            for note in notes:
                log.info("project %s: %s", project_id, note)
        one_by_one = sorted(surplus.keys() - by_name, key=lambda key: key.id)[:DELETES_AT_ONCE]
        if one_by_one:
            session.delete_predictions(project_id, [key.id for key in one_by_one])
            self._repair(session, project_id, {key: surplus[key] for key in one_by_one})
        removed = by_name.union(one_by_one)
        counts = Counter(key.model_version or "" for key in removed)
        shown = ", ".join(f"{count} of {label!r}" for label, count in sorted(counts.items()))
        log.info("project %s: removed predictions that newer ones replace: %s", project_id, shown)
        return {key.id for key in removed}

    def _whole_labels(self, project_id: int, surplus: Surplus) -> list[str]:
        """Return the labels worth deleting in one call each, of which no row is to stay."""
        tasks: dict[str | None, set[int]] = defaultdict(set)
        for key in surplus:
            tasks[key.model_version].add(key.task_id)
        many = [label for label, ids in tasks.items() if label and len(ids) > DELETE_ONE_BY_ONE]
        if not many:
            return []
        # A row that Label Studio is about to store under the label may be the only one of a task.
        settled = [
            label
            for label in many
            if self._store.served.unfinished(project_id, label) <= tasks[label]
        ]
        return whole_versions(surplus, self._studio.prediction_keys(project_id), among=settled)

    def _repair(
        self, session: WriterSession[ServerLabelStudio], project_id: int, removed: Surplus
    ) -> None:
        """Mend what deleting by id can leave behind: a wrong counter, a label stream of nothing."""
        if self._miscounts(project_id, {key.task_id for key in removed}):
            resend(lambda: session.repair_counters(project_id), session.studio)
        shown = self._studio.get_project(project_id).model_version
        replaced = {key: label for key, label in removed.items() if key.model_version == shown}
        if replaced and shown not in self._studio.model_versions(project_id):
            heir = _heir(replaced)
            resend(lambda: session.set_model_version(project_id, heir), session.studio)

    def _miscounts(self, project_id: int, task_ids: Collection[int]) -> bool:
        """Return whether the Data Manager shows wrong counts: a recount costs the whole project."""
        held = Counter(key.task_id for key in self._read(project_id, task_ids))
        by_count: dict[int, list[int]] = defaultdict(list)
        for task_id in task_ids:
            by_count[held[task_id]].append(task_id)
        for count, ids in by_count.items():
            wrong = queries.condition("total_predictions", "not_equal", count)
            query = {
                **queries.selecting(ids),
                "filters": queries.all_of(wrong),
            }
            if self._studio.task_ids(project_id, query=query):
                return True
        return False


class _ShortPatience(Patience):
    """Waits a few seconds in all, then gives up: whatever it was for is tried again later."""

    def __init__(self, stop: threading.Event, seconds: float) -> None:
        super().__init__(lambda message: None, stop, give_up_after=seconds, first_pause=0.2)
        self._left = seconds

    def sleep(self, seconds: float) -> None:
        if seconds > self._left:
            raise Interrupted("Waited long enough for now.")
        self._left -= seconds
        super().sleep(seconds)


def _newest(
    decided: Mapping[tuple[int, str], datetime],
) -> Callable[[PredictionKey], tuple[datetime, int]]:
    """Return what orders a task's rows: when their label was last chosen for it, then their id.

    By the id alone, a row of an old version that Label Studio stores late would beat a new one.
    """
    return lambda key: (decided.get((key.task_id, key.model_version or ""), NEVER), key.id)


def _heir(surplus: Surplus) -> str:
    """Return the label that most of the rows give way to."""
    return Counter(surplus.values()).most_common(1)[0][0]
