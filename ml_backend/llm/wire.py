"""One HTTP call to an OpenAI-compatible endpoint: its JSON, or the trouble it ran into.

The ``openai`` client knows the address, the key and the headers, and lists the models. Completions
go out over a pooled aiohttp session of the same settings: the client's own ``post`` builds, copies
and checks each request anew, which takes three times the CPU time of the call itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
import openai

from ml_backend.certificates import tls_context, tls_trouble
from ml_backend.llm.bounded_body import ACCEPTED, BodyRefused, read_bounded, seconds_held_up
from ml_backend.llm.model import Gate
from ml_backend.llm.reach import ANYWHERE, SAID, AddressRefused, Reach
from ml_backend.llm.reading import streams
from ml_backend.llm.reading.bad_answers import BadAnswer, find_bad_answer
from ml_backend.llm.reading.errors_within import find_error
from ml_backend.llm.reading.replies import is_completion
from ml_backend.llm.refusals.echoes import Echoes
from ml_backend.llm.refusals.endpoint import judge_redirect
from ml_backend.llm.refusals.judging import (
    Cure,
    Trouble,
    judge,
    judge_answer,
    read_refusal,
    speaks_as_provider,
)
from ml_backend.records import FailureKind, JsonObject

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 30.0
# Beyond the gate's own: `check` asks while a run holds every slot.
SPARE_CONNECTIONS = 4
CHAT = "chat/completions"
MODELS = "models"
MOST_NAMES, LONGEST_NAME = 10_000, 300


@dataclass(frozen=True, slots=True)
class Received:
    """An HTTP answer, whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @property
    def is_stream(self) -> bool:
        return streams.is_stream(self.content, self.headers.get("content-type", ""))


