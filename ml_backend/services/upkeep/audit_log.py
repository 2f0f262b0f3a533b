"""The audit log as the organization's owner reads it: of theirs, and of nobody's where it is ours.

Whoever has the server's machine reads it by command; nobody else does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml_backend.errors import Forbidden, InvalidInput
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.records import AuditAction, AuditEvent
from ml_backend.services.callers.access import Caller
from ml_backend.services.recent import Recent
from ml_backend.store import Store

OWN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events; times are aware, ``since`` is in it and ``until`` is not."""

    since: datetime | None = None
    until: datetime | None = None
    who: str = ""
    actions: tuple[AuditAction, ...] = ()
    project_id: int | None = None
    before: int | None = None
    limit: int = 100


class AuditLog:
    """Reads the log for callers and commands."""

    def __init__(self, store: Store, open_studio: Callable[[], ServerLabelStudio]) -> None:
        self._store = store
        self._open_studio = open_studio
        self._own: Recent[str, tuple[int | None]] = Recent(OWN_SECONDS, 1)

    def all(self, query: AuditQuery) -> list[AuditEvent]:
        """Return events, newest first."""
        return self._store.audit.search(**_arguments(query))

    def of_caller(self, caller: Caller, query: AuditQuery) -> list[AuditEvent]:
        """Return the events of a caller's organization; Forbidden for all but its owner.

        What commands and the server itself did is of no organization: it is told to the owner of
        that which the server's own token is of.
        """
        if not caller.user.owns_organization:
            raise Forbidden(
                "The audit log is for the organization's owner.",
                fix="Ask them, or whoever runs the server, who reads it by command.",
            )
        (own,) = self._own.get("", lambda: (self._open_studio().whoami().organization_id,))
        theirs = caller.user.organization_id
        return self._store.audit.search(
            **_arguments(query), organization=theirs, or_of_none=theirs == own
        )


def actions_named(names: str) -> tuple[AuditAction, ...]:
    """Return the actions of a list with commas; InvalidInput for one that there is not."""
    found = []
    for name in filter(None, (each.strip() for each in names.split(","))):
        try:
            found.append(AuditAction(name))
        except ValueError:
            raise InvalidInput(
                f"There is no action {name!r} in the audit log.",
                field="action",
                fix=f"There are: {', '.join(AuditAction)}.",
            ) from None
    return tuple(found)


def _arguments(query: AuditQuery) -> dict[str, Any]:
    return {
        "since": query.since,
        "until": query.until,
        "who": query.who,
        "actions": query.actions,
        "project_id": query.project_id,
        "before": query.before,
        "limit": query.limit,
    }
