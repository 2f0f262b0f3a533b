"""By which names the server may be called: a web page whose name turns into ours is none of ours.

A page's name may be made to lead to 127.0.0.1 once the page is loaded (DNS rebinding): for the
browser the answers are then the page's own. The name in the request tells.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from flask import Flask, request
from werkzeug.exceptions import MisdirectedRequest

from ml_backend.addresses import to_ascii
from ml_backend.services.health.own_names import own_names
from ml_backend.settings import Settings, is_loopback

_CLIENTS = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP")
_OF_PROXIES = ("Forwarded", "Via", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server")
_FOR = re.compile(r'(?:^|[;,])\s*for="?\[?([^\]";,]*)', re.IGNORECASE)


def register(app: Flask, settings: Settings) -> None:
    """Refuse requests to names that are not the server's.

    Those are ALLOWED_HOSTS and the names of this machine; any, where it listens to others and
    nobody named some: there every route needs credentials of its own.
    """
    allowed = own_names(settings.allowed_hosts, is_open=not is_loopback(settings.host))
    if not allowed:
        return

    @app.before_request
    def _check() -> None:
        name = name_of(request.host)
        if not is_allowed(name, allowed):
            raise MisdirectedRequest(
                f"This server is not called {name[:100]!r}: whoever runs it adds the name to "
                "ALLOWED_HOSTS."
            )


def name_of(host: str) -> str:
    """Return the name or address of a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return to_ascii(host.rpartition(":")[0] if ":" in host else host)


def is_passed_on() -> bool:
    """Return whether a proxy on this machine passes on what another machine asked.

    One that rewrites the Host header gives itself away by what it adds; whoever it names is
    believed to be elsewhere, and whoever it does not name as well.
    """
    heads = request.headers
    named = [each for head in _CLIENTS for each in heads.getlist(head)]
    clients = [each for value in named for each in value.split(",")]
    clients += _FOR.findall(",".join(heads.getlist("Forwarded")))
    if clients:
        return not all(_is_this_machine(each) for each in clients)
    return any(head in heads for head in _OF_PROXIES)


def _is_this_machine(client: str) -> bool:
    client = client.strip().strip('"')
    try:
        return ipaddress.ip_address(name_of(client) if "." in client else client).is_loopback
    except ValueError:
        return False


def is_allowed(name: str, allowed: Collection[str]) -> bool:
    """Return whether a name is a loopback address or one of the allowed."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        return address.is_loopback or name in allowed
    return any(
        name == each or (each.startswith("*.") and name.endswith(each[1:]) and name != each[1:])
        for each in allowed
    )
