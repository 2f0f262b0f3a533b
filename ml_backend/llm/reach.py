"""Where the calls of a connection may go, and how much is told of what came back from there.

Whoever makes a connection chooses an address that this server asks from where it stands, inside a
network. So one that nobody trusted made leads to the open internet alone: the address checked is
the one connected to, since a name may mean another a moment later.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Any

from ml_backend.addresses import Address, is_public, may_be_public

SAID = "It is at a private or reserved address, where this connection may not lead"


class AddressRefused(OSError):
    """An address that is not connected to."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a connection may lead: to ``private`` addresses too, or not.

    Unless it ``tells``, nothing is said of what came back from where no model has answered yet.
    """

    private: bool = True
    tells: bool = True
    whom: str = ""
    """Who may make a connection to a private address, for messages."""
    environment: bool = False
    """Whether what the server's environment holds may open it."""

    @property
    def fix(self) -> str:
        """What to do about an address that is refused."""
        return (
            f"{self.whom or 'The owner of the organization'} can make this connection, for "
            "everybody to use; or whoever runs the server sets PRIVATE_ENDPOINTS=true."
        )

    def open_socket(self, address_info: tuple[Any, ...]) -> socket.socket:
        """Return the socket for an address that was looked up; raise AddressRefused."""
        family, kind, protocol, _, place = address_info
        if not is_public(_address(place[0])):
            raise AddressRefused(SAID)
        return socket.socket(family=family, type=kind, proto=protocol)

    def require_name(self, host: str) -> None:
        """Raise AddressRefused for a host that says itself that it is of this network."""
        if not self.private and not may_be_public(host):
            raise AddressRefused(SAID)

    async def require_host(self, host: str) -> None:
        """Raise AddressRefused for a host with a private address, which a proxy would connect to.

        One that only the proxy can look up is its business.
        """
        if self.private:
            return
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        if not all(is_public(_address(entry[4][0])) for entry in found):
            raise AddressRefused(SAID)


ANYWHERE = Reach()
"""Of what the server's own operator set up."""


def is_private(host: str) -> bool:
    """Return whether a host is at a private address, as far as can be found out now."""
    if not may_be_public(host):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not all(is_public(_address(entry[4][0])) for entry in found)


def _address(text: object) -> Address:
    return ipaddress.ip_address(str(text))
