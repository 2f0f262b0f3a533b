"""The connection to one Label Studio with one token: its pool, its token, its failures as ours."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from cachetools import TTLCache

from ml_backend import __version__
from ml_backend.errors import LabelStudioError
from ml_backend.labelstudio import failures
from ml_backend.labelstudio.addresses import checked_url, trust
from ml_backend.labelstudio.tokens import REFRESH_PATH, Token

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

CONNECT_TIMEOUT = 10.0
JUST_SECONDS = 2.0
"""How old something may be that one request has read before; some requests go on for long."""

JUST_READ = 100


class Connection:
    """What every request needs, whoever sends it; safe to share between threads.

    ``timeout`` bounds the silence of a read, ``write_timeout`` that of a write, in seconds.
    """

    def __init__(
        self, url: str, api_key: str, *, timeout: float, write_timeout: float, by_caller: bool
    ) -> None:
        self.url = checked_url(url)
        self.timeout = timeout
        self.write_timeout = write_timeout
        self._by_caller = by_caller
        self._secret = api_key.strip()
        self._token = Token(self._secret, self._exchange)
        self._lock = threading.Lock()
        self._pool: httpx.Client | None = None
        self._here = threading.local()

    def pool(self) -> httpx.Client:
        """The client all requests share; opened on the first, and again after ``close``."""
        if self._pool is None:
            with self._lock:
                if self._pool is None:
                    self._pool = self._open()
        return self._pool

    def close(self) -> None:
        """Let go of pooled connections."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def authorization(self) -> str:
        """The header that carries the token; a personal access token is exchanged where due."""
        return self._token.header()

    def forget(self, header: str) -> bool:
        """True when a refused header can be had anew."""
        return self._token.forget(header)

    def authorized(self, attempt: Callable[[str], httpx.Response]) -> httpx.Response:
        """The answer to ``attempt(header)``, tried once more when an access token is refused."""
        # Before the request proper: when the token cannot be exchanged, nothing was done.
        header = self._token.header()
        response = attempt(header)
        if response.status_code == 401 and self._token.forget(header):
            # Refused, so surely not done: once more, with a fresh access token.
            response = attempt(self._token.header())
        return response

    def parsed(self, response: httpx.Response, *, what: str, write: bool) -> Any:
        """The JSON of an answer, None for an empty one; raises what a refusal comes to."""
        if not response.is_success:
            raise self.refusal(response, what=what, write=write)
        if not response.content:
            return None
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError) as error:
            raise failures.not_label_studio(
                self.url, response.status_code, maybe_done=write
            ) from error

    def refusal(self, response: httpx.Response, *, what: str, write: bool) -> LabelStudioError:
        """The error for an answer other than 2xx, which must have been read."""
        error = failures.of_status(
            response.status_code,
            response.content,
            url=self.url,
            what=what,
            write=write,
            secret=self._secret,
            location=response.headers.get("location", ""),
        )
        error.by_caller = self._by_caller
        return error

    def refused_token(self, reason: str) -> LabelStudioError:
        """The error for a token that Label Studio did not take."""
        error = failures.of_auth(401, reason, url=self.url, secret=self._secret)
        error.by_caller = self._by_caller
        return error

    @contextmanager
    def failures(self, *, write: bool) -> Iterator[None]:
        """Turn what httpx raises into our errors."""
        import httpx

        never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
        try:
            yield
        except never_sent as error:
            raise failures.unreachable(self.url, error, maybe_done=False) from error
        except httpx.HTTPError as error:
            raise failures.unreachable(self.url, error, maybe_done=write) from error

    @contextmanager
    def watched(self) -> Iterator[list[httpx.Response]]:
        """The answers that this thread gets meanwhile, whoever asks over the pool."""
        answers: list[httpx.Response] = []
        self._here.answers = answers
        try:
            yield answers
        finally:
            self._here.answers = None

    def _note(self, response: httpx.Response) -> None:
        _acknowledge(response)
        answers = getattr(self._here, "answers", None)
        if answers is not None:
            answers.append(response)

    def _exchange(self, personal: str) -> str:
        with self.failures(write=False):
            response = self.pool().post(
                f"{self.url}/{REFRESH_PATH}",
                json={"refresh": personal},
                timeout=limits(patience(self.timeout)),
            )
        answer = self.parsed(response, what="the token refresh", write=False)
        access = answer.get("access") if isinstance(answer, dict) else None
        if not isinstance(access, str):
            raise failures.not_label_studio(self.url, response.status_code)
        return access

    def _open(self) -> httpx.Client:
        if not self._secret or not self._secret.isascii() or not self._secret.isprintable():
            raise failures.missing_token()
        import httpx

        return httpx.Client(
            # That of writes: the SDK can be told seconds, but not how many of them to connect.
            timeout=limits(self.write_timeout),
            headers={"User-Agent": f"prompts-for-label-studio/{__version__}"},
            # No redirects: httpx would turn a redirected POST into a GET and report success.
            follow_redirects=False,
            verify=trust(self.url),
            event_hooks={"response": [self._note]},
        )


def _acknowledge(response: httpx.Response) -> None:
    """Tell the kernel to acknowledge the headers at once, where it knows how (Linux).

    Label Studio as pip installs it (Django's ``runserver``) sends the body by itself, and waits
    with it for that: 40 ms a request, as long as the kernel waits for more to acknowledge.
    """
    stream = response.extensions.get("network_stream")
    quick = getattr(socket, "TCP_QUICKACK", None)
    if stream is None or quick is None:
        return
    with suppress(OSError):
        stream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, quick, 1)


def limits(seconds: float) -> httpx.Timeout:
    """So long may nothing be heard; connecting has less."""
    import httpx

    return httpx.Timeout(seconds, connect=min(CONNECT_TIMEOUT, seconds))


# Haste: where a person waits for a page, all reads of its thread obey, the server's own as well;
# what one of them has just read the next need not. Whoever answers a request begins and ends it;
# writes never obey.

Limit = Callable[[], float | None]
"""Returns the seconds a read may be silent, None for the client's own; may raise instead."""

_here = threading.local()


def begin_haste(limit: Limit) -> None:
    """Have the reads of this thread obey a limit until ``end_haste``."""
    _here.limit = limit
    _here.read = TTLCache(JUST_READ, JUST_SECONDS)


def end_haste() -> None:
    """Let the reads of this thread take their time again."""
    _here.limit = _here.read = None


def read_once(key: Hashable, read: Callable[[], T]) -> T:
    """Return what ``read`` gives, or in haste what it just gave for the same key."""
    known: TTLCache[Hashable, T] | None = getattr(_here, "read", None)
    if known is None:
        return read()
    try:
        return known[key]
    except KeyError:
        value = known[key] = read()
        return value


@contextmanager
def in_haste(seconds: float) -> Iterator[None]:
    """Give the reads of this thread so many seconds meanwhile, whatever it had begun."""
    before = getattr(_here, "limit", None)
    _here.limit = lambda: seconds
    try:
        yield
    finally:
        _here.limit = before


def patience(own: float) -> float:
    """Return the seconds a read may be silent now, never more than the client's own."""
    limit: Limit | None = getattr(_here, "limit", None)
    given = limit() if limit is not None else None
    return own if given is None else min(own, given)
