"""Checks of everything the server needs from outside itself, each with the mend."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ml_backend.certificates import named
from ml_backend.errors import (
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFound,
    PromptsError,
)
from ml_backend.images.hosts import Reach
from ml_backend.jobs import LoopThread
from ml_backend.labelstudio import Backend, Project, ServerLabelStudio
from ml_backend.next_steps import Step
from ml_backend.records import Connection, Job, Person, ProviderName
from ml_backend.services.health.at_rest import say_open
from ml_backend.services.health.connection_check import check_connection
from ml_backend.services.health.known_projects import find_strangers, say_strangers
from ml_backend.services.health.open_connections import say_open_connections
from ml_backend.services.health.our_health import read_health
from ml_backend.services.health.page_assets import VENDOR, lacking
from ml_backend.services.health.price_said import say_budget, say_calls, say_price
from ml_backend.services.health.private_network import PRIVATE_NETWORK
from ml_backend.services.health.retiring_said import say_retiring
from ml_backend.services.health.settings_said import say_private_endpoints
from ml_backend.services.health.trusted import say_trusted
from ml_backend.services.health.work_said import say_follows, say_jobs
from ml_backend.services.models.model_catalogue import ModelCatalogue
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.models.spending import spending_of
from ml_backend.services.publishing.ownership import SEPARATOR, Ownership
from ml_backend.store import Store

log = logging.getLogger(__name__)

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"
TESTED_RELEASE = "1.23"
MODEL_SECONDS = 30.0
HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: ``status`` is ok, warn, fail or skip, ``fix`` the next step."""

    name: str
    status: str
    message: str
    fix: str = ""


