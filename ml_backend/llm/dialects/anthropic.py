"""Anthropic's Messages API: rules apart from the turns, parts in blocks, thoughts by effort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ml_backend.llm.dialects.anthropic_models import Generation, generation_of
from ml_backend.llm.dialects.anthropic_replies import completion, with_name
from ml_backend.llm.dialects.anthropic_schema import strict
from ml_backend.llm.refusals.judging import Cure, Trouble
from ml_backend.llm.system_role import SYSTEM_ROLES
from ml_backend.llm.wire import CallFailed
from ml_backend.prompting.parameters import KNOWN, OURS
from ml_backend.records import FailureKind, JsonObject

Blocks = list[JsonObject]

ROUTE = "messages"
PAGE = "models?limit=1000"
RETIRED = "retired"

LIMITS = ("max_completion_tokens", "max_tokens")
SAMPLING = ("temperature", "top_p", "top_k")
HOTTEST = 1.0
"""The highest temperature there is."""
BUDGETS: Mapping[str, int] = {
    "minimal": 1_024,
    "low": 4_096,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
}
"""Tokens for thoughts by effort, half of the room that a limit leaves for them."""
SMALLEST_BUDGET = 1_024
CACHED_BYTES = 3_000
"""Rules from which on keeping them is asked for. No model keeps less than 1,024 tokens."""
NOTHING = "(no text)"
"""What a user's turn says that there must be and that has no words."""


class Messages:
    """``POST /v1/messages`` as of ``anthropic-version: 2023-06-01``."""

    models_route = PAGE

    def route(self, model: str) -> str:
        return ROUTE

    def request(self, body: JsonObject) -> JsonObject:
        generation = generation_of(str(body["model"]))
        sent = {name: value for name, value in body.items() if name not in OURS | KNOWN.keys()}
        rules, turns = _conversation(body["messages"])
        sent |= {"model": body["model"], "messages": turns}
        if rules:
            sent["system"] = _kept(rules)
        sent["max_tokens"] = _limit(body, generation)
        is_thinking = _think(sent, body, generation)
        if not is_thinking:  # it may be set where the model does not think
            sent |= {name: body[name] for name in SAMPLING if name in body}
            _require_temperature(sent)
        if stops := _stops(body.get("stop")):
            sent["stop_sequences"] = stops
        if body.get("user"):
            sent["metadata"] = {"user_id": body["user"]}
        _ask_in_form(sent, body, is_thinking=is_thinking)
        return sent

    def answer(self, answer: JsonObject, sent: JsonObject) -> JsonObject:
        return completion(answer)

    def refusal(self, status: int, body: object) -> object:
        return with_name(body) if status == 400 else body

    def models(self, listing: object) -> tuple[list[str] | None, str]:
        rows = listing.get("data") if isinstance(listing, Mapping) else None
        if not isinstance(rows, list):
            return None, ""
        offered = [row for row in rows if isinstance(row, Mapping)]
        names = [row["id"] for row in offered if row.get("id") and row.get("lifecycle") != RETIRED]
        last = listing.get("last_id") if isinstance(listing, Mapping) else None
        has_more = isinstance(listing, Mapping) and listing.get("has_more") is True
        if has_more and isinstance(last, str) and last:
            return names, f"{PAGE}&after_id={quote(last, safe='', errors='replace')}"
        return names, ""


def _conversation(messages: Sequence[JsonObject]) -> tuple[Blocks, list[JsonObject]]:
    """Return the rules, and turns of user and assistant that take turns, a user's first."""
    rules: Blocks = []
    turns: list[JsonObject] = []
    for message in messages:
        role, blocks = message.get("role"), _blocks(message.get("content"))
        if role in SYSTEM_ROLES:
            rules += [each for each in blocks if each["type"] == "text"]
            blocks = [each for each in blocks if each["type"] != "text"]
        role = "assistant" if role == "assistant" else "user"
        if blocks and turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if not turns and rules:
        return [], [{"role": "user", "content": rules}]
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": [_text(NOTHING)]})
    return rules, turns


def _blocks(content: Any) -> Blocks:
    """A message's content; texts of white space alone are none, for they are refused."""
    if not isinstance(content, list):
        return [_text(str(content))] if content is not None and str(content).strip() else []
    return [_block(part) for part in content if part.get("type") != "text" or _says(part)]


def _says(part: JsonObject) -> bool:
    return bool(str(part.get("text") or "").strip())


