"""How right a run was: its outcomes against ground truth, failures counted as misses.

What was measured holds as long as the ground truth does: a run's metrics carry a fingerprint of
the ground truth they were measured on, and a run whose fingerprint is no longer true is stale.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from ml_backend.errors import PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.records import (
    Example,
    Run,
    RunMetrics,
    RunStatus,
    Slot,
    Subset,
    TruthSource,
    TruthsUnread,
)
from ml_backend.services.evaluation.ground_truth import (
    Compared,
    GroundTruth,
    GroundTruthReader,
    ProjectGroundTruth,
    digest,
)
from ml_backend.services.evaluation.metrics import Measurement
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.truths import TruthCounts
from ml_backend.store import JudgedOutcome, Store
from ml_backend.store.outcomes import FEW

log = logging.getLogger(__name__)

MANY_RUNS = 10_000
FEW_OF = 4
"""One in so many of a run's outcomes are fewer than to read all of them for."""
MOST_REASONS = 10
FEW_TRUTHS = 1_000
"""Annotations that are read while somebody waits for a page."""


class Evaluation:
    """Computes a run's metrics from the store and the project's ground truth."""

    def __init__(
        self, store: Store, studio: LabelStudioReader, counts: TruthCounts | None = None
    ) -> None:
        self._store = store
        self._studio = studio
        self._identity = ProjectIdentity(store)
        self._reader = GroundTruthReader(store, studio)
        self._counts = counts or TruthCounts(store)

    def reading(self, studio: LabelStudioReader) -> Evaluation:
        """The same, reading Label Studio by another client."""
        return Evaluation(self._store, studio, self._counts)

    def counted(self, project: Project) -> Project:
        """Return a project whose ``ground_truths`` are the tasks that have any: what counts."""
        return self._counts.counted(self._studio, project)

    def forget_counts(self) -> None:
        """Count what is true anew: what people wrote, or a mark, has changed."""
        self._counts.forget()

    def count_true(self, project_id: int, source: TruthSource) -> int:
        """Return how many tasks have a truth, without reading what people wrote."""
        if source is TruthSource.GROUND_TRUTH:
            return self._counts.marked(self._studio, project_id)
        return self._counts.annotated(self._studio, project_id)

    def true_tasks(self, project_id: int, source: TruthSource) -> list[int]:
        """Return the tasks that have a truth, by their ids."""
        return self._reader.task_ids(project_id, source)

    def measure(self, run: Run, config: LabelingConfig) -> RunMetrics:
        """Return the metrics of a run: see ``Measurement``.

        Only tasks the run covered and that hold a truth count. Where a task has several truths,
        the one that agrees best counts. Which tasks were right, and their classes, are kept in
        the store, in place of what an earlier measurement kept.
        """
        read = self._reader.read(run.project_id, config, run.truth)
        measurement = Measurement(config)
        measured: list[str] = []
        judged: list[JudgedOutcome] = []
        for outcome in self._store.outcomes.iter(run.id, task_ids=read.by_task):
            judged.append(measurement.add(outcome, read.by_task[outcome.task_id]))
            measured += read.digests.get(outcome.task_id, [])
        self._store.results.judge(run.id, judged)
        metrics = measurement.metrics(run.truth, _fingerprint(measured))
        return replace(metrics, unread=self._unread(run, read))

    def _unread(self, run: Run, read: ProjectGroundTruth) -> TruthsUnread | None:
        """Return what could not be read of the tasks that a run covered."""
        if not read.unread:
            return None
        covered = self._store.outcomes.task_ids(run.id) & read.unread.keys()
        reasons = Counter(why for each in covered for why in read.unread[each])
        if not reasons:
            return None
        return TruthsUnread(
            annotations=reasons.total(),
            tasks=len(covered - read.by_task.keys()),
            reasons=dict(reasons.most_common(MOST_REASONS)),
        )

    def judge_by_task(self, run: Run) -> bool:
        """Have what ``measure`` keeps by task; return whether the run was measured at all.

        A run measured by a version that did not keep it is measured once more, on the truths
        as they are now; its metrics stay.
        """
        if self._store.results.is_judged(run.id):
            return True
        if run.metrics is None:
            return run.status.is_final and self._judge_few(run)
        project = self._studio.get_project(run.project_id)
        self._identity.check_run(run, project)
        self.measure(run, LabelingConfig.parse(project.label_config))
        return True

    def judge(self, run: Run) -> bool:
        """Keep by task what the truth says of a run that gets no score, as one over all tasks.

        Returns whether there was a truth to hold it against.
        """
        project = self._studio.get_project(run.project_id)
        self._identity.check_run(run, project)
        marked_only = run.truth is TruthSource.GROUND_TRUTH
        if not (project.ground_truths if marked_only else project.annotations):
            return False
        config = LabelingConfig.parse(project.label_config)
        read = self._reader.read(run.project_id, config, run.truth)
        measurement = Measurement(config)
        judged = [
            measurement.add(outcome, read.by_task[outcome.task_id])
            for outcome in self._store.outcomes.iter(run.id, task_ids=read.by_task)
        ]
        if judged:
            self._store.results.judge(run.id, judged)
        return bool(judged)

    def _judge_few(self, run: Run) -> bool:
        """Judge a run without a score now, where no page waits long for that."""
        try:
            project = self._studio.get_project(run.project_id)
            return project.annotations <= FEW_TRUTHS and self.judge(run)
        except PromptsError as error:
            log.warning("run %s: what matches is not known: %s", run.id, error)
            return False

    def compared(
        self, run: Run, truths: Mapping[int, GroundTruth], config: LabelingConfig
    ) -> dict[int, Compared]:
        """Return how each task of a run that has a truth agrees with it, by control."""
        return {
            each.task_id: truths[each.task_id].judge(each, config)[0]
            for part in _parts(truths, run.totals.done)
            for each in self._store.outcomes.iter(run.id, task_ids=part)
        }

    def truths(
        self,
        project_id: int,
        config: LabelingConfig,
        task_ids: Sequence[int] | None = None,
        *,
        source: TruthSource,
    ) -> dict[int, GroundTruth]:
        """Return the truths of a project, or of these tasks, by task.

        Those that cannot be read are left out.
        """
        return self._reader.read(project_id, config, source, task_ids).by_task

    # Stale runs

    def mark_outdated(self, project_id: int, before: Collection[Example]) -> list[int]:
        """Mark evaluations that the pool's ground truth no longer bears out; return their runs.

        ``before`` is what the pool's ground truth was before it was last read, for the reason that
        people are shown.
        """
        self.forget_counts()
        known = _digests(before)
        digests = _digests(self._store.examples.ground_truth(project_id))
        changed = {task_id for _, task_id in known.items() ^ digests.items()}
        runs = self._evaluations(project_id)
        self._store.results.forget_unscored(project_id)
        every: dict[str, int] = {}
        if any(run.truth is TruthSource.ANNOTATIONS for run in runs):
            every = _digests(self._store.examples.of_project(project_id))
        tasks = f": {len(changed)} task{'s' * (len(changed) != 1)}" if changed else ""
        outdated: list[int] = []
        for truth, now, why in (
            (TruthSource.GROUND_TRUTH, digests, f"The ground truth changed after this run{tasks}."),
            (TruthSource.ANNOTATIONS, every, "The annotations changed after this run."),
        ):
            found = [
                run.id
                for run in runs
                if run.truth is truth and _is_outdated(run, now, changed=bool(changed))
            ]
            if found:
                self._store.runs.mark_stale(found, why)
            outdated += found
        return outdated

    def _evaluations(self, project_id: int) -> list[Run]:
        """Return the project's completed evaluations that are not stale yet."""
        return [
            run
            for run in self._store.runs.search(project_id=project_id, limit=MANY_RUNS)
            if run.slot is Slot.EVALUATE and run.status is RunStatus.COMPLETED and not run.stale
        ]


