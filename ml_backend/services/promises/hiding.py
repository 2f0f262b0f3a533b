"""Predictions of a sample's tasks, out of Label Studio while it is open and back when it is not.

Label Studio shows whoever opens a task all of its predictions, whatever the project's settings say
(docs/label-studio.md, *What is seen of predictions*): so those of ours are taken away, and kept
here. What is kept is committed before the first is deleted; what is put back is told by ids above a
watermark that is committed before the first is written. So each step may be broken off anywhere and
done again: nothing is lost, nothing stands twice.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ml_backend.errors import (
    ConfigError,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    PromptsError,
)
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.records import JsonObject
from ml_backend.records.promises import Hiding, PromiseSample, Withheld
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.promises.population import to_withheld
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.writing.resend import ROUNDS, resend, wait_until_up
from ml_backend.services.writing.writer import WriterSession
from ml_backend.store import Store
from ml_backend.store.promises import NOT_BEGUN

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Difference:
    """What Label Studio lacks and has too much of."""

    missing: list[Withheld] = field(default_factory=list)
    surplus: list[int] = field(default_factory=list)


class Curtain:
    """Takes predictions of a sample's tasks away and puts them back, under a held writer session.

    ``session`` is of the server's own token, as all that is ours is written.
    """

    def __init__(
        self,
        store: Store,
        session: WriterSession[ServerLabelStudio],
        ownership: Ownership,
        predictor_factory: PredictorFactory,
    ) -> None:
        self._store = store
        self._session = session
        self._studio = session.studio
        self._ownership = ownership.reading(session.studio)
        self._predictor_factory = predictor_factory

    def settle(self, sample: PromiseSample) -> PromiseSample:
        """Bring Label Studio to what the sample's state says it should hold; safe to repeat.

        Raises PromptsError after five rounds that did not get there.
        """
        try:
            if sample.hiding is Hiding.HIDING:
                self._hide(sample)
            elif sample.hiding is Hiding.RETURNING:
                self._put_back(sample)
        except LabelStudioNotFound:
            self._studio.version()  # raises when it is no Label Studio that does not know it
            self._store.promises.withdraw(sample.id, "Its project is gone from Label Studio.")
            self._store.promises.returned(sample.id)
        return self._store.promises.get(sample.id)

    # Taking away

    def _hide(self, sample: PromiseSample) -> None:
        project = self._studio.get_project(sample.project_id)
        for _ in range(ROUNDS):
            standing = self._standing(sample)
            if not standing:
                break
            resend(
                lambda ids=standing: self._session.delete_predictions(sample.project_id, ids),  # type: ignore[misc]
                self._studio,
            )
        else:
            raise PromptsError(
                f"After {ROUNDS} rounds tasks of promise sample {sample.id} still hold predictions."
            )
        self._note_seen(sample)
        resend(lambda: self._session.repair_counters(sample.project_id), self._studio)
        self._show(sample.project_id, project.model_version)
        self._store.promises.hidden(sample.id)

    def _note_seen(self, sample: PromiseSample) -> None:
        """Keep on which tasks somebody worked while predictions stood there: soon nothing tells.

        Long ones, where a process died in between.
        """
        ids = [task.task_id for task in self._store.promises.tasks(sample.id)]
        touched = self._studio.touched(sample.project_id, ids)
        seen = [task.id for task in touched if task.annotations or task.has_draft]
        self._store.promises.seen(sample.id, seen)

    def _standing(self, sample: PromiseSample) -> list[int]:
        """Return the predictions of ours on the tasks; what is not kept yet is kept now."""
        tasks = {task.task_id for task in self._store.promises.tasks(sample.id)}
        ours = self._ownership.ours(sample.project_id)
        keys = self._studio.prediction_keys(sample.project_id)
        found = [key for key in keys if key.task_id in tasks and ours.holds(key)]
        kept = {each.prediction_id for each in self._store.promises.withheld(sample.id)}
        for task_id in sorted({key.task_id for key in found if key.id not in kept}):
            late = []
            for row in self._studio.task_prediction_rows(sample.project_id, task_id):
                owner = ours.owner(row)
                if owner is not None:
                    late.append(to_withheld(row, owner.prompt_id, owner.slot))
            # The newest of a label last, which is the one to stay.
            self._store.promises.keep_late(sample.id, sample.project_id, late[::-1])
        return [key.id for key in found]

    def _show(self, project_id: int, label: str | None) -> None:
        """Have the label stream show what it showed: Label Studio may forget it on deletes."""
        if not label or self._studio.get_project(project_id).model_version == label:
            return
        try:
            resend(lambda: self._session.set_model_version(project_id, label), self._studio)
        except LabelStudioRejected:
            log.info("project %s: nothing is left of %r, which was shown", project_id, label)

    # Putting back

    def _put_back(self, sample: PromiseSample) -> None:
        if sample.watermark == NOT_BEGUN:
            keys = self._studio.prediction_keys(sample.project_id)
            newest = max((key.id for key in keys), default=0)
            self._store.promises.begin_return(sample.id, newest)
            sample = self._store.promises.get(sample.id)
        for rounds in range(ROUNDS + 1):
            difference = self._settled_difference(sample)
            if difference is None:
                break
            if rounds == ROUNDS:
                raise PromptsError(
                    f"After {ROUNDS} rounds {len(difference.missing)} predictions of promise "
                    f"sample {sample.id} are not back in Label Studio.",
                    fix="Look at Label Studio's log first; it is tried again by itself.",
                )
            self._mend(sample, difference, again=rounds > 1)
        resend(lambda: self._session.repair_counters(sample.project_id), self._studio)
        self._store.promises.returned(sample.id)

    def _settled_difference(self, sample: PromiseSample) -> _Difference | None:
        """Return what is to be mended; None once nothing is, and nothing can come any more."""
        while True:
            self._session.settle()
            doubtful = self._session.doubtful_seconds()
            found = self._difference(sample)
            if found.missing or found.surplus:
                return found
            if not doubtful:
                return None
            self._studio.patience.say("waiting to see whether an interrupted write still comes")
            self._studio.patience.sleep(doubtful)

    def _difference(self, sample: PromiseSample) -> _Difference:
        kept = self._store.promises.withheld(sample.id)
        if not kept:
            return _Difference()
        existing = set(self._studio.task_ids(sample.project_id))
        ours = self._ownership.ours(sample.project_id)
        back: dict[tuple[int, str], list[int]] = defaultdict(list)
        for key in self._studio.prediction_keys(sample.project_id):
            if key.id > sample.watermark and ours.holds(key):
                back[key.task_id, key.model_version or ""].append(key.id)
        found = _Difference()
        for each in kept:
            ids = back.get((each.task_id, each.label), [])
            found.surplus += sorted(ids)[1:]
            if not ids and each.task_id in existing and each.label in ours:
                found.missing.append(each)
        return found

    def _mend(self, sample: PromiseSample, difference: _Difference, *, again: bool) -> None:
        project_id, mark = sample.project_id, sample.watermark
        try:
            if difference.surplus:
                self._session.delete_predictions(project_id, difference.surplus)
            may_be = [not again and self._fits(project_id, each) for each in difference.missing]
            rows = [_row(each) for each in difference.missing]
            whole = [row for row, fits in zip(rows, may_be, strict=True) if fits]
            # An import would drop these, though the editor takes them.
            single = [row for row, fits in zip(rows, may_be, strict=True) if not fits]
            if whole:
                self._session.import_predictions(project_id, sample.label, whole, mark)
            self._session.create_predictions(project_id, single, mark)
        except LabelStudioRejected as error:
            # A task deleted this moment: the next round reads the tasks again.
            log.warning("promise sample %s: refused: %s", sample.id, error.message)
        except LabelStudioError as error:
            log.warning("promise sample %s: interrupted: %s", sample.id, error.message)
            if not error.maybe_done:
                wait_until_up(error, self._studio)

    def _fits(self, project_id: int, kept: Withheld) -> bool:
        """Return whether an import takes a prediction, by the labeling config of now."""
        try:
            config = self._predictor_factory.config_of(self._studio.get_project(project_id))
        except ConfigError:
            return False
        return config.may_be_imported(kept.result)


def _row(kept: Withheld) -> JsonObject:
    return {
        "task": kept.task_id,
        "result": kept.result,
        "score": kept.score,
        "model_version": kept.label,
    }


def standing_on(
    studio: ServerLabelStudio, project_id: int, task_ids: Sequence[int]
) -> frozenset[int]:
    """Return the tasks that hold any prediction now, whosever it is."""
    among = set(task_ids)
    return frozenset(
        key.task_id for key in studio.prediction_keys(project_id) if key.task_id in among
    )
