"""Whose connections may lead into the server's own network: its owner's, or everybody's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from ml_backend.errors import Forbidden, PromptsError
from ml_backend.labelstudio import ServerLabelStudio, User
from ml_backend.llm.reach import ANYWHERE, Reach, is_private
from ml_backend.records import Connection, Scope
from ml_backend.services.models.vendor_addresses import VendorAddresses
from ml_backend.services.recent import Recent

OWNER_SECONDS = 600.0
AWAY_SECONDS = 10.0
"""Until Label Studio is asked again after it did not answer."""
LOOK_UP_SECONDS = 3.0
"""How long whoever makes a connection waits for its name to be looked up."""

log = logging.getLogger(__name__)


class PrivateEndpoints:
    """Tells by the setting PRIVATE_ENDPOINTS, and by who owns the server's own organization.

    The environment's connection and those made by command are the operator's. Everybody may use
    what the owner made.
    """

    def __init__(
        self,
        everybody: bool,
        open_studio: Callable[[], ServerLabelStudio],
        addresses: VendorAddresses | None = None,
        anywhere: Reach = ANYWHERE,
    ) -> None:
        """``addresses`` are the operator's own, which connections without an endpoint lead to.

        ``anywhere`` is where connections of the operator and the owner may lead.
        """
        self._anywhere = anywhere
        self.everybody = everybody
        self._addresses = addresses or VendorAddresses()
        self._open_studio = open_studio
        self._server: Recent[str, User] = Recent(OWNER_SECONDS, 1)
        self._away: Recent[str, bool] = Recent(AWAY_SECONDS, 1)

    def forget(self) -> None:
        """Ask Label Studio anew."""
        self._server.clear()
        self._away.clear()

    def may_make(self, user: User) -> bool:
        """Return whether a user may make connections that lead to private addresses."""
        return self.everybody or (user.owns_organization and self._is_owner(user.email))

    def check(self, user: User, endpoint: str, before: Connection | None = None) -> None:
        """Raise Forbidden for an endpoint that is not a user's to make.

        So it is where others' connection, ``before``, may lead anywhere: it would lead theirs.
        """
        if self.may_make(user):
            return
        host = urlsplit(endpoint).hostname or ""
        if host and _is_private(host):
            raise Forbidden(
                f"{host} is at a private or reserved address, where this connection may not lead.",
                fix=Reach(whom=self.owner_said()).fix,
            )
        if before is not None and endpoint != before.endpoint and self._maker_of(before).private:
            raise Forbidden(
                "Where this connection leads is for whoever made it to say.",
                fix="Make a connection of your own.",
            )

    def reach_of(self, connection: Connection) -> Reach:
        """Return where a connection may lead; costs nothing but once in ten minutes."""
        return self._anywhere if self._addresses.of(connection) else self._maker_of(connection)

    def _maker_of(self, connection: Connection) -> Reach:
        """Return where whoever made a connection may have it lead."""
        if connection.id is None or connection.created_by is None or self._owner_made(connection):
            return self._anywhere
        return Reach(private=self.everybody, tells=False, whom=self.owner_said())

    def _owner_made(self, connection: Connection) -> bool:
        person, server = connection.created_by, self._server_user()
        if person is None or server is None:
            return False
        ours = connection.organization in (None, server.organization_id)
        if ours and connection.scope is Scope.ORGANIZATION:
            return True  # those are the owner's alone to make and to change
        return self._is_owner(person.email)

    def _is_owner(self, email: str) -> bool:
        server = self._server_user()
        owner = server.organization_owner if server is not None else ""
        return bool(owner) and email.casefold() == owner.casefold()

    def owner_said(self) -> str:
        """Return who may make connections that lead anywhere, "" where that is not known."""
        server = self._server_user()
        owner = server.organization_owner if server is not None else ""
        return f"The owner of the organization ({owner})" if owner else ""

    def _server_user(self) -> User | None:
        """The user of the server's own token; the last known while Label Studio is away."""
        if self._away.find_new(""):
            return self._server.find("")
        try:
            return self._server.get("", lambda: self._open_studio().whoami())
        except PromptsError as error:
            log.warning("who owns the organization is not known: %s", error.message)
            self._away.put("", True)
            return self._server.find("")


def _is_private(host: str) -> bool:
    """Whether a host is private; False for one that is not found in time: calls look again."""
    found: list[bool] = []
    look = threading.Thread(target=lambda: found.append(is_private(host)), daemon=True)
    look.start()
    look.join(LOOK_UP_SECONDS)
    return bool(found and found[0])
