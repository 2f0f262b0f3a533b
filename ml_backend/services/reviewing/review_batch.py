"""The next tasks that people are to look at: those a version is least sure of, all kinds mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project, queries
from ml_backend.records import PromptVersion, Slot
from ml_backend.scoring.confidence.review_order import Unsure, review_order
from ml_backend.services.evaluation.class_alignment import classes_of
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.store import Answered, Store

MANY_RUNS = 10_000
EXACT_UP_TO = 5_000
"""Tasks of a project up to which all are counted whenever a tab is filled: 0.4 s a thousand."""

UNTOUCHED = queries.all_of(
    queries.condition("total_annotations", "equal", 0),
    queries.condition("cancelled_annotations", "equal", 0),
)
"""The tasks that nobody annotated or skipped, and of which no annotation was made."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The tasks to look at first, the least sure first, and what stays behind them."""

    task_ids: tuple[int, ...] = ()
    waiting: int = 0
    """Tasks that come after these; some of them may be annotated by now."""
    predicted: int = 0
    """Tasks that the version answered in this project, or failed at."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many of the batch by what was predicted; "" where there is no prediction."""
    unscored: int = 0
    """How many of the batch have no score."""
    closed: int = 0
    """Tasks left out because they are of a promise sample that is not opened."""


class ReviewBatches:
    """Chooses batches of one version's predictions in a project."""

    def __init__(self, store: Store, predictor_factory: PredictorFactory) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._identity = ProjectIdentity(store)

    def choose(
        self,
        studio: LabelStudioReader,
        project: Project,
        version: PromptVersion,
        size: int,
        below: float | None = None,
        *,
        exact: bool = True,
    ) -> Batch:
        """Return the next batch; without ``exact`` a large project is asked about its first alone.

        Left out is what has any annotation, be it skipped or made of a prediction, what is of a
        closed promise sample, and what scores ``below`` or more.
        """
        config = self._predictor_factory.config_of(project)
        answered = self._answered(project, version)
        closed = self._store.promises.closed_tasks(project.id)
        known = self._store.examples.annotated_tasks(project.id)
        left = {
            each.task_id: each
            for each in answered
            if not (each.task_id in closed or each.task_id in known) and _is_low(each.score, below)
        }
        if exact or project.tasks <= EXACT_UP_TO:
            free = set(studio.task_ids(project.id, query={"filters": UNTOUCHED}))
            left = {task_id: each for task_id, each in left.items() if task_id in free}
        unsure = [Unsure(key, each.score, _kind(each, config)) for key, each in left.items()]
        chosen, passed = _untouched(studio, project, unsure, size)
        kinds = {each.task_id: str(each.group) for each in unsure}
        return Batch(
            task_ids=tuple(chosen),
            waiting=len(unsure) - passed,
            predicted=len(answered),
            kinds=Counter(kinds[task_id] for task_id in chosen),
            unscored=sum(left[task_id].score is None for task_id in chosen),
            closed=sum(each.task_id in closed for each in answered),
        )

    def _answered(self, project: Project, version: PromptVersion) -> list[Answered]:
        runs = self._store.runs.search(
            project_id=project.id, version_id=version.id, limit=MANY_RUNS
        )
        mine = [
            run.id
            for run in runs
            if run.slot is Slot.ALL and not self._identity.is_of_another(run, project)
        ]
        return self._store.review_tabs.answered(mine)


def _untouched(
    studio: LabelStudioReader, project: Project, unsure: Sequence[Unsure], size: int
) -> tuple[list[int], int]:
    """Return the first tasks that nobody touched, in order, and how many were passed by then."""
    chosen: list[int] = []
    passed = 0
    while len(chosen) < size and passed < len(unsure):
        # What was ordered before stays as it is: its beginning does not depend on how much is.
        order = review_order(unsure, size=passed + queries.IDS_PER_QUERY)
        chunk = order[passed:]
        query = {**queries.selecting(chunk), "filters": UNTOUCHED}
        free = set(studio.task_ids(project.id, query=query))
        for task_id in chunk:
            passed += 1
            if task_id in free:
                chosen.append(task_id)
            if len(chosen) == size:
                break
    return chosen, passed


def _is_low(score: float | None, below: float | None) -> bool:
    # Not "score < below": what has no score, and NaN, no threshold ever lets pass.
    return below is None or score is None or not score >= below


def _kind(answered: Answered, config: LabelingConfig) -> str:
    """Return what was predicted, as far as it is of a class: one text a combination."""
    if answered.answer is None:
        return ""
    classes = classes_of(answered.answer, config)
    return "; ".join(", ".join(sorted(named)) or "(none)" for named in classes.values())
