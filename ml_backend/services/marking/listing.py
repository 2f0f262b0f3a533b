"""Annotated tasks as a person looks through them who marks ground truth, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.errors import LabelStudioAuthError, LabelStudioRejected
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.marking.judging import Judged, judge, marks_of
from ml_backend.services.truths import People, TruthCounts
from ml_backend.store import Store

ROWS = 40
"""More would make a page of over 80 kB."""

MOST_READ = 500
"""Tasks that are read for a count while a person waits."""
COUNTED_AT_ONCE = 2_000
"""Annotations up to which counting takes no time that anybody would notice, …"""

SEARCHED_AT_ONCE = 20_000
"""… where there are no more tasks than this: Label Studio looks through all of them."""


@dataclass(frozen=True, slots=True)
class TruthState:
    """How many tasks of a project have ground truth, of how many that people annotated."""

    marked: int
    annotated: int
    is_exact: bool = True
    """False where counting would take reading many: then they are Label Studio's own counts."""


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Tasks by id, whether there are more on either side, and the names of who annotated."""

    rows: tuple[Judged, ...]
    has_before: bool
    has_after: bool
    people: dict[int, str]


class GroundTruthList:
    """Reads what there is to mark, by the client of who looks."""

    def __init__(
        self, store: Store, studio: LabelStudioReader, predictor_factory: PredictorFactory
    ) -> None:
        self._store = store
        self._studio = studio
        self._predictor_factory = predictor_factory
        self._counts = TruthCounts(store)

    def state(self, project: Project, *, count: bool = True) -> TruthState:
        """Return the counts, which a person waits for: few tasks are read for them.

        Without ``count`` those of a large project are taken as Label Studio has them.
        """
        is_large = project.annotations > COUNTED_AT_ONCE or project.tasks > SEARCHED_AT_ONCE
        if not count and is_large:
            most = min(project.ground_truths, project.annotations)
            return TruthState(most, project.annotations, is_exact=False)
        doubtful = self._counts.doubtful(self._studio, project)
        if 0 < doubtful <= MOST_READ:
            return TruthState(
                self._counts.marked(self._studio, project.id),
                self._counts.annotated(self._studio, project.id),
            )
        annotated = self._studio.count_annotated(project.id, project=project)
        marked = min(project.ground_truths, annotated)
        return TruthState(marked, annotated, is_exact=not doubtful)

    def page(
        self,
        project: Project,
        *,
        after: int = 0,
        before: int | None = None,
        size: int = ROWS,
        only_marked: bool = False,
        task_id: int | None = None,
    ) -> ListedPage:
        """Return the annotated tasks after an id or before one, one task alone, or marked ones.

        Label Studio cannot list what is marked: those are shown that we know of, by our own marks,
        by its events, or since a run was last measured, as far as they are marked by now.
        """
        config = self._predictor_factory.config_of(project)
        if task_id is not None:
            tasks = self._studio.annotated(project.id, [task_id])
            has_before = has_after = False
        elif only_marked:
            known = self._store.examples.marked_tasks(
                project.id, after=after, before=before, limit=size + 1
            )
            has_more, known = len(known) > size, (known[-size:] if before else known[:size])
            tasks = self._studio.annotated(project.id, known) if known else []
            tasks = [task for task in tasks if marks_of(task)]
            has_before = has_more if before else after > 0
            has_after = True if before else has_more
        else:
            page = self._studio.annotated_page(
                project.id, after=after, before=before, size=size, project=project
            )
            tasks, has_before, has_after = list(page.tasks), page.has_before, page.has_after
        closed = self._store.promises.closed_tasks(project.id)
        tasks = [task for task in tasks if task.id not in closed]
        with People(self._store, project.id) as people:
            rows = tuple(judge(task, config, people.made) for task in tasks)
        return ListedPage(rows, has_before, has_after, self._names() if rows else {})

    def _names(self) -> dict[int, str]:
        """Return who is who; a person who may not ask that sees numbers."""
        try:
            return self._studio.people()
        except (LabelStudioAuthError, LabelStudioRejected):
            return {}
