"""What answering Label Studio needs to know of a project, read without keeping it waiting.

Label Studio waits for our answer, so it may be too busy to answer us: reads have a short timeout,
are remembered for a minute, and are done without where that is possible.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from ml_backend.errors import LabelStudioError, LabelStudioNotFound, LabelStudioUnreachable
from ml_backend.labeling.text.html_bounds import HtmlRefused
from ml_backend.labeling.text.html_text import to_text
from ml_backend.labelstudio import Project, ServerLabelStudio
from ml_backend.records import is_told_so, read_moment
from ml_backend.services.recent import Recent
from ml_backend.store import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

READ_TIMEOUT = 8.0
"""Seconds a read of Label Studio may take while Label Studio waits for our answer."""

SETUP_PATIENCE = 1.0
"""… and while it waits for ``/setup``, which it gives 3 s."""

FIRST_PATIENCE = 2.5
"""… when there is no going on without what is read, as with the instructions at first contact."""

REMEMBER_SECONDS = 60.0
REFUSE_SECONDS = 10.0

NEWS_SECONDS = 5.0
"""Between two readings of a project because requests say other times, which anybody may make up."""


class ProjectReader:
    """Reads projects by a client with a short timeout; safe to share among threads."""

    def __init__(self, store: Store, studio: ServerLabelStudio) -> None:
        self._store = store
        self._studio = studio
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="setup-reads")
        self._projects: Recent[int, Project] = Recent(REMEMBER_SECONDS)
        self._refused: Recent[int, LabelStudioNotFound] = Recent(REFUSE_SECONDS)
        self._columns: Recent[int, frozenset[str]] = Recent(REMEMBER_SECONDS)
        self._refreshed: Recent[int, bool] = Recent(REMEMBER_SECONDS)
        self._said: Recent[int, datetime] = Recent(REMEMBER_SECONDS)
        """When requests said that projects were made, where a reading told otherwise."""
        self._news: Recent[int, bool] = Recent(NEWS_SECONDS)

    def project(self, project_id: int, said: datetime | None = None) -> Project | None:
        """Return the project as last read; None when Label Studio is too busy to say.

        ``said`` is when the request says that it was made: where that is news, it is read anew,
        once in some seconds at most.
        Raises LabelStudioNotFound for a project it does not know, LabelStudioAuthError and others.
        """
        refused = self._refused.find_new(project_id)
        if refused is not None:
            raise refused
        try:
            if self._is_news(project_id, said):
                project = self._read(project_id, said)
                # Only now: whoever says the same meanwhile must not be told what was before.
                self._news.put(project_id, True)
                return project
            return self._projects.get(project_id, lambda: self._read(project_id, said))
        except LabelStudioUnreachable as error:
            log.warning("project %s could not be looked up: %s", project_id, error.message)
            return self._projects.find(project_id)

    def look_soon(self, project_id: int, said: datetime | None) -> None:
        """Read a project in the background where a request says that it is another than we know."""
        if self._is_news(project_id, said) and self._refreshed.find_new(project_id) is None:
            self._refreshed.put(project_id, True)
            self._threads.submit(self._refresh, project_id, said)

    def instruction(self, project_id: int) -> str:
        """Return the labeling instructions as text, "" for none.

        From the store, and read again in the background once a minute; read now, for 2.5 seconds,
        when they never were. Raises LabelStudioUnreachable when that takes long, and HtmlRefused.
        """
        known = self._store.projects.find(project_id)
        if known is not None and known.instruction is not None:
            if self._refreshed.find_new(project_id) is None:
                self._refreshed.put(project_id, True)
                self._threads.submit(self._refresh, project_id)
            return known.instruction
        refused = self._refused.find_new(project_id)
        if refused is not None:
            raise refused
        project = self._soon(lambda: self._read(project_id), FIRST_PATIENCE)
        if project is None:
            raise LabelStudioUnreachable(
                "Label Studio did not say the project's labeling instructions in time.",
                fix="Try again: they are read in the background meanwhile.",
            )
        return to_text(project.instruction)

    def columns(self, project_id: int) -> frozenset[str]:
        """Return the keys of the project's task data; empty when they cannot be had."""
        try:
            return self._columns.get(
                project_id, lambda: frozenset(self._studio.data_columns(project_id))
            )
        except LabelStudioError as error:
            log.warning("project %s: columns not read: %s", project_id, error.message)
            return self._columns.find(project_id) or frozenset()

    def columns_soon(self, project_id: int) -> frozenset[str]:
        """Return them if they can be had within a second, else nothing."""
        columns = self._soon(lambda: self.columns(project_id))
        return columns if columns is not None else self._columns.find(project_id) or frozenset()

    def _is_news(self, project_id: int, said: datetime | None) -> bool:
        """Return whether a request says another time than we know, and nobody looked since."""
        if said is None or self._said.find_new(project_id) == said:
            return False
        if self._news.find_new(project_id) is not None:
            return False
        known = self._store.projects.find(project_id)
        if known is None or known.made_at is None:
            return False
        return not is_told_so(known.made_at, said)

    def _read(self, project_id: int, said: datetime | None = None) -> Project:
        try:
            project = self._studio.get_project(project_id)
        except LabelStudioNotFound as error:
            self._refused.put(project_id, error)
            raise
        self._projects.put(project_id, project)
        if said is not None:
            self._said.put(project_id, said)
        if keep_instruction(self._store, project):
            self._columns.forget(project_id)
        self._refreshed.put(project.id, True)
        return project

    def _refresh(self, project_id: int, said: datetime | None = None) -> None:
        try:
            self._read(project_id, said)
        except LabelStudioError as error:
            log.warning("project %s could not be read again: %s", project_id, error.message)

    def _soon(self, read: Callable[[], T], patience: float = SETUP_PATIENCE) -> T | None:
        reading: Future[T] = self._threads.submit(read)
        try:
            return reading.result(patience)
        except TimeoutError:
            return None


def keep_instruction(store: Store, project: Project) -> bool:
    """Keep which project this is and its labeling instructions, as just read.

    Writes only what is new; returns whether it is another project than had its number before.
    """
    try:
        text: str | None = to_text(project.instruction)
    except HtmlRefused as error:  # told to whoever asks for them: see ``instruction``
        log.warning("project %s: its labeling instructions: %s", project.id, error)
        text = None
    made_at = read_moment(project.created_at)
    is_another = made_at is not None and store.projects.note_made(project.id, made_at)
    known = store.projects.find(project.id)
    if known is None or (known.title, known.instruction) != (project.title, text):
        store.projects.set_instruction(project.id, project.title, text)
    return is_another


def asked_about(known: Project | None, project_id: int, label_config: str | None) -> Project:
    """Return a project with the config of the request, which is newer than what we remember."""
    if known is None:
        wire = {"id": project_id, "title": f"{project_id}", "label_config": label_config or ""}
        return Project.from_wire(wire)
    return replace(known, label_config=label_config) if label_config else known
