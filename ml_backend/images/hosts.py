"""Which hosts files may be fetched from: those a person named, and public addresses only."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ml_backend.addresses import Address, is_public, to_ascii
from ml_backend.errors import InvalidInput

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


def read_hosts(text: str, setting: str = "IMAGE_HOSTS") -> tuple[str, ...]:
    """The hosts a setting names in lower case; raises InvalidInput for one that is none."""
    entries = [entry.strip().lower().rstrip(".") for entry in text.split(",")]
    for entry in filter(None, entries):
        if not _NAME.fullmatch(to_ascii(entry.removeprefix("*."))):
            raise InvalidInput(
                f"{setting} names {entry!r}, which is no host name.",
                field=setting,
                fix="Separate names by commas, without https:// and paths: "
                f"{setting}=images.example.com,*.example.org",
            )
    return tuple(
        to_ascii(entry) if entry[:2] != "*." else f"*.{to_ascii(entry[2:])}"
        for entry in entries
        if entry
    )


def resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host, as the operating system finds them; raises OSError for none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError:  # a label of more than 63 characters, a NUL
        raise OSError("it is no host name") from None
    return [ipaddress.ip_address(str(entry[4][0])) for entry in found]


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be fetched: ``hosts`` as in IMAGE_HOSTS, at addresses that ``allows`` lets through.

    What is connected to is the address that was checked: a second look-up could bring another.
    """

    hosts: Collection[str] = ()
    allows: Callable[[Address], bool] = is_public
    look_up: Callable[[str, int], Sequence[Address]] = resolve

    def names(self, host: str) -> bool:
        """True when a host is listed, by name or by ``*.`` and a name it ends in."""
        host = to_ascii(host)
        return any(
            host.endswith(entry[1:]) if entry.startswith("*.") else host == entry
            for entry in self.hosts
        )

    def addresses(self, host: str, port: int) -> list[Address]:
        """Addresses of a host one may connect to; empty when all are forbidden."""
        return [address for address in self.look_up(host, port) if self.allows(address)]