def _all(_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Visibility:
    """What of the server's belongings findings may name; all of them for who runs it."""

    project: Callable[[int], bool] = _all
    job: Callable[[Job], bool] = _all
    connection: Callable[[Connection], bool] = _all
    person: Person | None = None
    """Who has it looked; calls to models are theirs, where they are paid for."""


EVERYTHING = Visibility()


class Doctor:
    """Looks at each part in turn; a part that cannot be opened is a finding, not an error.

    ``open_store``, ``open_studio`` and ``open_models`` may raise PromptsError. ``address`` is
    where our own server should answer.
    """

    def __init__(
        self,
        *,
        open_store: Callable[[], Store],
        open_studio: Callable[[], ServerLabelStudio],
        open_models: Callable[[], ModelPool],
        open_ownership: Callable[[], Ownership],
        loop: LoopThread,
        address: str,
        called: str = "",
        reach: Reach | None = None,
        private_endpoints: bool = False,
        vendor: Path = VENDOR,
        model_seconds: float = MODEL_SECONDS,
        find_open: Callable[[], Sequence[Path]] = tuple,
    ) -> None:
        self._open_store = open_store
        self._open_studio = open_studio
        self._open_models = open_models
        self._open_ownership = open_ownership
        self._loop = loop
        self._address = address
        self._called = called
        self._reach = reach or Reach()
        self._private_endpoints = private_endpoints
        self._vendor = vendor
        self._model_seconds = model_seconds
        self._find_open = find_open

    def checks(self, sight: Visibility = EVERYTHING) -> Iterator[Check]:
        """Yield the findings as they are made, about what is in sight."""
        database, store = self._check_database()
        yield database
        if sight is EVERYTHING:  # paths of this machine are for who runs the server
            said, fix = say_open(self._find_open())
            yield Check("files", WARN if said else OK, said or "Their owner's alone.", fix)
        if named():
            is_well, message, fix = say_trusted()
            yield Check("certificates", OK if is_well else FAIL, message, fix)
        studio = None
        for check, opened in self._check_label_studio():
            studio = opened
            yield check
        yield self._check_server(store)
        if store is not None:
            yield from self._check_work(store, sight)
        yield from self._check_models(store, sight)
        yield Check("endpoints", OK, *say_private_endpoints(self._private_endpoints))
        yield self._check_pictures()
        yield self._check_pages()
        if store is None or studio is None:
            yield Check("backend", SKIP, "Needs the database and Label Studio.")
            return
        try:
            projects = self._projects(store, studio, sight)
            rows = [(p, row) for p in projects for row in studio.list_backends(p.id)]
            yield self._check_projects(store, studio, projects)
            yield self._check_backends(rows)
            mine = [each for each in rows if self._is_ours(each[1])]
            if unclosed := say_open_connections(store, mine):
                yield Check("secrets", WARN, *unclosed)
            yield self._check_second_server(store, studio, projects, rows)
        except LabelStudioError as error:
            yield Check("projects", FAIL, error.message, error.fix)

    # The parts

    def _check_database(self) -> tuple[Check, Store | None]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            store = self._open_store()
            store.prompts.all()
            with store.database.write():
                pass
        except PromptsError as error:
            return Check("database", FAIL, error.message, error.fix), None
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__)
            fix = "Check DATA_DIR or DATABASE_URL: the database must be up, and writable for us."
            return Check("database", FAIL, f"The database does not open: {reason}.", fix), None
        return Check("database", OK, f"{store.database.engine.dialect.name}, up to date."), store

    def _check_label_studio(self) -> Iterator[tuple[Check, ServerLabelStudio | None]]:
        try:
            studio = self._open_studio()
            release = studio.version()
        except PromptsError as error:
            # The release needs no valid token, but Label Studio refuses a malformed one even there.
            name = "token" if isinstance(error, LabelStudioAuthError) else "Label Studio"
            yield Check(name, FAIL, error.message, error.fix), None
            return
        message = f"{studio.url} answers, release {release}."
        if release.startswith(f"{TESTED_RELEASE}."):
            yield Check("Label Studio", OK, message), None
        else:
            fix = f"This server is tested with {TESTED_RELEASE}; others may differ in places."
            yield Check("Label Studio", WARN, message, fix), None
        try:
            user = studio.whoami()
        except LabelStudioError as error:
            yield Check("token", FAIL, error.message, error.fix), None
            return
        yield Check("token", OK, f"Valid, of {user.email}."), studio

    def _check_server(self, store: Store | None) -> Check:
        try:
            health = read_health(self._address)
        except (OSError, ValueError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            return Check(
                "server",
                WARN,
                f"Nothing of ours answers at {self._address} ({reason}).",
                f"{Step.START_SERVER()} Commands work without it; detached runs and Label Studio's "
                "own calls need it.",
            )
        theirs = health.get("instance")
        if store is not None and theirs and theirs != store.writing.instance():
            return Check(
                "server",
                FAIL,
                f"The server at {self._address} works with another database than this command.",
                "Start both with the same DATA_DIR (or DATABASE_URL): one that is relative, or "
                "left out where ./data stands, depends on the folder they are started in.",
            )
        message = f"{self._address} answers: {health['status']}. {self._called}".strip()
        return Check("server", OK, message)

    @staticmethod
    def _check_work(store: Store, sight: Visibility) -> Iterator[Check]:
        """What goes on by itself."""
        found = {
            "jobs": say_jobs(store, sight.job),
            "follows": say_follows(store, sight.project),
        }
        for name, (is_well, message) in found.items():
            yield Check(name, OK if is_well else WARN, message)

    def _check_models(self, store: Store | None, sight: Visibility) -> Iterator[Check]:
        if store is None:
            yield Check("model", SKIP, "Needs the database.")
            return
        try:
            models = self._open_models()
            connections = [models.default, *filter(sight.connection, store.connections.all())]
        except PromptsError as error:
            yield Check("model", FAIL, error.message, error.fix)
            return
        for connection in connections:
            yield self._check_model(models, connection, sight)
            warning = spending_of(store, connection).warning
            if warning:
                title = f"budget: {connection.title}"
                yield Check(title, WARN, warning, Step.RAISE_CONNECTION_BUDGET())
            everything = sight is EVERYTHING
            if said := say_retiring(ModelCatalogue(store, models), connection, everything):
                yield Check(f"model: {connection.title}, retiring", WARN, *said)
        if models.paid_calls.limit:
            yield Check("paid calls", OK, say_calls(models.paid_calls))

    def _check_model(self, models: ModelPool, connection: Connection, sight: Visibility) -> Check:
        name = f"model: {connection.title}"
        if connection.provider is ProviderName.BASELINE:
            return Check(
                name,
                OK,
                "No model is set up, so the offline baseline answers: from annotated tasks like "
                "the one asked. It is a floor to beat, not a language model.",
                "For a real model set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
            )
        found = check_connection(self._loop, models, connection, self._model_seconds, sight.person)
        status = OK if found.is_well else WARN if found.answers else FAIL
        price, mend = say_price(connection) if found.answers else ("", "")
        message = " ".join(filter(None, (found.message, price, say_budget(connection))))
        return Check(name, status, message, found.fix or mend)

    def _check_pictures(self) -> Check:
        hosts = self._reach.hosts
        if not hosts:
            message = "Read from Label Studio, its storages and the tasks themselves."
            fix = "Pictures that lie elsewhere need their host in IMAGE_HOSTS."
            return Check("pictures", OK, message, fix)
        for host in hosts:
            try:
                if host.startswith("*.") or self._reach.addresses(host, HTTPS_PORT):
                    continue
                reason = "is at a private or reserved address, which is never read"
            except OSError as error:
                reason = f"is not found ({error.strerror or error})"
            fix = "Correct IMAGE_HOSTS, or upload those files to Label Studio."
            return Check("pictures", WARN, f"{host} of IMAGE_HOSTS {reason}.", fix)
        return Check("pictures", OK, f"Read from Label Studio, and from {', '.join(hosts)}.")

    def _check_pages(self) -> Check:
        said = lacking(self._vendor)
        if said:
            return Check("pages", WARN, said, Step.BUILD_PAGES())
        return Check("pages", OK, "Script and fonts are there.")

    def _projects(
        self, store: Store, studio: ServerLabelStudio, sight: Visibility
    ) -> list[Project]:
        """Return the projects of our prompts that still exist."""
        ids = sorted({each for prompt in store.prompts.all() for each in prompt.project_ids})
        projects = []
        for project_id in ids:
            if not sight.project(project_id):
                continue
            try:
                projects.append(studio.get_project(project_id))
            except LabelStudioNotFound:
                log.info("project %s of a prompt does not exist any more", project_id)
        return projects

    @staticmethod
    def _check_projects(store: Store, studio: ServerLabelStudio, projects: list[Project]) -> Check:
        strangers, known = find_strangers(store, projects)
        if not strangers:
            return Check("projects", OK, "They are those that the prompts were made for.")
        message, fix = say_strangers(strangers, known, studio.url)
        return Check("projects", WARN if known else FAIL, message, fix)

    def _check_backends(self, rows: list[tuple[Project, Backend]]) -> Check:
        """Whether Label Studio reaches us: it asks each connected backend when they are listed."""
        ours = [(project, row) for project, row in rows if self._is_ours(row)]
        if not ours:
            return Check(
                "backend",
                SKIP,
                "No project is connected to this server, so whether Label Studio reaches it is "
                "not known. Runs do not need it; Retrieve Predictions does.",
                f"{Step.CONNECT_PROJECT()} {PRIVATE_NETWORK}",
            )
        for project, row in ours:
            if row.state != "CO":
                return Check(
                    "backend",
                    FAIL,
                    f"Label Studio does not reach this server from project {project.title!r}: "
                    f"{row.error or f'state {row.state}'}",
                    f"The server must run at an address Label Studio can call. {PRIVATE_NETWORK}",
                )
        titles = ", ".join(repr(project.title) for project, _ in ours[:5])
        return Check("backend", OK, f"Label Studio reaches this server from {titles}.")

    def _is_ours(self, row: Backend) -> bool:
        return _origin(row.url)[1] == _origin(self._address)[1]

    def _check_second_server(
        self,
        store: Store,
        studio: ServerLabelStudio,
        projects: list[Project],
        rows: list[tuple[Project, Backend]],
    ) -> Check:
        """Two stores on one Label Studio would each overwrite what they do not know of."""
        found = self._other_servers(store, rows)
        ownership = self._open_ownership()
        for project in projects:
            ours = ownership.ours(project.id)
            foreign = [
                label
                for label in studio.model_versions(project.id)
                if label not in ours and _looks_ours(label)
            ]
            found += [f"predictions {label!r} in project {project.title!r}" for label in foreign]
        if not found:
            return Check("second server", OK, "No trace of another server on this Label Studio.")
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        return Check(
            "second server",
            WARN,
            f"Another server of this kind is, or was, at work here: {', '.join(found[:5])}{more}.",
            "Two servers with different databases must not work on one Label Studio: give them "
            f"the same DATABASE_URL, or stop one. {Step.DELETE_LEFTOVERS()}",
        )

    def _other_servers(self, store: Store, rows: list[tuple[Project, Backend]]) -> list[str]:
        mine = store.writing.instance()
        found = []
        for origin in sorted({_origin(row.url)[0] for _, row in rows if not self._is_ours(row)}):
            try:
                theirs = read_health(origin).get("instance")
            except (OSError, ValueError, HTTPException) as error:
                log.debug("an ML backend at %s does not answer us: %s", origin, error)
                continue
            if theirs and theirs != mine:
                found.append(f"a server at {origin}")
        return found


def _origin(url: str) -> tuple[str, int]:
    """Return scheme, host and port of a backend's address, without credentials; and the port."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}", port


def _looks_ours(label: str) -> bool:
    """Return whether a label has the form a server of this kind writes: prompt__version."""
    prompt, separator, version = label.partition(SEPARATOR)
    return bool(separator and prompt and version)
