"""Anthropic's Messages API: its requests and answers, and over HTTP through the model's door."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Gate, Opening, facts_of, open_model
from ml_backend.llm.dialects.anthropic import PAGE, Messages
from ml_backend.llm.dialects.anthropic_models import USUAL, generation_of
from ml_backend.llm.dialects.anthropic_schema import strict
from ml_backend.llm.reading.replies import read_reply
from ml_backend.llm.reading.usage import read_usage
from ml_backend.llm.refusals.judging import Cure, Trouble
from ml_backend.llm.structured_output import build_body
from ml_backend.llm.wire import CallFailed, Received
from ml_backend.llm.wire.troubles import judge_response
from ml_backend.prompting.completion_limit import thinks
from ml_backend.prompting.parameters import KNOWN
from ml_backend.records import FailureKind, ProviderName
from support.models import KEY, SCHEMA, UNPAID, ask, connection, opened, question, run
from support.simulator import Simulator
from support.tables import each_row

DIALECT = Messages()
PDF = "data:application/pdf;base64,JVBERi0="
PNG = "data:image/png;base64,iVBORw=="
NEW, OLD = "claude-opus-5-5", "claude-haiku-4-5"


def sent(model: str = OLD, form: str = "json_schema", **parameters: Any) -> dict[str, Any]:
    body = build_body(form, question(parameters=parameters), model, {})
    return DIALECT.request(body)


def talk(*messages: tuple[str, Any]) -> dict[str, Any]:
    listed = [{"role": role, "content": content} for role, content in messages]
    return DIALECT.request({"model": OLD, "messages": listed})


def anthropic(root: str, **more: Any) -> Any:
    given = {"provider": ProviderName.ANTHROPIC, "endpoint": f"{root}/anthropic", **more}
    return connection("", **given)


# What is sent


def texts(content: Any) -> Any:
    return [each.get("text", each["type"]) for each in content]


@each_row(
    "messages, rules, turns",
    [
        ([("system", "a"), ("user", "b")], ["a"], [("user", ["b"])]),
        ([("system", "a"), ("developer", "b"), ("user", "c")], ["a", "b"], [("user", ["c"])]),
        ([("user", "a"), ("user", "b")], None, [("user", ["a", "b"])]),
        (
            [("user", "a"), ("assistant", "b"), ("assistant", "c"), ("user", "d")],
            None,
            [("user", ["a"]), ("assistant", ["b", "c"]), ("user", ["d"])],
        ),
        ([("user", "a"), ("assistant", " "), ("user", "b")], None, [("user", ["a", "b"])]),
        ([("system", "a")], None, [("user", ["a"])]),
        ([("system", "a"), ("user", "")], None, [("user", ["a"])]),
        (
            [("assistant", "a"), ("user", "b")],
            None,
            [("user", ["(no text)"]), ("assistant", ["a"]), ("user", ["b"])],
        ),
        (
            [("system", [{"type": "text", "text": "a"}]),
             ("user", [{"type": "text", "text": "\n"}, {"type": "text", "text": "b"}])],
            ["a"],
            [("user", ["b"])],
        ),
    ],
)  # fmt: skip
def test_rules_stand_apart_and_turns_alternate(messages: Any, rules: Any, turns: Any) -> None:
    body = talk(*messages)
    assert (texts(body["system"]) if "system" in body else None) == rules
    assert [(each["role"], texts(each["content"])) for each in body["messages"]] == turns


def test_pictures_and_documents_go_as_blocks() -> None:
    content = [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}},
    ]
    assert talk(("user", content))["messages"][0]["content"] == [
        {"type": "text", "text": "Look:"},
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {
            "type": "document",
            "title": "a.pdf",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        },
    ]
    with pytest.raises(CallFailed, match="input_audio"):
        talk(("user", [{"type": "input_audio", "input_audio": {"data": ""}}]))


def test_long_rules_are_kept_for_the_next_task_and_short_ones_are_not() -> None:
    long = talk(("system", "x"), ("system", "Rules. " * 500), ("user", "b"))["system"]
    assert ["cache_control" in each for each in long] == [False, True]
    assert long[-1]["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in str(talk(("system", "Rules."), ("user", "b" * 9_000)))


@each_row(
    "model, given, expected, absent",
    [
        (OLD, {}, {"max_tokens": USUAL}, ("temperature", "stream", "thinking")),
        (OLD, {"max_tokens": 300, "temperature": 0.2, "top_k": 5, "seed": 1, "logprobs": True,
               "presence_penalty": 1, "verbosity": "low", "logit_bias": {"1": 2}},
         {"max_tokens": 300, "temperature": 0.2, "top_k": 5},
         ("seed", "logprobs", "presence_penalty", "verbosity", "logit_bias", "top_p")),
        (OLD, {"max_completion_tokens": 7, "max_tokens": 9}, {"max_tokens": 7},
         ("max_completion_tokens",)),
        (OLD, {"max_tokens": 100_000}, {"max_tokens": 64_000}, ()),
        (NEW, {"max_tokens": 100_000}, {"max_tokens": 100_000}, ()),
        ("claude-3-haiku-20240307", {}, {"max_tokens": 4_096}, ()),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", {}, {"max_tokens": 8_192}, ()),
        ("claude-opus-4-1-20250805", {}, {"max_tokens": 32_000}, ()),
        (OLD, {"stop": "\n\n###"}, {"stop_sequences": ["\n\n###"]}, ("stop",)),
        (OLD, {"stop": ["\n", "END"]}, {"stop_sequences": ["END"]}, ()),
        (OLD, {"stop": "\n"}, {}, ("stop_sequences",)),
        (OLD, {"user": "u-1"}, {"metadata": {"user_id": "u-1"}}, ("user",)),
        (OLD, {"extra_body": {"service_tier": "standard_only", "system": "x"}},
         {"service_tier": "standard_only", "system": [{"type": "text", "text": "You label."}]},
         ("extra_body",)),
        # Thoughts: by a budget, which is part of the limit, or by effort.
        (OLD, {"reasoning_effort": "low", "max_tokens": 9_000, "temperature": 0, "top_p": 0.5},
         {"thinking": {"type": "enabled", "budget_tokens": 4_096}, "max_tokens": 9_000},
         ("temperature", "top_p", "reasoning_effort")),
        (OLD, {"reasoning_effort": "high", "max_tokens": 4_000},
         {"thinking": {"type": "enabled", "budget_tokens": 2_000}}, ()),
        (OLD, {"reasoning_effort": "high", "max_tokens": 1_500, "temperature": 0},
         {"temperature": 0}, ("thinking",)),
        (OLD, {"reasoning_effort": "none"}, {}, ("thinking",)),
        ("claude-3-5-haiku-latest", {"reasoning_effort": "high"}, {}, ("thinking",)),
        (NEW, {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}, ()),
        (NEW, {"extra_body": {"thinking": {"type": "adaptive"}}, "temperature": 0.5},
         {"thinking": {"type": "adaptive"}}, ("temperature",)),
    ],
)  # fmt: skip
def test_parameters_go_by_its_own_names(model: str, given: Any, expected: Any, absent: Any) -> None:
    body = sent(model, **given)
    assert {name: body.get(name) for name in expected} == expected
    assert not body.keys() & set(absent)


def test_effort_stands_beside_the_form_of_the_answer() -> None:
    for model, asked, said in (
        (NEW, "minimal", "low"),
        (NEW, "medium", "medium"),
        (NEW, "xhigh", "xhigh"),
        ("claude-opus-4-6", "xhigh", "max"),
    ):
        body = sent(model, reasoning_effort=asked)
        assert body["thinking"] == {"type": "adaptive"}
        assert body["output_config"]["effort"] == said
        assert body["output_config"]["format"]["type"] == "json_schema"
    own = sent(NEW, extra_body={"output_config": {"effort": "max"}}, reasoning_effort="low")
    assert own["output_config"]["effort"] == "max"


def test_every_parameter_is_taken_or_not_among_those_offered() -> None:
    """The facts and the dialect say the same: nothing is offered that is dropped."""
    usual = sent(NEW)
    values = {"stop": "END", "user": "me", "extra_body": {"service_tier": "auto"}}
    values |= {"reasoning_effort": "low", "temperature": 0.5, "top_p": 0.5}
    offered = facts_of(ProviderName.ANTHROPIC).parameters
    for name in KNOWN:
        changed = sent(NEW, **{name: values.get(name, 12)}) != usual
        assert changed == (name in offered), name


def test_a_temperature_that_there_is_not_stops_before_anything_is_sent(
    simulator: Simulator,
) -> None:
    on = anthropic(simulator.root)
    with pytest.raises(RunStopper, match=r"from 0 to 1, and this version sets 1\.5") as caught:
        ask(on, question(parameters={"temperature": 1.5}))
    assert "Set temperature to 1 or less" in caught.value.fix
    assert simulator.stats()["calls"] == 0


@pytest.mark.parametrize("thinking", [False, True])
def test_the_tool_is_called_for_and_only_offered_to_who_thinks(thinking: bool) -> None:
    body = sent(form="tool", **({"reasoning_effort": "low"} if thinking else {}))
    [tool] = body["tools"]
    assert (tool["name"], tool["input_schema"]) == ("answer", SCHEMA)
    choice = {"type": "auto"} if thinking else {"type": "tool", "name": "answer"}
    assert body["tool_choice"] == {**choice, "disable_parallel_tool_use": True}
    assert "output_config" not in body


@each_row(
    "given, expected",
    [
        ({"type": "string"}, {"type": "string"}),
        ({"type": ["string"], "description": "x"}, {"type": "string", "description": "x"}),
        # Values listed need no type, and alternatives are few.
        ({"type": ["string", "null"], "enum": ["a", None]}, {"enum": ["a", None]}),
        ({"type": ["number", "null"], "minimum": 1},
         {"anyOf": [{"type": "number", "description": "(minimum: 1)"}, {"type": "null"}]}),
        ({"type": ["array", "null"], "items": {"type": "integer", "maximum": 9}, "maxItems": 3},
         {"anyOf": [{"type": "array", "items": {"type": "integer",
                                                "description": "(maximum: 9)"},
                     "description": "(maxItems: 3)"}, {"type": "null"}]}),
        ({"type": "array", "items": {"enum": ["a"]}, "minItems": 1},
         {"type": "array", "items": {"enum": ["a"]}, "minItems": 1}),
        ({"type": "array", "minItems": 2, "description": "Two."},
         {"type": "array", "description": "Two. (minItems: 2)"}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"type": "string", "format": "color", "maxLength": 9},
         {"type": "string", "description": "(format: color, maxLength: 9)"}),
        ({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}},
         {"type": "object", "required": [], "additionalProperties": False,
          "properties": {"a": {"type": "string", "description": "(minLength: 1)"}}}),
        ({"oneOf": [{"type": "object", "additionalProperties": True}, {"const": 1}]},
         {"anyOf": [{"type": "object", "required": [], "additionalProperties": False},
                    {"const": 1}]}),
    ],
)  # fmt: skip
def test_a_schema_keeps_what_structured_outputs_know(given: Any, expected: Any) -> None:
    assert strict(given) == expected


@each_row(
    "name, most, thinks_by",
    [
        ("claude-2.1", 4_096, None),
        ("claude-3-opus-20240229", 4_096, None),
        ("anthropic/claude-3.5-haiku", 8_192, None),
        ("claude-3-7-sonnet-latest", 64_000, "budget"),
        ("claude-opus-4-20250514", 32_000, "budget"),
        ("claude-opus-4-1@20250805", 32_000, "budget"),
        ("claude-sonnet-4-0", 64_000, "budget"),
        ("claude-sonnet-4@20250514", 64_000, "budget"),
        ("claude-opus-4-5-20251101", 64_000, "budget"),
        ("claude-sonnet-4-6", None, "effort"),
        ("claude-opus-4-8", None, "effort"),
        ("claude-haiku-5-5", None, "effort"),
        ("claude-fable-5-2", None, "effort"),
        ("a-model-of-a-gateway", None, "effort"),
    ],
)
def test_what_a_name_says(name: str, most: int | None, thinks_by: str | None) -> None:
    found = generation_of(name)
    assert found.most == most
    by = "budget" if found.by_budget else "effort"
    assert (by if found.thinks else None) == thinks_by


def test_models_that_think_unasked_get_room_for_it() -> None:
    assert all(map(thinks, ("claude-opus-5-5", "claude-fable-5", "claude-5-sonnet")))
    assert not any(map(thinks, ("claude-haiku-4-5", "claude-opus-4-8", "claude-3-5-sonnet")))


# What is answered

USAGE = {"input_tokens": 12, "output_tokens": 6}


def message(*blocks: Any, end: str = "end_turn", usage: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "msg_013Zva2CMHLNnjNjtJKqJ2EF",
        "type": "message",
        "role": "assistant",
        "model": OLD,
        "content": list(blocks),
        "stop_reason": end,
        "stop_sequence": None,
        "usage": USAGE if usage is None else usage,
        **more,
    }


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


THOUGHT = {"type": "thinking", "thinking": "Hmm.", "signature": "WaUjzkyp"}
CALL = {"type": "tool_use", "id": "toolu_01D7FLrfh4GYq7yT1ULFeyMV", "name": "answer"}


@each_row(
    "given, said, reason",
    [
        (message(text('{"a": 1}')), '{"a": 1}', "stop"),
        (message(THOUGHT, text('{"a"'), text(": 1}")), '{"a": 1}', "stop"),
        (message({**CALL, "input": {"a": "é"}}, end="tool_use"), '{"a": "é"}', "stop"),
        (message(text("Sure."), {**CALL, "input": {"a": 1}}, end="tool_use"), '{"a": 1}', "stop"),
        (message(text("x"), end="stop_sequence"), "x", "stop"),
        (message(text("x"), end="max_tokens"), "x", "length"),
        (message(text("x"), end="model_context_window_exceeded"), "x", "length"),
        (message(end="refusal"), "", "content_filter"),
        (message(text("x"), end="something_new"), "x", "something_new"),
        (message({"type": "redacted_thinking", "data": "EmwK"}, "odd", text("x")), "x", "stop"),
    ],
)
def test_answers_are_read(given: Any, said: str, reason: str) -> None:
    found = read_reply(DIALECT.answer(given, {}), tool=True)
    assert (found.text, found.reason) == (said, reason)


def test_thoughts_alone_are_told_and_refusals_say_why() -> None:
    assert read_reply(DIALECT.answer(message(THOUGHT), {}), tool=False).reasoning == "Hmm."
    for details, words in (
        (None, "safety classifiers"),
        ({"type": "refusal", "category": "cyber", "explanation": None}, "(cyber)"),
        ({"type": "refusal", "category": "bio", "explanation": "About toxins."}, "About toxins."),
    ):
        given = message(end="refusal", stop_details=details)
        assert words in read_reply(DIALECT.answer(given, {}), tool=False).refusal


@pytest.mark.parametrize("other", [{}, {"type": "error", "error": {}}, {"choices": []}])
def test_what_is_no_message_stays_as_it_came(other: Any) -> None:
    assert DIALECT.answer(other, {}) is other


def test_tokens_are_counted_with_all_that_was_kept_and_thought() -> None:
    usage = {
        "input_tokens": 21,
        "cache_creation_input_tokens": 188,
        "cache_read_input_tokens": 1_000,
        "output_tokens": 393,
        "output_tokens_details": {"thinking_tokens": 300},
    }
    answer = DIALECT.answer(message(text("{}"), usage=usage), {})
    assert answer["usage"] == {
        "prompt_tokens": 1_209,
        "completion_tokens": 393,
        "prompt_tokens_details": {"cached_tokens": 1_000, "cache_write_tokens": 188},
        "completion_tokens_details": {"reasoning_tokens": 300},
    }
    found = read_usage(answer, question().messages, SCHEMA)
    assert (found.prompt_tokens, found.completion_tokens, found.uncounted) == (1_209, 393, 0)
    for odd in ({}, {"input_tokens": "9", "output_tokens": 1}, {**usage, "input_tokens": -5}):
        answer = DIALECT.answer(message(text("{}"), usage=odd), {})
        assert read_usage(answer, question().messages, SCHEMA).uncounted == 1


# What is refused

SENT = {"model": OLD, "messages": [], "temperature": 0, "top_p": 1, "reasoning_effort": "low"}
SENT |= {"user": "u", "max_tokens": 5, "response_format": {}}


def judged(status: int, kind: str, said: str, headers: Any = None, sent: Any = None) -> Trouble:
    body = {"type": "error", "error": {"type": kind, "message": said}, "request_id": "req_011"}
    received = Received(status, headers or {}, json.dumps(body).encode())
    return judge_response(received, SENT if sent is None else sent, DIALECT)


INVALID = "invalid_request_error"
STOPPED = [
    (400, INVALID, "Your credit balance is too low to access the Anthropic API. Please go to Plans "
     "& Billing to upgrade or purchase credits.", FailureKind.QUOTA),
    (400, INVALID, "You have reached your specified API usage limits. You will regain access on "
     "2026-12-01 at 00:00 UTC.", FailureKind.QUOTA),
    (402, "billing_error", "There is an issue with your payment.", FailureKind.QUOTA),
    (401, "authentication_error", "invalid x-api-key", FailureKind.AUTHENTICATION),
    (401, "authentication_error", "Invalid bearer token", FailureKind.AUTHENTICATION),
    (403, "permission_error", "Your API key does not have permission to use the specified "
     "resource.", FailureKind.AUTHENTICATION),
    (403, "permission_error", "OAuth authentication is currently not allowed for this "
     "organization.", FailureKind.AUTHENTICATION),
    (400, INVALID, "This organization has been disabled.", FailureKind.AUTHENTICATION),
    (404, "not_found_error", "model: claude-9", FailureKind.MODEL_NOT_FOUND),
    (429, "rate_limit_error", "Number of request tokens has exceeded your daily rate limit "
     "(https://docs.claude.com/en/api/rate-limits); see the response headers.",
     FailureKind.QUOTA),
]  # fmt: skip
OF_ONE_TASK = [
    (400, INVALID, "prompt is too long: 214315 tokens > 200000 maximum", FailureKind.TOO_LONG),
    (400, INVALID, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, "
     "decrease input length or `max_tokens` and try again", FailureKind.TOO_LONG),
    (413, "request_too_large", "Request exceeds the maximum size", FailureKind.TOO_LONG),
    (400, INVALID, "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6 bytes "
     "> 5242880 bytes", FailureKind.BAD_REQUEST),
    (400, INVALID, "Could not process image", FailureKind.BAD_REQUEST),
    (400, INVALID, "messages.0.content.0.image.source.base64: Image does not match the provided "
     "media type image/png", FailureKind.BAD_REQUEST),
    (400, INVALID, "A maximum of 100 PDF pages may be provided.", FailureKind.TOO_LONG),
    (400, INVALID, "The PDF specified was not valid.", FailureKind.BAD_REQUEST),
    (400, INVALID, "The PDF specified is password protected.", FailureKind.BAD_REQUEST),
    (400, INVALID, "Output blocked by content filtering policy", FailureKind.REFUSED),
]  # fmt: skip
FORMS = [
    "output_config.format: Extra inputs are not permitted",
    "output_config.format: structured outputs are not supported for this model",
    "'claude-3-haiku-20240307' does not support output formats.",
    "output_config.format.schema: For 'array' type, property 'maxItems' is not supported",
    "Schemas contains too many parameters with union types (19 parameters with type arrays or "
    "anyOf). This causes exponential compilation cost.",
    "The compiled grammar is too large, which would cause performance issues. Simplify your tool "
    "schemas or reduce the number of strict tools.",
    'tool_choice: type "tool" and "any" are not supported for this model.',
    "Thinking may not be enabled when tool_choice forces tool use.",
]
PARAMETERS = [
    ("`temperature` is deprecated for this model.", "temperature"),
    ("`top_p` is deprecated for this model.", "top_p"),
    ("`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
     "top_p"),
    ("`temperature` may only be set to 1 when thinking is enabled.", "temperature"),
    ("This model does not support the effort parameter.", "reasoning_effort"),
    ("adaptive thinking is not supported on this model", "reasoning_effort"),
    ('"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
     '"output_config.effort" to control thinking behavior.', "reasoning_effort"),
    ("output_config.effort: Input should be 'low', 'medium', 'high' or 'max'", "reasoning_effort"),
    ("metadata.user_id: user_id appears to contain an email address", "user"),
]  # fmt: skip


@each_row("status, kind, said, means", STOPPED)
def test_what_no_task_can_mend_stops(status: int, kind: str, said: str, means: Any) -> None:
    trouble = judged(status, kind, said)
    assert (trouble.cure, trouble.kind, trouble.foreign) == (Cure.STOP, means, False)
    assert trouble.said == said


@each_row("status, kind, said, means", OF_ONE_TASK)
def test_what_is_about_one_task_fails_it_alone(
    status: int, kind: str, said: str, means: Any
) -> None:
    trouble = judged(status, kind, said)
    assert (trouble.cure, trouble.kind, trouble.maybe_form) == (Cure.FAIL, means, False)


@each_row("said", FORMS)
def test_a_form_it_refuses_leads_to_a_lower_one(said: str) -> None:
    assert judged(400, INVALID, said).cure is Cure.LOWER_FORM


@each_row("said, name", PARAMETERS)
def test_a_parameter_it_refuses_is_left_out_by_our_name(said: str, name: str) -> None:
    trouble = judged(400, INVALID, said)
    assert (trouble.cure, trouble.parameter, trouble.replacement) == (Cure.MEND, name, None)


def test_a_parameter_of_ones_own_is_left_out_too() -> None:
    own = {"model": NEW, "messages": [], "thinking": {}}
    said = "thinking.type.enabled is not supported for this model."
    assert judged(400, INVALID, said, sent=own).parameter == "thinking"


@each_row(
    "status, kind, said, means",
    [
        (500, "api_error", "Internal server error", FailureKind.SERVER_ERROR),
        (504, "timeout_error", "The request timed out.", FailureKind.TIMEOUT),
        (529, "overloaded_error", "Overloaded", FailureKind.SERVER_ERROR),
    ],
)
def test_what_passes_is_asked_again(status: int, kind: str, said: str, means: Any) -> None:
    trouble = judged(status, kind, said)
    assert (trouble.cure, trouble.kind) == (Cure.RETRY, means)


def test_a_limit_is_waited_out_as_long_as_its_headers_say() -> None:
    limit = (429, "rate_limit_error", "This request would exceed your organization's rate limit of "
             "50,000 input tokens per minute. Please try again later.")  # fmt: skip
    later = (datetime.now(UTC) + timedelta(seconds=40)).isoformat().replace("+00:00", "Z")
    reset = {
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": later,
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2099-01-01T00:00:00Z",
    }
    for headers, least, most in (({"retry-after": "7", **reset}, 7, 7), (reset, 35, 40)):
        trouble = judged(*limit, headers=headers)
        assert (trouble.cure, trouble.kind) == (Cure.WAIT, FailureKind.RATE_LIMIT)
        assert least <= (trouble.retry_after or 0) <= most
    odd = {**reset, "anthropic-ratelimit-input-tokens-reset": "soon"}
    assert judged(*limit, headers=odd).retry_after is None


# Over HTTP


@pytest.fixture(scope="module")
def locked() -> Any:
    with Simulator(key=KEY) as simulator:
        yield simulator


@each_row("path", ["", "/", "/v1", "/v1/", "/v1/messages", "/anthropic", "/anthropic/v1/messages"])
def test_addresses_are_understood_as_people_paste_them(locked: Simulator, path: str) -> None:
    reply = ask(anthropic("", endpoint=locked.root + path), question())
    assert (reply.calls, reply.form, reply.finished) == (1, "json_schema", True)
    assert json.loads(reply.text).keys() == {"topic", "spans"}
    asked = locked.last_request()
    assert asked["max_tokens"] == USUAL
    assert asked["system"] == [{"type": "text", "text": "You label."}]


def test_a_key_or_a_token_opens_it_and_neither_is_told(locked: Simulator) -> None:
    token = "a-token-of-a-gateway-1"
    assert ask(anthropic(locked.root, api_key=KEY, secrets={"auth_token": token}), question())
    assert ask(anthropic(locked.root, api_key=KEY, secrets={"auth_token": KEY}), question())
    for more in (
        {"api_key": "sk-ant-wrong-key"},
        {"api_key": token, "secrets": {"auth_token": token}},
    ):
        with pytest.raises(RunStopper, match=r"refused the (API key|token)") as caught:
            ask(anthropic(locked.root, **more), question())
        assert caught.value.kind is FailureKind.AUTHENTICATION
        assert "sk-ant-wrong" not in f"{caught.value} {caught.value.raw}"
    with pytest.raises(RunStopper, match="no API key"):
        open_model(anthropic("", api_key=""), Opening(Gate(1), 1, {}))
    with pytest.raises(RunStopper, match="no web address"):
        open_model(anthropic("", endpoint="ftp://x"), Opening(Gate(1), 1, {}))


@pytest.mark.parametrize("form", facts_of(ProviderName.ANTHROPIC).forms)
def test_the_best_form_it_has_is_found_and_remembered(simulator: Simulator, form: str) -> None:
    simulator.control(form=form)
    ladder: dict[str, str] = {}
    reply = ask(anthropic(simulator.root), question(), ladder=ladder)
    assert reply.form == form
    assert json.loads(reply.text).keys() == {"topic", "spans"}
    again = ask(anthropic(simulator.root), question("next"), ladder=ladder)
    assert (again.form, again.calls) == (form, 1)


def test_parameters_that_a_model_refuses_are_left_out_from_then_on(simulator: Simulator) -> None:
    simulator.control(rejects={"temperature": None, "reasoning_effort": None})
    ladder: dict[str, str] = {}
    wish = {"temperature": 0.3, "reasoning_effort": "low", "max_tokens": 9_000}
    for calls, text in ((3, "first"), (1, "second")):
        asked = question(text, parameters=wish, model="claude-opus-5")
        reply = ask(anthropic(simulator.root), asked, ladder=ladder)
        assert reply.calls == calls
    assert not simulator.last_request().keys() & {"temperature", "thinking"}


@pytest.mark.parametrize("model", ["claude-opus-4-5", "claude-sonnet-5"])
@pytest.mark.parametrize("form", ["json_schema", "tool"])
def test_thoughts_are_paid_for_and_no_part_of_the_answer(
    simulator: Simulator, model: str, form: str
) -> None:
    simulator.control(form=form)
    wish = {"reasoning_effort": "low", "temperature": 0.3}
    reply = ask(anthropic(simulator.root), question(model=model, parameters=wish))
    assert reply.form == form
    assert json.loads(reply.text).keys() == {"topic", "spans"}
    assert reply.usage.completion_tokens > 40


def test_pictures_pdfs_and_kept_rules_are_counted(simulator: Simulator) -> None:
    content = [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}},
    ]
    rules = {"role": "system", "content": "Rules. " * 500}
    asked = question(messages=[rules, {"role": "user", "content": content}])
    reply = ask(anthropic(simulator.root), asked)
    stats = simulator.stats()
    assert (stats["images"], stats["calls"]) == (1, 1)
    assert reply.usage.prompt_tokens == stats["prompt_tokens"]
    assert reply.usage.completion_tokens == stats["completion_tokens"]


@each_row(
    "rule, error, kind, calls",
    [
        ({"fault": "quota"}, RunStopper, FailureKind.QUOTA, 1),
        ({"fault": "model_not_found"}, RunStopper, FailureKind.MODEL_NOT_FOUND, 1),
        ({"fault": "too_long"}, ModelError, FailureKind.TOO_LONG, 1),
        ({"fault": "refuse"}, ModelError, FailureKind.REFUSED, 1),
        ({"fault": "truncate"}, ModelError, FailureKind.TRUNCATED, 1),
        ({"fault": "server_error", "status": 529}, ModelError, FailureKind.SERVER_ERROR, 5),
    ],
)
def test_refusals_come_over_the_wire(
    simulator: Simulator, rule: Any, error: Any, kind: Any, calls: int
) -> None:
    simulator.reset()
    simulator.control(rule)
    with pytest.raises(error) as caught:
        ask(anthropic(simulator.root), question())
    assert caught.value.kind is kind
    assert isinstance(caught.value, RunStopper) == (error is RunStopper)
    assert simulator.stats()["calls"] == calls


def test_limits_and_overload_are_waited_out(simulator: Simulator) -> None:
    for fault in (
        {"fault": "rate_limit", "retry_after": 0.01},
        {"fault": "server_error", "status": 529, "retry_after": 0.01},
        {"fault": "server_error", "status": 529},
    ):
        simulator.control({**fault, "times": 1})
        assert ask(anthropic(simulator.root), question(str(fault))).calls == 2


def test_a_limit_that_a_model_has_not_is_no_reason_to_fail(simulator: Simulator) -> None:
    said = "max_tokens: 900000 > 64000, which is the maximum allowed number of output tokens"
    body = {"type": "error", "error": {"type": INVALID, "message": said}}
    simulator.control({"fault": "said", "status": 400, "body": body, "times": 1})
    reply = ask(anthropic(simulator.root), question(limit=900_000, model=NEW))
    assert reply.calls == 2
    assert simulator.last_request()["max_tokens"] == USUAL


def test_all_pages_of_its_models_are_listed(locked: Simulator) -> None:
    names = [f"claude-{n}" for n in range(1_005)]
    locked.control(models=names)

    async def check(on: Any) -> list[str]:
        async with opened(on) as model:
            found: list[str] = await model.check(UNPAID)
            return found

    assert run(check(anthropic(locked.root))) == names
    gateway = anthropic("", endpoint=locked.root, secrets={"auth_token": KEY})
    assert run(check(gateway)) == names, "as OpenAI lists them"
    locked.control()
    with pytest.raises(RunStopper, match="refused the API key"):
        run(check(anthropic(locked.root, api_key="sk-ant-wrong")))


def test_a_list_leaves_out_what_is_retired_and_goes_on_where_it_says() -> None:
    rows = [{"id": "a", "lifecycle": "active"}, {"id": "b", "lifecycle": "retired"}, {"x": 1}]
    page = {"data": rows, "has_more": True, "last_id": "b&c"}
    assert DIALECT.models(page) == (["a"], f"{PAGE}&after_id=b%26c")
    assert DIALECT.models({"data": rows, "has_more": False, "last_id": "b"}) == (["a"], "")
    assert DIALECT.models({"data": [], "has_more": True, "last_id": None}) == ([], "")
    assert DIALECT.models("<html>") == (None, "")
