"""What a task or a model says is nobody's word about the account: it never stops a run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml_backend.llm import Gate
from ml_backend.llm.reading.errors_within import find_error
from ml_backend.llm.refusals.echoes import Echoes
from ml_backend.llm.refusals.judging import Cure, judge, read_refusal
from ml_backend.llm.wire import AnswerRefused, CallFailed, Place, Received, Wire
from ml_backend.records import FailureKind, JsonObject
from support.models import run
from support.tables import each_row

SAYINGS = (
    "insufficient balance",
    "your invalid api key",
    "Incorrect API key provided",
    "You exceeded your current quota, please check your plan and billing details",
    "the model gpt-9 does not exist",
    "Your account has been suspended",
    "rate limit reached, try again in 3 days",
    "permission denied",
    "access denied in your country",
    "余额不足，请充值再用我们的服务吧",
    "Неверный ключ доступа к API, обратитесь",
    "payment required",
)
"""What a task may be about: complaints, logs, tickets."""


def _quoted(said: str) -> str:
    return json.dumps({"topic": "billing", "reason": said}, ensure_ascii=False)


def _trouble(body: JsonObject, task: str = "", status: int = 200) -> CallFailed:
    """What a call comes to that is answered with this body."""

    sent = {"model": "m", "messages": [{"role": "user", "content": f"Label this:\n{task}"}]}
    wire = Wire(Place("http://x/"), Gate(1))

    async def send(method: str, url: str, content: bytes | None = None) -> Received:
        return Received(status, {}, json.dumps(body, ensure_ascii=False).encode())

    wire._send = send  # type: ignore[method-assign]
    with pytest.raises(CallFailed) as caught:
        run(wire.chat(sent, 5))
    return caught.value


def _broken(reason: str, text: str, **more: Any) -> JsonObject:
    message = {"role": "assistant", "content": text}
    return {"choices": [{"message": message, "finish_reason": reason, **more}]}


@pytest.mark.slow
@each_row("said", SAYINGS)
@each_row("reason", ["error", "abort", "network_error", "failed", "timeout"])
@each_row(
    "more",
    [
        {},
        {"native_finish_reason": "INTERNAL"},
        {"error": {"message": "Provider disconnected"}},
        {"error": {"metadata": {"partial": "x"}, "code": 0}},
    ],
)
def test_what_a_model_said_before_it_broke_off_is_no_word_about_the_account(said, reason, more):
    partial = _quoted(said)[:-2]
    for text in (partial, said):
        trouble = _trouble(_broken(reason, text, **more)).trouble
        assert trouble.cure is Cure.RETRY, trouble
        assert trouble.kind in (FailureKind.SERVER_ERROR, FailureKind.TIMEOUT)
        assert trouble.heard == text
        assert said not in trouble.said


@pytest.mark.slow
@each_row("said", SAYINGS)
@each_row(
    "error",
    [
        lambda said: {"failed_generation": _quoted(said)},
        lambda said: {"type": "x", "input": said},
        lambda said: {"code": 9, "partial": _quoted(said)},
        lambda said: {"messages": [{"role": "user", "content": said}]},
        lambda said: {"message": "Odd", "failed_generation": _quoted(said)},
        lambda said: {"message": f"Cannot go on: {{'type': 'x', 'input': {said!r}}}"},
        lambda said: {"message": f"Cannot go on [type=x, input_value={said!r}, input_type=str]"},
        lambda said: {"message": f"Cannot go on. {{'a': 1, 'content': {said!r}}}"},
        lambda said: {"message": f"error parsing tool call: raw='{_quoted(said)}', err=EOF"},
    ],
)
def test_an_error_within_is_not_judged_by_what_it_quotes(error, said):
    failed = _trouble({"error": error(said)})
    assert isinstance(failed, AnswerRefused) or failed.trouble.cure is not Cure.STOP


@pytest.mark.slow
@each_row("said", SAYINGS)
@each_row("status", [200, 400, 422, 500])
@each_row(
    "quoting",
    [
        'Cannot process the text "{}".',
        "Cannot process: {}",
        "Cannot process 'Label this:\\n{}'",
        "Upstream said nothing about “{}”",
        "Bad line\n{}\nof 3",
        "Odd messages[0]: `{}...`",
    ],
)
def test_what_a_refusal_quotes_of_the_task_is_not_judged(quoting, said, status):
    if len(said) < 12:
        return
    task = f"Dear all, {said}. What now?" if "," in said else said
    for text in (task, task[: len(said)]):
        body = {"error": {"message": quoting.format(text), "type": "x"}}
        assert _trouble(body, task, status).trouble.cure is not Cure.STOP
    packed = {"error": {"message": "Odd", "detail": json.dumps({"message": task, "code": "1113"})}}
    trouble = _trouble(packed, json.dumps({"message": task, "code": "1113"}), status).trouble
    assert trouble.cure is not Cure.STOP


@each_row("said", SAYINGS)
def test_the_same_words_from_the_server_itself_still_count(said):
    """The task is about something else; what is refused is refused as before."""
    here = judge(read_refusal(400, {"error": {"message": said}}), {}, ())
    echoes = Echoes(["A review of a film about keys, plans and money, which I liked."])
    with_task = judge(read_refusal(400, {"error": {"message": said}}, echoes=echoes), {}, ())
    assert with_task == here


@each_row(
    ("said", "status"),
    [
        ("Upstream authentication service unavailable", 503),
        ("Authentication backend is overloaded", 503),
        ("authentication timed out", 504),
        ("Authorization server unreachable", 503),
        ("Permission denied checks are temporarily unavailable", 503),
        ("forbidden to wait: deadline exceeded", 504),
        ("Authentication is under maintenance", 500),
        ("Authentication failed", 401),
        ("Authentication required", 401),
        ("authentication error", 401),
        ("Invalid API key", 401),
        ("Forbidden", 403),
        ("Payment required", 402),
        ("Rate limit reached, upgrade your plan", 429),
    ],
)
def test_an_upstream_that_cannot_is_no_account_that_may_not(said, status):
    found = find_error({"error": {"message": said}})
    assert found is not None
    assert found.status == status
    stops = _trouble({"error": {"message": said}}).trouble.cure is Cure.STOP
    assert stops == (status in (401, 402, 403))


def test_an_error_in_an_error_in_an_error_is_read_all_the_same():
    error: Any = {"message": "Key expired", "code": 401}
    for _ in range(300):
        error = {"error": error}
    assert find_error(error) is not None
