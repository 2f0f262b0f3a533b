"""Connecting a project to this server as its ML backend, and mending a connection.

What Label Studio leaves to people is set as well: the webhook's basic auth, and that predictions
show. A second call finds nothing to do. The credentials are the project's own secret, made by the
first call and the same ever after, unless it is to be new; the operator's go nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ml_backend.errors import InvalidInput, LabelStudioError, LabelStudioRejected
from ml_backend.labelstudio import Backend, LabelStudioClient, Project, Webhook
from ml_backend.next_steps import Step
from ml_backend.records import AuditAction, Person
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
from ml_backend.services.connecting.project_secrets import Credentials, ProjectSecrets
from ml_backend.services.connecting.wanted import (
    CONNECTED as CONNECTED,
    Wanted,
    changes_of,
    has_prompt_area,
)
from ml_backend.services.connecting.webhooks import mend_webhook
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.store import Store

CREATED, REPAIRED, UNCHANGED = "created", "repaired", "unchanged"
START_IT = (
    f"Start the server where Label Studio can call it. {Step.GIVE_ADDRESS()} In Docker, localhost "
    "is the container itself: use the name of the host or of the service."
)
SAME_DATABASE = (
    "The server there must work with the database of this one, which has the project's secret. "
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
    is_closed: bool
    """Whether Label Studio calls with the project's secret, and so nobody may without."""

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
            "closed": self.is_closed,
        }


class Connecting:
    """Connects projects by one client of Label Studio.

    ``own`` is where this server answers as seen from this machine. ``operator`` is the basic auth
    of its settings, which connections of before have: it is replaced and never given out.
    """

    def __init__(
        self,
        store: Store,
        studio: LabelStudioClient,
        prompts: Prompts,
        secrets: ProjectSecrets,
        *,
        own: str,
        operator: Pair | None,
    ) -> None:
        self._store = store
        self._studio = studio
        self._prompts = prompts
        self._secrets = secrets
        self._own = own
        self._operator = operator

    def connect(
        self,
        project: Project,
        url: str | None = None,
        *,
        prompt: str | int | None = None,
        version: str | int | None = None,
        title: str | None = None,
        extra_params: object = None,
        new_secret: bool = False,
        person: Person | None = None,
    ) -> Connected:
        """Connect a project, or mend its connection; every write is sent once.

        ``prompt`` and ``version`` (id or title) serve this connection whatever else is active; such
        a prompt becomes the project's. ``person`` is who connects, whose own keys may answer then;
        None for whose token the client has. Without ``url`` a working address is kept.
        ``new_secret`` puts another secret in the place of the project's: both are good for ten
        minutes. Raises InvalidInput or NotFound for what is not there, LabelStudioError with the
        next step when Label Studio refuses: then nothing new is left there.
        """
        credentials = self._secrets.of(project, anew=new_secret)
        person = person or self._studio.whoami().person
        asked = (url, prompt, version, title, extra_params)
        wanted = self._wanted(project, credentials, person, *asked)
        if new_secret:
            wanted = replace(wanted, done=("a new secret; the former one ends in ten minutes",))
        self._secrets.agree(project.id, person)
        rows = self._studio.list_backends(project.id)
        row = self._find(project.id, rows, wanted)
        with self._store.audit.doing(
            AuditAction.PROJECT_CONNECTED,
            kind="project",
            object_id=project.id,
            title=project.title,
            project_id=project.id,
        ) as doing:
            if new_secret:
                doing.counts = {"new_secrets": 1}
            try:
                if row is None:
                    report = self._create(project, rows, wanted)
                else:
                    report = self._mend(project, rows, row, wanted)
                self._close_others(project, rows, report.backend_id, credentials)
            except LabelStudioRejected as error:
                _explain(error)
                raise
            if report.is_closed:
                self._secrets.placed(credentials)
            else:
                self._store.secrets.withdraw(project.id)
        return report

    def rows(self, project_id: int) -> tuple[list[Backend], list[Backend]]:
        """Return a project's connections to this server, and those to others."""
        rows = self._studio.list_backends(project_id)
        ours = BackendUrls(self._store, self._own, project_id)
        mine = [row for row in rows if ours.holds(row)]
        return mine, [row for row in rows if row not in mine]

    def _close_others(
        self,
        project: Project,
        rows: Sequence[Backend],
        kept: int,
        credentials: Credentials,
    ) -> None:
        """Give the project's further connections to this server the secret too."""
        ours = BackendUrls(self._store, self._own, project.id)
        for row in rows:
            is_proxied = credentials_of(row.url) not in (None, self._operator)
            if row.id == kept or is_proxied or not ours.holds(row):
                continue
            if row.auth_user != credentials.connection[0]:
                row = self._studio.update_backend(
                    row.id,
                    project.id,
                    plain(row.url),
                    row.title,
                    basic_auth=credentials.connection,
                    extra_params=row.extra_params,
                )
            mend_webhook(self._studio, row, (), credentials.webhook)

    def _wanted(
        self,
        project: Project,
        credentials: Credentials,
        person: Person,
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
            if project.id not in found.project_ids:
                self._store.prompts.add_project(found.id, project.id)
                ProjectIdentity(self._store).bind(found.id, [project])
                OwnKeys(self._store).agree(found.id, person)
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
            pair=credentials_of(address) or credentials.connection,
            hook_pair=credentials_of(address) or credentials.webhook,
            secret_name=credentials.secret.user,
            title=(title or "").strip(),
            extra_params=extra_params,
            interactive=has_prompt_area(project.label_config),
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
                *wanted.done,
                *mend_webhook(self._studio, backend, (), wanted.hook_pair),
                *self._show(rows, backend),
            ]
        except LabelStudioError:
            self._undo(project, backend, hooks)
            raise
        return self._report(backend, CREATED, done, [*rows, backend], wanted)

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
        changes = changes_of(row, url, wanted)
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
        hook_pair = credentials_of(url) or wanted.hook_pair
        done = [
            *wanted.done,
            *changes,
            *mend_webhook(self._studio, backend, (row.url,), hook_pair),
            *self._show(rows, backend),
        ]
        listed = [backend if each.id == row.id else each for each in rows]
        return self._report(backend, REPAIRED if done else UNCHANGED, done, listed, wanted)

    def _address_for(self, row: Backend, wanted: Wanted) -> str:
        """Return the address a row should have; what works and was not asked about stays."""
        works = row.state == CONNECTED and not wanted.is_address_given
        root = plain(without_tail(row.url)) if works else wanted.root
        url = root + (wanted.tail or BackendUrl.of(row.url).tail)
        own = credentials_of(row.url)
        is_theirs = own not in (None, self._operator)
        if same_place(url, row.url) and (own is None or (is_theirs and works)):
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
        self,
        backend: Backend,
        outcome: str,
        done: Sequence[str],
        rows: Sequence[Backend],
        wanted: Wanted,
    ) -> Connected:
        notes = []
        is_closed = credentials_of(backend.url) is None and backend.auth_user == wanted.secret_name
        if not is_closed:
            notes.append(
                "It bears the user and password of its address instead of the project's secret, as "
                "for a proxy: what comes through there to this server is not told from others."
            )
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
            is_closed,
        )


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
        error.fix = SAME_DATABASE
    elif "Successfully connected" not in error.message:
        # Where this server was reached, it gave its own reason and what to do about it.
        error.fix = START_IT
