"""Which tasks a run asks, read from Label Studio."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.labelstudio import LabelStudioReader, Project, ServerLabelStudio, queries
from ml_backend.next_steps import Step
from ml_backend.records import JsonObject, Prompt, PromptVersion, Slot, Subset, Task, TruthSource
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import no_truth, truth_of
from ml_backend.services.evaluation.holdout import split_of
from ml_backend.services.predictions.selection import require_narrowing
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.runs.run_request import RunRequest, what_teachers_saw
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.store import Store

FEW = 1_000
"""Tasks up to which Label Studio is asked for these alone and not for all of a project's."""
PAGE = 1000


class NothingMissing(Conflict):
    """Every task has its prediction already."""


class RunTasks:
    """Chooses the tasks of runs."""

    def __init__(
        self,
        store: Store,
        studio: ServerLabelStudio,
        ownership: Ownership,
        evaluation: Evaluation,
    ) -> None:
        self._store = store
        self._studio = studio
        self._ownership = ownership
        self._evaluation = evaluation

    def counted(self, project: Project) -> Project:
        """Return a project whose ``ground_truths`` are the tasks that have any."""
        return self._evaluation.counted(project)

    def choose(
        self, prompt: Prompt, version: PromptVersion, project: Project, request: RunRequest
    ) -> list[int] | None:
        """Return the tasks of a run, None for all there are; raises InvalidInput for none."""
        task_ids = self._subset_tasks(project, request)
        if request.only_missing:
            task_ids = self._only_missing(prompt, version, request.place, project, task_ids)
        if what_teachers_saw(version, request).held_out:
            return self._held_out(version, project, task_ids or [], request)
        return task_ids

    def _only_missing(
        self,
        prompt: Prompt,
        version: PromptVersion,
        slot: Slot,
        project: Project,
        among: Sequence[int] | None,
    ) -> list[int]:
        found = self.missing(prompt, version, slot, project, among)
        if not found:
            label = self._ownership.expected(prompt, version, slot, project.id)
            raise NothingMissing(
                f"Every task has a prediction of {label!r}; nothing is missing.",
                fix=Step.ASK_ALL_AGAIN(),
            )
        return found

    def missing(
        self,
        prompt: Prompt,
        version: PromptVersion,
        slot: Slot,
        project: Project,
        among: Sequence[int] | None = None,
    ) -> list[int]:
        """Return the tasks, of the project or of those given, without a prediction of a version."""
        self._ownership.identify(project)
        everyone = among if among is not None else self._studio.task_ids(project.id)
        label = self._ownership.expected(prompt, version, slot, project.id)
        ours = self._ownership.ours(project.id)
        keys = self._studio.prediction_keys(project.id)
        have = {key.task_id for key in keys if key.model_version == label and ours.holds(key)}
        # What a promise sample keeps back is not missing.
        have |= self._store.promises.withheld_tasks(project.id)
        return [task_id for task_id in everyone if task_id not in have]

    def held_by_others(
        self,
        prompt: Prompt,
        version: PromptVersion,
        slot: Slot,
        project: Project,
        task_ids: Sequence[int],
    ) -> int:
        """Return how many of these tasks hold a prediction of another version of the prompt.

        A run of the version replaces it: a task holds one prediction of a prompt and slot.
        """
        label = self._ownership.expected(prompt, version, slot, project.id)
        ours = self._ownership.ours(project.id, prompt_id=prompt.id, slot=slot)
        wanted = set(task_ids)
        return len(
            {
                key.task_id
                for key in self._studio.prediction_keys(project.id)
                if key.task_id in wanted and key.model_version != label and ours.holds(key)
            }
        )

    def _held_out(
        self,
        version: PromptVersion,
        project: Project,
        task_ids: Sequence[int],
        request: RunRequest,
    ) -> list[int]:
        """Return the tasks no teacher saw; raises InvalidInput without any."""
        split = split_of(self._store, project.id, version.prompt_id, task_ids)
        found = [task_id for task_id in task_ids if split.holds_out(task_id)]
        if not found:
            raise InvalidInput(
                f"None of the tasks with {truth_of(project, request.truth).words} is held out "
                "from teachers.",
                field="held_out",
                fix=Step.ANNOTATE_MORE_OR_ALL_TRUTH(),
            )
        return found

    def _subset_tasks(self, project: Project, request: RunRequest) -> list[int] | None:
        if request.subset is Subset.ALL:
            return None
        if request.subset is Subset.SAMPLE:
            first = request.sample_size if request.sample_seed is None else None
            found = self._studio.task_ids(project.id, first=first)
            return sample_of(found, request.sample_size, request.sample_seed)
        if request.subset is Subset.HAS_GT:
            return self._true_tasks(project, truth_of(project, request.truth))
        return self._custom_tasks(project, request)

    def _true_tasks(self, project: Project, source: TruthSource) -> list[int]:
        found = self._evaluation.true_tasks(project.id, source)
        if not found:
            raise no_truth(project, source, "subset")
        return found

    def _custom_tasks(self, project: Project, request: RunRequest) -> list[int]:
        if request.filters is not None:
            filters = require_narrowing(request.filters)
            found = self._studio.task_ids(project.id, query=filters)
            if not found:
                raise InvalidInput(
                    "No task fits the filter.",
                    field="filter",
                    fix="Try it in the Data Manager; an unknown operator finds nothing.",
                )
            return found
        wanted = list(dict.fromkeys(request.task_ids or ()))
        few = queries.selecting(wanted) if len(wanted) <= FEW else None
        unknown = sorted(set(wanted) - set(self._studio.task_ids(project.id, query=few)))
        if unknown:
            shown = ", ".join(str(task_id) for task_id in unknown[:10])
            raise InvalidInput(
                f"Project {project.title!r} has no task {shown}.",
                field="tasks",
                fix="Task ids are shown in the Data Manager's first column.",
            )
        return wanted


def sample_of(task_ids: Sequence[int], size: int, seed: int | None) -> list[int]:
    """Return a sample of tasks in their order: the first ones, or those that a seed draws.

    A seed draws by the task's id alone, so that tasks imported later change little of a sample.
    """
    if seed is None:
        return list(task_ids[:size])
    drawn = sorted(task_ids, key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())
    chosen = set(drawn[:size])
    return [each for each in task_ids if each in chosen]


def tab_filters(studio: LabelStudioReader, project_id: int, tab: str) -> JsonObject:
    """Return a Data Manager tab as a run's filter."""
    found = next((each for each in studio.tabs(project_id) if str(each.id) == tab), None)
    if found is None:
        raise InvalidInput(
            "This tab of the Data Manager is no longer there.", field="tab", fix="Choose another."
        )
    if not found.query:
        raise InvalidInput(
            f"The tab {found.title!r} shows every task.",
            field="tab",
            fix="Choose All Project Tasks, or set a filter in the tab.",
        )
    return dict(found.query)


def iter_task_pages(
    studio: PatientLabelStudio[ServerLabelStudio],
    project_id: int,
    task_ids: Sequence[int] | None,
) -> Iterator[list[Task]]:
    """Yield pages of the tasks of those ids, of all tasks for None; no task comes twice.

    From a Label Studio that may go away between two of them.
    """
    query = None
    if task_ids is not None:
        query = queries.selecting(task_ids)
    # By id from the last one seen: whatever happens between two pages, no task comes twice.
    yield from studio.iter_tasks(project_id, page_size=PAGE, query=query)
