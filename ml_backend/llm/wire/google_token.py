"""Access tokens by Google credentials: asked for, kept, renewed in time.

What a member gives as credentials is hostile: it may name an address to ask, a file to read or a
program to run. So the text itself is taken and nothing it points to: a service account's key, which
signs what is asked, or a person's refresh token. Asked is Google's own address, or that of the
connection itself.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from ml_backend.llm.provider_facts import LONGEST_CREDENTIALS, PERSON, SERVICE_ACCOUNT
from ml_backend.llm.refusals.judging import Cure, Trouble
from ml_backend.llm.wire.troubles import CallFailed, Received
from ml_backend.records import FailureKind

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105  # nosec B105  # an address
GOOGLES = frozenset(
    {
        TOKEN_URL,
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v3/token",
        "https://www.googleapis.com/oauth2/v4/token",
    }
)
"""What Google's own keys name, now and before; asked is the first one."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN_PATH = re.compile(r"(?:/\w[\w.-]{0,60}){0,6}/token", re.ASCII)
"""Of an address of tokens that a gateway has."""
UNIVERSE = "googleapis.com"
LIFETIME = 3600
"""Seconds a token is asked for, which is the most there is."""
AHEAD = 300.0
"""Seconds before its end at which a token is renewed …"""
PAUSE = 20.0
"""… and so long apart where that fails while it still holds."""
SECONDS = 15.0
"""How long the address of tokens is waited for."""
LONGEST_KEY = 6_000
"""Characters of a key: one of 4,096 bits has 3,300, and longer ones sign slowly."""
NEEDED = {
    SERVICE_ACCOUNT: ("client_email", "private_key"),
    PERSON: ("client_id", "client_secret", "refresh_token"),
}
"""What serves, and what it cannot do without. Others name files, addresses or programs."""


class BadAccount(ValueError):
    """Credentials that cannot be used; the message says why, without a word of theirs."""


