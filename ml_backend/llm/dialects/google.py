"""Google's generateContent, as Gemini and Vertex AI have it, from and to chat completions.

https://ai.google.dev/api/generate-content. What the vendor filters is left to its own default:
no ``safetySettings`` are sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ml_backend.llm.dialects.google_answers import as_completion
from ml_backend.llm.dialects.google_schema import translated
from ml_backend.llm.refusals.judging import Cure, Trouble
from ml_backend.llm.system_role import SYSTEM_ROLES
from ml_backend.llm.wire.troubles import CallFailed
from ml_backend.records import FailureKind, JsonObject

PARAMETERS = frozenset(
    {
        *("temperature", "top_p", "top_k", "max_completion_tokens", "max_tokens", "seed", "stop"),
        *("reasoning_effort", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"),
    }
)
"""What it takes, by the names of chat completions."""
PLAIN = {
    "temperature": "temperature",
    "top_p": "topP",
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
SEEDS = 2**31
"""Seeds are 32 bits with a sign there; a longer one is folded, the same one always alike."""

MODEL = re.compile(
    r"(?:models/|google/|(?:projects/[^/]+/locations/[^/]+/)?publishers/google/models/)?"
    r"([A-Za-z0-9](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9])?)",
    re.ASCII,
)
"""A model of Google's, with or without what their own lists put before it."""
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII)

BUDGETED = re.compile(r"gemini-(?:1|2)\b")
TAKES_MINIMAL = re.compile(r"flash-lite|gemini-3(?:\.[0-6])?-flash")
BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576}
"""Tokens of thoughts where they are told as a number, as in Google's own table of efforts."""
LEAST_OF_PRO = 128
"""A pro model of 2.5 thinks in any case."""

NAMES = (
    (r"think|\bbudget\W{1,3}\d+\W{1,3}is invalid", "reasoning_effort"),
    (r"log_?probs", "logprobs"),
    (r"(?<!frequency)(?<!frequency[ _])penalty", "presence_penalty"),
    (r"(?<!presence)(?<!presence[ _])penalty", "frequency_penalty"),
    (r"stop_?sequences", "stop"),
    (r"top_?k\b", "top_k"),
    (r"top_?p\b", "top_p"),
)
"""What its words about a parameter are about, by the name people set it by."""
ABOUT = tuple((re.compile(words, re.IGNORECASE), name) for words, name in NAMES)
UNTAKEN = re.compile(
    r"(?:not|n't) (?:be )?(?:currently )?(?:enabled|support\w*|available|configurable|disabled"
    r"|allowed)|unsupported|unknown name|cannot find field|only (?:works|supported|enabled)",
    re.IGNORECASE,
)


class GenerateContent:
    """The dialect of both, without their paths."""

    def __init__(self) -> None:
        # A run asks for one schema again and again.
        self._known: tuple[Any, JsonObject] = (None, {})

    def request(self, body: JsonObject) -> JsonObject:
        """Return the body of generateContent; raises ``CallFailed`` for what no model takes."""
        config = generation_config(body)
        found: JsonObject = {}
        system, contents = conversation(body.get("messages") or [])
        if system:
            found["systemInstruction"] = {"parts": system}
        found["contents"] = contents
        wanted = body.get("response_format") or {}
        if wanted.get("type") == "json_schema":
            config["responseMimeType"] = "application/json"
            config["responseJsonSchema"] = self._schema(wanted["json_schema"]["schema"])
        elif wanted.get("type") == "json_object":
            config["responseMimeType"] = "application/json"
        if body.get("tools"):
            found |= self._tools(body["tools"])
        if config:
            found["generationConfig"] = config
        return found

    def answer(self, answer: JsonObject, sent: JsonObject) -> JsonObject:
        """Return an answer as a chat completion; what is none as it came."""
        return as_completion(answer, sent)

    def refusal(self, status: int, body: object) -> object:
        """Return an error with the names of chat completions in what it says of parameters."""
        error = _error_in(body)
        if error is None or status not in (400, 422) or not isinstance(error.get("message"), str):
            return body
        said = error["message"]
        names = [name for pattern, name in ABOUT if pattern.search(said)]
        if not names:
            return body
        told = {**error, "message": f"{said} ({', '.join(names)})"}
        # How much is thought is set by us: whatever is wrong with it, it is better left out.
        if names[0] == "reasoning_effort" or UNTAKEN.search(said):
            told["type"] = "unsupported_parameter"
        return {"error": told}

    def _schema(self, schema: JsonObject) -> JsonObject:
        known, found = self._known
        if known is not schema:
            found = translated(schema)
            self._known = (schema, found)
        return found

    def _tools(self, tools: list[Any]) -> JsonObject:
        functions = [each["function"] for each in tools]
        declared = [
            {
                "name": each["name"],
                "description": each.get("description", ""),
                "parametersJsonSchema": self._schema(each["parameters"]),
            }
            for each in functions
        ]
        calling = {"mode": "ANY", "allowedFunctionNames": [each["name"] for each in functions]}
        return {
            "tools": [{"functionDeclarations": declared}],
            "toolConfig": {"functionCallingConfig": calling},
        }


