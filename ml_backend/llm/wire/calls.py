"""One HTTP call to a model provider: a chat completion, or the trouble it ran into.

What an API of its own says is translated by its ``Dialect``. A vendor's client knows address, key
and headers at most; calls go out over a pooled aiohttp session of the same settings: the ``openai``
client's own ``post`` builds, copies and checks each request anew, which takes three times the CPU
time of the call itself.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Protocol
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from ml_backend.certificates import tls_context
from ml_backend.llm.model import Gate
from ml_backend.llm.models.listing import listed_facts
from ml_backend.llm.reach import ANYWHERE, Reach
from ml_backend.llm.reading.errors_within import find_error
from ml_backend.llm.reading.replies import is_completion
from ml_backend.llm.refusals.echoes import Echoes
from ml_backend.llm.refusals.judging import judge, read_refusal
from ml_backend.llm.wire.bounded_body import ACCEPTED, BodyRefused, read_bounded, seconds_held_up
from ml_backend.llm.wire.dialects import ChatCompletions, Dialect
from ml_backend.llm.wire.listening import LISTENER
from ml_backend.llm.wire.place import Place
from ml_backend.llm.wire.troubles import (
    CONNECT_SECONDS,
    AnswerRefused,
    CallFailed,
    Received,
    judge_body,
    judge_connection,
    judge_response,
    judge_strange,
    judge_stream,
    no_list,
    read,
)
from ml_backend.records import JsonObject
from ml_backend.records.abilities import ModelAbilities

IDLE_SECONDS = 30.0
# Beyond the gate's own: `check` asks while a run holds every slot.
SPARE_CONNECTIONS = 4
MOST_NAMES, LONGEST_NAME = 10_000, 300
MOST_PAGES = 20
MOST_LISTED = 4 << 20
"""Bytes of all pages of a list together: the longest there is has one."""
LONGEST_ROUTE = 4_000
"""Characters of the next page's route, which names a place in a list."""


class Calls(Protocol):
    """What a chat model is asked through: ``Wire``, or a library in its place."""

    reach: Reach
    listed: dict[str, ModelAbilities]
    """What the lists of models told of each."""

    async def chat(self, body: JsonObject, timeout: float) -> tuple[JsonObject, float]:
        """Return the chat completion and the seconds it took; raise ``CallFailed``."""

    async def models(self, timeout: float) -> list[str]:
        """Return the names of models there are; raise ``CallFailed``."""

    async def close(self) -> None:
        """Give back what it holds."""


