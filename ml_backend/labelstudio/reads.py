"""What a client reads. Every task listing is paged by id, so no task comes twice or is skipped."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from ml_backend.errors import (
    InvalidInput,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    LabelStudioUnreachable,
)
from ml_backend.labelstudio import failures, queries
from ml_backend.labelstudio.connection import read_once
from ml_backend.labelstudio.records import (
    PROJECT_FIELDS,
    AnnotatedTask,
    Backend,
    PredictionKey,
    PredictionRow,
    Project,
    User,
)
from ml_backend.labelstudio.transport import Fetching
from ml_backend.records import Task

T = TypeVar("T")

PAGE = 1000
ANNOTATED_PAGE = 500
PROJECTS_PAGE = 100
# With fields=all, include prunes annotations too: whatever is read of one must be named here.
ANNOTATED_FIELDS = (
    "id,data,annotations,result,ground_truth,was_cancelled,parent_prediction,completed_by,lead_time"
)


class Reads:
    """Reading calls; each raises LabelStudioUnreachable, -AuthError, -NotFound or -Rejected."""

    def __init__(self, transport: Fetching) -> None:
        self._transport = transport

    def version(self) -> str:
        """Label Studio's release, such as "1.23.2"; needs no token of the right kind."""
        with self._not_found_is_foreign(), self._shape("its version"):
            return str(self._transport.get("api/version/", what="its version")["release"])

    def whoami(self) -> User:
        """The user of the token."""
        what = "the user of the token"
        with self._not_found_is_foreign(), self._shape(what):
            return User.from_wire(self._transport.get("api/current-user/whoami", what=what))

    def get_project(self, project_id: int) -> Project:
        """The project of that number."""
        key = (self._transport, "project", int(project_id))
        return read_once(key, lambda: self._read_project(int(project_id)))

    def _read_project(self, project_id: int) -> Project:
        what = f"project {project_id}"
        with self._shape(what):
            path = f"api/projects/{project_id}/"
            return Project.from_wire(
                self._transport.get(path, {"include": PROJECT_FIELDS}, what=what)
            )

    def find_project(self, ref: str | int) -> Project:
        """The project of that number or exact title; the error of an unknown one names near ones.

        Raises InvalidInput when several projects have the title.
        """
        text = str(ref).strip()
        if text.isascii() and text.isdigit():
            try:
                return self.get_project(int(text))
            except LabelStudioNotFound:
                if isinstance(ref, int):
                    raise
        titles = self.project_titles()
        ids = [project_id for project_id, title in titles.items() if title == text]
        if len(ids) > 1:
            raise InvalidInput(
                f"{len(ids)} projects are called {text!r}.",
                field="project",
                fix=f"Give the number: {', '.join(map(str, sorted(ids)))}.",
            )
        if not ids:
            raise LabelStudioNotFound(
                f"Label Studio has no project {text!r}.", status=404, fix=_nearest(text, titles)
            )
        return self.get_project(ids[0])

    def project_titles(self) -> dict[int, str]:
        """Id -> title of all projects the token may see, without their labeling configs."""
        with self._not_found_is_foreign(), self._shape("the list of projects"):
            wires = self._iter_projects({"include": "id,title"})
            return {int(wire["id"]): str(wire["title"]) for wire in wires}

    def user_ids(self) -> set[int]:
        """Numbers of the people of the organization that the token is of."""
        with self._not_found_is_foreign(), self._shape("the list of users"):
            wires = self._transport.get("api/users/", what="the list of users")
            if not isinstance(wires, list):
                raise TypeError("no list")
            return {int(wire["id"]) for wire in wires}

    def project_wires(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All projects the token may see as Label Studio sends them; ``params`` narrow it down."""
        with self._not_found_is_foreign(), self._shape("the list of projects"):
            return [dict(wire) for wire in self._iter_projects(params)]

    def task_page(
        self, project_id: int, *, page: int, page_size: int, newest_first: bool = False
    ) -> tuple[list[Task], int]:
        """One page of the project's tasks by id, counted from 1, and how many tasks it has."""
        query = queries.encode({"ordering": ["tasks:-id" if newest_first else "tasks:id"]})
        params = {"project": int(project_id), "page": page, "page_size": page_size, "query": query}
        project = self.get_project(project_id)
        if (page - 1) * page_size >= project.tasks:
            return [], project.tasks  # Label Studio would answer the last page once more
        if project.predicts_on_listing:
            params["review"] = "true"
        wire = self._get_page({**params, "include": "id,data"})
        with self._shape("tasks"):
            tasks = [Task(int(row["id"]), row["data"]) for row in wire["tasks"]]
            return tasks, int(wire["total"])

    def data_columns(self, project_id: int) -> tuple[str, ...]:
        """Keys that the data of the project's tasks has, or once had."""
        key = (self._transport, "data columns", int(project_id))
        return read_once(key, lambda: self._read_data_columns(int(project_id)))

    def _read_data_columns(self, project_id: int) -> tuple[str, ...]:
        what = f"project {project_id}"
        with self._shape(what):
            summary = self._transport.get(f"api/projects/{int(project_id)}/summary/", what=what)
            return tuple(summary["all_data_columns"] or {})

    def iter_tasks(
        self,
        project_id: int,
        *,
        page_size: int = PAGE,
        query: Mapping[str, Any] | None = None,
        project: Project | None = None,
    ) -> Iterator[list[Task]]:
        """Tasks in pages, by id; ``query`` is a Data Manager query or its bare filters.

        ``project`` as it was read a moment ago spares reading it again.
        """
        predicts = project.predicts_on_listing if project else None
        fields = {"include": "id,data"}
        for page in self._iter_pages(project_id, query, fields, page_size, predicts):
            with self._shape("tasks"):
                tasks = [Task(int(wire["id"]), wire["data"]) for wire in page]
            yield tasks

    def task_ids(
        self,
        project_id: int,
        *,
        query: Mapping[str, Any] | None = None,
        first: int | None = None,
    ) -> list[int]:
        """Ids of the tasks, ascending; with ``first`` only so many, and no page beyond is read."""
        pages = self._iter_pages(project_id, query, {"include": "id"}, PAGE)
        return list(islice((wire["id"] for page in pages for wire in page), first))

    def newest_task(self, project_id: int) -> list[Any]:
        """``[id, created_at]`` of the task with the highest id, empty without tasks.

        While it stays the same no task id of the project can have passed to another task: on
        SQLite new tasks take the ids after the highest that is left.
        """
        query = queries.encode({"ordering": ["tasks:-id"]})
        params = {"project": int(project_id), "page": 1, "page_size": 1, "query": query}
        if self.get_project(project_id).predicts_on_listing:
            params["review"] = "true"
        wire = self._get_page({**params, "include": "id,created_at"})
        with self._shape("tasks"):
            return [value for row in wire["tasks"] for value in (row["id"], row["created_at"])]

    def tasks_made_after(self, project_id: int, moment: datetime, up_to: int) -> frozenset[int]:
        """Ids up to one that are those of tasks made after a moment of Label Studio's clock.

        One request, for there are none unless an id passed from a deleted task to another.
        """
        return frozenset(self.task_ids(project_id, query=queries.made_after(moment, up_to)))

    def iter_annotated(
        self,
        project_id: int,
        *,
        task_ids: Sequence[int] | None = None,
        ground_truth_only: bool = False,
    ) -> Iterator[AnnotatedTask]:
        """Tasks with submitted annotations, by id, of ``task_ids`` only when given.

        ``ground_truth_only`` keeps the ground truths of each and leaves out tasks without any.
        """
        project = self.get_project(project_id)
        if ground_truth_only and not project.ground_truths:
            return
        query = {} if task_ids is None else queries.selecting(task_ids)
        # By the annotations themselves: the tasks' counters lag behind a promotion's webhook.
        query["filters"] = queries.all_of(queries.condition("annotations_ids", "greater", 0))
        fields = {"fields": "all", "include": ANNOTATED_FIELDS}
        predicts = project.predicts_on_listing
        for page in self._iter_pages(project_id, query, fields, ANNOTATED_PAGE, predicts):
            with self._shape("tasks with annotations"):
                tasks = [AnnotatedTask.from_wire(wire) for wire in page]
            for task in tasks:
                if all(each.was_cancelled for each in task.annotations):
                    continue
                if not ground_truth_only:
                    yield task
                elif truths := tuple(each for each in task.annotations if each.ground_truth):
                    yield AnnotatedTask(task.id, task.data, truths)

    def predictions(self, project_id: int) -> list[PredictionRow]:
        """All predictions of the project, of every model version, by id."""
        return sorted(
            self._all_predictions(project_id, PredictionRow.from_wire), key=lambda row: row.id
        )

    def prediction_keys(self, project_id: int) -> list[PredictionKey]:
        """As ``predictions`` without the results, which are dropped while reading."""
        return sorted(
            self._all_predictions(project_id, PredictionKey.from_wire), key=lambda key: key.id
        )

    def task_predictions(self, project_id: int, task_id: int) -> list[PredictionKey]:
        """A task's predictions by id; none when the project has no such task."""
        with self._shape("predictions"):
            wires = self._task_predictions(project_id, task_id)
            return sorted(map(PredictionKey.from_wire, wires), key=lambda key: key.id)

    def task_prediction_rows(self, project_id: int, task_id: int) -> list[PredictionRow]:
        """As ``task_predictions``, with their results."""
        with self._shape("predictions"):
            wires = self._task_predictions(project_id, task_id)
            return sorted(map(PredictionRow.from_wire, wires), key=lambda row: row.id)

    def _task_predictions(self, project_id: int, task_id: int) -> list[dict[str, Any]]:
        what = f"project {project_id}"
        params = {"project": int(project_id), "task": int(task_id)}
        try:
            return list(self._transport.get("api/predictions/", params, what=what))
        except LabelStudioRejected as error:
            if "valid choice" not in error.message:
                raise
            if "project:" in error.message:
                raise _no_project(what) from error
            return []

    def model_versions(self, project_id: int) -> dict[str, int]:
        """Predictions by model version; those without a version (null) are not counted."""
        what = f"project {project_id}"
        with self._shape(what):
            path = f"api/projects/{int(project_id)}/model-versions/"
            counts = self._transport.get(path, what=what)
            # Label Studio lists null with 0, and the selected version even when it has none.
            return {str(label): int(count) for label, count in counts.items() if count}

    def list_backends(self, project_id: int) -> list[Backend]:
        """The project's ML backends; each is asked for its health and set up by this."""
        what = f"project {project_id}"
        with self._shape(what):
            wires = self._transport.get("api/ml/", {"project": int(project_id)}, what=what)
            return [Backend.from_wire(wire) for wire in wires]

    def _iter_projects(self, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        page = 0
        while True:
            page += 1
            wire = self._transport.get(
                "api/projects/",
                {"page": page, "page_size": PROJECTS_PAGE, **params},
                what="the list of projects",
            )
            yield from wire["results"]
            if not wire["next"]:
                return

    def _all_predictions(self, project_id: int, make: Callable[[Mapping[str, Any]], T]) -> list[T]:
        what = f"project {project_id}"
        try:
            with self._shape("predictions"):
                return self._transport.get_array(
                    "api/predictions/", {"project": int(project_id)}, make, what=what
                )
        except LabelStudioRejected as error:
            if "valid choice" not in error.message:
                raise
            raise _no_project(what) from error

    def _iter_pages(
        self,
        project_id: int,
        query: Mapping[str, Any] | None,
        fields: Mapping[str, Any],
        page_size: int,
        predicts: bool | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        params = {"project": int(project_id), "page": 1, **fields}
        if predicts is None:
            predicts = self.get_project(project_id).predicts_on_listing
        if predicts:
            # Else the listing would make Label Studio ask the ML backend, perhaps us, meanwhile.
            params["review"] = "true"
        whole = queries.checked(query)
        if queries.needs_selection(whole):
            ids = {
                wire["id"]
                for each in queries.alternatives(whole)
                for part in queries.parts(each)
                for page in self._iter_part({**params, "include": "id"}, part, page_size)
                for wire in page
            }
            whole = queries.selecting(sorted(ids))
        for part in queries.parts(whole):
            yield from self._iter_part(params, part, page_size)

    def _iter_part(
        self, params: Mapping[str, Any], query: Mapping[str, Any], page_size: int
    ) -> Iterator[list[dict[str, Any]]]:
        """Pages after the last id seen: nothing is skipped when earlier tasks get deleted."""
        last = 0
        while True:
            encoded = queries.encode(queries.after(query, last))
            wire = self._get_page({**params, "page_size": page_size, "query": encoded})
            with self._shape("tasks"):
                # A filter on predictions or annotations lists a task once for each that matches.
                rows = {int(row["id"]): row for row in wire["tasks"] if row["id"] > last}
                rest = int(wire["total"]) - len(wire["tasks"])
            if rows:
                yield [rows[task_id] for task_id in sorted(rows)]
                last = max(rows)
            if rest <= 0 or not rows:
                return

    def _get_page(self, params: Mapping[str, Any], attempts: int = 3) -> dict[str, Any]:
        """One page; asked again on HTTP 500, which a task deleted meanwhile causes."""
        what = f"project {params['project']}"
        try:
            return dict(self._transport.get("api/tasks/", params, what=what))
        except LabelStudioError as error:
            if error.status != 500 or isinstance(error, LabelStudioUnreachable):
                raise
            if attempts == 1:
                raise LabelStudioRejected(
                    f"Label Studio could not list the tasks of {what}: {error.message}",
                    status=500,
                    fix="When you gave a filter, check its column names and value types.",
                ) from error
        return self._get_page(params, attempts - 1)

    @contextmanager
    def _shape(self, what: str, *, maybe_done: bool = False) -> Iterator[None]:
        """Turn JSON that is not as expected into an error that says so."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise failures.unexpected(self._transport.url, what, maybe_done=maybe_done) from error

    @contextmanager
    def _not_found_is_foreign(self) -> Iterator[None]:
        """Every Label Studio has these addresses: where they are missing is something else."""
        try:
            yield
        except LabelStudioNotFound as error:
            raise failures.not_label_studio(self._transport.url, error.status) from error


def _no_project(what: str) -> LabelStudioNotFound:
    return LabelStudioNotFound(
        f"Label Studio has no {what}, or this token may not see it.", status=404
    )


def _nearest(text: str, titles: Mapping[int, str]) -> str:
    folded = {title.casefold(): title for title in titles.values()}
    wanted = text.casefold()
    near = [title for key, title in folded.items() if wanted in key]
    near += [folded[key] for key in difflib.get_close_matches(wanted, folded, n=5, cutoff=0.5)]
    shown = list(dict.fromkeys(near or titles.values()))[:5]
    if not shown:
        return "There are no projects yet that this token may see."
    word = "Near titles" if near else "There are"
    numbers = {title: number for number, title in titles.items()}
    return f"{word}: " + ", ".join(f"{title!r} ({numbers[title]})" for title in shown) + "."
