"""What Label Studio deleted is erased here too, after a while and only when that is sure.

Missing is not deleted: a token may have lost its rights, Label Studio may be away, or be another
one. So it counts only as the organization's owner sees it, where the same key of the same Label
Studio saw it before; only while something else that we know is there, the same as ever; and only
when it is missing at two looks that lie the whole time apart, and was not seen between.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ml_backend.errors import LabelStudioAuthError, LabelStudioError, LabelStudioNotFound
from ml_backend.labelstudio import ServerLabelStudio, queries
from ml_backend.records import is_same_project, read_moment
from ml_backend.services.writing.lease import holder_name
from ml_backend.store import Store

log = logging.getLogger(__name__)

LEASE = "looking for what is gone"
LOOK_SECONDS = 20 * 3600.0
"""One look a day, by one process of all."""

DAY = 86_400.0
CHUNK = 500
MOST_CHUNKS = 100
"""Requests for tasks that one look sends; the next one goes on with other projects."""

PROJECT, TASK, PERSON = "project", "task", "person"


class Gone:
    """Looks for what is gone from Label Studio, and erases what has been gone for long."""

    def __init__(
        self,
        store: Store,
        open_studio: Callable[[], ServerLabelStudio],
        *,
        after_days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._open_studio = open_studio
        self._after_days = after_days
        self._clock = clock
        self._turn = 0

    def work(self) -> None:
        """Look, if nobody did today."""
        if not self._after_days:
            return
        if self._store.writing.acquire(LEASE, holder_name(), LOOK_SECONDS) is None:
            return
        try:
            self.look()
        except LabelStudioError as error:
            log.info("what is gone from Label Studio is not known today: %s", error.message)

    def look(self) -> None:
        """Ask about all that is kept; nothing is concluded from an error, which passes."""
        studio = self._open_studio()
        user = studio.whoami()
        if not user.owns_organization:
            log.info("only the key of an organization's owner tells what was deleted")
            return
        said = f"{studio.url}|{user.organization_id}|{user.id}"
        place = hashlib.sha256(said.encode()).hexdigest()
        there, missing = self._look_at_projects(studio, place)
        if not there:
            log.info("none of the known projects is there: nothing is taken for deleted")
            return
        erased = self._erase_projects(place, missing)
        erased += self._look_at_tasks(studio, place, there)
        erased += self._look_at_people(studio, place, user.id)
        before = datetime.now(UTC) - timedelta(days=self._after_days)
        erased += self._store.erasing.erase_unused_answers(None, before=before)
        if erased:
            self._store.erasing.settle(whole=False)

    def _look_at_projects(
        self, studio: ServerLabelStudio, place: str
    ) -> tuple[list[int], list[int]]:
        """Return the known projects that are there, the same as ever, and those that are not."""
        known = self._store.presences.known(place, PROJECT)
        wires = studio.project_wires({"include": "id,created_at"})
        listed = {int(wire["id"]): read_moment(str(wire.get("created_at"))) for wire in wires}
        there: dict[int, datetime | None] = {}
        missing: list[int] = []
        for number in self._store.erasing.projects():
            made_at = listed.get(number)
            before = known[number].made_at if number in known else self._made_at(number)
            if made_at is not None and (before is None or is_same_project(before, made_at)):
                there[number] = before or made_at
            elif number not in listed and number in known and _is_gone(studio, number):
                missing.append(number)
        self._store.presences.see(place, PROJECT, there)
        return sorted(there), missing

    def _made_at(self, project_id: int) -> datetime | None:
        known = self._store.projects.find(project_id)
        return known.made_at if known is not None else None

    def _erase_projects(self, place: str, missing: list[int]) -> int:
        due = self._due(place, PROJECT, missing)
        done = [each for each in due if not self._store.erasing.is_worked_on(each)]
        for number in done:
            self._store.erasing.erase_project(number)
            log.info("project %s is gone from Label Studio: what was kept is erased", number)
        self._store.presences.forget(place, PROJECT, done)
        return len(done)

    def _look_at_tasks(self, studio: ServerLabelStudio, place: str, projects: list[int]) -> int:
        erased = left = 0
        for at in range(len(projects)):
            number = projects[(self._turn + at) % len(projects)]
            tasks = self._store.erasing.tasks(number)
            left += -(-len(tasks) // CHUNK)
            if left > MOST_CHUNKS and at:
                self._turn = (self._turn + at) % len(projects)
                break
            held: set[int] = set()
            for start in range(0, len(tasks), CHUNK):
                some = tasks[start : start + CHUNK]
                held.update(studio.task_ids(number, query=queries.selecting(some)))
            erased += self._erase_tasks(place, number, set(tasks) - held)
        return erased

    def _erase_tasks(self, place: str, project_id: int, missing: set[int]) -> int:
        known = self._store.presences.known(place, TASK, project_id)
        self._store.presences.forget(place, TASK, set(known) - missing, project_id)
        due = self._due(place, TASK, sorted(missing), project_id)
        if not due or self._store.erasing.is_worked_on(project_id):
            return 0
        self._store.erasing.erase_tasks(project_id, due)
        self._store.presences.forget(place, TASK, due, project_id)
        return len(due)

    def _look_at_people(self, studio: ServerLabelStudio, place: str, own: int) -> int:
        ids = studio.user_ids()
        if own not in ids:
            return 0  # a list without who asks is not the whole
        known = self._store.presences.known(place, PERSON)
        kept = set(self._store.erasing.people())
        self._store.presences.see(place, PERSON, dict.fromkeys(kept & ids))
        due = self._due(place, PERSON, sorted((kept - ids) & set(known)))
        for number in due:
            self._store.erasing.erase_person(number)
        self._store.presences.forget(place, PERSON, due)
        return len(due)

    def _due(self, place: str, kind: str, missing: list[int], project_id: int = 0) -> list[int]:
        """Note what is missing; return what has been so for long enough by an earlier look."""
        known = self._store.presences.known(place, kind, project_id)
        self._store.presences.miss(place, kind, missing, project_id, at=self._clock())
        limit = self._clock() - self._after_days * DAY
        since = {each: known[each].missing_since for each in missing if each in known}
        return [each for each, when in since.items() if when is not None and when <= limit]


def _is_gone(studio: ServerLabelStudio, project_id: int) -> bool:
    """Return whether Label Studio says that there is no such project, asked for it by number."""
    try:
        studio.get_project(project_id)
    except LabelStudioNotFound:
        return True
    except LabelStudioAuthError as error:
        if error.status != 403:
            raise
    return False
