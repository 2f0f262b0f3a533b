"""Replies of every shape servers have been seen to give, and of some they have not."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Gate, Opening, Reply
from ml_backend.llm.chat import ChatModel
from ml_backend.llm.reading.bad_answers import find_bad_answer
from ml_backend.llm.reading.errors_within import find_error
from ml_backend.llm.reading.replies import read_reply
from ml_backend.llm.reading.streams import read_body
from ml_backend.llm.wire import Place, Received, Wire
from ml_backend.records import FailureKind
from support.models import FAST, SCHEMA, ask, connection, opened, question, run
from support.tables import each_row

ANSWER = {"topic": "other", "spans": None}
TEXT = json.dumps(ANSWER)
CALL = {"id": "c", "type": "function", "function": {"name": "answer", "arguments": TEXT}}
GOOD: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": TEXT,
                "refusal": None,
                "reasoning_content": "It is neither.",
                "tool_calls": [CALL],
                "function_call": None,
            },
            "logprobs": {"content": [{"token": '"other"', "logprob": -0.1}]},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
}
WRONG: tuple[Any, ...] = (None, "", "x", 7, True, [], {}, [None], [[]], {"a": 1}, ["x"], [{}])


@cache
class ToldWire(Wire):
    """A wire at whose other end is a body, whatever is asked."""

    def __init__(self, status: int, body: bytes, media_type: str = "application/json") -> None:
        super().__init__(Place("http://model.invalid/v1/"), Gate(1))
        self._told = Received(status, {"content-type": media_type}, body)

    async def _send(self, method: str, url: str, content: bytes | None = None) -> Received:
        return self._told


def told(body: Any, status: int = 200, *, proven: bool = True) -> Reply:
    """Return the model's reply to a question that is answered with this body."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    on = connection("http://model.invalid/v1")
    wire = ToldWire(status, content)
    ladder: dict[str, str] = {}
    model = ChatModel(on, wire, Opening(Gate(1), 5, ladder, FAST))
    if proven:
        model._ladder.worked("simulated", "json_schema")
    return run(model.complete(question()))


def _reply_or_kind(body: Any, *, proven: bool) -> Reply | FailureKind:
    try:
        return told(body, proven=proven)
    except ModelError as error:
        return error.kind


