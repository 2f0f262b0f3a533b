"""What the client writes: one HTTP attempt each, never repeated here.

A LabelStudioError of a write says in ``maybe_done`` whether it may have, or may yet take, effect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ml_backend.errors import (
    InvalidInput,
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    LabelStudioUnreachable,
)
from ml_backend.labelstudio import failures, queries
from ml_backend.labelstudio.json_bodies import storable
from ml_backend.labelstudio.reads import Reads
from ml_backend.labelstudio.records import Backend, Project
from ml_backend.labelstudio.transport import Transport
from ml_backend.records import Region

CREATED = re.compile(r"Created (\d+) annotations?")
PRIVATE_ADDRESS = (
    "Start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false, or with ML_BLOCK_LOCAL_IP=false "
    "and SSRF_PROTECTION_ENABLED=false; only do so where everyone who can edit projects is trusted."
)


class Writes(Reads):
    """Writing calls: by the SDK's methods, but for large imports and what it has no method for."""

    _transport: Transport

    def import_predictions(self, project_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
        """How many of ``rows`` were stored; Label Studio drops invalid ones without a word.

        A row is {"task", "result", "score", "model_version"}. One that names a task not in the
        project refuses all (LabelStudioRejected). Sent twice, everything is there twice.
        """
        if any(not row.get("model_version") for row in rows):
            raise InvalidInput(
                "A prediction to import has no model version.",
                field="model_version",
                fix='Label Studio would file it under "undefined" or under no version.',
            )
        what = f"project {project_id}"
        path = f"api/projects/{int(project_id)}/import/predictions"
        # Not by the SDK: it copies every region, 0.34 s of CPU for 10,000 rows instead of 0.03.
        return self._count(
            self._transport.send("POST", path, list(rows), what=what), "created", what
        )

    def repair_counters(self, project_id: int) -> None:
        """Have the prediction counters of all tasks counted again; deletes leave them too high."""
        self.import_predictions(project_id, [])

    def create_prediction(self, row: Mapping[str, Any]) -> int:
        """The id of one stored prediction; unlike the import, this checks no control names."""
        what = f"task {row.get('task')}"
        body = storable(row)
        answer = self._transport.change(
            lambda sdk, options: sdk.predictions.create(**body, request_options=options), what=what
        )
        return self._count(answer, "id", what)

    def delete_model_version(self, project_id: int, label: str) -> int:
        """How many predictions of exactly that version were deleted, 0 when there were none.

        Sets the project's selected version to null when it is this one, or a live backend's.
        """
        if not isinstance(label, str) or not label:
            raise InvalidInput(
                "Predictions without a model version cannot be deleted by version.",
                field="model_version",
                fix="Delete them by id: asked for an empty version, Label Studio deletes all.",
            )
        what = f"project {project_id}"
        path = f"api/projects/{int(project_id)}/model-versions/"
        # The SDK has no method for it.
        answer = self._transport.send("DELETE", path, {"model_version": label}, what=what)
        return self._count(answer, "deleted_predictions", what)

    def delete_prediction(self, prediction_id: int) -> bool:
        """False when it was not there."""
        what = f"prediction {prediction_id}"
        number = int(prediction_id)
        try:
            self._transport.change(
                lambda sdk, options: sdk.predictions.delete(number, request_options=options),
                what=what,
            )
        except LabelStudioNotFound:
            return False
        return True

    def set_model_version(self, project_id: int, label: str | None) -> None:
        """Choose what the label stream shows; LabelStudioRejected when nothing has that version."""
        self._update_project(project_id, {"model_version": label or ""})

    def show_predictions(self, project_id: int, model_version: str | None = None) -> None:
        """Have tasks show predictions, and the label stream those of a version or backend title."""
        body: dict[str, Any] = {"show_collab_predictions": True}
        if model_version:
            body["model_version"] = model_version
        self._update_project(project_id, body)

    def set_sampling(self, project_id: int, sampling: str | None) -> None:
        """Choose the order in which the label stream takes tasks: one of ``Sampling``."""
        self._update_project(project_id, {"sampling": sampling})

    def promote(self, project_id: int, labels: Sequence[str], task_ids: Sequence[int]) -> int:
        """How many annotations were made of the predictions of these versions and tasks.

        A prediction that already has its annotation is left out by Label Studio.
        """
        if isinstance(labels, str) or not labels or not all(isinstance(x, str) for x in labels):
            raise InvalidInput(
                "Name the model versions to promote.",
                field="model_version",
                fix="Asked for none, Label Studio would promote every version.",
            )
        body = {"model_version": list(labels)}
        answer = self._act("predictions_to_annotations", project_id, task_ids, body)
        match = CREATED.search(str(answer.get("detail")))
        if match is None:
            raise self._unexpected("predictions_to_annotations")
        return int(match.group(1))

    def retrieve_predictions(self, project_id: int, task_ids: Sequence[int]) -> int:
        """How many tasks Label Studio sent to the ML backend; it reports success in every case."""
        action = "retrieve_tasks_predictions"
        answer = self._act(action, project_id, task_ids, {})
        return self._count(answer, "processed_items", action)

    def delete_tasks(self, project_id: int, task_ids: Sequence[int]) -> int:
        """How many tasks were deleted, with their annotations and predictions."""
        answer = self._act("delete_tasks", project_id, task_ids, {})
        return self._count(answer, "processed_items", "delete_tasks")

    def create_project(self, title: str, label_config: str, *, instruction: str = "") -> Project:
        """A new project; titles need 3 to 50 characters."""
        what = f"the new project {title!r}"
        body = storable(
            {"title": title, "label_config": label_config, "expert_instruction": instruction}
        )
        answer = self._transport.change(
            lambda sdk, options: sdk.projects.create(**body, request_options=options), what=what
        )
        with self._shape(what, maybe_done=True):
            return Project.from_wire(answer)

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Ids of the new tasks, in order; each of ``tasks`` is task data or {"data": …}."""
        if not tasks:
            return []
        what, number = f"project {project_id}", int(project_id)
        rows = storable(list(tasks))
        answer = self._transport.change(
            lambda sdk, options: sdk.projects.import_tasks(
                number, request=rows, return_task_ids=True, request_options=options
            ),
            what=what,
        )
        try:
            return [int(each) for each in answer["task_ids"]]
        except (KeyError, TypeError, ValueError) as error:
            raise self._unexpected(what) from error

    def create_annotation(
        self, task_id: int, result: Sequence[Region], *, ground_truth: bool = False
    ) -> int:
        """The id of a new annotation by the token's user."""
        what = f"task {task_id}"
        body = storable({"result": list(result), "ground_truth": ground_truth})
        number = int(task_id)
        answer = self._transport.change(
            lambda sdk, options: sdk.annotations.create(number, **body, request_options=options),
            what=what,
        )
        return self._count(answer, "id", what)

    def mark_annotation(self, annotation_id: int, *, ground_truth: bool) -> bool:
        """Mark an annotation as ground truth or not; False when it was not there.

        Marking one takes the mark off the task's others. Sent twice it does nothing more.
        """
        number = int(annotation_id)
        try:
            self._transport.change(
                lambda sdk, options: sdk.annotations.update(
                    number, ground_truth=ground_truth, request_options=options
                ),
                what=f"annotation {annotation_id}",
            )
        except LabelStudioNotFound:
            return False
        return True

    def delete_annotation(self, annotation_id: int) -> bool:
        """False when it was not there. What people drafted upon it goes with it.

        One call each: Label Studio Community deletes several only by task, all that these hold.
        """
        number = int(annotation_id)
        try:
            self._transport.change(
                lambda sdk, options: sdk.annotations.delete(number, request_options=options),
                what=f"annotation {annotation_id}",
            )
        except LabelStudioNotFound:
            return False
        return True

    def add_backend(
        self,
        project_id: int,
        url: str,
        title: str,
        *,
        basic_auth: tuple[str, str] | None = None,
        extra_params: object = None,
        interactive: bool | None = None,
    ) -> Backend:
        """The new ML backend connection; Label Studio calls its /health and /setup first.

        When Label Studio refuses but leaves the connection behind, it is deleted again.
        """
        before = {backend.id for backend in self.list_backends(project_id)}
        body = _connection(project_id, url, title, basic_auth, extra_params, interactive)
        what = f"the ML backend for project {project_id}"
        try:
            answer = self._transport.change(
                lambda sdk, options: sdk.ml.create(**body, request_options=options), what=what
            )
        except LabelStudioUnreachable:
            raise
        except LabelStudioError as error:
            with suppress(LabelStudioError):
                self._remove_left_backend(project_id, url, before)
            if private := of_private_address(error, url):
                raise private from error
            raise
        with self._shape(what, maybe_done=True):
            return Backend.from_wire(answer)

    def update_backend(
        self,
        backend_id: int,
        project_id: int,
        url: str,
        title: str,
        *,
        basic_auth: tuple[str, str] | None = None,
        extra_params: object = None,
        interactive: bool | None = None,
    ) -> Backend:
        """The connection as changed; Label Studio tries the new address with what is given here.

        What is None stays as it is, but is not used for the trial: give all that the address needs.
        """
        body = _connection(project_id, url, title, basic_auth, extra_params, interactive)
        what, number = f"ML backend {backend_id}", int(backend_id)
        try:
            answer = self._transport.change(
                lambda sdk, options: sdk.ml.update(number, **body, request_options=options),
                what=what,
            )
        except LabelStudioUnreachable:
            raise
        except LabelStudioError as error:
            if private := of_private_address(error, url):
                raise private from error
            raise
        with self._shape(what, maybe_done=True):
            return Backend.from_wire(answer)

    def delete_backend(self, backend_id: int) -> bool:
        """False when it was not there. The webhook Label Studio made for it stays behind."""
        number = int(backend_id)
        try:
            self._transport.change(
                lambda sdk, options: sdk.ml.delete(number, request_options=options),
                what=f"ML backend {backend_id}",
            )
        except LabelStudioNotFound:
            return False
        return True

    def _remove_left_backend(self, project_id: int, url: str, before: set[int]) -> None:
        for backend in self.list_backends(project_id):
            if backend.id not in before and backend.url == url:
                self.delete_backend(backend.id)

    def _update_project(self, project_id: int, changes: Mapping[str, Any]) -> None:
        number, body = int(project_id), storable(changes)
        self._transport.change(
            lambda sdk, options: sdk.projects.update(number, **body, request_options=options),
            what=f"project {project_id}",
        )

    def _act(
        self, action: str, project_id: int, task_ids: Sequence[int], body: dict[str, Any]
    ) -> dict[str, Any]:
        """A Data Manager action on exactly these tasks."""
        if not task_ids:
            raise InvalidInput(
                "No tasks are selected.",
                field="task_ids",
                fix="Asked without tasks, Label Studio would take all of the project.",
            )
        number = int(project_id)
        selected = queries.selecting([int(each) for each in task_ids])["selectedItems"]
        answer = self._transport.change(
            lambda sdk, options: sdk.actions.create(
                id=action,
                project=number,
                selected_items=selected,
                request_options={**options, "additional_body_parameters": body},
            ),
            what=f"project {project_id}",
        )
        if not isinstance(answer, dict):
            raise self._unexpected(action)
        return answer

    def _count(self, answer: object, field: str, what: str) -> int:
        value = answer.get(field) if isinstance(answer, dict) else None
        if not isinstance(value, int):
            raise self._unexpected(what)
        return value

    def _unexpected(self, what: str) -> LabelStudioError:
        return failures.unexpected(self._transport.url, what, maybe_done=True)


def of_private_address(error: LabelStudioError, url: str) -> LabelStudioRejected | None:
    """The error that explains why Label Studio will not call this address, if that is why."""
    if not (isinstance(error, LabelStudioAuthError) and "reserved network" in error.message):
        return None
    return LabelStudioRejected(
        f"Label Studio does not connect to ML backends on private addresses such as "
        f"{failures.without_credentials(url)}.",
        status=error.status,
        fix=PRIVATE_ADDRESS,
    )


def _connection(
    project_id: int,
    url: str,
    title: str,
    basic_auth: tuple[str, str] | None,
    extra_params: object,
    interactive: bool | None,
) -> dict[str, Any]:
    """The body of an ML backend connection."""
    body: dict[str, Any] = {"project": int(project_id), "url": url, "title": title}
    if basic_auth is not None:
        user, password = basic_auth
        body |= {"auth_method": "BASIC_AUTH", "basic_auth_user": user}
        body |= {"basic_auth_pass": password}
    if extra_params is not None:
        body["extra_params"] = extra_params
    if interactive is not None:
        body["is_interactive"] = interactive
    storable_body: dict[str, Any] = storable(body)
    return storable_body
