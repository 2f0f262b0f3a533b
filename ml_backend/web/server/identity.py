"""Who calls the API: a person known by a Label Studio token, whose rights are the caller's.

A caller sends what Label Studio itself takes, ``Authorization: Token <legacy token>``, ``Bearer
<access token>`` or ``X-API-Key``; a personal access token is taken too and exchanged as the SDK
does. Every path under /api/ is guarded here, known or not, so basic auth need not be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Flask, Response, g, request

from ml_backend.acting import SERVER, Actor, act_as
from ml_backend.errors import LabelStudioAuthError
from ml_backend.labelstudio import CallerLabelStudio, User, begin_haste, end_haste, in_haste
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.bridge import Bridge
from ml_backend.services.recent import Recent, Shared
from ml_backend.web.server import errors
from ml_backend.web.server.attempts import Attempts
from ml_backend.web.server.paths import is_api, is_public

KNOWN_SECONDS = 60.0
"""How long a reader is not asked about again."""

SURE_SECONDS = 2.0
"""How long whoever changes or spends something is not: so long a revoked token may still write."""

ASK_SECONDS = 10.0
"""How long Label Studio may be silent about whoever wants to write."""

REFUSED_SECONDS = 10.0
HOW_TO = (
    "Send a Label Studio token: `Authorization: Token …` with a legacy token, `Authorization: "
    "Bearer …` with a personal access token (Account & Settings)."
)

READING = frozenset({"GET", "HEAD"})
"""Methods of requests that change nothing: those go on for a while when Label Studio is away."""

AWAY = '110 - "Label Studio does not answer; this is of what was known a moment ago"'
"""Header ``Warning`` of an answer that may be older than Label Studio's own."""

OpenStudio = Callable[[str], CallerLabelStudio]


def caller() -> Caller:
    """Return the person who calls, with Label Studio as their token opens it."""
    found: Caller = g.caller
    return found


def lasting_studio(open_studio: OpenStudio) -> CallerLabelStudio:
    """Return a client by the caller's token that outlasts the request; its taker closes it."""
    return open_studio(g.caller_token)


def register(app: Flask, open_studio: OpenStudio, bridge: Bridge, attempts: Attempts) -> Callers:
    """Let only Label Studio's users into /api/; ``open_studio`` opens Label Studio with a token.

    Returns what knows them, for other ways in.
    """
    callers = Callers(open_studio, bridge, attempts)

    @app.before_request
    def _check() -> Response | None:
        if not is_api(request.path) or is_public(request.path):
            return None
        try:
            callers.admit(given_token(), reads=request.method in READING)
        except LabelStudioAuthError as error:
            error.by_caller = True
            return errors.api_answer(error)
        return None

    @app.after_request
    def _warn(response: Response) -> Response:
        if is_api(request.path) and not is_public(request.path) and bridge.is_away:
            response.headers["Warning"] = AWAY
        return response

    @app.teardown_request
    def _close(_error: BaseException | None) -> None:
        end_haste()
        act_as(SERVER)  # the thread goes on with others' requests
        opened = g.pop("caller_studio", None)
        if opened is not None:
            opened.close()

    return callers


def given_token() -> str:
    """Return the token of the request; raises LabelStudioAuthError when there is none."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    token = value.strip() if kind.lower() in ("token", "bearer") else ""
    token = token or request.headers.get("X-API-Key", "").strip()
    if not token:
        raise LabelStudioAuthError("The request carries no token.", status=401, fix=HOW_TO)
    return token


class Callers:
    """Knows whose a token is: for a minute, and refusals for seconds, by a hash of the token.

    Whoever writes is asked about again when that is two seconds ago; those who write at the same
    time share the question.

    What was verified less than five minutes ago ``bridge`` knows, for when Label Studio is away.
    """

    def __init__(self, open_studio: OpenStudio, bridge: Bridge, attempts: Attempts) -> None:
        self._open_studio = open_studio
        self.bridge = bridge
        self._attempts = attempts
        self._questions: Shared[bytes, User] = Shared(SURE_SECONDS)
        self._known: Recent[bytes, User] = Recent(KNOWN_SECONDS, 1024)
        self._refused: Recent[bytes, LabelStudioAuthError] = Recent(REFUSED_SECONDS, 1024)

    def admit(self, token: str, *, reads: bool = False) -> Caller:
        """Make the user of a token this request's caller; raises LabelStudioAuthError.

        A request that only ``reads`` waits for nothing while Label Studio is away.
        """
        g.caller_token = token
        g.caller_studio = self._open_studio(token)
        g.caller = self._find(token, g.caller_studio, reads)
        user = g.caller.user
        face = "API" if is_api(request.path) else "pages"
        act_as(Actor(face, user.person, organization=user.organization_id))
        if reads:
            begin_haste(self.bridge.limit)
        return caller()

    def forget(self) -> None:
        """Ask Label Studio about everybody anew."""
        self._known.clear()
        self._refused.clear()
        self._questions.clear()
        self.bridge.forget()

    def _find(self, token: str, studio: CallerLabelStudio, reads: bool) -> Caller:
        key = key_of(token)
        refused = self._refused.find_new(key)
        if refused is not None:
            raise LabelStudioAuthError(refused.message, status=refused.status, fix=refused.fix)
        # One whom Label Studio refused meanwhile, wherever that was, it is asked about anew.
        if self.bridge.knows(key):
            user = self._known.find_new(key) if reads else self._questions.find(key)
            if user is not None:
                return Caller(user, key, studio, reads)

        def read() -> User:
            user = studio.whoami()
            self._known.put(key, user)
            return user

        def ask() -> User:
            with self._attempts.asking(key):
                if reads:
                    return self.bridge.user(key, read, may_bridge=True)
                with in_haste(ASK_SECONDS):
                    return self.bridge.user(key, read, may_bridge=False)

        try:
            # A reader may be told what was verified minutes ago, which makes nobody else sure.
            user = ask() if reads else self._questions.get(key, ask)
            return Caller(user, key, studio, reads)
        except LabelStudioAuthError as error:
            self._known.forget(key)
            error.fix = HOW_TO
            self._refused.put(key, error)
            raise


def key_of(token: str) -> bytes:
    """Return what a token is remembered by."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