def _text(text: str) -> JsonObject:
    return {"type": "text", "text": text}


def _block(part: JsonObject) -> JsonObject:
    kind = part.get("type")
    if kind == "text":
        return _text(part["text"])
    if kind == "image_url":
        return {"type": "image", "source": _source(part["image_url"]["url"])}
    if kind == "file" and part["file"].get("file_data"):
        file = part["file"]
        title = {"title": file["filename"]} if file.get("filename") else {}
        return {"type": "document", "source": _source(file["file_data"]), **title}
    said = f"parts of the type {str(kind)[:40]!r} have no place in its messages"
    raise CallFailed(Trouble(Cure.FAIL, FailureKind.BAD_REQUEST, said))


def _source(url: str) -> JsonObject:
    head, _, data = url.partition(",")
    if not head.startswith("data:"):
        return {"type": "url", "url": url}
    media_type = head.removeprefix("data:").partition(";")[0]
    return {"type": "base64", "media_type": media_type, "data": data}


def _kept(rules: Blocks) -> Blocks:
    """The rules, to be kept by the provider for the next tasks where there are enough of them.

    Nothing after them is: examples are chosen for each task, and keeping costs a quarter more.
    """
    if sum(len(each["text"].encode("utf-8", "replace")) for each in rules) < CACHED_BYTES:
        return rules
    return [*rules[:-1], {**rules[-1], "cache_control": {"type": "ephemeral"}}]


def _limit(body: JsonObject, generation: Generation) -> int:
    """The most tokens of the answer, which must be named; no more than the model has to give."""
    for name in LIMITS:
        limit = body.get(name)
        if isinstance(limit, int):
            return min(limit, generation.most or limit)
    return generation.usual


def _think(sent: JsonObject, body: JsonObject, generation: Generation) -> bool:
    """Ask for as much thinking as a version wants; return whether it was asked for any."""
    own = sent.get("thinking")
    if isinstance(own, Mapping):
        return own.get("type") != "disabled"
    effort = body.get("reasoning_effort")
    if not isinstance(effort, str) or not generation.thinks:
        return False
    if generation.by_budget:
        budget = min(BUDGETS.get(effort, 0), sent["max_tokens"] // 2)
        if budget < SMALLEST_BUDGET:
            return False
        sent["thinking"] = {"type": "enabled", "budget_tokens": budget}
        return True
    if effort == "none":
        sent["thinking"] = {"type": "disabled"}
        return False
    effort = {"minimal": "low", "xhigh": generation.hardest}.get(effort, effort)
    sent["thinking"] = {"type": "adaptive"}
    sent["output_config"] = {"effort": effort, **_own_config(sent)}
    return True


def _own_config(sent: JsonObject) -> JsonObject:
    """What a version's own fields say of the answer."""
    own = sent.get("output_config")
    return own if isinstance(own, dict) else {}


def _require_temperature(sent: JsonObject) -> None:
    heat = sent.get("temperature")
    if not isinstance(heat, int | float) or heat <= HOTTEST:
        return
    raise CallFailed(
        Trouble(
            Cure.STOP,
            FailureKind.BAD_REQUEST,
            f"It takes temperatures from 0 to 1, and this version sets {heat:g}",
            fix="Set temperature to 1 or less in the parameters of the prompt version.",
        )
    )


def _stops(stop: Any) -> list[str]:
    """Texts that end the answer; those of white space alone are refused, and left out."""
    stops = [stop] if isinstance(stop, str) else stop
    return [each for each in stops or () if isinstance(each, str) and each.strip()]


def _ask_in_form(sent: JsonObject, body: JsonObject, *, is_thinking: bool) -> None:
    form = body.get("response_format")
    if isinstance(form, Mapping) and form.get("type") == "json_schema":
        asked = {"type": "json_schema", "schema": strict(form["json_schema"]["schema"])}
        sent["output_config"] = {**_own_config(sent), "format": asked}
    if not body.get("tools"):
        return
    # As it is, and without "strict": schemas that structured outputs refuse are asked for so.
    functions = [tool["function"] for tool in body["tools"]]
    sent["tools"] = [
        {
            "name": each["name"],
            "description": each.get("description", ""),
            "input_schema": each["parameters"],
        }
        for each in functions
    ]
    # Who thinks may not be made to call it.
    choice = {"type": "auto"} if is_thinking else {"type": "tool", "name": functions[0]["name"]}
    sent["tool_choice"] = {**choice, "disable_parallel_tool_use": True}
