"""The limit of tokens on its way: by the name a server takes, and never the reason of a failure."""

from __future__ import annotations

import pytest

from ml_backend.errors import ModelError
from ml_backend.llm.reading.replies import read_reply
from ml_backend.llm.refusals.judging import judge, read_refusal
from ml_backend.llm.token_limit import cut_off, is_whole, refuses_limit
from ml_backend.records import FailureKind, ProviderName
from support.models import ask, connection, question
from support.tables import each_row

SENT = ("model", "messages", "max_tokens", "response_format")


def judged(status: int, message: str):
    return judge(read_refusal(status, {"error": {"message": message}}), {}, SENT)


@pytest.mark.parametrize(
    ("provider", "name", "other"),
    [
        (ProviderName.CUSTOM, "max_tokens", "max_completion_tokens"),
        (ProviderName.OPENAI, "max_completion_tokens", "max_tokens"),
    ],
)
def test_the_limit_goes_by_the_name_its_provider_takes(simulator, provider, name, other):
    ask(connection(simulator.url, provider=provider), question(limit=300))
    sent = simulator.last_request()
    assert (sent[name], other in sent) == (300, False)


def test_without_a_limit_none_is_sent(simulator):
    ask(connection(simulator.url), question())
    assert "max_tokens" not in simulator.last_request()


@pytest.mark.parametrize("told", ["max_completion_tokens", None])
def test_a_server_that_wants_the_other_name_gets_it_whether_it_names_it_or_not(simulator, told):
    simulator.control(rejects={"max_tokens": told})
    ladder: dict[str, str] = {}
    for calls in (2, 1):  # learnt
        reply = ask(connection(simulator.url), question(limit=300), ladder=ladder)
        assert reply.calls == calls
        assert simulator.last_request()["max_completion_tokens"] == 300


def test_a_server_that_takes_neither_is_asked_without(simulator):
    simulator.control(rejects={"max_tokens": None, "max_completion_tokens": None})
    assert ask(connection(simulator.url), question(limit=300)).calls == 3
    assert not {"max_tokens", "max_completion_tokens"} & simulator.last_request().keys()


TOO_LARGE = [
    (400, "max_tokens is too large: 16480. This model supports at most 4096 completion tokens."),
    (400, "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"),
    (400, "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens`"),
    (400, "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens"),
    (422, "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 90 and 16384"),
    (400, "This model's maximum context length is 4096 tokens. However, you requested 16574 tokens "
          "(190 in the messages, 16384 in the completion). Please reduce the length."),
    (400, "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum "
          "context length is 4096 tokens and your request has 190 input tokens"),
    (400, "The maximum tokens you requested exceeds the model limit of 4096."),
    (400, "Unable to submit request because it has a maxOutputTokens value of 16384 but the "
          "supported range is from 1 (inclusive) to 8193 (exclusive)."),
]  # fmt: skip


@each_row(("status", "message"), TOO_LARGE)
def test_a_limit_a_server_finds_too_large_is_told_from_other_refusals(status, message):
    assert refuses_limit(judged(status, message))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Input is too long: the prompt has 9000 tokens, maximum context length is 4096."),
        (401, "Incorrect API key provided"),
        (429, "Rate limit reached: limit 10000 max_tokens, please try again in 2s"),
        (400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
    ],
)
def test_other_refusals_are_not_taken_for_one_of_the_limit(status, message):
    assert not refuses_limit(judged(status, message))


def test_a_limit_that_is_too_large_costs_no_task(simulator):
    status, message = TOO_LARGE[5]
    simulator.control({"fault": "too_long", "times": 1, "status": status, "message": message})
    reply = ask(connection(simulator.url), question(limit=16_384))
    assert reply.calls == 2
    assert "max_tokens" not in simulator.last_request()


def test_the_versions_own_limit_is_not_taken_away(simulator):
    status, message = TOO_LARGE[5]
    simulator.control({"fault": "too_long", "status": status, "message": message})
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question(parameters={"max_tokens": 16_384}))
    assert (caught.value.kind, caught.value.calls) == (FailureKind.TOO_LONG, 1)


def test_an_answer_that_is_all_there_is_taken_although_white_space_ran_on(simulator):
    simulator.control({"answer": '{"topic": "other", "spans": null}' + " " * 9_000})
    reply = ask(connection(simulator.url), question(limit=100))
    assert is_whole(reply.text)


@pytest.mark.parametrize("text", ["", '{"topic": "oth', '{"a": 1} and {"b"', "null", "7"])
def test_nothing_less_than_an_object_is_all_there(text):
    assert not is_whole(text)


LISTED = ", ".join(f'{{"quote": "word {n}", "label": "Part"}}' for n in range(200))


@each_row(
    ("message", "end", "is_thought"),
    [
        ({"content": '{"spans": [' + LISTED}, LISTED[-30:], False),
        ({"content": "I think that " + LISTED[:50]}, LISTED[20:50], False),
        ({"content": ""}, "", True),
        ({"content": "\n\n"}, "\n", True),
        ({"content": "\n" * 90}, "\n", False),
        ({"content": None, "reasoning_content": "The customer writes"}, "customer writes", True),
        ({"content": "\n", "reasoning": "Hm. " * 900 + "So be it"}, "So be it", True),
        ({"content": "<think>The customer {writes}"}, "writes}", True),
        ({"content": "<think>The customer</think>\n"}, "</think>\n", True),
        ({"content": '<think>Hm.</think>{"topic": "Bil'}, '"Bil', False),
        ({"content": "[THINK]Der Kunde schreibt"}, "schreibt", True),
        ({"content": "◁think▷The customer"}, "customer", True),
        (
            {"content": "<|channel|>analysis<|message|>The user wants"},
            "user wants",
            True,
        ),
    ],
)
def test_an_answer_that_was_cut_off_tells_its_end_and_whether_it_had_begun(
    message, end, is_thought
):
    choice = {"message": message, "finish_reason": "length"}
    cut = cut_off(read_reply({"choices": [choice]}, tool=False))
    assert cut.end.endswith(end)
    assert cut.is_thought == is_thought


def test_the_real_end_of_a_long_answer_that_was_cut_off_comes_with_its_error(simulator):
    simulator.control({"answer": '{"topic": "' + LISTED + ' and so on"}'})
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.url), question(limit=1_500))
    assert caught.value.kind is FailureKind.TRUNCATED
    assert caught.value.cut.end != caught.value.raw[-4_000:]
    assert not caught.value.cut.is_thought
