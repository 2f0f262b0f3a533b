"""Google's generateContent after its public documentation, for the simulator's vendors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from ml_backend.simulator.contents import BadContent
from ml_backend.simulator.errors import FAULTS

FIELDS = frozenset(
    {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings"}
)
CONFIG = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "maxOutputTokens": "max_completion_tokens",
    "seed": "seed",
    "stopSequences": "stop",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "responseLogprobs": "logprobs",
    "logprobs": "top_logprobs",
    "thinkingConfig": "reasoning_effort",
}
FORM_FIELDS = frozenset(
    {"responseMimeType", "responseJsonSchema", "responseSchema", "responseFormat", "candidateCount"}
)
KEYWORDS = frozenset(
    {
        *("$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum"),
        *("items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf"),
        *("properties", "additionalProperties", "required", "propertyOrdering"),
    }
)
JSON = "application/json"
ENDS = {"stop": "STOP", "length": "MAX_TOKENS"}
THOUGHTS = 5
"""Tokens of thoughts in each answer, which are no tokens of the candidate there."""
MINUTE = "GenerateRequestsPerMinutePerProjectPerModel"
DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
QUOTED = re.compile(r"'(\w+)'")


def question(model: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a request as a chat completion's; raises ``BadContent`` for what Google refuses."""
    body = _camel(body)
    _require_known(body, FIELDS, "")
    config = _camel(body.get("generationConfig", {}))
    _require_known(config, {*CONFIG, *FORM_FIELDS}, " at 'generation_config'")
    found: dict[str, Any] = {CONFIG[name]: config[name] for name in config if name in CONFIG}
    if not -(2**31) <= config.get("seed", 0) < 2**31:
        raise BadContent("Invalid value at 'generation_config.seed' (TYPE_INT32)")
    if {"thinkingBudget", "thinkingLevel"} <= set(config.get("thinkingConfig", {})):
        raise BadContent("You can only set only one of thinking budget and thinking level.")
    system = body.get("systemInstruction", {}).get("parts", [])
    messages = [{"role": "system", "content": _content(system)}] if system else []
    return found | {"model": model, "messages": [*messages, *_turns(body)]} | _form(body, config)


