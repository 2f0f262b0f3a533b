"""Which hosts files may be fetched from: those a person named, and public addresses only."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ml_backend.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)
# Networks in which an IPv4 address travels inside an IPv6 one, at the end of it.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


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


def to_ascii(name: str) -> str:
    """A host name as it goes over the wire: ``ü.example`` -> ``xn--…``; "" when it is none."""
    if name.isascii():
        return name.lower().rstrip(".")
    try:
        return name.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return ""


def is_public(address: Address) -> bool:
    """True for an address of the open internet: nothing private, loopback, link-local, reserved."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
        if address in _LOCAL_NAT64 or address.is_site_local or address.teredo:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address a packet to an IPv6 one may end at."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


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