class Wire:
    """The calls of one connection, counted by its gate and bounded in time as a whole."""

    def __init__(
        self,
        place: Place,
        gate: Gate,
        *,
        dialect: Dialect | None = None,
        direct: bool = False,
        reach: Reach = ANYWHERE,
    ) -> None:
        """``dialect`` is that of chat completions where none is named.

        ``direct`` asks no proxy, whatever the environment names. ``reach`` is where it may lead.
        """
        self._direct = direct
        self.reach = reach
        self._place = place
        self._dialect = dialect or ChatCompletions()
        self._session: aiohttp.ClientSession | None = None
        self._gate = gate
        self._turn = asyncio.Lock()
        self._headers = {**self._place.headers, "Accept-Encoding": ACCEPTED}
        self._urls: dict[str, str] = {}
        self.listed: dict[str, ModelAbilities] = {}
        """Model -> what the provider's list told of it when it was last asked for."""

    async def chat(self, body: JsonObject, timeout: float) -> tuple[JsonObject, float]:
        """Return the chat completion and the seconds it took; raise ``CallFailed``.

        One that has not the shape of a completion may lack anything: see ``replies``.
        """
        path, wire_body = self._dialect.route(body["model"]), self._dialect.request(body)
        # Half a surrogate pair cannot be encoded; the model gets "?" for it.
        content = json.dumps(wire_body, ensure_ascii=False).encode("utf-8", "replace")
        url = self._url(path)
        async with self._gate:
            started = time.perf_counter()
            async with self._patience(timeout):
                received = await self._send("POST", url, content)
            seconds = time.perf_counter() - started
        heard = LISTENER.get()
        if heard is not None:
            heard.calls += 1
            heard.headers.append(received.headers)
        answer = self._dialect.answer(read(received, body, self._dialect), body)
        if heard is not None:
            heard.answers.append(answer)
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
            raise CallFailed(judge_stream(received))
        raise CallFailed(judge_strange(answer, body))

    async def post(self, path: str, content: bytes, timeout: float) -> Received:
        """Return what comes back for a body that is no chat completion's; raise ``CallFailed``."""
        async with self._patience(timeout):
            return await self._send("POST", self._url(path), content)

    async def _send(self, method: str, url: str, content: bytes | None = None) -> Received:
        proxy = None if self._direct else _proxy(url)
        await self._require_reach(proxy)
        headers = self._headers
        if self._place.authorize is not None:
            headers = {**headers, **await self._place.authorize()}
        session = self._session = self._session or self._open_session(proxy)
        # A redirected POST loses its body, or takes the key to another host.
        async with session.request(
            method, url, data=content, headers=headers, proxy=proxy, allow_redirects=False
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
            host = self._place.host
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
                ssl=tls_context() if self._place.is_encrypted else True,
                socket_factory=None if is_free else self.reach.open_socket,
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a few kilobytes may unpack to gigabytes
        )

    async def models(self, timeout: float) -> list[str]:
        """Return the names its list of models has; raise ``CallFailed``."""
        names: list[str] = []
        route, heard, room = self._dialect.models_route, LISTENER.get(), MOST_LISTED
        self.listed.clear()  # whoever has it keeps nothing of a list that was
        async with self._patience(timeout):
            for _ in range(MOST_PAGES):
                listed, size = await self._listing(route, room)
                room -= size
                self.listed.update(listed_facts(listed, datetime.now(UTC).date().isoformat()))
                if heard is not None:
                    heard.listings.append(listed)
                    heard.listing = self.listing
                found, route = self._dialect.models(listed)
                if found is None:
                    raise no_list("its answer is no list of models")
                if not self.reach.tells and not all(isinstance(name, str) for name in found):
                    raise no_list("its answer lists no models")
                names += [_shown(str(name)[:LONGEST_NAME]) for name in found]
                if not 0 < len(route) <= LONGEST_ROUTE or len(names) >= MOST_NAMES:
                    break
        return names[:MOST_NAMES]

    async def listing(self, route: str) -> object:
        """Return what a server tells at a path below its address; raises ``CallFailed``."""
        async with self._patience(CONNECT_SECONDS):
            return (await self._listing(route, MOST_LISTED))[0]

    @asynccontextmanager
    async def _patience(self, timeout: float) -> AsyncIterator[None]:
        """Bound what is within in time; raises ``CallFailed`` for what came between."""
        try:
            async with asyncio.timeout(timeout):
                yield
        except (aiohttp.ClientError, OSError) as error:
            raise CallFailed(judge_connection(error, timeout, self.reach)) from None
        except BodyRefused as error:
            raise CallFailed(judge_body(error)) from None

    async def _listing(self, route: str, room: int) -> tuple[object, int]:
        received = await self._send("GET", self._at(route))
        if received.status != 200:
            raise CallFailed(judge_response(received, {}, self._dialect))
        size = len(received.content)
        if size > room:
            raise no_list(f"its list of models is longer than {MOST_LISTED >> 20} MB")
        try:
            return json.loads(received.content), size
        except (ValueError, RecursionError):
            return None, size

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _url(self, path: str) -> str:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = self._at(path)
        return url

    def _at(self, path: str) -> str:
        url = f"{self._place.base_url}{path}"
        if self._place.query:
            url += f"{'&' if '?' in path else '?'}{urlencode(self._place.query)}"
        return url


def _shown(name: str) -> str:
    """A name as it can be shown and kept: one line, of characters that there are."""
    return name if name.isprintable() else "".join(c if c.isprintable() else "?" for c in name)


@cache
def _proxy(url: str) -> str | None:
    """Return the proxy the environment names for an address, as other HTTP clients use it."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)
