"""The rows of the fake Label Studio and what its database does with them, quirks included."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
USER_ID = 1
SAMPLINGS = (None, "Sequential sampling", "Uniform sampling", "Uncertainty sampling")


class Refused(Exception):
    """An error answer: HTTP status, detail, and validation errors when it has any."""

    def __init__(self, status: int, detail: str, errors: Any = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors


def invalid(errors: Any) -> Refused:
    return Refused(400, "Validation error", {"non_field_errors": [errors]})


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Rows:
    """All tables. Task ids start again at the highest + 1, as Label Studio's do on SQLite."""

    validate: bool = False
    projects: dict[int, Row] = field(default_factory=dict)
    tasks: dict[int, Row] = field(default_factory=dict)
    predictions: dict[int, Row] = field(default_factory=dict)
    annotations: dict[int, Row] = field(default_factory=dict)
    backends: dict[int, Row] = field(default_factory=dict)
    webhooks: dict[int, Row] = field(default_factory=dict)
    views: dict[int, Row] = field(default_factory=dict)
    drafts: dict[int, Row] = field(default_factory=dict)
    counts_deletes: bool = True
    """False for good once tasks and then a project were deleted: counters no longer follow."""
    tasks_deleted: bool = False
    _ids: dict[str, itertools.count[int]] = field(default_factory=dict)

    def _next(self, table: str) -> int:
        return next(self._ids.setdefault(table, itertools.count(1)))

    # projects

    def project(self, project_id: int) -> Row:
        if project_id not in self.projects:
            raise Refused(404, "No Project matches the given query.")
        return self.projects[project_id]

    def create_project(self, wire: Mapping[str, Any]) -> Row:
        title = str(wire.get("title") or "New project")
        if len(title) < 3:
            message = "Ensure this field has at least 3 characters."
            raise Refused(400, "Validation error", {"title": [message]})
        row = {
            "id": self._next("project"),
            "title": title,
            "label_config": wire.get("label_config") or "<View></View>",
            "expert_instruction": wire.get("expert_instruction") or "",
            "model_version": "",
            "created_at": now(),
            "show_collab_predictions": True,
            "evaluate_predictions_automatically": False,
            "maximum_annotations": 1,
            "sampling": "Sequential sampling",
            "organization": 1,
            "data_columns": {},
        }
        self.projects[row["id"]] = row
        return row

    def update_project(self, project_id: int, wire: Mapping[str, Any]) -> Row:
        row = self.project(project_id)
        version = wire.get("model_version", row["model_version"])
        if version != row["model_version"] and version != "":
            titles = {each["title"] for each in self.backends_of(project_id)}
            if version not in titles | {each["model_version"] for each in self.of(project_id)}:
                message = (
                    "Model version doesn't exist either as live model or as static predictions."
                )
                raise Refused(400, "Validation error", {"model_version": [message]})
        if wire.get("sampling", row["sampling"]) not in SAMPLINGS:
            message = f'"{wire["sampling"]}" is not a valid choice.'
            raise Refused(400, "Validation error", {"sampling": [message]})
        row.update({key: value for key, value in wire.items() if key in row and key != "id"})
        if wire.get("show_collab_predictions") is False:
            row["model_version"] = ""
        return row

    def delete_project(self, project_id: int) -> None:
        self.project(project_id)
        self.delete_tasks([row["id"] for row in self.tasks_of(project_id)])
        for backend in list(self.backends_of(project_id)):
            del self.backends[backend["id"]]
        for hook in [row for row in self.webhooks.values() if row["project"] == project_id]:
            del self.webhooks[hook["id"]]
        self.counts_deletes = self.counts_deletes and not self.tasks_deleted
        del self.projects[project_id]

    def show_project(self, row: Row) -> Row:
        tasks = self.tasks_of(row["id"])
        ids = {task["id"] for task in tasks}
        annotations = [each for each in self.annotations.values() if each["task"] in ids]
        return {
            **{key: value for key, value in row.items() if key != "data_columns"},
            "task_number": len(tasks),
            "total_annotations_number": sum(not each["was_cancelled"] for each in annotations),
            "total_predictions_number": len(list(self.of(row["id"]))),
            "ground_truth_number": sum(each["ground_truth"] for each in annotations),
            "skipped_annotations_number": sum(each["was_cancelled"] for each in annotations),
        }

    # tasks

    def tasks_of(self, project_id: int) -> list[Row]:
        return [row for row in self.tasks.values() if row["project"] == project_id]

    def task(self, task_id: int) -> Row:
        if task_id not in self.tasks:
            raise Refused(404, "No Task matches the given query.")
        return self.tasks[task_id]

    def import_tasks(self, project_id: int, wires: Iterable[Mapping[str, Any]]) -> list[int]:
        project = self.project(project_id)
        inner = itertools.count(
            1 + max((t["inner_id"] for t in self.tasks_of(project_id)), default=0)
        )
        first = max(self.tasks, default=0) + 1
        ids = []
        for task_id, wire in enumerate(wires, first):
            data = wire["data"] if isinstance(wire.get("data"), dict) else dict(wire)
            self.tasks[task_id] = {
                "id": task_id,
                "project": project_id,
                "data": data,
                "inner_id": next(inner),
                "total_predictions": 0,
                "created_at": now(),
                "meta": {},
            }
            project["data_columns"].update(dict.fromkeys(data, len(self.tasks)))
            for annotation in wire.get("annotations") or []:
                self.create_annotation(task_id, annotation)
            for prediction in wire.get("predictions") or []:
                row = self._store({**prediction, "task": task_id})
                project["model_version"] = project["model_version"] or row["model_version"]
            self._count([task_id])
            ids.append(task_id)
        return ids

    def delete_tasks(self, task_ids: Iterable[int]) -> int:
        gone = {each for each in task_ids if each in self.tasks}
        for table in (self.predictions, self.annotations):
            for row_id in [key for key, row in table.items() if row["task"] in gone]:
                del table[row_id]
        for task_id in gone:
            del self.tasks[task_id]
        return len(gone)

    def total_annotations(self, task_id: int) -> int:
        return sum(not each["was_cancelled"] for each in self.annotations_of(task_id))

    def next_task(self, project_id: int) -> Row:
        self.project(project_id)
        for row in self.tasks_of(project_id):
            if not self.total_annotations(row["id"]):
                return row
        raise Refused(404, "There are no tasks remaining to be annotated.")

    # annotations

    def annotations_of(self, task_id: int) -> list[Row]:
        return [row for row in self.annotations.values() if row["task"] == task_id]

    def create_draft(self, task_id: int, wire: Mapping[str, Any], annotation: int | None) -> Row:
        """What somebody has not submitted yet: on a task, or beside an annotation of it."""
        row = {
            "id": self._next("draft"),
            "task": self.task(task_id)["id"],
            "annotation": annotation,
            "result": wire.get("result") or [],
            "lead_time": wire.get("lead_time"),
        }
        self.drafts[row["id"]] = row
        return row

    def delete_annotation(self, annotation_id: int) -> None:
        """Delete an annotation, and what was drafted upon it."""
        if self.annotations.pop(annotation_id, None) is None:
            raise Refused(404, "No Annotation matches the given query.")
        for key in [k for k, each in self.drafts.items() if each["annotation"] == annotation_id]:
            del self.drafts[key]

    def create_annotation(self, task_id: int, wire: Mapping[str, Any]) -> Row:
        row = {
            "id": self._next("annotation"),
            "task": task_id,
            "project": self.task(task_id)["project"],
            "result": wire.get("result") or [],
            "ground_truth": bool(wire.get("ground_truth")),
            "was_cancelled": bool(wire.get("was_cancelled")),
            "parent_prediction": wire.get("parent_prediction"),
            "lead_time": wire.get("lead_time"),
            "completed_by": wire.get("completed_by", USER_ID),
            "updated_by": None,
            "created_at": now(),
        }
        self.annotations[row["id"]] = row
        return row

    def update_annotation(
        self, annotation_id: int, wire: Mapping[str, Any], by: int = USER_ID
    ) -> Row:
        """Marking one as ground truth takes the mark off the task's others."""
        if annotation_id not in self.annotations:
            raise Refused(404, "No Annotation matches the given query.")
        row = self.annotations[annotation_id]
        if wire.get("ground_truth"):
            for other in self.annotations_of(row["task"]):
                other["ground_truth"] = False
        row.update({key: value for key, value in wire.items() if key in row and key != "id"})
        row["updated_by"] = by
        return row

    def promote(self, task_ids: Iterable[int], versions: Any, by: int = USER_ID) -> int:
        """Annotations of predictions that have none yet; no versions means all of them."""
        wanted = set(task_ids)
        done = {row["parent_prediction"] for row in self.annotations.values()}
        names = versions if isinstance(versions, list) else [versions]
        chosen = [
            row
            for row in self.predictions.values()
            if row["task"] in wanted
            and row["id"] not in done
            and (versions is None or row["model_version"] in names)
        ]
        for row in chosen:
            made_of = {"result": row["result"], "parent_prediction": row["id"]}
            wire = {**made_of, "completed_by": by}
            self.create_annotation(row["task"], wire)
        self._count(row["task"] for row in chosen)
        return len(chosen)

    # predictions

    def of(self, project_id: int) -> Iterable[Row]:
        return (row for row in self.predictions.values() if row["project"] == project_id)

    def of_task(self, task_id: int) -> list[Row]:
        return [row for row in self.predictions.values() if row["task"] == task_id]

    def import_predictions(self, project_id: int, wires: Any) -> int:
        """All or nothing when a task is foreign; invalid ones are dropped (with ``validate``)."""
        project = self.project(project_id)
        if not isinstance(wires, list):
            raise Refused(500, "'str' object has no attribute 'get'")
        for wire in wires:
            task = self.tasks.get(wire.get("task"))
            if task is None or task["project"] != project_id:
                raise invalid(f'{wire} contains invalid "task" field: not in project {project_id}')
        valid = self._validator(project["label_config"])
        kept = [
            self._store({"model_version": "undefined", **wire}) for wire in wires if valid(wire)
        ]
        self._count(row["id"] for row in self.tasks_of(project_id))
        return len(kept)

    def create_prediction(self, wire: Mapping[str, Any]) -> Row:
        if wire.get("task") not in self.tasks:
            message = f'Invalid pk "{wire.get("task")}" - object does not exist.'
            raise Refused(400, "Validation error", {"task": [message]})
        row = self._store({"model_version": "", **wire})
        self._count([row["task"]])
        return row

    def delete_prediction(self, prediction_id: int) -> None:
        if prediction_id not in self.predictions:
            raise Refused(404, "No Prediction matches the given query.")
        self._delete([prediction_id])

    def delete_version(self, project_id: int, version: Any) -> int:
        project = self.project(project_id)
        if not version:
            raise invalid("model_version param is required")
        titles = {backend["title"] for backend in self.backends_of(project_id)}
        if project["model_version"] == version or project["model_version"] in titles:
            project["model_version"] = None
        gone = [row["id"] for row in self.of(project_id) if row["model_version"] == version]
        self._delete(gone)
        return len(gone)

    def delete_predictions_of(self, task_ids: Iterable[int]) -> int:
        wanted = set(task_ids)
        gone = [row["id"] for row in self.predictions.values() if row["task"] in wanted]
        self._delete(gone)
        self._count(wanted)
        return len(gone)

    def versions(self, project_id: int) -> dict[str, int]:
        """Counts, the latest version first: null counts 0, and the selected one is always there."""
        project = self.project(project_id)
        counts: dict[str, int] = {}
        for row in sorted(self.of(project_id), key=lambda each: each["id"], reverse=True):
            name = row["model_version"]
            key = "null" if name is None else name
            counts[key] = counts.get(key, 0) + (name is not None)
        if project["model_version"]:
            counts.setdefault(project["model_version"], 0)
        return counts

    def _store(self, wire: Mapping[str, Any]) -> Row:
        row = {
            "id": self._next("prediction"),
            "task": wire["task"],
            "project": self.tasks[wire["task"]]["project"],
            "result": wire.get("result"),
            "score": wire.get("score"),
            "model_version": wire.get("model_version"),
            "created_at": now(),
        }
        self.predictions[row["id"]] = row
        return row

    def _delete(self, prediction_ids: list[int]) -> None:
        """Deleting several of a task at once leaves its counter too high by all but one."""
        held: dict[int, int] = {}
        for row in self.predictions.values():
            held[row["task"]] = held.get(row["task"], 0) + 1
        gone = set(prediction_ids)
        for prediction_id in prediction_ids:
            task_id = self.predictions.pop(prediction_id)["task"]
            if self.counts_deletes:
                self.tasks[task_id]["total_predictions"] = held[task_id] - 1
        for annotation in self.annotations.values():
            if annotation["parent_prediction"] in gone:
                annotation["parent_prediction"] = None

    def _count(self, task_ids: Iterable[int]) -> None:
        wanted = dict.fromkeys(task_ids, 0)
        for row in self.predictions.values():
            if row["task"] in wanted:
                wanted[row["task"]] += 1
        for task_id, count in wanted.items():
            self.tasks[task_id]["total_predictions"] = count

    def _validator(self, label_config: str) -> Callable[[Any], bool]:
        if not self.validate:
            return lambda wire: isinstance(wire.get("result"), list)
        from label_studio_sdk.label_interface import LabelInterface

        interface = LabelInterface(label_config)
        return lambda wire: not interface.validate_prediction(wire, return_errors=True)

    # ML backends

    def backends_of(self, project_id: int) -> list[Row]:
        return [row for row in self.backends.values() if row["project"] == project_id]

    def create_backend(self, wire: Mapping[str, Any], model_version: str | None) -> Row:
        project = self.project(int(wire["project"]))
        row = {
            "id": self._next("backend"),
            "project": project["id"],
            "url": wire["url"],
            "title": wire.get("title") or "default",
            "state": "CO",
            "error_message": None,
            "model_version": model_version,
            "extra_params": wire.get("extra_params"),
            "is_interactive": bool(wire.get("is_interactive")),
            "auth_method": wire.get("auth_method") or "NONE",
            "basic_auth_user": wire.get("basic_auth_user") or "",
            "basic_auth_pass": wire.get("basic_auth_pass") or "",
        }
        self.backends[row["id"]] = row
        return row

    def create_webhook(self, wire: Mapping[str, Any]) -> Row:
        """As Label Studio makes one for an ML backend too: without its credentials."""
        row = {
            "id": self._next("webhook"),
            "organization": 1,
            "project": wire["project"],
            "url": wire["url"],
            "send_payload": wire.get("send_payload", True),
            "send_for_all_actions": wire.get("send_for_all_actions", True),
            "headers": wire.get("headers") or {},
            "is_active": wire.get("is_active", True),
            "actions": wire.get("actions") or [],
            "created_at": now(),
            "updated_at": now(),
        }
        self.webhooks[row["id"]] = row
        return row

    # the Data Manager

    def create_view(self, wire: Mapping[str, Any], by: int = USER_ID) -> Row:
        """A tab, seen by all; what is selected in it stands beside its data, sent within it.

        One with filters comes last, one without first of all.
        """
        data = dict(wire.get("data") or {})
        if wire.get("selected_items"):
            data["selectedItems"] = wire["selected_items"]
        if not data.get("ordering"):
            data.pop("ordering", None)
        project = wire.get("project")
        if project not in self.projects:
            message = f'Invalid pk "{project}" - object does not exist.'
            raise Refused(400, "Validation error", {"project": [message]})
        others = [row for row in self.views.values() if row["project"] == project]
        order = len(others) if (data.get("filters") or {}).get("conjunction") else 0
        row = {"id": self._next("view"), "data": data, "order": order, "user": by}
        row["project"] = project
        self.views[row["id"]] = row
        return row

    def view(self, view_id: int) -> Row:
        if view_id not in self.views:
            raise Refused(404, "No View matches the given query.")
        return self.views[view_id]

    def update_view(self, view_id: int, wire: Mapping[str, Any]) -> Row:
        """A tab anew: filters and ordering that are not given stay, all else of its data goes."""
        row = self.view(view_id)
        if "data" not in wire:
            raise Refused(500, "'data'")
        kept = {
            name: row["data"][name]
            for name in ("filters", "ordering", "selectedItems")
            if row["data"].get(name)
        }
        given = {
            name: value
            for name, value in wire["data"].items()
            if value or name not in ("filters", "ordering")
        }
        row["data"] = {**kept, **given}
        return row

    def select(self, project_id: int, query: Mapping[str, Any]) -> list[Row]:
        """Tasks by id. Without included ids, even with an empty list of them, all tasks."""
        self.project(project_id)
        rows = self.tasks_of(project_id)
        selection = query.get("selectedItems") or {"all": True}
        if selection.get("all") is False and selection.get("included"):
            included = set(selection["included"])
            rows = [row for row in rows if row["id"] in included]
        elif selection.get("all") is True and selection.get("excluded"):
            excluded = set(selection["excluded"])
            rows = [row for row in rows if row["id"] not in excluded]
        filters = query.get("filters") or {}
        lines = [item for item in filters.get("items") or [] if item["value"] is not None]
        tests = [self._test(item) for item in lines]
        if tests:
            combine = any if filters.get("conjunction") == "or" else all
            rows = [row for row in rows if combine(test(row) for test in tests)]
        return sorted(
            rows, key=lambda row: row["id"], reverse="tasks:-id" in query.get("ordering", [])
        )

    def _test(self, item: Mapping[str, Any]) -> Callable[[Row], bool]:
        column = item["filter"].rpartition(":")[2]
        value = item["value"]
        if column == "predictions_model_versions":
            return self._version_test(item["operator"], value)
        read = self._reader(column)
        text = str(value).casefold()
        tests: dict[str, Callable[[Any], bool]] = {
            "not_equal": lambda x: x != value,
            "empty": lambda x: (x is None) == bool(value),
            "greater": lambda x: x > value,
            "greater_or_equal": lambda x: x >= value,
            "less": lambda x: x < value,
            "less_or_equal": lambda x: x <= value,
            "in": lambda x: value["min"] <= x <= value["max"],
            "not_in": lambda x: not value["min"] <= x <= value["max"],
            "in_list": lambda x: x in value,
            "not_in_list": lambda x: x not in value,
            "contains": lambda x: text in str(x).casefold(),
            "not_contains": lambda x: text not in str(x).casefold(),
            "regex": lambda x: re.search(str(value), str(x)) is not None,
        }
        # An operator it does not know Label Studio takes for "equal".
        test = tests.get(item["operator"], lambda x: x == value)
        return lambda row: test(read(row))

    def _reader(self, column: str) -> Callable[[Row], Any]:
        if column.startswith("data."):
            return lambda row: row["data"].get(column.removeprefix("data."), "")
        if column == "annotations_ids":  # of several annotations any may pass: the last speaks
            return lambda row: max((a["id"] for a in self.annotations_of(row["id"])), default=0)
        if column == "total_annotations":
            return self._counter(cancelled=False)
        if column == "cancelled_annotations":
            return self._counter(cancelled=True)
        if column == "avg_lead_time":  # a mean: what is null does not count in it
            return lambda row: next(
                (a["lead_time"] for a in self.annotations_of(row["id"]) if a["lead_time"]), None
            )
        if column == "draft_exists":
            drafted = {each["task"] for each in self.drafts.values()}
            return lambda row: row["id"] in drafted
        if column in ("id", "inner_id", "total_predictions", "created_at"):
            return lambda row: row[column]
        raise Refused(500, f"Cannot resolve keyword '{column}' into field.")

    def _counter(self, *, cancelled: bool) -> Callable[[Row], int]:
        """Count annotations by task once a query, and not for each of 100,000 tasks."""
        rows = (a for a in self.annotations.values() if bool(a["was_cancelled"]) is cancelled)
        counts = Counter(a["task"] for a in rows)
        return lambda row: counts[row["id"]]

    def _version_test(self, operator: str, value: Any) -> Callable[[Row], bool]:
        def names(row: Row) -> list[str | None]:
            return [each["model_version"] for each in self.of_task(row["id"])]

        if operator == "empty":
            return lambda row: not any(names(row))
        found = lambda row: any(part in (name or "") for name in names(row) for part in value)  # noqa: E731
        return found if operator == "contains" else lambda row: not found(row)