def _turns(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    turns = body["contents"]
    named = {"user": "user", "model": "assistant"}
    if not turns or not all(turn.get("role", "user") in named for turn in turns):
        raise BadContent("Please use a valid role: user, model.")
    return [
        {"role": named[turn.get("role", "user")], "content": _content(turn["parts"])}
        for turn in turns
    ]


def _content(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not parts:
        raise BadContent("Unable to submit request because it must have a parts field.")
    return [_part(part) for part in parts]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("text"):
        return {"type": "text", "text": part["text"]}
    data = _camel(part).get("inlineData")
    if data is None:
        raise BadContent("Unable to submit request because it must have a text parameter.")
    data = _camel(data)
    url = f"data:{data['mimeType']};base64,{data['data']}"
    if data["mimeType"] == "application/pdf":
        return {"type": "file", "file": {"file_data": url}}
    return {"type": "image_url", "image_url": {"url": url}}


def _form(body: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    wanted = config.get("responseFormat", {}).get("text", {})
    schema = wanted.get("schema") or config.get("responseJsonSchema")
    schema = schema or _lowered(config.get("responseSchema"))
    is_json = JSON in (config.get("responseMimeType"), wanted.get("mimeType"))
    if schema and not is_json:
        raise BadContent("response_schema needs response_mime_type: 'application/json'")
    if schema:
        _check_schema(schema)
        form = {"name": "answer", "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
    if is_json:
        return {"response_format": {"type": "json_object"}}
    if not body.get("tools"):
        return {}
    [tool] = body["tools"]
    function = _camel(_camel(tool)["functionDeclarations"][0])
    schema = function.get("parametersJsonSchema") or _lowered(function["parameters"])
    _check_schema(schema)
    named = {"name": function["name"], "parameters": schema}
    return {"tools": [{"type": "function", "function": named}]}


def _camel(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Names as they are written in JSON; both ways are taken there, as everywhere at Google's."""
    return {re.sub(r"(?<!^)_(\w)", lambda m: m[1].upper(), each): fields[each] for each in fields}


def _lowered(schema: Any) -> Any:
    """A schema in the older way, whose types are in capitals, as JSON schema."""
    if isinstance(schema, list):
        return [_lowered(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _lowered(value) for name, value in schema.items() if name != "nullable"}
    if isinstance(found.get("type"), str):
        found["type"] = found["type"].lower()
    return found


def _check_schema(schema: Any) -> None:
    if not isinstance(schema, dict):
        return
    _require_known(schema, KEYWORDS, " at 'response_json_schema'")
    if None in schema.get("enum", ()):
        raise BadContent("response_json_schema.enum: only allowed for strings and numbers")
    for part in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()):
        _check_schema(part)
    for part in (schema.get("items"), *schema.get("anyOf", ())):
        _check_schema(part)


def _require_known(given: Mapping[str, Any], known: Any, where: str) -> None:
    for name in given:
        if name not in known:
            raise BadContent(
                f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
            )


def answer(completion: dict[str, Any], model: str) -> dict[str, Any]:
    """Return a chat completion as an answer of generateContent."""
    [choice] = completion["choices"]
    message, usage = choice["message"], completion["usage"]
    counted = {"promptTokenCount": usage["prompt_tokens"]}
    found: dict[str, Any] = {"modelVersion": model, "responseId": completion["id"]}
    if message.get("refusal"):
        counted["totalTokenCount"] = usage["prompt_tokens"]
        found |= {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
        return found | {"usageMetadata": counted}
    spoken = max(0, usage["completion_tokens"] - THOUGHTS)
    thought = usage["completion_tokens"] - spoken
    counted |= {
        "candidatesTokenCount": spoken,
        "thoughtsTokenCount": thought,
        "totalTokenCount": usage["total_tokens"],
    }
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": _spoken(message)}}
    candidate |= {"finishReason": ENDS[choice["finish_reason"]], "index": 0}
    if tokens := choice.get("logprobs"):
        chosen = [
            {"token": each["token"], "tokenId": number, "logProbability": each["logprob"]}
            for number, each in enumerate(tokens["content"])
        ]
        beside = [{"candidates": [each]} for each in chosen]
        candidate["logprobsResult"] = {"chosenCandidates": chosen, "topCandidates": beside}
    return found | {"candidates": [candidate], "usageMetadata": counted}


def _spoken(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    calls = [
        {
            "functionCall": {
                "name": call["function"]["name"],
                "args": json.loads(call["function"]["arguments"]),
            }
        }
        for call in message.get("tool_calls", ())
    ]
    return calls or [{"text": message["content"]}]


def refusal(
    fault: str, status: int, error: Mapping[str, Any], bad_key: tuple[int, str, str]
) -> tuple[int, dict[str, Any]]:
    """Return status and body of an error; ``bad_key`` is that of a key, which is the vendor's."""
    said = str(error["message"])
    own = fault in FAULTS and _is_own(fault, said)
    details: list[dict[str, Any]] = []
    if fault in ("rate_limit", "quota"):
        status, kind, words = 429, "RESOURCE_EXHAUSTED", _OVER
        details = [_quota(DAY), _retry("34s")] if fault == "quota" else [_quota(MINUTE)]
        details += [_retry("0.1s")] if fault == "rate_limit" else []
    elif fault == "server_error":
        status, kind, words = _FAILED.get(status, _FAILED[500])
    elif fault == "auth":
        status, kind, words = bad_key
        details = [_reason(status)]
    elif fault in ("model_not_found", "no_route"):
        status, kind = 404, "NOT_FOUND"
        words = _NO_MODEL if fault == "model_not_found" else "Requested entity was not found."
    else:
        kind, words = "INVALID_ARGUMENT", _WORDS.get(fault, said)
    if fault == "parameter":
        words = _UNTAKEN.get(next(iter(QUOTED.findall(said)), ""), said)
    elif fault == "form_refused":
        words = _form_words(error)
    elif not own:
        words = said  # as it was told
    told = {"code": status, "message": words, "status": kind}
    return status, {"error": told | ({"details": details} if details else {})}


def _is_own(fault: str, said: str) -> bool:
    """Whether a message is the simulator's own, and not one that it was told to say."""
    start = FAULTS[fault].message.partition("{")[0]
    return bool(start) and said.startswith(start)


def _form_words(error: Mapping[str, Any]) -> str:
    what = "Function calling" if error.get("param") == "tools" else "JSON mode"
    return f"{what} is not enabled for models/simulated"


def _quota(name: str) -> dict[str, Any]:
    violation = {"quotaMetric": "generate_content_requests", "quotaId": name, "quotaValue": "15"}
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}


def _retry(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def _reason(status: int) -> dict[str, Any]:
    reason = "API_KEY_INVALID" if status == 400 else "ACCESS_TOKEN_EXPIRED"
    info = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": info, "reason": reason, "domain": "googleapis.com"}


_OVER = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)
_TOO_LONG = (
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
)
_NO_MODEL = (
    "models/unknown is not found for API version v1beta, or is not supported for generateContent. "
    "Call ListModels to see the list of available models and their supported methods."
)
_WORDS = {"too_long": _TOO_LONG, "refuse": "The request was blocked by the safety settings."}
_FAILED = {
    500: (500, "INTERNAL", "An internal error has occurred. Please retry."),
    503: (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
_UNTAKEN = {
    "reasoning_effort": "Thinking level is not supported for this model.",
    "logprobs": "Logprobs is not enabled for models/simulated",
    "presence_penalty": "Penalty is not enabled for models/simulated",
    "frequency_penalty": "Penalty is not enabled for models/simulated",
}


def called(request: web.Request) -> str:
    """Return the model of a path that ends in ``model:generateContent``."""
    model, _, method = request.match_info["call"].rpartition(":")
    if method != "generateContent":
        raise BadContent(f"Method {method!r} is not simulated.")
    return model


def page(names: Sequence[str], request: web.Request, size: int) -> tuple[list[str], str]:
    """Return the names of the page that was asked for, and what to ask for the next one with."""
    start = int(request.query.get("pageToken") or 0)
    end = start + size
    return list(names[start:end]), str(end) if end < len(names) else ""
