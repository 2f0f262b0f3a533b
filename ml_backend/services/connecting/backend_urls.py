"""Addresses a server of ours is connected at, and how they are told from those of others."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import unquote, urlsplit

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import Backend, Webhook
from ml_backend.labelstudio.failures import without_credentials
from ml_backend.services.health.our_health import read_health
from ml_backend.store import Store

Pair = tuple[str, str]
"""User name and password of basic auth."""

BACKEND_TITLE = "Prompts"
OUR_PATH = re.compile(r"(?P<base>.*?)(?P<tail>(?:/prompts/[^/]+(?:/versions/[^/]+)?)?)/?")
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
HOOK = "/webhook"


@dataclass(frozen=True, slots=True)
class BackendUrl:
    """An address without its credentials; ``tail`` is the part that names one of our prompts."""

    scheme: str
    host: str
    port: int
    base: str = ""
    tail: str = ""

    @classmethod
    def of(cls, url: str) -> BackendUrl:
        """Read an address; raises InvalidInput when it is none a backend can have."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise _no_address(url) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _no_address(url)
        if parts.query or parts.fragment:
            raise InvalidInput(
                "The address holds a ? or a #, and Label Studio would add its paths after that.",
                field="url",
                fix="Give it up to and without the ?.",
            )
        host = "localhost" if parts.hostname in THIS_MACHINE else parts.hostname
        match = OUR_PATH.fullmatch(parts.path)
        base, tail = (match["base"], match["tail"]) if match else (parts.path, "")
        return cls(parts.scheme, host, port, base.rstrip("/"), tail)

    @property
    def netloc(self) -> tuple[str, int]:
        return self.host, self.port


def credentials_of(url: str) -> Pair | None:
    """Return the user name and password in an address, if it has them."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def plain(url: str) -> str:
    """Return an address without credentials and closing slash."""
    head, separator, rest = url.strip().partition("//")
    authority, slash, path = rest.partition("/")
    return f"{head}{separator}{authority.rpartition('@')[2]}{slash}{path}".rstrip("/")


def without_tail(url: str) -> str:
    """Return an address without the part that names a prompt."""
    tail = BackendUrl.of(url).tail
    return url.rstrip("/").removesuffix(tail) if tail else url.rstrip("/")


def hook_of(url: str) -> str:
    """Return where Label Studio sends the events of a backend."""
    return url.rstrip("/") + HOOK


def basic(pair: Pair) -> str:
    """Return the header value that carries a user name and password."""
    return "Basic " + base64.b64encode(":".join(pair).encode()).decode()


class BackendUrls:
    """Tells which of a project's backends and webhooks lead, or led, to this server.

    Only addresses known as ours are ever looked at: ``own`` and those Label Studio has called us
    by, ``also`` among them. ``read`` asks an address for its ``/health``.
    """

    def __init__(
        self,
        store: Store,
        own: str,
        project_id: int,
        *,
        also: str = "",
        read: Callable[[str], dict[str, object]] = read_health,
    ) -> None:
        self._instance = store.writing.instance()
        self._own = BackendUrl.of(own).netloc
        self._known = {self._own, *_netlocs(also)}
        for contact in store.contacts.of_project(project_id):
            self._known |= _netlocs(contact["host"])
        self._read = read
        self._answers: dict[str, bool | None] = {}

    def holds(self, backend: Backend) -> bool:
        """Return whether a backend connects the project to this server."""
        place = _place(backend.url)
        if place is None or place.netloc not in self._known:
            return False
        mine = self._answers_as_us(backend.url)
        if mine is not None:
            return mine
        return not place.base and (place.netloc == self._own or backend.title == BACKEND_TITLE)

    def left(self, webhook: Webhook, others: Iterable[Backend]) -> bool:
        """Return whether a webhook leads to this server, and not to one of the ``others``."""
        url = plain(webhook.url)
        place = _place(url.removesuffix(HOOK))
        if not url.endswith(HOOK) or place is None or place.netloc not in self._known:
            return False
        if place in {_place(other.url) for other in others}:
            return False
        mine = self._answers_as_us(url.removesuffix(HOOK))
        return mine if mine is not None else not place.base

    def _answers_as_us(self, url: str) -> bool | None:
        """Return whether this server answers at one of its addresses; None when nothing does."""
        root = without_tail(plain(url))
        if root not in self._answers:
            try:
                self._answers[root] = self._read(root).get("instance") == self._instance
            except ValueError:
                self._answers[root] = False
            except (OSError, HTTPException):
                self._answers[root] = None
        return self._answers[root]


def same_place(one: str, other: str) -> bool:
    """Return whether two addresses differ in nothing but their credentials."""
    return _place(one) is not None and _place(one) == _place(other)


def _place(url: str) -> BackendUrl | None:
    try:
        return BackendUrl.of(url)
    except InvalidInput:
        return None


def _netlocs(host: str) -> set[tuple[str, int]]:
    """Return what a Host header may mean: without a port it does not say which."""
    if not host:
        return set()
    places = (_place(f"{scheme}://{host}") for scheme in ("http", "https"))
    return {place.netloc for place in places if place is not None}


def _no_address(url: str) -> InvalidInput:
    return InvalidInput(
        f"{without_credentials(url)!r} is not a web address.",
        field="url",
        fix="It should look like http://127.0.0.1:9090.",
    )