class CallFailed(Exception):
    """A call that brought no usable answer."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.said)
        self.trouble = trouble


class AnswerRefused(CallFailed):
    """The provider refused what its own model answered."""

    def __init__(self, answer: BadAnswer, status: int) -> None:
        super().__init__(Trouble(Cure.RETRY, FailureKind.INVALID_ANSWER, answer.said, status))
        self.text = answer.text
        self.said = answer.said


def http_client(base_url: str) -> httpx2.AsyncClient:
    """Return the client that lists models; it opens nothing before it is used."""
    # It logs every request at INFO, which would bury a run's own lines.
    log = logging.getLogger("httpx2")
    if log.level == logging.NOTSET:
        log.setLevel(logging.WARNING)
    # Loading the trusted certificates takes 50 ms; without redirects http:// never needs them.
    return openai.DefaultAioHttpClient(
        verify=False if base_url.startswith("http://") else tls_context(), follow_redirects=False
    )


class Wire:
    """The calls of one connection, counted by its gate and bounded in time as a whole."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        gate: Gate,
        *,
        route: Callable[[str], str] = lambda model: CHAT,
        direct: bool = False,
        reach: Reach = ANYWHERE,
    ) -> None:
        """``route`` gives the path of a model's completions below the client's base URL.

        ``direct`` asks no proxy, whatever the environment names. ``reach`` is where it may lead.
        """
        self._direct = direct
        self.reach = reach
        self._client = client
        self._session: aiohttp.ClientSession | None = None
        self._gate = gate
        self._turn = asyncio.Lock()
        self._route = route
        headers = {**client.auth_headers, **client.default_headers}
        self._headers = {
            **{name: text for name, text in headers.items() if isinstance(text, str)},
            "Accept-Encoding": ACCEPTED,
        }
        self._urls: dict[str, str] = {}

    async def chat(self, body: JsonObject, timeout: float) -> tuple[JsonObject, float]:
        """Return the chat completion and the seconds it took; raise ``CallFailed``.

        One that has not the shape of a completion may lack anything: see ``replies``.
        """
        # Half a surrogate pair cannot be encoded; the model gets "?" for it.
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        url = self._url(self._route(body["model"]))
        async with self._gate:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(timeout):
                    received = await self._send("POST", url, content)
            except (aiohttp.ClientError, OSError) as error:
                raise CallFailed(_judge_connection(error, timeout, self.reach)) from None
            except BodyRefused as error:
                raise CallFailed(_judge_body(error)) from None
            seconds = time.perf_counter() - started
        answer = _read(received, body)
        if within := find_error(answer, body):
            if within.refused:
                raise AnswerRefused(within.refused, within.status)
            echoes = Echoes.of(body, within.heard)
            refusal = read_refusal(within.status, within.body, echoes=echoes)
            trouble = judge(refusal, received.headers, body)
            raise CallFailed(replace(trouble, heard=within.heard))
        if is_completion(answer):
            return answer, seconds
        if received.is_stream:
            raise CallFailed(_judge_stream(received))
        raise CallFailed(_judge_strange(answer, body))

    async def _send(self, method: str, url: str, content: bytes | None = None) -> Received:
        proxy = None if self._direct else _proxy(url)
        await self._require_reach(proxy)
        session = self._session = self._session or self._open_session(proxy)
        # A redirected POST loses its body, or takes the key to another host.
        async with session.request(
            method, url, data=content, headers=self._headers, proxy=proxy, allow_redirects=False
        ) as response:
            content = await read_bounded(response, self._turn)
            self._hold_up(len(content))
            return Received(response.status, response.headers, content)

    def _hold_up(self, size: int) -> None:
        """Have the connection wait after a large body: others' calls go over the same loop."""
        seconds = seconds_held_up(size)
        if seconds:
            self._gate.pause(self._gate.paused_for + seconds)

    async def _require_reach(self, proxy: str | None) -> None:
        """Raise AddressRefused for what can be seen to be out of reach before anything is sent."""
        if not self.reach.private:
            host = self._client.base_url.host
            self.reach.require_name(host)
            if proxy is not None:
                await self.reach.require_host(host)

    def _open_session(self, proxy: str | None) -> aiohttp.ClientSession:
        """Open the pool, with room for all calls of the gate; inside the loop that will use it."""
        # The proxy is the operator's, wherever it stands.
        is_free = self.reach.private or proxy is not None
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._gate.concurrency + SPARE_CONNECTIONS,
                keepalive_timeout=IDLE_SECONDS,
                ssl=tls_context() if self._client.base_url.scheme == "https" else True,
                socket_factory=None if is_free else self.reach.open_socket,
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a few kilobytes may unpack to gigabytes
        )

    async def models(self, timeout: float) -> list[str]:
        """Return the names ``GET /models`` lists; raise ``CallFailed``."""
        try:
            async with asyncio.timeout(timeout):
                received = await self._send("GET", self._url(MODELS))
        except (aiohttp.ClientError, OSError) as error:
            raise CallFailed(_judge_connection(error, timeout, self.reach)) from None
        except BodyRefused as error:
            raise CallFailed(_judge_body(error)) from None
        if received.status != 200:
            raise CallFailed(_judge_response(received, {}))
        try:
            listing = json.loads(received.content)
        except (ValueError, RecursionError):
            listing = None
        rows = listing.get("data", listing) if isinstance(listing, dict) else listing
        if rows is None and listing is not None:  # Ollama without any model
            return []
        if not isinstance(rows, list):
            said = "its answer is no list of models"
            raise CallFailed(Trouble(Cure.STOP, FailureKind.BAD_REQUEST, said, foreign=True))
        names = [row["id"] for row in rows if isinstance(row, dict) and row.get("id")]
        if not self.reach.tells and not all(isinstance(name, str) for name in names):
            said = "its answer lists no models"
            raise CallFailed(Trouble(Cure.STOP, FailureKind.BAD_REQUEST, said, foreign=True))
        return [str(name)[:LONGEST_NAME] for name in names[:MOST_NAMES]]

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self._client.close()

    def _url(self, path: str) -> str:
        url = self._urls.get(path)
        if url is None:
            query = {name: str(value) for name, value in self._client.default_query.items()}
            url = f"{self._client.base_url}{path}"
            url = self._urls[path] = f"{url}?{urlencode(query)}" if query else url
        return url


