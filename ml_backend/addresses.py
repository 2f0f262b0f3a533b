"""Which addresses are of the open internet, and which hosts and names cannot be."""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # of carriers, and where Alibaba answers about its machines
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, and where clouds answer about their machines
            "172.16.0.0/12",
            "192.0.0.0/24",  # of protocols: Oracle's clouds answer at .192
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # relays into IPv6, once
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
            "168.63.129.16/32",  # Azure's own, in each of its machines
        ),
    )
)
# Beside what is not 2000::/3, the only part of IPv6 that is given out.
_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# Networks in which an IPv4 address travels inside an IPv6 one, at the end of it.
_WITHIN = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
_INNER_ENDS = (
    "localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan",
    "home.arpa", "in-addr.arpa", "ip6.arpa",
)  # fmt: skip
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
_PATH_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?", re.ASCII)


def is_public(address: Address) -> bool:
    """True for an address of the open internet: nothing private, loopback, link-local, reserved.

    By a table of our own: what Python calls global differs from release to release.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
        return address in _GIVEN_OUT and not any(address in each for each in _V6)
    return not any(address in each for each in _V4)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address a packet to an IPv6 one may end at."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if any(address in each for each in _WITHIN):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def to_ascii(name: str) -> str:
    """A host name as it goes over the wire: ``ü.example`` -> ``xn--…``; "" when it is none."""
    if name.isascii():
        return name.lower().rstrip(".")
    try:
        return name.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return ""


def literal(host: str) -> Address | None:
    """The address that a host is, in any spelling a system's look-up takes for one; else None.

    As in ``inet_aton``, 127.0.0.1 is ``127.1``, ``0x7f.0.0.1``, ``017700000001``, ``2130706433``.
    """
    host = to_ascii(host.strip("[]")).partition("%")[0]
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(each) for each in parts):
        return None
    try:
        numbers = [_number(each) for each in parts]
    except ValueError:  # an octal number with an 8 in it
        return None
    value = 0
    for number in numbers[:-1]:
        if number > 255:
            return None
        value = value << 8 | number
    room = 8 * (5 - len(numbers))
    if numbers[-1] >> room:
        return None
    return ipaddress.IPv4Address(value << room | numbers[-1])


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text.startswith("0") and len(text) > 1 else int(text)


def may_be_public(host: str) -> bool:
    """False for a host that says itself that it is of this machine or network; asks nobody."""
    address = literal(host)
    if address is not None:
        return is_public(address)
    name = to_ascii(host)
    if "." not in name or name.rpartition(".")[2].isdigit():
        return False  # found by the network's own search list, if at all
    return not any(name == end or name.endswith(f".{end}") for end in _INNER_ENDS)


def is_path_name(name: str) -> bool:
    """True for a name that may stand in an address as it is: it leads nowhere else."""
    return _PATH_NAME.fullmatch(name) is not None


def network_of(address: str) -> str:
    """Return an address as clients are told apart: of IPv6 the /64 that a client has to itself."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return ":".join(f"{int(part, 16):x}" for part in found.exploded.split(":")[:4])
