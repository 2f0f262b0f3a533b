"""What came back over HTTP, and what it means where it is no answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import aiohttp

from ml_backend.certificates import tls_trouble
from ml_backend.llm.reach import SAID, AddressRefused, Reach
from ml_backend.llm.reading import streams
from ml_backend.llm.reading.bad_answers import BadAnswer, find_bad_answer
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
from ml_backend.llm.wire.bounded_body import BodyRefused
from ml_backend.llm.wire.dialects import Dialect
from ml_backend.records import FailureKind, JsonObject

CONNECT_SECONDS = 10.0


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


def read(received: Received, sent: JsonObject, dialect: Dialect) -> JsonObject:
    if received.status != 200:
        _raise_bad_answer(received)
        trouble = judge_response(received, sent, dialect)
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


def no_list(said: str) -> CallFailed:
    return CallFailed(Trouble(Cure.STOP, FailureKind.BAD_REQUEST, said, foreign=True))


def judge_body(refused: BodyRefused) -> Trouble:
    return Trouble(Cure.FAIL, FailureKind.SERVER_ERROR, str(refused), foreign=True)


def judge_stream(received: Received) -> Trouble:
    said = (
        "it streams its answer although it was told not to, and the stream is no chat completion: "
        + received.text[:200]
    )
    return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, foreign=True)


def judge_response(received: Received, sent: JsonObject, dialect: Dialect) -> Trouble:
    status = received.status
    if status < 400:
        location = received.headers.get("location", "")
        return replace(judge_redirect(status, location), foreign=True)
    try:
        body: object = json.loads(received.content)
    except (ValueError, RecursionError):
        body = received.text
    body = dialect.refusal(status, body)
    refusal = read_refusal(status, body, f"HTTP {status}", echoes=Echoes.of(sent))
    trouble = judge(refusal, received.headers, sent)
    return replace(trouble, foreign=not speaks_as_provider(body))


def judge_strange(answer: JsonObject, sent: JsonObject) -> Trouble:
    if "choices" in answer and not answer.get("error"):
        # A chat completion of nothing: another try may bring something.
        said = "its answer has no choices in it"
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said)
    body = answer.get("text") if answer.keys() == {"text"} else answer
    trouble = judge_answer(body, sent, echoes=Echoes.of(sent))
    return replace(trouble, foreign=not speaks_as_provider(body))


def judge_connection(error: BaseException, timeout: float, reach: Reach) -> Trouble:
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