@cache
def _proxy(url: str) -> str | None:
    """Return the proxy the environment names for an address, as other HTTP clients use it."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _read(received: Received, sent: JsonObject) -> JsonObject:
    if received.status != 200:
        _raise_bad_answer(received)
        trouble = _judge_response(received, sent)
        if not sent.get("stream") and streams.wants_stream(trouble.status, trouble.said):
            # A stream is read as well, so it is asked for from now on.
            trouble = replace(trouble, cure=Cure.MEND, parameter="stream", replacement="true")
        raise CallFailed(trouble)
    try:
        answer = streams.read_body(received.content, received.headers.get("content-type", ""))
    except (ValueError, RecursionError):
        return {"text": received.text}
    return answer if isinstance(answer, dict) else {"text": answer}


def _raise_bad_answer(received: Received) -> None:
    try:
        body: object = json.loads(received.content)
    except (ValueError, RecursionError):
        body = received.text
    if answer := find_bad_answer(received.status, body):
        raise AnswerRefused(answer, received.status)


def _judge_body(refused: BodyRefused) -> Trouble:
    return Trouble(Cure.FAIL, FailureKind.SERVER_ERROR, str(refused), foreign=True)


def _judge_stream(received: Received) -> Trouble:
    said = (
        "it streams its answer although it was told not to, and the stream is no chat completion: "
        + received.text[:200]
    )
    return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, foreign=True)


def _judge_response(received: Received, sent: JsonObject) -> Trouble:
    status = received.status
    if status < 400:
        location = received.headers.get("location", "")
        return replace(judge_redirect(status, location), foreign=True)
    try:
        body: object = json.loads(received.content)
    except (ValueError, RecursionError):
        body = received.text
    refusal = read_refusal(status, body, f"HTTP {status}", echoes=Echoes.of(sent))
    trouble = judge(refusal, received.headers, sent)
    return replace(trouble, foreign=not speaks_as_provider(body))


def _judge_strange(answer: JsonObject, sent: JsonObject) -> Trouble:
    if "choices" in answer and not answer.get("error"):
        # A chat completion of nothing: another try may bring something.
        said = "its answer has no choices in it"
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said)
    body = answer.get("text") if answer.keys() == {"text"} else answer
    trouble = judge_answer(body, sent, echoes=Echoes.of(sent))
    return replace(trouble, foreign=not speaks_as_provider(body))


def _judge_connection(error: BaseException, timeout: float, reach: Reach) -> Trouble:
    """The client maps resets to timeouts; what aiohttp saw at first is in the chain."""
    refused = tls_trouble(error)
    if refused is not None:
        return Trouble(Cure.STOP, FailureKind.CONNECTION, refused.said, fix=refused.fix)
    causes = list(_causes(error))
    kind = FailureKind.CONNECTION
    if any(isinstance(cause, AddressRefused) for cause in causes):
        return Trouble(Cure.STOP, kind, SAID, fix=reach.fix)
    for cause in causes:
        if isinstance(cause, aiohttp.ClientConnectorError):
            said = str(cause)
            return Trouble(Cure.RETRY, kind, said, refused_connection=True, foreign=True)
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            said = f"no connection within {CONNECT_SECONDS:g} s"
            return Trouble(Cure.RETRY, kind, said, refused_connection=True, foreign=True)
        if isinstance(cause, TimeoutError):
            said = f"no full answer within {timeout:g} s"
            return Trouble(Cure.RETRY, FailureKind.TIMEOUT, said, foreign=True)
    said = str(causes[-1]) or type(causes[-1]).__name__
    return Trouble(Cure.RETRY, kind, said, foreign=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
