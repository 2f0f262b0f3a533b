"""Connecting a project to this server as its ML backend, and mending a connection.

What Label Studio leaves to people is set as well: the webhook's basic auth, and that predictions
show. A second call finds nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ml_backend.errors import (
    ConfigError,
    InvalidInput,
    LabelStudioError,
    LabelStudioRejected,
)
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import Backend, LabelStudioClient, Project, Webhook
from ml_backend.next_steps import Step
from ml_backend.records import AuditAction
from ml_backend.services.connecting.backend_urls import (
    BACKEND_TITLE,
    BackendUrl,
    BackendUrls,
    Pair,
    credentials_of,
    hook_of,
    plain,
    same_place,
    without_tail,
)
from ml_backend.services.connecting.webhooks import mend_webhook
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.store import Store

CONNECTED = "CO"
CREATED, REPAIRED, UNCHANGED = "created", "repaired", "unchanged"
START_IT = (
    f"Start the server where Label Studio can call it. {Step.GIVE_ADDRESS()} In Docker, localhost "
    "is the container itself: use the name of the host or of the service."
)
SAME_PAIR = (
    "The BASIC_AUTH_USER and BASIC_AUTH_PASS must be those the server was started with. "
    f"{Step.GIVE_PROXY_PASSWORD()}"
)


@dataclass(frozen=True, slots=True)
class Connected:
    """A project's connection to this server, and what was done for it; ``url`` is shown plain."""

    project_id: int
    backend_id: int
    title: str
    url: str
    state: str
    outcome: str
    """"created", "repaired" or "unchanged"."""
    done: tuple[str, ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        return {
            "id": self.backend_id,
            "project": self.project_id,
            "title": self.title,
            "url": self.url,
            "state": self.state,
            "created": self.outcome == CREATED,
            "outcome": self.outcome,
            "done": list(self.done),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asked for; ``tail`` and ``title`` are "" where that is left to us."""

    root: str
    tail: str
    is_address_given: bool
    pair: Pair | None = field(repr=False)
    title: str
    extra_params: object
    interactive: bool
    """The labeling config has a text area to type a prompt into, so the editor must ask."""


class Connecting:
    """Connects projects by one client of Label Studio.

    ``own`` is where this server answers as seen from this machine, ``pair`` its basic auth.
    """

    def __init__(
        self,
        store: Store,
        studio: LabelStudioClient,
        prompts: Prompts,
        *,
        own: str,
        pair: Pair | None,
    ) -> None:
        self._store = store
        self._studio = studio
        self._prompts = prompts
        self._own = own
        self._pair = pair

    def connect(
        self,
        project: Project,
        url: str | None = None,
        *,
        prompt: str | int | None = None,
        version: str | int | None = None,
        title: str | None = None,
        extra_params: object = None,
    ) -> Connected:
        """Connect a project, or mend its connection; every write is sent once.

        ``prompt`` and ``version`` (id or title) serve this connection whatever else is active.
        Without ``url`` a working address is kept. Raises InvalidInput or NotFound for what is not
        there, LabelStudioError with the next step when Label Studio refuses: then nothing new is
        left there.
        """
        wanted = self._wanted(project, url, prompt, version, title, extra_params)
        rows = self._studio.list_backends(project.id)
        row = self._find(project.id, rows, wanted)
        with self._store.audit.doing(
            AuditAction.PROJECT_CONNECTED,
            kind="project",
            object_id=project.id,
            title=project.title,
            project_id=project.id,
        ):
            try:
                if row is None:
                    return self._create(project, rows, wanted)
                return self._mend(project, rows, row, wanted)
            except LabelStudioRejected as error:
                _explain(error)
                raise

    def rows(self, project_id: int) -> tuple[list[Backend], list[Backend]]:
        """Return a project's connections to this server, and those to others."""
        rows = self._studio.list_backends(project_id)
        ours = BackendUrls(self._store, self._own, project_id)
        mine = [row for row in rows if ours.holds(row)]
        return mine, [row for row in rows if row not in mine]

    def _wanted(
        self,
        project: Project,
        url: str | None,
        prompt: str | int | None,
        version: str | int | None,
        title: str | None,
        extra_params: object,
    ) -> Wanted:
        address = (url or self._own).strip()
        tail = BackendUrl.of(address).tail
        if prompt is not None:
            found = self._prompts.find(prompt)
            tail = f"/prompts/{found.id}"
            if version is not None:
                tail += f"/versions/{self._prompts.find_version(found, version).id}"
        elif version is not None:
            raise InvalidInput(
                "A version is named, but not the prompt it belongs to.",
                field="prompt",
                fix="Name the prompt as well.",
            )
        return Wanted(
            root=without_tail(plain(address)),
            tail=tail,
            is_address_given=bool(url),
            pair=credentials_of(address) or self._pair,
            title=(title or "").strip(),
            extra_params=extra_params,
            interactive=_has_prompt_area(project.label_config),
        )

    def _find(self, project_id: int, rows: Sequence[Backend], wanted: Wanted) -> Backend | None:
        """Return the row to keep: at the wanted address, else one of ours at another."""
        exact = [row for row in rows if same_place(row.url, wanted.root + wanted.tail)]
        if exact:
            return exact[0]
        ours = BackendUrls(self._store, self._own, project_id)
        known = [row for row in rows if ours.holds(row)]
        near = [row for row in rows if same_place(_root(row), wanted.root)]
        return next(iter([*near, *known]), None)

    def _create(self, project: Project, rows: Sequence[Backend], wanted: Wanted) -> Connected:
        hooks = self._studio.list_webhooks(project.id)
        backend = self._studio.add_backend(
            project.id,
            wanted.root + wanted.tail,
            wanted.title or BACKEND_TITLE,
            basic_auth=wanted.pair,
            extra_params=wanted.extra_params,
            interactive=wanted.interactive or None,
        )
        try:
            done = [
                "the connection",
                *mend_webhook(self._studio, backend, (), wanted.pair),
                *self._show(rows, backend),
            ]
        except LabelStudioError:
            self._undo(project, backend, hooks)
            raise
        return self._report(backend, CREATED, done, [*rows, backend])

    def _undo(self, before: Project, backend: Backend, webhooks: Sequence[Webhook]) -> None:
        """Take a connection back that could not be finished, and all that came with it."""
        known = {hook.id for hook in webhooks}
        with suppress(LabelStudioError):
            self._studio.delete_backend(backend.id)
            for hook in self._studio.list_webhooks(backend.project_id):
                if hook.id not in known and same_place(hook.url, hook_of(backend.url)):
                    self._studio.delete_webhook(hook.id)
            if not before.model_version:
                self._studio.set_model_version(before.id, None)

    def _mend(
        self, project: Project, rows: Sequence[Backend], row: Backend, wanted: Wanted
    ) -> Connected:
        url = self._address_for(row, wanted)
        pair = credentials_of(url) or wanted.pair
        changes = _changes(row, url, wanted)
        backend = row
        if changes:
            given = wanted.extra_params
            backend = self._studio.update_backend(
                row.id,
                project.id,
                url,
                wanted.title or row.title,
                basic_auth=None if credentials_of(url) else wanted.pair,
                # Label Studio tries the address with these: without them its trial may fail.
                extra_params=row.extra_params if given is None else given,
                interactive=wanted.interactive or None,
            )
        done = [
            *changes,
            *mend_webhook(self._studio, backend, (row.url,), pair),
            *self._show(rows, backend),
        ]
        listed = [backend if each.id == row.id else each for each in rows]
        return self._report(backend, REPAIRED if done else UNCHANGED, done, listed)

    @staticmethod
    def _address_for(row: Backend, wanted: Wanted) -> str:
        """Return the address a row should have; what works and was not asked about stays."""
        works = row.state == CONNECTED and not wanted.is_address_given
        root = plain(without_tail(row.url)) if works else wanted.root
        url = root + (wanted.tail or BackendUrl.of(row.url).tail)
        own = credentials_of(row.url)
        if same_place(url, row.url) and (own is None or works or wanted.pair in (None, own)):
            return row.url
        return url

    def _show(self, rows: Sequence[Backend], backend: Backend) -> list[str]:
        """Have the project show predictions, unless it shows those of something else."""
        project = self._studio.get_project(backend.project_id)
        is_free = self._is_free(project, [*rows, backend])
        done = []
        if not project.shows_predictions:
            done.append("predictions shown to annotators")
        if is_free:
            done.append(f"predictions of {backend.title!r} in the label stream")
        if done:
            self._studio.show_predictions(project.id, backend.title if is_free else None)
        return done

    def _is_free(self, project: Project, rows: Sequence[Backend]) -> bool:
        """Return whether the label stream shows nothing; a deleted connection's title stays on."""
        shown = project.model_version
        if not shown:
            return True
        titles = {row.title for row in rows}
        return shown not in titles and shown not in self._studio.model_versions(project.id)

    def _report(
        self, backend: Backend, outcome: str, done: Sequence[str], rows: Sequence[Backend]
    ) -> Connected:
        notes = []
        tail = BackendUrl.of(backend.url).tail
        if outcome != CREATED and tail:
            notes.append(
                f"This connection is served by {tail.lstrip('/')} alone; name another prompt to "
                "change that, or disconnect and connect again to let the active prompt serve."
            )
        first = rows[0]
        if first.id != backend.id:
            notes.append(
                f"The project has another ML backend too, {first.title!r}; Label Studio only asks "
                "the first. Remove that one under Settings > Model to have this one asked."
            )
        shown = self._studio.get_project(backend.project_id).model_version
        if shown and shown != backend.title:
            notes.append(
                f"The label stream shows {shown!r}, as was chosen before; it is changed under "
                "Settings > Annotation."
            )
        if backend.state != CONNECTED:
            notes.append(f"Label Studio does not reach it: {backend.error} {START_IT}")
        return Connected(
            backend.project_id,
            backend.id,
            backend.title,
            plain(backend.url),
            backend.state,
            outcome,
            tuple(done),
            tuple(notes),
        )


def _changes(row: Backend, url: str, wanted: Wanted) -> list[str]:
    """Return what of a row is not as it should be, in words."""
    changes = []
    if not same_place(url, row.url):
        changes.append(f"the address, {plain(url)}")
    elif url != row.url:
        changes.append("the credentials taken out of the address")
    pair = None if credentials_of(url) else wanted.pair
    if pair and (row.auth_user, row.has_password) != (pair[0], True):
        changes.append("the basic auth")
    if wanted.title and wanted.title != row.title:
        changes.append(f"the title, {wanted.title!r}")
    if wanted.extra_params is not None and wanted.extra_params != _parsed(row.extra_params):
        changes.append("the extra parameters")
    if wanted.interactive and not row.is_interactive:
        changes.append("interactive mode, for the config has a text area to type a prompt into")
    if not changes and row.state != CONNECTED:
        changes.append("the connection, tried again")
    return changes


def _has_prompt_area(label_config: str) -> bool:
    try:
        return bool(LabelingConfig.parse(label_config).prompt_areas)
    except ConfigError:
        return False


def _parsed(value: object) -> object:
    """Return extra parameters typed as text as the JSON they are."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _root(row: Backend) -> str:
    try:
        return without_tail(row.url)
    except InvalidInput:
        return row.url


def _explain(error: LabelStudioRejected) -> None:
    """Add the next step to what Label Studio said of an address."""
    if error.fix:
        return
    if "authentication parameters" in error.message or "401 Client Error" in error.message:
        error.fix = SAME_PAIR
    elif "Successfully connected" not in error.message:
        # Where this server was reached, it gave its own reason and what to do about it.
        error.fix = START_IT
