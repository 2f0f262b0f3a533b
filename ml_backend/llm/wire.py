"""One HTTP call to an OpenAI-compatible endpoint: its JSON, or the trouble it ran into.

The ``openai`` client knows the address, the key and the headers. Its completions go out over the
pooled HTTP client it was given, though: the client's own ``post`` builds, copies and checks each
request anew, which doubles the CPU time of a call.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator

import aiohttp
import openai
from httpx2 import URL, AsyncClient, HTTPError, Limits, Response, Timeout

from ml_backend.llm.door import Gate
from ml_backend.llm.failures import Cure, Trouble, judge, read_refusal
from ml_backend.records import FailureKind, JsonObject

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 30.0
# Beyond the gate's own: `check` asks while a run holds every slot.
SPARE_CONNECTIONS = 4
CHAT = "chat/completions"


class CallFailed(Exception):
    """A call that brought no usable answer."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.said)
        self.trouble = trouble


def http_client(gate: Gate, base_url: str) -> AsyncClient:
    """Return the pooled client one connection keeps, with room for all calls of the gate."""
    # It logs every request at INFO, which would bury a run's own lines.
    log = logging.getLogger("httpx2")
    if log.level == logging.NOTSET:
        log.setLevel(logging.WARNING)
    size = gate.concurrency + SPARE_CONNECTIONS
    return openai.DefaultAioHttpClient(
        timeout=Timeout(None, connect=CONNECT_SECONDS),
        limits=Limits(
            max_connections=size, max_keepalive_connections=size, keepalive_expiry=IDLE_SECONDS
        ),
        # Loading the trusted certificates takes 50 ms; without redirects http:// never needs them.
        verify=not base_url.startswith("http://"),
        # A redirected POST loses its body, or takes the key to another host.
        follow_redirects=False,
    )


class Wire:
    """The calls of one connection, counted by its gate and bounded in time as a whole."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        http: AsyncClient,
        gate: Gate,
        *,
        route: Callable[[str], str] = lambda model: CHAT,
    ) -> None:
        """``route`` gives the path of a model's completions below the client's base URL."""
        self._client = client
        self._http = http
        self._gate = gate
        self._route = route
        headers = {**client.auth_headers, **client.default_headers}
        self._headers = {name: text for name, text in headers.items() if isinstance(text, str)}
        self._urls: dict[str, URL] = {}

    async def chat(self, body: JsonObject, timeout: float) -> tuple[JsonObject, float]:
        """Return the chat completion and the seconds it took; raise ``CallFailed``."""
        # Half a surrogate pair cannot be encoded; the model gets "?" for it.
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        url = self._url(body["model"])
        async with self._gate:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(timeout):
                    response = await self._http.post(url, content=content, headers=self._headers)
            except (HTTPError, aiohttp.ClientError, OSError) as error:
                raise CallFailed(_judge_connection(error, timeout)) from None
            seconds = time.perf_counter() - started
        answer = _read(response, body)
        match answer.get("choices"):
            case [dict(), *_]:
                return answer, seconds
        raise CallFailed(_judge_strange(answer, body))

    async def models(self, timeout: float) -> list[str]:
        """Return the names ``GET /models`` lists; raise ``CallFailed``."""
        # Without a key the client refuses to send, unless each request leaves the header out.
        keyless = {} if "Authorization" in self._headers else {"Authorization": openai.Omit()}
        try:
            async with asyncio.timeout(timeout):
                listing = await self._client.get(
                    "/models", cast_to=object, options={"headers": keyless}
                )
        except openai.APIStatusError as error:
            raise CallFailed(_judge_response(error.response, {})) from None
        except (openai.APIError, aiohttp.ClientError, OSError) as error:
            raise CallFailed(_judge_connection(error, timeout)) from None
        except ValueError:
            listing = None
        rows = listing.get("data", listing) if isinstance(listing, dict) else listing
        if rows is None and listing is not None:  # Ollama without any model
            return []
        if not isinstance(rows, list):
            said = "its answer is no list of models"
            raise CallFailed(Trouble(Cure.STOP, FailureKind.BAD_REQUEST, said))
        return [str(row["id"]) for row in rows if isinstance(row, dict) and row.get("id")]

    async def close(self) -> None:
        await self._client.close()

    def _url(self, model: str) -> URL:
        url = self._urls.get(model)
        if url is None:
            url = URL(f"{self._client.base_url}{self._route(model)}")
            query = {name: str(value) for name, value in self._client.default_query.items()}
            url = self._urls[model] = url.copy_merge_params(query)
        return url


def _read(response: Response, sent: JsonObject) -> JsonObject:
    if response.status_code != 200:
        raise CallFailed(_judge_response(response, sent))
    try:
        answer = json.loads(response.content)
    except ValueError:
        return {"text": response.text}
    return answer if isinstance(answer, dict) else {"text": answer}


def _judge_response(response: Response, sent: JsonObject) -> Trouble:
    status = response.status_code
    if status < 400:
        said = f"it redirects to {response.headers.get('location', 'another address')}"
        return Trouble(Cure.STOP, FailureKind.BAD_REQUEST, said, status)
    try:
        body: object = response.json()
    except ValueError:
        body = response.text
    refusal = read_refusal(status, body, f"HTTP {status}")
    return judge(refusal, response.headers, sent)


def _judge_strange(answer: JsonObject, sent: JsonObject) -> Trouble:
    error = answer.get("error")
    if error:
        # OpenRouter reports an upstream's error in a 200, with the status as `code`.
        code = error.get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        return judge(read_refusal(status, answer), {}, sent)
    said = f"its answer is no chat completion: {str(answer)[:200]}"
    return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said)


def _judge_connection(error: BaseException, timeout: float) -> Trouble:
    """The client maps resets to timeouts; what aiohttp saw at first is in the chain."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, aiohttp.ClientConnectorError):
            said = str(cause)
            return Trouble(Cure.RETRY, FailureKind.CONNECTION, said, refused_connection=True)
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            said = f"no connection within {CONNECT_SECONDS:g} s"
            return Trouble(Cure.RETRY, FailureKind.CONNECTION, said, refused_connection=True)
        if isinstance(cause, TimeoutError):
            said = f"no full answer within {timeout:g} s"
            return Trouble(Cure.RETRY, FailureKind.TIMEOUT, said)
    said = str(causes[-1]) or type(causes[-1]).__name__
    return Trouble(Cure.RETRY, FailureKind.CONNECTION, said)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
