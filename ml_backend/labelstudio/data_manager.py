"""The Data Manager as people see it: its tabs, tasks and annotated ones page by page, counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_backend.errors import LabelStudioNotFound, LabelStudioRejected
from ml_backend.labelstudio import queries
from ml_backend.labelstudio.json_bodies import storable
from ml_backend.labelstudio.reads import ANNOTATED_FIELDS, ANNOTATED_PAGE, Reads
from ml_backend.labelstudio.records import AnnotatedTask, Annotation, Place, Project, Tab
from ml_backend.labelstudio.writes import Writes
from ml_backend.records import Task

if TYPE_CHECKING:
    from ml_backend.labelstudio.transport import SdkCall

# Without a person's time on any annotation: made by an action, by the API or by an import.
NOBODYS_TIME = queries.condition("avg_lead_time", "empty", True)
JUDGED = {"fields": "all", "include": ANNOTATED_FIELDS.replace("id,data", "id", 1)}
PAGE_FIELDS = {"fields": "all", "include": f"{ANNOTATED_FIELDS},created_at"}
TOUCHED_FIELDS = {**JUDGED, "include": f"{JUDGED['include']},updated_by,draft_exists"}


class DataManager(Reads):
    """Small reads for a person who waits for a page."""

    def tabs(self, project_id: int) -> list[Tab]:
        """The tabs of the project's Data Manager, as they are ordered there.

        There are none before anybody opened the project, nor after everybody closed all theirs.
        """
        what = f"project {project_id}"
        try:
            with self._shape("tabs"):
                wires = self._transport.get(
                    "api/dm/views/", {"project": int(project_id)}, what=what
                )
                return [Tab.from_wire(wire) for wire in wires]
        except LabelStudioRejected as error:
            if "valid choice" not in error.message:
                raise
            raise LabelStudioNotFound(
                f"Label Studio has no {what}, or this token may not see it.", status=404
            ) from error

    def task_at(self, project_id: int, task_id: int | None = None) -> Place:
        """A task of the project with the ids before and after it; the first one for None.

        The task is None when the project has none of that id; its neighbours are told all the same.
        """
        params = self._listing(project_id, "id,data")
        first = 0 if task_id is None else int(task_id)
        here = self._some(params, "greater_or_equal", first, "id", 2)
        before: list[Task] = []
        if task_id is not None:
            before = self._some({**params, "include": "id"}, "less", first, "-id", 1)
        task = next((each for each in here if task_id in (None, each.id)), None)
        after = [each.id for each in here if each is not task]
        return Place(
            task,
            before=before[0].id if before else None,
            after=after[0] if after else None,
        )

    def _some(
        self, params: Mapping[str, Any], operator: str, task_id: int, order: str, number: int
    ) -> list[Task]:
        query = {
            "filters": queries.all_of(queries.condition("id", operator, task_id)),
            "ordering": [f"tasks:{order}"],
        }
        wire = self._get_page({**params, "page_size": number, "query": queries.encode(query)})
        with self._shape("tasks"):
            return [Task(int(row["id"]), row.get("data") or {}) for row in wire["tasks"]]

    def _listing(self, project_id: int, include: str) -> dict[str, Any]:
        predicts = self.get_project(project_id).predicts_on_listing
        return {**self._listing_of(project_id, predicts=predicts), "include": include}

    @staticmethod
    def _listing_of(project_id: int, *, predicts: bool) -> dict[str, Any]:
        params: dict[str, Any] = {"project": int(project_id), "page": 1}
        # Else the listing would make Label Studio ask the ML backend, perhaps us, meanwhile.
        return {**params, "review": "true"} if predicts else params


@dataclass(frozen=True, slots=True)
class AnnotatedPage:
    """Annotated tasks by id, and whether there are more on either side."""

    tasks: tuple[AnnotatedTask, ...]
    has_before: bool
    has_after: bool


class AnnotatedTasks(DataManager):
    """Reads of annotated tasks that cost no more the more there are."""

    def annotated_page(
        self,
        project_id: int,
        *,
        after: int = 0,
        before: int | None = None,
        size: int = 50,
        project: Project | None = None,
    ) -> AnnotatedPage:
        """The annotated tasks next after an id, or next before one; skipped ones are left out.

        ``project``, here as below, as it was read a moment ago spares reading it again.
        """
        operator, edge, order = "greater", after, "id"
        if before is not None:
            operator, edge, order = "less", before, "-id"
        query = {
            # By the tasks' own counter: by the annotations a task is listed once for each.
            "filters": queries.all_of(
                queries.IS_ANNOTATED, queries.condition("id", operator, edge)
            ),
            "ordering": [f"tasks:{order}"],
        }
        params = {**self._listing_in(project_id, project), **PAGE_FIELDS}
        wire = self._get_page({**params, "page_size": size + 1, "query": queries.encode(query)})
        with self._shape("tasks with annotations"):
            found = [AnnotatedTask.from_wire(row) for row in wire["tasks"]]
        more, found = len(found) > size, found[:size]
        if before is not None:
            found.reverse()
            return AnnotatedPage(tuple(found), has_before=more, has_after=True)
        return AnnotatedPage(tuple(found), has_before=after > 0, has_after=more)

    def annotated(self, project_id: int, task_ids: list[int]) -> list[AnnotatedTask]:
        """The tasks of these ids, by id, with all their annotations; those without any as well."""
        pages = self._iter_pages(project_id, queries.selecting(task_ids), PAGE_FIELDS, 1000)
        with self._shape("tasks with annotations"):
            return [AnnotatedTask.from_wire(row) for page in pages for row in page]

    def touched(self, project_id: int, task_ids: list[int]) -> list[AnnotatedTask]:
        """As ``annotated``, with what tells whether anybody works on them, and without their data.

        Who changed or marked an annotation last, and whether a task has a draft.
        """
        pages = self._iter_pages(project_id, queries.selecting(task_ids), TOUCHED_FIELDS, 1000)
        with self._shape("tasks with annotations"):
            return [AnnotatedTask.from_wire({"data": {}, **row}) for page in pages for row in page]

    def count_annotated(self, project_id: int, *, project: Project | None = None) -> int:
        """How many tasks have a submitted annotation; none of them is read."""
        return self._count_tasks(self._listing_in(project_id, project), queries.IS_ANNOTATED)

    def count_true(
        self,
        project_id: int,
        is_true: Callable[[Annotation], bool],
        *,
        marked: bool,
        promoted: bool = False,
    ) -> int:
        """How many tasks have an annotation that is true, of those marked or of all submitted.

        Label Studio's own counts are taken as far as they go. Only tasks are read whose
        annotations may be other than they say: several, skipped, or none that a person spent time
        on while there are predictions that they may come from. With ``promoted`` those count too
        whose predictions are gone.
        """
        project = self.get_project(project_id)
        if marked and not project.ground_truths:
            return 0
        count = project.ground_truths
        if not marked:
            count = self.count_annotated(project_id, project=project)
        params = {**self._listing_in(project_id, project), **JUDGED}
        for task in self._each_once(params, _doubtful(marked=marked, promoted=promoted)):
            standing = [each for each in task.annotations if each.ground_truth or not marked]
            counted = len(standing) if marked else 1
            true = any(not each.was_cancelled and is_true(each) for each in standing)
            count -= counted - true
        return count

    def count_doubtful(
        self,
        project_id: int,
        *,
        marked: bool,
        promoted: bool = False,
        project: Project | None = None,
    ) -> int:
        """How many tasks ``count_true`` would read at most; none of them is read."""
        params = self._listing_in(project_id, project)
        filters = _doubtful(marked=marked, promoted=promoted)
        return sum(self._count_tasks(params, *each["items"]) for each in filters)

    def people(self) -> dict[int, str]:
        """Id -> name or email of the organization's users."""
        with self._shape("the list of users"):
            users = self._transport.get("api/users/", what="the list of users")
            return {int(each["id"]): _name(each) for each in users}

    def _each_once(
        self, params: Mapping[str, Any], filters: list[dict[str, Any]]
    ) -> Iterator[AnnotatedTask]:
        seen: set[int] = set()
        for each in filters:
            for page in self._iter_part(params, {"filters": each}, ANNOTATED_PAGE):
                with self._shape("tasks with annotations"):
                    tasks = [AnnotatedTask.from_wire({"data": {}, **wire}) for wire in page]
                yield from (task for task in tasks if task.id not in seen)
                seen |= {task.id for task in tasks}

    def _listing_in(self, project_id: int, project: Project | None) -> dict[str, Any]:
        known = project or self.get_project(project_id)
        return self._listing_of(project_id, predicts=known.predicts_on_listing)

    def _count_tasks(self, params: Mapping[str, Any], *items: dict[str, Any]) -> int:
        query = queries.encode({"filters": queries.all_of(*items)})
        wire = self._get_page({**params, "include": "id", "page_size": 1, "query": query})
        with self._shape("tasks"):
            return int(wire["total"])