def model_in(name: str) -> str:
    """Return a model's bare name; raises ``CallFailed`` for what cannot be one of Google's."""
    found = MODEL.fullmatch(name.strip())
    if found is None or ".." in name:
        raise no_model(f"{name[:60]!r} is no name that one of Google's models can have")
    return found[1]


def page_after(route: str, token: object) -> str:
    """Return the route of a list's next page, "" where there is none."""
    if not token:
        return ""
    return f"{route}&pageToken={quote(str(token), safe='', errors='replace')}"


def no_model(said: str) -> CallFailed:
    """Return the failure of a model that is not asked for here."""
    return CallFailed(Trouble(Cure.STOP, FailureKind.MODEL_NOT_FOUND, said))


def generation_config(body: Mapping[str, Any]) -> JsonObject:
    """Return the parameters of a chat completion by Google's names."""
    found: JsonObject = {new: body[old] for old, new in PLAIN.items() if old in body}
    if body.get("top_k", 0) > 0:  # no bound is told as -1
        found["topK"] = body["top_k"]
    if "seed" in body:
        found["seed"] = body["seed"] % SEEDS
    if stops := body.get("stop"):
        found["stopSequences"] = [stops] if isinstance(stops, str) else stops
    if body.get("logprobs"):
        found["responseLogprobs"] = True
        if body.get("top_logprobs"):
            found["logprobs"] = body["top_logprobs"]
    if effort := body.get("reasoning_effort"):
        found["thinkingConfig"] = thinking(str(body.get("model", "")), str(effort))
    return found


def thinking(model: str, effort: str) -> JsonObject:
    """Return how much a model thinks: a level from 3 on, before that a number of tokens."""
    if BUDGETED.search(model):
        budget = BUDGETS.get(effort, BUDGETS["medium"])
        return {"thinkingBudget": max(budget, LEAST_OF_PRO) if "pro" in model else budget}
    if effort in ("none", "minimal"):
        return {"thinkingLevel": "minimal" if TAKES_MINIMAL.search(model) else "low"}
    return {"thinkingLevel": "high" if effort == "xhigh" else effort}


def conversation(messages: list[Any]) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return the parts of the system's text, and the turns: one after the other, the user's first.

    Raises ``CallFailed`` for a part that is no text, picture or document.
    """
    system: list[JsonObject] = []
    turns: list[JsonObject] = []
    for message in messages:
        parts = _parts(message.get("content"))
        if message.get("role") in SYSTEM_ROLES and not turns:
            system += parts
            continue
        role = "model" if message.get("role") == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        elif parts:
            if not turns and role == "model":
                turns.append({"role": "user", "parts": [{"text": "…"}]})
            turns.append({"role": role, "parts": parts})
    return system, turns or [{"role": "user", "parts": [{"text": "…"}]}]


def _parts(content: Any) -> list[JsonObject]:
    """The parts of a message, without empty texts, which are refused."""
    if isinstance(content, str):
        return [{"text": content}] if content else []
    return [found for part in content or [] if (found := _part(part))]


def _part(part: Mapping[str, Any]) -> JsonObject | None:
    kind = part.get("type")
    if kind == "text":
        return {"text": part["text"]} if part.get("text") else None
    if kind == "image_url":
        return _inline(part["image_url"]["url"])
    if kind == "file":
        return _inline(part["file"].get("file_data", ""))
    raise _refused(f"A part of the type {kind!r} cannot be sent here")


def _inline(url: str) -> JsonObject:
    # An address would be fetched by Google, in the name of whoever the credentials are of.
    found = DATA_URL.match(url)
    if found is None:
        raise _refused("A picture or document is sent here as it is, never as an address")
    return {"inlineData": {"mimeType": found[1], "data": url[found.end() :]}}


def _refused(said: str) -> CallFailed:
    return CallFailed(Trouble(Cure.FAIL, FailureKind.BAD_REQUEST, said))


def _error_in(body: object) -> Mapping[str, Any] | None:
    first = body[0] if isinstance(body, list) and body else body
    error = first.get("error") if isinstance(first, Mapping) else None
    return error if isinstance(error, Mapping) else None