@dataclass(frozen=True, slots=True)
class Account:
    """A service account, or a person, and how a token is asked for in their name."""

    project: str
    token_url: str
    email: str = ""
    signer: Any = field(default=None, repr=False)
    person: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a person is asked for with; empty for a service account."""

    def form(self, now: float) -> Mapping[str, str]:
        """Return what a token is asked for with; of a service account it is good for an hour."""
        if self.person:
            return {"grant_type": "refresh_token", **self.person}
        from google.auth import jwt

        claims = {
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_url,
            "iat": int(now),
            "exp": int(now) + LIFETIME,
        }
        encode: Any = jwt.encode  # without types
        return {"grant_type": GRANT, "assertion": str(encode(self.signer, claims), "ascii")}


def read_account(text: str, base_url: str) -> Account:
    """Return whom a JSON text is the credentials of; raise ``BadAccount``.

    ``base_url`` is where the connection itself leads, which may give tokens as well.
    """
    found = _fields(text)
    kind = found.get("type")
    needed = NEEDED.get(kind) if isinstance(kind, str) else None
    if needed is None:
        shown = f"of the type “{kind[:40]}”" if isinstance(kind, str) and kind else "of no type"
        raise BadAccount(
            f"its Google credentials are {shown}: a service account's serve, or those of gcloud"
        )
    universe = found.get("universe_domain", UNIVERSE)
    if universe != UNIVERSE:
        raise BadAccount("its Google credentials are of another cloud than Google's own")
    for name in needed:
        if not isinstance(found.get(name), str) or not found[name].strip():
            raise BadAccount(f"its Google credentials have no {name}")
    token_url = _token_url(found.get("token_uri", TOKEN_URL), base_url)
    project = found.get("project_id" if kind == SERVICE_ACCOUNT else "quota_project_id")
    project = project if isinstance(project, str) else ""
    if kind == PERSON:
        return Account(project, token_url, person={name: found[name] for name in needed})
    return Account(project, token_url, found["client_email"], _signer(found))


def _fields(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_CREDENTIALS:
        raise BadAccount("its Google credentials are longer than a service account's key")
    try:
        found = json.loads(text.strip("\ufeff \r\n\t"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadAccount("its Google credentials are no JSON; a path to a file is not read")
    return found


def _token_url(named: object, base_url: str) -> str:
    if named in GOOGLES:
        return TOKEN_URL
    if isinstance(named, str) and _origin(named) == _origin(base_url) != ("", "", None):
        parts = urlsplit(named)
        plain = parts._replace(query="", fragment="").geturl() == named
        # A gateway may be the operator's: nothing but a path of tokens is asked there.
        if plain and TOKEN_PATH.fullmatch(parts.path):
            return named
    raise BadAccount("its Google credentials name an address for tokens that is not Google's")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return "", "", None
    return parts.scheme, parts.hostname or "", port


def _signer(found: dict[str, Any]) -> Any:
    # 0.2 s at first, and only for those who need it.
    from google.auth import crypt

    if len(found["private_key"]) > LONGEST_KEY:
        raise BadAccount("the key in its Google credentials is longer than Google's are")
    given = {name: found[name] for name in ("private_key", "private_key_id") if name in found}
    if "\n" not in given["private_key"]:
        # From a variable of an environment, where its line ends were written out.
        given["private_key"] = given["private_key"].replace("\\n", "\n")
    kind: Any = crypt.RSASigner  # without types
    try:
        signer = kind.from_service_account_info(given)
        signer.sign(b"")  # keys of other kinds are read as well
    except Exception:  # whatever it is, its words may hold the key
        raise BadAccount("the private_key in its Google credentials is no RSA key") from None
    return signer


class Asks(Protocol):
    """What a token is asked for over."""

    async def post(self, path: str, content: bytes, timeout: float) -> Received:
        """Return what comes back; raise ``CallFailed``."""

    async def close(self) -> None:
        """Give back its connections."""


class AccessTokens:
    """The tokens of one account, one at a time; used from one event loop."""

    def __init__(
        self, account: Account, wire: Asks, clock: Callable[[], float] = time.time
    ) -> None:
        self._account = account
        self._wire = wire
        self._clock = clock
        self._turn = asyncio.Lock()
        self._headers: Mapping[str, str] = {}
        self._renew_at = 0.0
        self._ends_at = 0.0

    async def headers(self) -> Mapping[str, str]:
        """Return the header with a token that holds; raise ``CallFailed`` where there is none."""
        if self._clock() < self._renew_at:
            return self._headers
        async with self._turn:
            now = self._clock()
            if now < self._renew_at:
                return self._headers
            try:
                await self._renew(now)
            except CallFailed:
                if now >= self._ends_at:
                    raise
                self._renew_at = min(now + PAUSE, self._ends_at)
        return self._headers

    async def close(self) -> None:
        await self._wire.close()

    async def _renew(self, now: float) -> None:
        form = urlencode(self._account.form(now))
        received = await self._wire.post("", form.encode("ascii"), SECONDS)
        try:
            told = json.loads(received.content)
        except (ValueError, RecursionError):
            told = None
        token = told.get("access_token") if isinstance(told, dict) else None
        if received.status != 200 or not isinstance(token, str) or not _is_token(token):
            raise CallFailed(_refused(received.status, told))
        seconds = told.get("expires_in")
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        lasts = float(min(seconds, LIFETIME)) if is_number and seconds > 0 else float(LIFETIME)
        # A shorter one is renewed at half of its time, and none at each call.
        ahead = min(AHEAD, lasts / 2)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._ends_at = now + lasts
        self._renew_at = now + max(lasts - ahead, 1.0)


def _is_token(token: str) -> bool:
    return token.isascii() and token.isprintable() and 0 < len(token) < LONGEST_CREDENTIALS


def _refused(status: int, told: object) -> Trouble:
    """What a refusal of a token comes to: whatever is wrong with the account is wrong for all."""
    words = [
        str(told[name])[:200]
        for name in ("error_description", "error")
        if isinstance(told, dict) and isinstance(told.get(name), str)
    ]
    said = f"no token for its Google credentials: {words[0] if words else f'HTTP {status}'}"
    if status == 429 or status >= 500:
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, status, foreign=not words)
    return Trouble(Cure.STOP, FailureKind.AUTHENTICATION, said, status, foreign=not words)