def mutations(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value, the whole left out."""
    if path:
        yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from mutations(inner, (*path, key))


def changed(path: tuple[Any, ...], new: Any, *, drop: bool = False) -> Any:
    body = copy.deepcopy(GOOD)
    place = body
    for key in path[:-1]:
        place = place[key]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return body


@pytest.mark.slow
@each_row("path", list(mutations(GOOD)))
def test_a_reply_broken_at_any_place_is_an_answer_or_none_and_never_an_error_of_ours(path):
    bodies = [changed(path, new) for new in WRONG] + [changed(path, None, drop=True)]
    for body in bodies:
        for proven in (True, False):
            reply = _reply_or_kind(body, proven=proven)
            if isinstance(reply, FailureKind):
                # Words where a refusal stands are one.
                assert (reply, path[-1]) == (FailureKind.REFUSED, "refusal")
            elif not reply.text.strip():
                assert json.loads(reply.raw) == body


@each_row(
    "body",
    [
        {**GOOD, "choices": []},
        {**GOOD, "choices": None},
        {**GOOD, "choices": {}},
        {**GOOD, "choices": [None]},
        {name: value for name, value in GOOD.items() if name != "choices"},
        {**GOOD, "choices": [{"message": None, "finish_reason": "stop"}]},
        {**GOOD, "choices": [{"finish_reason": "stop"}]},
        {
            **GOOD,
            "choices": [
                {
                    "message": {"content": None, "tool_calls": [{**CALL, "function": None}]},
                    "finish_reason": "tool_calls",
                }
            ],
        },
        {
            **GOOD,
            "choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}, None, 3]}}],
        },
    ],
)
def test_a_reply_without_an_answer_is_kept_raw(body):
    reply = told(body)
    assert (reply.text, reply.calls) == ("", 1)
    assert json.loads(reply.raw)["id"] == "chatcmpl-1"


def _with(message: Any, **choice: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop", **choice}]}


@each_row(
    "body",
    [
        _with({"content": [{"type": "text", "text": TEXT}]}),
        _with({"content": [TEXT[:9], TEXT[9:]]}),
        _with({"content": [{"type": "text", "text": {"value": TEXT}}]}),
        _with({"content": [{"type": "thinking", "thinking": [{"text": "{}"}]}, {"text": TEXT}]}),
        _with({"content": ANSWER}),
        _with(TEXT),
        _with({"content": {"type": "json", "json": ANSWER}}),
        _with({"content": "", "tool_calls": [CALL]}),
        _with({"content": None, "tool_calls": [{"function": {"arguments": ANSWER}}]}),
        _with({"content": None, "tool_calls": [{"name": "answer", "input": ANSWER}]}),
        _with({"content": TEXT, "tool_calls": [{"function": {"arguments": "{ }"}}]}),
        _with({"content": TEXT, "tool_calls": [{"function": {"arguments": {}}}]}),
        _with({"content": "{}", "tool_calls": [CALL]}),
        _with({"content": None, "tool_calls": [CALL, copy.deepcopy(CALL)]}),
        _with({"content": None, "function_call": {"name": "answer", "arguments": TEXT}}),
        {"choices": [{"text": TEXT, "finish_reason": "stop"}]},
        {"choices": [{"delta": {"content": TEXT}, "finish_reason": "stop"}]},
        {"choices": _with({"content": TEXT})["choices"][0]},
    ],
)
def test_the_answer_is_found_wherever_an_engine_puts_it(body):
    assert json.loads(told(body).text) == ANSWER


@each_row(
    "message",
    [
        {"content": None, "reasoning_content": TEXT},
        {"content": "", "reasoning": TEXT},
        {"content": "\n\n", "reasoning_content": f"It is neither.\n\n{TEXT}"},
        {"reasoning_content": f'Perhaps {{"topic": "billing", "spans": null}}? No.\n{TEXT}\n'},
        {"content": None, "thinking": f"```json\n{TEXT}\n```"},
        {"content": None, "reasoning_details": [{"type": "reasoning.text", "text": TEXT}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": TEXT}]}]},
        {"content": None, "reasoning": {"content": TEXT}},
        {"content": "", "reasoning": TEXT, "reasoning_content": TEXT},
        {"content": None, "reasoning_content": f"<think>{TEXT}"},
        {"content": None, "reasoning_content": "{'topic': 'other', 'spans': None}"},
    ],
)
def test_an_answer_that_is_only_in_the_reasoning_is_taken(message):
    for proven in (True, False):
        reply = told(_with(message), proven=proven)
        assert (json.loads(reply.text), reply.calls, reply.remark) == (ANSWER, 1, "")


@pytest.mark.parametrize(
    "reasoning",
    [
        "Let me think about it.",
        f"Perhaps {TEXT}",
        f"It could be {TEXT}, but I doubt it.",
        f'{TEXT} or {{"topic": "billing", "spans": null}}',
    ],
)
def test_reasoning_without_a_clear_answer_is_said_to_be_that(reasoning):
    reply = told(_with({"content": None, "reasoning_content": reasoning}))
    assert reply.text == ""
    assert reply.remark.startswith("The server put all that the model said into its reasoning")
    assert reasoning in reply.remark
    assert "reasoning_content" in reply.raw


@pytest.mark.parametrize("tool", [True, False])
def test_a_call_of_nothing_hides_no_text(tool):
    message = {"content": TEXT, "tool_calls": [{"function": {"arguments": "{}"}}]}
    assert read_reply(_with(message), tool=tool).text == TEXT


def test_calls_that_differ_are_left_to_the_reader_to_refuse():
    other = {"function": {"name": "answer", "arguments": '{"topic": "billing", "spans": []}'}}
    said = read_reply(_with({"content": None, "tool_calls": [CALL, other]}), tool=True)
    assert said.text.count("topic") == 2


@each_row(
    ("reason", "kind"),
    [
        ("length", FailureKind.TRUNCATED),
        ("MAX_TOKENS", FailureKind.TRUNCATED),
        ("model_context_window_exceeded", FailureKind.TRUNCATED),
        ("content_filter", FailureKind.REFUSED),
        ("sensitive", FailureKind.REFUSED),
        ("error", FailureKind.SERVER_ERROR),
        ("network_error", FailureKind.SERVER_ERROR),
        ("insufficient_system_resource", FailureKind.SERVER_ERROR),
        ("abort", FailureKind.SERVER_ERROR),
    ],
)
def test_what_ended_badly_is_no_answer(reason, kind):
    with pytest.raises(ModelError) as caught:
        told(_with({"content": TEXT[:-1]}, finish_reason=reason))
    assert caught.value.kind is kind
    if kind is FailureKind.SERVER_ERROR:
        assert reason in caught.value.message


def _in_choice(error: Any, **more: Any) -> dict[str, Any]:
    return _with({"role": "assistant", "content": ""}, finish_reason="error", error=error, **more)


@each_row(
    ("body", "status"),
    [
        (_in_choice({"code": 429, "message": "Rate limited upstream"}), 429),
        (_in_choice({"code": "429", "message": "slow down"}), 429),
        (_in_choice({"code": 502, "message": "Upstream error from X"}), 502),
        (_in_choice({"message": "Provider is overloaded"}), 503),
        (_in_choice("Rate limit exceeded"), 429),
        (_with({"content": "", "error": {"code": 503, "message": "busy"}}), 503),
        ({"error": {"code": 429, "message": "Rate limited"}}, 429),
        ({"error": {"type": "rate_limit_error", "message": "Try later"}}, 429),
        ({"error": "rate limit reached"}, 429),
        ({"error": '{"error": {"code": 503, "message": "busy"}}'}, 503),
        ({"error": {"message": "Insufficient balance"}, "choices": []}, 402),
        ({"error": {"code": "invalid_api_key", "message": "no"}}, 401),
        ({"error": {"error": {"message": "x", "status": 504}}}, 504),
        ({"object": "error", "message": "out of memory", "code": 500}, 500),
        ({"errors": [{"message": "Too many requests", "code": 3040}], "success": False}, 429),
        ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, 429),
        ({"choices": [], "base_resp": {"status_code": 1004, "status_msg": "login fail"}}, 401),
        ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, 500),
        ({"code": "Throttling", "message": "Requests rate limit exceeded"}, 429),
        ({"detail": "Model is overloaded"}, 503),
        ({"text": "upstream connect error or disconnect/reset"}, 500),
        ({"text": "Rate limit exceeded"}, 429),
        ({"error": 7}, 500),
        ({"error": ["x"]}, 500),
    ],
)
def test_an_error_that_came_with_200_is_one(body, status):
    found = find_error(body)
    assert found is not None
    assert found.status == status
    assert found.body["error"]["message"]


@each_row(
    "body",
    [
        GOOD,
        {**GOOD, "error": None},
        {**GOOD, "error": ""},
        {**GOOD, "error": {}},
        {**GOOD, "error": {"message": "a warning beside an answer that ended well"}},
        {**GOOD, "base_resp": {"status_code": 0, "status_msg": ""}},
        {**GOOD, "detail": "x", "message": "y"},
        {"text": "<html>Error</html>"},
        {"text": "Hello"},
    ],
)
def test_an_answer_is_no_error(body):
    assert find_error(body) is None


def test_an_error_within_says_the_providers_words():
    with pytest.raises(ModelError) as caught:
        told(_in_choice({"code": 502, "message": "Upstream went away"}))
    assert caught.value.kind is FailureKind.SERVER_ERROR
    assert "Upstream went away" in caught.value.message
    with pytest.raises(RunStopper) as stopped:
        told({"error": {"code": 401, "message": "Key expired"}})
    assert stopped.value.kind is FailureKind.AUTHENTICATION


GROQ = (
    "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details."
)


@each_row(
    ("status", "error", "text"),
    [
        (400, {"message": GROQ, "code": "json_validate_failed", "failed_generation": "{"}, "{"),
        (400, {"message": GROQ, "code": "json_validate_failed", "failed_generation": ""}, ""),
        (400, {"message": "Failed to call a function.", "code": "tool_use_failed",
               "failed_generation": "<function=answer{}>"}, "<function=answer{}>"),
        (400, {"message": "tool call validation failed: parameters for tool answer did not match "
               "schema", "code": "tool_use_failed"}, ""),
        (400, {"message": "Parsing failed. The model generated output that could not be parsed.",
               "code": "output_parse_failed", "failed_generation": "x"}, "x"),
        (422, {"message": "The model's output does not match the schema"}, ""),
        (400, {"message": "Model output is not valid JSON"}, ""),
        (422, {"message": "Generated JSON could not be parsed"}, ""),
        (500, {"message": "error parsing tool call: raw='{\"a\": ', err=unexpected end"}, '{"a": '),
        (500, {"message": "Unexpected tokens remaining in message header: Some(\"x\")"}, ""),
        (500, {"message": "Failed to parse model output"}, ""),
        # The rest of it from there on, which is no answer.
        (500, {"message": "Failed to parse input at pos 395: {\"topic\": \"other\"}"}, ""),
        (424, {"message": "Model produced invalid sequence as part of ToolUse"}, ""),
        (400, {"code": "structured_output_validation_failed", "message": "no"}, ""),
        (400, {"code": "invalid_model_output", "message": "no", "metadata": {"raw_output": "y"}},
         "y"),
        (422, {"message": "x", "failed_generation": {"topic": 1}}, '{"topic": 1}'),
    ],
)  # fmt: skip
def test_an_answer_the_provider_refused_is_an_answer(status, error, text):
    found = find_bad_answer(status, {"error": error})
    assert found is not None
    assert found.text == text
    assert told({"error": error}, status).text == text


INNER = {"message": GROQ, "code": "json_validate_failed", "failed_generation": "{"}


@each_row(
    ("status", "body"),
    [
        (400, {"error": {"message": "Provider returned error", "code": 400,
                         "metadata": {"raw": json.dumps({"error": INNER})}}}),
        (400, {"error": {"message": "Failed", "metadata": {"raw": {"error": INNER}}}}),
        (400, [{"error": INNER}]),
        (400, {"error": {"message": f"GroqException - {json.dumps({'error': INNER})}"}}),
        (400, {"error": {"message": f"Error code: 400 - {({'error': INNER})}"}}),
        (400, {"error": json.dumps(INNER)}),
        (400, {"detail": INNER}),
        (400, {"detail": json.dumps({"error": INNER})}),
        (422, {"errors": [INNER]}),
        (400, json.dumps({"error": INNER})),
    ],
)  # fmt: skip
def test_a_refused_answer_is_found_behind_a_gateway(status, body):
    found = find_bad_answer(status, body)
    assert found is not None
    assert (found.text, found.said) == ("{", GROQ)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"detail": "The model output is not valid JSON"}),
        (422, {"message": "the model's response did not match the schema"}),
        (400, "Failed to parse model output"),
    ],
)
def test_a_refused_answer_is_known_by_plain_words(status, body):
    found = find_bad_answer(status, body)
    assert found is not None
    assert found.text == ""


@each_row(
    ("status", "error"),
    [
        (400, {"message": "We could not parse the JSON body of your request."}),
        (400, {"message": "Invalid schema for response_format 'answer'"}),
        (400, {"message": "'response_format' of type 'json_schema' is not supported"}),
        (422, {"message": "Failed to deserialize the JSON body into the target type"}),
        (400, {"message": "messages[2].tool_calls: the model's output is not valid"}),
        (400, {"message": "max_tokens: must be less than the model's maximum output"}),
        (400, {"message": "This model does not support structured output"}),
        (401, {"message": "model output is not valid JSON"}),
        (429, {"message": "Rate limit reached", "code": "json_validate_failed"}),
        (500, {"message": "The server had an error while processing your request."}),
        (400, "Bad Request"),
        (400, None),
    ],
)
def test_a_refused_request_is_no_bad_answer(status, error):
    assert find_bad_answer(status, {"error": error}) is None


def test_an_answer_the_provider_refused_although_it_can_be_read_costs_one_call():
    error = {"message": GROQ, "code": "json_validate_failed", "failed_generation": TEXT}
    reply = told({"error": error}, 400)
    assert (json.loads(reply.text), reply.calls) == (ANSWER, 1)


def test_a_refused_answer_without_a_text_bears_the_providers_words():
    reply = told({"error": {"message": GROQ, "code": "json_validate_failed"}}, 400)
    assert (reply.text, reply.raw, reply.finished) == ("", GROQ, False)
    assert reply.remark == f"The provider says of it: {GROQ}"


# Streams


def events(*chunks: Any, end: str = "data: [DONE]\n\n") -> str:
    lines = [c if isinstance(c, str) else f"data: {json.dumps(c)}\n\n" for c in chunks]
    return "".join([*lines, end])


def piece(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta}]}


LAST = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}


@each_row(
    "body",
    [
        events(piece(content=TEXT)),
        events(piece(role="assistant"), piece(content=TEXT[:9]), piece(content=TEXT[9:]), LAST),
        events(": OPENROUTER PROCESSING\n\n", "event: message\n", piece(content=TEXT), LAST),
        events(piece(content=TEXT), LAST, end=""),
        events(piece(content=TEXT), LAST).replace("\n\n", "\r\n\r\n"),
        events(piece(content=TEXT[:9]), piece(content=TEXT[9:])).replace("\n\n", "\n"),
        events(piece(content=TEXT)).replace("data: ", "data:"),
        events(GOOD),
        "\n".join(json.dumps(each) for each in (piece(content=TEXT), LAST)),
        json.dumps(GOOD) + "\n\ndata: [DONE]\n\n",
        json.dumps(GOOD) + "[DONE]",
        "\ufeff" + json.dumps(GOOD) + "\ndata: [DONE]",
        events({"choices": [{"index": 0, "text": TEXT}]}),
        events(piece(reasoning_content="{'topic'"), piece(reasoning_content="?"),
               piece(content=TEXT), LAST),
        events(piece(reasoning_content=TEXT[:9]), piece(reasoning_content=TEXT[9:]), LAST),
        events(piece(tool_calls=[{"index": 0, "id": "1", "function": {"name": "answer"}}]),
               piece(tool_calls=[{"index": 0, "function": {"arguments": TEXT[:9]}}]),
               piece(tool_calls=[{"index": 0, "function": {"arguments": TEXT[9:]}}]), LAST),
        events(piece(function_call={"name": "answer", "arguments": TEXT[:9]}),
               piece(function_call={"arguments": TEXT[9:]})),
        events(piece(content=[{"type": "text", "text": TEXT[:9]}]),
               piece(content=[{"type": "text", "text": TEXT[9:]}])),
        events(piece(content=TEXT), {"choices": [{"index": 1, "delta": {"content": "other"}}]}),
        events("data: not JSON\n\n", "data:\n\n", piece(content=TEXT), LAST),
    ],
)  # fmt: skip
def test_a_stream_nobody_asked_for_is_read(body):
    reply = told(body)
    assert (json.loads(reply.text), reply.calls) == (ANSWER, 1)


def test_the_usage_and_the_end_of_a_stream_are_known():
    reply = told(events(piece(content=TEXT), LAST, USAGE))
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 4)
    assert reply.finished
    assert not told(events(piece(content=TEXT))).finished


@each_row("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_a_stream_keeps_all_signs_of_an_answer(sign):
    answer = {"topic": f"{sign}other{sign}", "spans": None}
    text = json.dumps(answer, ensure_ascii=False)
    chunks = [
        json.dumps(piece(content=part), ensure_ascii=False) for part in (text[:15], text[15:])
    ]
    for end in ("\n\n", "\r\n\r\n", "\n"):
        body = "".join(f"data: {chunk}{end}" for chunk in chunks)
        assert json.loads(told(body).text) == answer


@pytest.mark.parametrize(
    "broken", ['data: {"choices": [{"delta\n\n', "data: {\n\n", '{"choices"\n']
)
def test_a_stream_with_a_broken_piece_is_no_answer(broken):
    with pytest.raises(ModelError):
        told(events(piece(content=TEXT), broken, LAST))


def test_an_error_amid_a_stream_is_one():
    error = {"error": {"code": 502, "message": "Upstream went away"}}
    for body in (events(piece(content=TEXT[:5]), error), f"event: error\n{events(error)}"):
        with pytest.raises(ModelError) as caught:
            told(body)
        assert "Upstream went away" in caught.value.message


@pytest.mark.parametrize("body", ["data: hello\n\n", 'data: {"type": "ping"}\n\n', ": nothing\n\n"])
def test_a_stream_that_is_no_completion_is_said_to_be_a_stream(body):
    with pytest.raises(ModelError) as caught:
        told(body)
    assert "it streams its answer although it was told not to" in caught.value.message


def test_a_body_of_any_bytes_raises_nothing_else():
    for body in (b"\xff\xfe", b"data: \xff\n\n", b"[" * 100_000, b"data: " + b"[" * 100_000):
        try:
            read_body(body)
        except ValueError:
            continue
        except RecursionError:
            assert body.startswith(b"[")


@pytest.mark.parametrize("form", ["json_schema", "tool", "json_object", "text"])
def test_a_server_that_streams_is_read_in_every_form(simulator, form):
    simulator.control({"fault": "stream"}, form=form)
    reply = ask(connection(simulator.url), question())
    assert reply.form == form
    assert json.loads(reply.text).keys() == SCHEMA["properties"].keys()
    assert reply.usage.completion_tokens


def test_a_server_is_told_not_to_stream(simulator):
    simulator.control({"fault": "stream_unless_told"})
    ask(connection(simulator.url), question())
    assert simulator.last_request()["stream"] is False


def test_a_server_that_refuses_to_be_told_so_is_not_told_again(simulator):
    simulator.control({"fault": "stream"}, rejects={"stream": None})
    on, ladder = connection(simulator.url), {}
    reply = ask(on, question(), ladder=ladder)
    assert (reply.calls, reply.form) == (2, "json_schema")
    assert "stream" not in simulator.last_request()
    assert ask(on, question("again"), ladder=ladder).calls == 1


@pytest.mark.parametrize(
    "message",
    [
        "This model only support stream mode, please enable the stream parameter to access it.",
        "The parameter 'stream' must be set to true for this model.",
        "Non-streaming requests are not supported.",
        "该模型仅支持流式输出",
    ],
)
def test_a_server_that_only_streams_is_asked_to(simulator, message):
    streams = {"fault": "stream"}
    refusal = {"reply": {"error": {"message": message}}, "status": 400}
    simulator.control({**refusal, "match": "What is this about?", "times": 1}, streams)
    on, ladder = connection(simulator.url), {}
    reply = ask(on, question(), ladder=ladder)
    assert (reply.calls, reply.form) == (2, "json_schema")
    sent = simulator.last_request()
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})
    assert ask(on, question("again"), ladder=ladder).calls == 1
    simulator.control(streams, rejects={"stream_options": None})
    assert ask(on, question("once more"), ladder=ladder).calls == 2
    assert "stream_options" not in simulator.last_request()


@pytest.mark.parametrize(
    ("last", "media"),
    [
        ("data: [DONE]\n\n", "text/event-stream"),
        ("data:[DONE]\n\n", "text/event-stream"),
        ("data:[DONE]", "text/plain"),
        ("data:  [DONE]\r\n\r\n", "application/json"),
    ],
)
def test_a_stream_that_stays_open_after_its_end_is_over(last, media):
    # What an answer quotes is not the stream's end.
    quoted = {"topic": "other", "spans": ["data: [DONE]"]}

    async def work() -> Reply:
        done = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n\r\n"
            body = events(piece(content=json.dumps(quoted)), LAST, end=last)
            writer.write((head + body).encode())
            await writer.drain()
            await done.wait()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        on = connection(f"http://127.0.0.1:{port}/v1")
        async with opened(on) as model:
            reply = await model.complete(question())
        done.set()
        server.close()
        return reply

    assert json.loads(run(work()).text) == quoted


@pytest.mark.parametrize("fault", ["only_reasoning", "done_trailer"])
def test_odd_replies_cost_one_call(simulator, fault):
    simulator.control({"fault": fault})
    reply = ask(connection(simulator.url), question())
    assert (reply.calls, reply.form) == (1, "json_schema")
