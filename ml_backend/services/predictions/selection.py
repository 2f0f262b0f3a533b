"""Which predictions a bulk action is about: of which versions, on which tasks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.labelstudio import LabelStudioReader, queries
from ml_backend.next_steps import Step
from ml_backend.records import JsonObject, Prompt, PromptVersion, Slot
from ml_backend.services.publishing.ownership import Owned, near_labels

FEW_TASKS = 20
"""Tasks up to which they are read one by one rather than all that the project has."""

UNVERSIONED = frozenset({None, "", "undefined"})
"""What Label Studio files predictions under that came without a model version."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a caller named; several kinds of versions add up, and tasks narrow them down."""

    labels: tuple[str, ...] = ()
    prompt: Prompt | None = None
    """Stands for the predictions that are its own in the project."""
    version: PromptVersion | None = None
    """Narrows the prompt to this version of it."""
    unversioned: bool = False
    task_ids: tuple[int, ...] | None = None
    filters: JsonObject | None = None
    everything: bool = False

    @property
    def names_versions(self) -> bool:
        return bool(self.labels) or self.prompt is not None or self.unversioned

    @property
    def narrows_tasks(self) -> bool:
        return self.task_ids is not None or self.filters is not None

    @property
    def names_tasks(self) -> bool:
        return self.task_ids is not None or self.filters is not None or self.everything


def select(
    *,
    labels: Sequence[str] | None = None,
    prompt: Prompt | None = None,
    version: PromptVersion | None = None,
    unversioned: bool = False,
    task_ids: Sequence[int] | None = None,
    filters: JsonObject | None = None,
    everything: bool = False,
) -> Selection:
    """Return a selection, or raise InvalidInput where it is empty or contradicts itself."""
    empty = labels is not None and not labels
    if empty or isinstance(labels, str) or any(not label for label in labels or ()):
        raise InvalidInput(
            "A model version to select is empty.",
            field="model_version",
            fix=Step.SELECT_UNVERSIONED(),
        )
    if (task_ids is not None) + (filters is not None) + everything > 1:
        raise InvalidInput(
            "Tasks, a filter and all tasks exclude each other.",
            field="tasks",
            fix=Step.NAME_ONE_KIND_OF_TASKS(),
        )
    if task_ids is not None and not task_ids:
        raise InvalidInput("The list of tasks is empty.", field="tasks")
    if filters is not None:
        require_narrowing(filters, meant=Step.SAY_ALL_TASKS)
    return Selection(
        labels=tuple(dict.fromkeys(labels or ())),
        prompt=prompt,
        version=version,
        unversioned=unversioned,
        task_ids=None if task_ids is None else tuple(dict.fromkeys(task_ids)),
        filters=filters,
        everything=everything,
    )


def owned_labels(ours: Owned, selection: Selection, slot: Slot | None = None) -> tuple[str, ...]:
    """Return the labels of the project that are the named prompt's, in order of their making."""
    prompt, version = selection.prompt, selection.version
    if prompt is None:
        return ()
    return tuple(
        label.label
        for label in ours.labels.values()
        if label.prompt_id == prompt.id
        and (version is None or label.version_id == version.id)
        and (slot is None or label.slot is slot)
    )


def selected_labels(
    ours: Owned, selection: Selection, held: Collection[str | None], *, slot: Slot | None = None
) -> tuple[str, ...]:
    """Return the model versions a selection names, a prompt's in order of their making.

    Under a prompt's only those rows count that are ours. Raises NotFound for a label that neither
    the project holds nor we ever wrote there.
    """
    for label in selection.labels:
        if label not in held and label not in ours:
            shown = near_labels(label, held)
            raise NotFound(
                f"The project holds no prediction of model version {label!r}.",
                field="model_version",
                fix=f"It holds: {shown}." if shown else "It holds no versioned predictions.",
            )
    return tuple(dict.fromkeys([*selection.labels, *owned_labels(ours, selection, slot)]))


def selected_tasks(
    studio: LabelStudioReader, project_id: int, selection: Selection
) -> frozenset[int] | None:
    """Return the tasks a selection is narrowed to, None for all; raises InvalidInput for none."""
    if selection.filters is not None:
        found = studio.task_ids(project_id, query=selection.filters)
        if not found:
            raise InvalidInput(
                "No task fits the filter.",
                field="filter",
                fix="Try it in the Data Manager of the project.",
            )
        return frozenset(found)
    if selection.task_ids is None:
        return None
    query = None
    if len(selection.task_ids) <= FEW_TASKS:
        query = queries.selecting(selection.task_ids)
    unknown = sorted(set(selection.task_ids) - set(studio.task_ids(project_id, query=query)))
    if unknown:
        shown = ", ".join(str(task_id) for task_id in unknown[:10])
        raise InvalidInput(
            f"Project {project_id} has no task {shown}.",
            field="tasks",
            fix="Task ids are shown in the Data Manager's first column.",
        )
    return frozenset(selection.task_ids)


def require_narrowing(filters: JsonObject, *, meant: Step = Step.LEAVE_FILTER) -> JsonObject:
    """Return a filter that says something, or raise InvalidInput: empty it takes every task."""
    if not _narrows(filters):
        raise InvalidInput(
            "The filter is empty: it would take every task.",
            field="filter",
            fix=meant(),
        )
    return filters


def _narrows(filters: JsonObject) -> bool:
    inner = filters if "items" in filters else filters.get("filters")
    items = inner.get("items") if isinstance(inner, dict) else None
    return bool(items) or bool(filters.get("selectedItems"))
