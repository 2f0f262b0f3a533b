"""Gemini: its requests and answers, and its wire over HTTP."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Reach, Reply, facts_of, open_model
from ml_backend.llm.confidence import tell_logprobs
from ml_backend.llm.dialects.google import GenerateContent, model_in, thinking
from ml_backend.llm.dialects.google_schema import translated
from ml_backend.llm.model import Gate, Opening
from ml_backend.llm.providers.gemini import _Gemini
from ml_backend.llm.wire import CallFailed
from ml_backend.records import Connection, FailureKind, ProviderName
from support.models import KEY, SCHEMA, UNPAID, ask, connection, opened, question, run
from support.simulator import Simulator
from support.tables import each_row

GEMINI = ProviderName.GEMINI
PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="
USER = {"role": "user", "content": "Which?"}


def config(**parameters: Any) -> dict[str, Any]:
    sent = {"model": "gemini-2.5-flash", "messages": [USER], **parameters}
    found: dict[str, Any] = GenerateContent().request(sent).get("generationConfig", {})
    return found


@each_row(
    ("given", "expected"),
    [
        ({}, {}),
        ({"stream": False, "user": "x", "logit_bias": {}, "verbosity": "low"}, {}),
        ({"temperature": 0.5, "top_p": 0.9, "top_k": 40},
         {"temperature": 0.5, "topP": 0.9, "topK": 40}),
        ({"top_k": -1}, {}),
        ({"max_tokens": 9}, {"maxOutputTokens": 9}),
        ({"max_completion_tokens": 9}, {"maxOutputTokens": 9}),
        ({"seed": 7}, {"seed": 7}),
        ({"seed": 2**40 + 3}, {"seed": 3}),
        ({"seed": -1}, {"seed": 2**31 - 1}),
        ({"stop": "END"}, {"stopSequences": ["END"]}),
        ({"stop": ["a", "b"]}, {"stopSequences": ["a", "b"]}),
        ({"presence_penalty": 1, "frequency_penalty": -1},
         {"presencePenalty": 1, "frequencyPenalty": -1}),
        ({"logprobs": True}, {"responseLogprobs": True}),
        ({"logprobs": True, "top_logprobs": 5}, {"responseLogprobs": True, "logprobs": 5}),
        ({"top_logprobs": 5}, {}),
        ({"reasoning_effort": "low"}, {"thinkingConfig": {"thinkingBudget": 1024}}),
        ({"response_format": {"type": "json_object"}}, {"responseMimeType": "application/json"}),
    ],
)  # fmt: skip
def test_parameters_go_by_their_names_there(given: Any, expected: Any) -> None:
    assert config(**given) == expected


@each_row(
    ("model", "effort", "expected"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("models/gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-flash-lite", "minimal", {"thinkingBudget": 512}),
        ("gemini-2.5-flash-preview-09-2025", "high", {"thinkingBudget": 24576}),
        ("gemini-3-flash-preview", "minimal", {"thinkingLevel": "minimal"}),
        ("gemini-3.1-flash-lite", "none", {"thinkingLevel": "minimal"}),
        ("gemini-3.8-flash", "none", {"thinkingLevel": "low"}),
        ("gemini-3.1-pro-preview", "minimal", {"thinkingLevel": "low"}),
        ("gemini-3.1-pro-preview", "medium", {"thinkingLevel": "medium"}),
        ("gemini-flash-latest", "xhigh", {"thinkingLevel": "high"}),
    ],
)
def test_effort_is_a_level_from_3_on_and_a_budget_before(
    model: str, effort: str, expected: Any
) -> None:
    assert thinking(model, effort) == expected


def test_a_conversation_is_the_users_and_the_models_in_turns() -> None:
    def turn(role: str, *texts: str) -> dict[str, Any]:
        return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}

    parts = [
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "text", "text": ""},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}},
    ]
    messages = [
        {"role": "system", "content": "Rules."},
        turn("developer", "More."),
        {"role": "user", "content": parts},
        turn("user", "again"),
        turn("assistant", "{}"),
        turn("system", "late"),
        turn("assistant", ""),
    ]
    sent = GenerateContent().request({"model": "gemini-2.5-flash", "messages": messages})
    assert sent == {
        "systemInstruction": {"parts": [{"text": "Rules."}, {"text": "More."}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "see"},
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
                    {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
                    {"text": "again"},
                ],
            },
            {"role": "model", "parts": [{"text": "{}"}]},
            {"role": "user", "parts": [{"text": "late"}]},
        ],
    }
    for one in ([turn("assistant", "first")], [turn("system", "alone")], [turn("user", "")]):
        found = GenerateContent().request({"model": "gemini-2.5-flash", "messages": one})
        assert found["contents"][0]["role"] == "user"
        assert all(part["text"] for each in found["contents"] for part in each["parts"])


def test_nothing_is_fetched_by_google_in_our_name() -> None:
    for url in ("https://x.org/a.png", "gs://bucket/secret.pdf", "file:///etc/passwd", ""):
        part = {"type": "image_url", "image_url": {"url": url}}
        for each in (part, {"type": "file", "file": {"file_data": url}}, {"type": "input_audio"}):
            with pytest.raises(CallFailed) as caught:
                config(messages=[{"role": "user", "content": [each]}])
            assert caught.value.trouble.kind is FailureKind.BAD_REQUEST


def test_a_schema_keeps_what_google_knows_and_means_the_same() -> None:
    schema = {
        "$schema": "x", "type": "object", "additionalProperties": False, "required": ["b", "a"],
        "properties": {
            "b": {"type": "string", "const": "x", "pattern": "^x", "minLength": 1},
            "a": {"anyOf": [{"$ref": "#/$defs/Part", "description": "not beside"},
                            {"type": "null"}]},
            "c": {"enum": ["x", 1, None]},
            "d": {"const": True},
            "e": {"type": ["string", "null"], "enum": ["x", None]},
            "f": {"type": "integer", "exclusiveMinimum": 0, "maximum": 9},
            "g": {"type": "array", "items": {"type": "number"}, "minItems": 1, "uniqueItems": True},
            "h": {"oneOf": [{"type": "string", "default": "x"}]},
        },
        "$defs": {"Part": {"type": "object", "properties": {"n": {"type": "string"}}}},
    }  # fmt: skip
    assert translated(schema) == {
        "type": "object", "additionalProperties": False, "required": ["b", "a"],
        "properties": {
            "b": {"type": "string", "enum": ["x"]},
            "a": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]},
            "c": {"type": ["string", "integer", "null"], "enum": ["x", 1]},
            "d": {"type": "boolean"},
            "e": {"type": ["string", "null"], "enum": ["x"]},
            "f": {"type": "integer", "minimum": 1, "maximum": 9},
            "g": {"type": "array", "items": {"type": "number"}, "minItems": 1},
            "h": {"anyOf": [{"type": "string"}]},
        },
        "$defs": {"Part": {"type": "object", "properties": {"n": {"type": "string"}},
                           "propertyOrdering": ["n"]}},
        "propertyOrdering": ["b", "a", "c", "d", "e", "f", "g", "h"],
    }  # fmt: skip
    assert [*translated(SCHEMA)["properties"]] == ["topic", "spans"]


def said(*parts: Any, end: str = "STOP", **more: Any) -> dict[str, Any]:
    content = {"role": "model", "parts": list(parts)}
    return {"candidates": [{"content": content, "finishReason": end, "index": 0, **more}]}


def completion(answer: dict[str, Any]) -> dict[str, Any]:
    return GenerateContent().answer(answer, {"model": "gemini-2.5-flash"})


@each_row(
    ("answer", "end", "message"),
    [
        (said({"text": "{"}, {"text": "}"}), "stop", {"content": "{}"}),
        (said({"text": "hm", "thought": True}, {"text": "{}", "thoughtSignature": "x"}), "stop",
         {"content": "{}", "reasoning_content": "hm"}),
        (said({"text": "{"}, end="MAX_TOKENS"), "length", {"content": "{"}),
        ({"candidates": [{"finishReason": "MAX_TOKENS"}]}, "length", {"content": None}),
        (said({"text": "{"}, end="SAFETY"), "content_filter", {"content": "{"}),
        ({"candidates": [{"finishReason": "RECITATION", "finishMessage": "Seen before."}]},
         "content_filter",
         {"content": None, "refusal": "Google's filter stopped the answer (RECITATION): "
                                      "Seen before."}),
        *(({"candidates": [{"finishReason": each}]}, "content_filter",
           {"content": None, "refusal": f"Google's filter stopped the answer ({each})"})
          for each in ("BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "SAFETY")),
        ({"candidates": [{"finishReason": "OTHER"}]}, "error", {"content": None}),
        ({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "content": {}}]},
         "malformed_function_call", {"content": None}),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "content_filter",
         {"content": None, "refusal": "Google's filter blocked the question (SAFETY)"}),
        (said({"functionCall": {"id": "1", "name": "answer", "args": {"topic": "é"}}}), "stop",
         {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": {
             "name": "answer", "arguments": '{"topic": "é"}'}}]}),
    ],
)  # fmt: skip
def test_an_answer_is_the_completion_that_says_the_same(
    answer: Any, end: str, message: Any
) -> None:
    [choice] = completion(answer)["choices"]
    assert choice["finish_reason"] == end
    assert choice["message"] == {"role": "assistant", **message}


def test_tokens_are_counted_as_openai_does() -> None:
    counted = {
        "promptTokenCount": 100, "cachedContentTokenCount": 60, "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 7, "thoughtsTokenCount": 20, "totalTokenCount": 132,
    }  # fmt: skip
    usage = completion({**said({"text": "{}"}), "usageMetadata": counted})["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (105, 27)
    assert usage["prompt_tokens_details"] == {"cached_tokens": 60}
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 20}
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
    usage = completion({**blocked, "usageMetadata": {"promptTokenCount": 8}})["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (8, 0)
    odd: list[Any] = [None, [], {}, {"promptTokenCount": "8"}, {"promptTokenCount": None}]
    for each in odd:
        usage = completion({**said({"text": "{}"}), "usageMetadata": each})["usage"] or {}
        assert usage.get("prompt_tokens") is None


def test_probabilities_of_tokens_come_along() -> None:
    result = {
        "chosenCandidates": [{"token": "{", "logProbability": -0.5}, {"token": "}"}],
        "topCandidates": [{"candidates": [{"token": "[", "logProbability": -2}]}],
    }
    [choice] = completion(said({"text": "{}"}, logprobsResult=result))["choices"]
    assert choice["logprobs"]["content"] == [
        {"token": "{", "logprob": -0.5, "top_logprobs": [{"token": "[", "logprob": -2}]},
        {"token": "}", "logprob": 0.0},
    ]


def test_what_is_no_answer_of_google_raises_nothing() -> None:
    odd: list[Any] = [
        {}, {"error": {"message": "x"}}, {"text": "<html>"}, {"candidates": "x"},
        {"candidates": [None]}, {"candidates": [{"content": []}]}, {"candidates": []},
        {"candidates": [{"content": {"parts": [None, {"text": 1}, {"functionCall": 1}]}}]},
        {"promptFeedback": []}, {"candidates": [{"finishReason": 3, "logprobsResult": []}]},
        {"candidates": [{"logprobsResult": {"chosenCandidates": [1], "topCandidates": [2]}}]},
    ]  # fmt: skip
    for each in odd:
        assert isinstance(completion(each), dict)
        assert GenerateContent().refusal(400, each) is not None
    for each in ([], None, "x", [1], {"error": []}, {"error": {"message": 3}}):
        assert GenerateContent().refusal(400, each) == each


def test_models_are_named_as_people_paste_them_and_lead_nowhere_else() -> None:
    for name in (
        "gemini-2.5-flash", "models/gemini-2.5-flash", "google/gemini-2.5-flash",
        "publishers/google/models/gemini-2.5-flash",
        "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash",
    ):  # fmt: skip
        assert _Gemini().route(name) == "models/gemini-2.5-flash:generateContent"
    assert model_in("gemini-1.0-pro@001") == "gemini-1.0-pro@001"
    for name in ("", "../x", "a/b", "a?b", "a#b", "models/../x", "a b", "x..y", "%2e", "a:b"):
        with pytest.raises(CallFailed) as caught:
            _Gemini().route(name)
        assert caught.value.trouble.kind is FailureKind.MODEL_NOT_FOUND


def test_the_list_has_those_that_answer_page_by_page() -> None:
    rows = [
        {"name": "models/a", "supportedGenerationMethods": ["generateContent", "countTokens"]},
        {"name": "models/b", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/c"},
        {"other": 1},
    ]
    found = _Gemini().models({"models": rows, "nextPageToken": "a&b="})
    assert found == (["a", "c"], "models?pageSize=1000&pageToken=a%26b%3D")
    assert _Gemini().models({"models": []}) == ([], "")
    for odd in ({}, None, [], {"data": []}):
        assert _Gemini().models(odd) == (None, "")


@pytest.fixture(scope="module")
def simulator():
    with Simulator(key=KEY) as running:
        yield running


@pytest.fixture
def on(simulator: Simulator) -> Connection:
    simulator.reset()
    return connection(simulator.root, provider=GEMINI)


def failure(on: Connection, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(on, question(), **options)
    return caught.value


def test_each_form_brings_an_answer(simulator: Simulator, on: Connection) -> None:
    for form in facts_of(GEMINI).forms:
        simulator.control(form=form)
        reply: Reply = ask(on, question())
        assert reply.form == form, "learnt by the refusals of those above"
        assert reply.usage.prompt_tokens > 0
        assert reply.usage.completion_tokens > 0
        assert '"topic"' in reply.text


def test_a_request_as_it_goes_out(simulator: Simulator, on: Connection) -> None:
    parts = [
        {"type": "text", "text": "Which?"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}},
    ]
    messages = [{"role": "system", "content": "You label."}, {"role": "user", "content": parts}]
    parameters = {"temperature": 0, "logprobs": True, "reasoning_effort": "low", "seed": 2**50 + 5}
    reply = ask(on, question(messages=messages, parameters=parameters, limit=500))
    sent = simulator.last_request()
    assert sent["systemInstruction"] == {"parts": [{"text": "You label."}]}
    assert sent["generationConfig"]["maxOutputTokens"] == 500
    assert sent["generationConfig"]["seed"] == 5
    assert sent["generationConfig"]["responseJsonSchema"] == translated(SCHEMA)
    assert len(sent["contents"][0]["parts"]) == 3
    assert tell_logprobs(reply.tokens)
    assert simulator.stats()["images"] == 1


@each_row(
    ("fault", "kind", "stops", "words"),
    [
        ({"fault": "auth"}, FailureKind.AUTHENTICATION, True, "refused the API key"),
        ({"fault": "quota"}, FailureKind.QUOTA, True, "used up"),
        ({"fault": "model_not_found"}, FailureKind.MODEL_NOT_FOUND, True, "does not know"),
        ({"fault": "too_long"}, FailureKind.TOO_LONG, False, "too long"),
        ({"fault": "refuse"}, FailureKind.REFUSED, False, "PROHIBITED_CONTENT"),
        ({"reply": {"candidates": [{"finishReason": "SAFETY"}]}}, FailureKind.REFUSED, False,
         "SAFETY"),
        ({"fault": "truncate"}, FailureKind.TRUNCATED, False, "limit of tokens"),
    ],
)  # fmt: skip
def test_what_google_refuses_is_judged(fault: Any, kind: Any, stops: bool, words: str) -> None:
    with Simulator() as simulator:
        simulator.control(fault)
        found = failure(connection(simulator.root, provider=GEMINI))
    assert (found.kind, isinstance(found, RunStopper)) == (kind, stops)
    assert words in found.message
    assert KEY not in f"{found.message} {found.raw}"


def test_limits_and_overload_are_waited_out(simulator: Simulator, on: Connection) -> None:
    for fault in (
        {"fault": "rate_limit", "times": 1},
        {"fault": "server_error", "status": 503, "times": 1},
        {"fault": "server_error", "status": 500, "times": 1},
        {"reply": {"candidates": [{"finishReason": "OTHER"}]}, "times": 1},
    ):
        simulator.control(fault)
        assert ask(on, question()).calls == 2, fault


def test_a_parameter_that_a_model_does_not_take_is_left_out(
    simulator: Simulator, on: Connection
) -> None:
    for name, value in (
        ("reasoning_effort", "low"),
        ("logprobs", True),
        ("presence_penalty", 1),
        ("frequency_penalty", 1),
    ):
        simulator.control(rejects={name: None})
        assert ask(on, question(parameters={name: value})).calls == 2, name


def test_a_model_without_a_system_role_gets_the_rules_with_the_question(
    simulator: Simulator, on: Connection
) -> None:
    words = "Developer instruction is not enabled for models/gemma-3-27b-it"
    simulator.control(no_system={"error": {"code": 400, "message": words}})
    assert ask(on, question()).calls == 2
    assert "systemInstruction" not in simulator.last_request()


def test_the_models_are_listed_and_a_wrong_key_is_told(
    simulator: Simulator, on: Connection
) -> None:
    simulator.control(models=["gemini-a", "gemini-b", "gemini-c"])

    async def check(of: Connection) -> list[str]:
        async with opened(of) as model:
            return await model.check(UNPAID)

    assert run(check(on)) == ["gemini-a", "gemini-b", "gemini-c"]
    with pytest.raises(RunStopper) as caught:
        run(check(connection(simulator.root, provider=GEMINI, api_key="AIza-wrong-wrong")))
    assert caught.value.kind is FailureKind.AUTHENTICATION
    assert "AIza" not in caught.value.message


def test_addresses_are_understood_as_people_paste_them(simulator: Simulator) -> None:
    simulator.reset()
    for path in ("", "/", "/v1beta", "/v1beta/", "/v1beta/openai/", "/v1beta/models/x:stream"):
        assert ask(connection(simulator.root + path, provider=GEMINI), question()).calls == 1, path
    for bad in ("ftp://x", "localhost"):
        with pytest.raises(RunStopper, match="endpoint"):
            open_(connection(bad, provider=GEMINI))
    with pytest.raises(RunStopper) as caught:
        open_(connection(simulator.root, provider=GEMINI, api_key=""))
    assert caught.value.kind is FailureKind.AUTHENTICATION


def open_(on: Connection) -> Any:
    return open_model(on, Opening(Gate(1), 1, {}))


def test_a_member_leads_it_into_no_private_network(simulator: Simulator) -> None:

    reach = Reach(private=False, tells=False)
    with pytest.raises(ModelError) as caught:
        ask(connection(simulator.root, provider=GEMINI), question(), reach=reach)
    assert "private" in caught.value.message


def test_base64_of_pictures_is_not_copied_into_words() -> None:
    data = base64.b64encode(b"x" * 100).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}
    sent = GenerateContent().request(
        {"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": [part]}]}
    )
    [found] = sent["contents"][0]["parts"]
    assert found == {"inlineData": {"mimeType": "image/jpeg", "data": data}}