def _parts(task_ids: Iterable[int], among: int) -> list[Collection[int]]:
    """Return tasks in parts that are asked for by name, all at once where they are most of all."""
    every = sorted(task_ids)
    if len(every) * FEW_OF > among:
        return [every]
    return [every[start : start + FEW] for start in range(0, len(every), FEW)]


def _is_outdated(run: Run, truths: Mapping[str, int], *, changed: bool) -> bool:
    """Return whether a run was measured on other ground truths, a digest -> task, than these."""
    measured_on = run.metrics.fingerprint if run.metrics is not None else ""
    if not measured_on:
        return changed
    covered = _covered(run)
    now = (digest for digest, task_id in truths.items() if covered is None or task_id in covered)
    return _fingerprint(now) != measured_on


def _covered(run: Run) -> set[int] | None:
    """Return the tasks whose truth concerns a run, None for all.

    New ground truth elsewhere does not concern a run of chosen tasks.
    """
    whole = run.subset in (Subset.HAS_GT, Subset.ALL) and not run.options.held_out
    tasks = None if whole else run.options.task_ids
    return None if tasks is None else set(tasks)


def _digests(truths: Iterable[Example]) -> dict[str, int]:
    """Return digest -> task."""
    return {digest(each.task_id, each.annotation_id, each.answer): each.task_id for each in truths}


def _fingerprint(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]
