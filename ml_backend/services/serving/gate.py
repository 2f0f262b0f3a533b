"""What a call of Label Studio's may have: one project, its prompts, and the keys meant for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ml_backend.errors import Forbidden
from ml_backend.labelstudio import Backend
from ml_backend.next_steps import Step
from ml_backend.records import PromptVersion, Scope
from ml_backend.services.connecting.project_secrets import Bearer, Way
from ml_backend.services.serving.own_rows import OwnRows
from ml_backend.services.serving.prompt_sources import Address
from ml_backend.store import Store


class Gate:
    """Says so of each call, by what it brought."""

    def __init__(self, store: Store, rows: OwnRows) -> None:
        self._store = store
        self._rows = rows

    def admit(self, bearer: Bearer, project_id: int) -> None:
        """Raise Forbidden for a project that is not the one of the secret, or has one itself."""
        if bearer.way is Way.EVENTS:
            raise Forbidden("This password tells of events and opens nothing else.")
        require_project(bearer, [project_id])
        if bearer.way is Way.OPEN and self._store.secrets.is_closed(project_id):
            raise Forbidden(
                f"Project {project_id} is connected with a secret, and this call brings none.",
                fix=Step.CONNECT_AGAIN(project=project_id),
            )

    def enter(
        self, bearer: Bearer, project_id: int, address: Address, host: str, label_config: str
    ) -> Backend | None:
        """Return the connection that a ``/predict`` without a secret comes by, else None.

        Raises Forbidden where Label Studio has none, or the project or its config is not what the
        secret opens; LabelStudioError when Label Studio does not say.
        """
        self.admit(bearer, project_id)
        self._require_config(bearer, project_id, label_config)
        if bearer.way is not Way.OPEN:
            return None
        found = self._rows.find(project_id, address, host)
        if found is None:
            raise Forbidden(
                f"Label Studio has no connection of project {project_id} to this address.",
                fix=Step.CONNECT_AGAIN(project=project_id),
            )
        return found

    def is_believed(
        self, bearer: Bearer, project_id: int, address: Address, host: str, extra_params: object
    ) -> bool:
        """Return whether what a ``/setup`` says is what Label Studio has of its connection.

        While a connection is being made by hand Label Studio asks before it has it.
        """
        if bearer.way is not Way.OPEN:
            return True
        found = self._rows.soon(
            project_id, address, host, lambda row: row.extra_params == extra_params
        )
        return found is not None

    def projects_of(self, bearer: Bearer) -> list[int] | None:
        """Return the projects a call may learn the versions of; None for all."""
        if bearer.way is Way.OPERATOR:
            return None
        if bearer.project_id is not None:
            return [bearer.project_id]
        heard = self._store.contacts.projects()
        return [each for each in heard if not self._store.secrets.is_closed(each)]

    def _require_config(self, bearer: Bearer, project_id: int, label_config: str) -> None:
        """Raise Forbidden for the labeling config of another project that is connected here."""
        mine = {each["label_config"] for each in self._store.contacts.of_project(project_id)}
        if bearer.way is Way.OPERATOR or not any(mine) or label_config in ("", *mine):
            return
        if self._store.contacts.holds_config(label_config):
            raise Forbidden(
                "The labeling config of this request is another project's, not project "
                f"{project_id}'s."
            )

    def require_key(self, bearer: Bearer, project_id: int, version: PromptVersion) -> None:
        """Raise Forbidden where a person's own key would answer for whom it was not meant.

        It answers for a project that this person has connected, by its secret.
        """
        if version.connection_id is None:
            return
        connection = self._store.connections.find(version.connection_id)
        if connection is None or connection.scope is not Scope.USER:
            return
        owner = connection.created_by
        is_meant = owner is None or self._store.secrets.is_connector(project_id, owner.id)
        if bearer.way is Way.OPEN or not is_meant:
            raise Forbidden(
                "The connection of this prompt's version is one person's own: it answers here "
                "only once that person has connected the project.",
                fix=f"{Step.CONNECT_AGAIN(project=project_id)} Or make a version with a "
                "connection of the organization.",
            )


def as_connected(contact: Mapping[str, Any], row: Backend | None) -> Mapping[str, Any]:
    """Return what a connection said; of an open one Label Studio's own word counts."""
    return contact if row is None else {**contact, "extra_params": row.extra_params}


def require_project(bearer: Bearer, named: Iterable[int | None]) -> None:
    """Raise Forbidden where a call names another project than the one of its secret."""
    mine = bearer.project_id
    other = next((each for each in named if mine is not None and each not in (None, mine)), None)
    if other is not None:
        raise Forbidden(
            f"This call is let in for project {mine}, and it is about project {other}.",
            fix=Step.CONNECT_AGAIN(project=other),
        )


def require_tasks_of(bearer: Bearer, project_id: int, wires: Iterable[object]) -> None:
    """Raise Forbidden where tasks say that they are another project's than the request's."""
    if bearer.way is not Way.OPERATOR:
        require_project(Bearer(bearer.way, project_id), {_project_of(wire) for wire in wires})


def _project_of(wire: object) -> int | None:
    named = wire.get("project") if isinstance(wire, Mapping) else None
    if isinstance(named, Mapping):
        named = named.get("id")
    if isinstance(named, str):
        head = named[:40].partition(".")[0]
        named = int(head) if head.isascii() and head.isdigit() else None
    return named if isinstance(named, int) and not isinstance(named, bool) else None