class Tabs(Writes):
    """Tabs of the Data Manager, which all people of the organization share."""

    def create_tab(self, project_id: int, title: str, data: Mapping[str, Any]) -> Tab:
        """A new tab, the last of the project's; ``data`` is what else Label Studio keeps of it."""
        number, body = int(project_id), storable({**data, "title": title})
        return self._write_tab(
            lambda sdk, options: sdk.views.create(
                project=number, data=body, request_options=options
            ),
            f"project {project_id}",
        )

    def update_tab(self, project_id: int, tab_id: int, data: Mapping[str, Any]) -> Tab:
        """The tab as changed; what ``data`` does not have is lost but for filters and ordering.

        Raises LabelStudioNotFound when a person deleted it. Sent twice it does nothing more.
        """
        number, body = int(project_id), storable(dict(data))
        return self._write_tab(
            lambda sdk, options: sdk.views.update(
                str(int(tab_id)), project=number, data=body, request_options=options
            ),
            f"tab {tab_id}",
        )

    def delete_tab(self, tab_id: int) -> bool:
        """False when it was not there; its tasks stay."""
        number = str(int(tab_id))
        try:
            self._transport.change(
                lambda sdk, options: sdk.views.delete(number, request_options=options),
                what=f"tab {tab_id}",
            )
        except LabelStudioNotFound:
            return False
        return True

    def _write_tab(self, call: SdkCall, what: str) -> Tab:
        answer = self._transport.change(call, what=what)
        with self._shape(what, maybe_done=True):
            return Tab.from_wire(answer)


def _doubtful(*, marked: bool, promoted: bool) -> list[dict[str, Any]]:
    """Filters of the tasks whose annotations may be other than Label Studio's counts say."""
    predicted = queries.condition("total_predictions", "greater", 0)
    untimed = (
        [queries.IS_ANNOTATED, NOBODYS_TIME]
        if promoted
        else [queries.IS_ANNOTATED, NOBODYS_TIME, predicted]
    )
    found = [queries.all_of(*untimed)]
    if marked:
        found.append(queries.all_of(queries.condition("total_annotations", "greater", 1)))
        found.append(queries.all_of(queries.condition("cancelled_annotations", "greater", 0)))
    return found


def _name(user: Mapping[str, Any]) -> str:
    name = f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip()
    return name or str(user.get("email") or user.get("username") or f"user {user['id']}")
