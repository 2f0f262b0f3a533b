"""What a version may set of a model call besides its messages, and what a person typed of it.

The names are those of OpenAI's chat completions and of servers that speak it. What is not among
them goes into ``extra_body``, as it does with OpenAI's own client.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_backend.errors import InvalidInput
from ml_backend.records import JsonObject

EXTRA = "extra_body"
"""Fields for a server of one's own, which are sent as they are."""

# Fields of a call that are ours; a version's parameters may not overrule them.
OURS = frozenset(
    {
        *("model", "messages", "n", "stream", "stream_options", "response_format"),
        *("tools", "tool_choice", "functions", "function_call"),
    }
)
LONGEST = 20_000
"""Characters of all parameters as JSON."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds; ``whole`` takes no fraction."""

    least: float = -math.inf
    most: float = math.inf
    whole: bool = False

    def takes(self, value: Any) -> bool:
        kinds = int if self.whole else (int, float)
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        return is_number and math.isfinite(value) and self.least <= value <= self.most

    @property
    def schema(self) -> JsonObject:
        bounds = {"minimum": self.least, "maximum": self.most}
        known = {name: _plain(each) for name, each in bounds.items() if math.isfinite(each)}
        return {"type": "integer" if self.whole else "number", **known}

    @property
    def words(self) -> str:
        noun = "a whole number" if self.whole else "a number"
        if math.isfinite(self.least) and math.isfinite(self.most):
            return f"{noun} from {self.least:g} to {self.most:g}"
        return f"{noun} of at least {self.least:g}" if math.isfinite(self.least) else noun


@dataclass(frozen=True, slots=True)
class Word:
    """A short text; with ``choices`` one of them."""

    choices: tuple[str, ...] = ()

    def takes(self, value: Any) -> bool:
        return isinstance(value, str) and bool(value) and value in (self.choices or (value,))

    @property
    def schema(self) -> JsonObject:
        return {"type": "string", **({"enum": list(self.choices)} if self.choices else {})}

    @property
    def words(self) -> str:
        return f"one of {', '.join(self.choices)}" if self.choices else "a text"


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false."""

    words: str = "true or false"

    @property
    def schema(self) -> JsonObject:
        return {"type": "boolean"}

    def takes(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Stops:
    """A text, or a list of up to four."""

    words: str = "a text or a list of up to four texts"

    @property
    def schema(self) -> JsonObject:
        text = {"type": "string", "minLength": 1}
        return {"anyOf": [text, {"type": "array", "items": text, "minItems": 1, "maxItems": 4}]}

    def takes(self, value: Any) -> bool:
        found = [value] if isinstance(value, str) else value
        return (
            isinstance(found, list)
            and 1 <= len(found) <= 4
            and all(isinstance(each, str) and each for each in found)
        )


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object."""

    words: str = "a JSON object"

    @property
    def schema(self) -> JsonObject:
        return {"type": "object"}

    def takes(self, value: Any) -> bool:
        return isinstance(value, dict)


Kind = Number | Word | Switch | Stops | Fields

KNOWN: Mapping[str, Kind] = {
    "temperature": Number(0, 2),
    "top_p": Number(0, 1),
    "max_completion_tokens": Number(1, 1_000_000, whole=True),
    "max_tokens": Number(1, 1_000_000, whole=True),
    "seed": Number(-(2**63), 2**63 - 1, whole=True),
    "reasoning_effort": Word(("none", "minimal", "low", "medium", "high", "xhigh")),
    "verbosity": Word(("low", "medium", "high")),
    "presence_penalty": Number(-2, 2),
    "frequency_penalty": Number(-2, 2),
    "logprobs": Switch(),
    "top_logprobs": Number(0, 20, whole=True),
    "stop": Stops(),
    "logit_bias": Fields(),
    "user": Word(),
    "top_k": Number(-1, 1_000_000, whole=True),
    "min_p": Number(0, 1),
    "repetition_penalty": Number(0, 10),
    "chat_template_kwargs": Fields(),
    EXTRA: Fields(),
}
"""Name -> what it takes; the first ones are those most people set."""


def check(
    parameters: Mapping[str, Any], kinds: Mapping[str, Kind] = KNOWN, *, of: str = ""
) -> JsonObject:
    """Return parameters that can be stored, or raise InvalidInput naming what is wrong.

    One that is null is left out. Nothing is dropped otherwise. ``kinds`` are those that a provider
    takes, which is called ``of``.
    """
    found: JsonObject = {}
    for name, value in parameters.items():
        kind = kinds.get(name)
        if kind is None and name in KNOWN and of:
            raise InvalidInput(
                f"{of} takes no parameter {name}.",
                field="parameters",
                fix=f"It takes: {', '.join(kinds)}." if kinds else "It takes none.",
            )
        if kind is None:
            raise _unknown(name)
        if value is None:
            continue
        if not kind.takes(value):
            raise InvalidInput(
                f"The parameter {name} is {_shown(value)}.",
                field="parameters",
                fix=f"{f'Of {of} it' if of and kind != KNOWN[name] else 'It'} takes {kind.words}.",
            )
        if name == EXTRA:
            _check_extra(value)
        found[name] = value
    _check_size(found)
    return found


def schema_of(kinds: Mapping[str, Kind]) -> JsonObject:
    """Return the JSON schema of parameters of these kinds."""
    return {
        "type": "object",
        "properties": {name: kind.schema for name, kind in kinds.items()},
        "additionalProperties": False,
    }


def _plain(number: float) -> float | int:
    return int(number) if float(number).is_integer() else number


def parse(text: str) -> JsonObject:
    """Return parameters as people type them: lines such as ``temperature = 0.2``, or a JSON object.

    A value is JSON, or else the words as they stand. Raises InvalidInput as ``check`` does.
    """
    text = text.strip()
    if text.startswith("{"):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(
                f"The parameters are no JSON: {error}.",
                field="parameters",
                fix="Write a line each, for example temperature = 0.2.",
            ) from error
        return check(given)
    found: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, value = assignment(line)
        if name in found:
            raise InvalidInput(f"The parameter {name} is given twice.", field="parameters")
        found[name] = value
    return check(found)


def assignment(text: str) -> tuple[str, Any]:
    """Return name and value of ``temperature=0.2``; raises InvalidInput for what is none."""
    name, sign, value = text.partition("=")
    if not sign:
        name, sign, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not sign or not name or not value:
        raise InvalidInput(
            f"{text[:80]!r} is no parameter.",
            field="parameters",
            fix="Write its name and its value, for example temperature = 0.2.",
        )
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def written(parameters: Mapping[str, Any]) -> str:
    """Return parameters as ``parse`` reads them, a line each; "" for none."""
    return "\n".join(f"{name} = {_value(value)}" for name, value in parameters.items())


def listed(parameters: Mapping[str, Any]) -> str:
    """Return parameters on one line; "" for none."""
    return ", ".join(f"{name} = {_value(value)}" for name, value in parameters.items())


def _value(value: Any) -> str:
    if isinstance(value, str) and value == value.strip() and "\n" not in value:
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            return value
    return json.dumps(value, ensure_ascii=False)


def _unknown(name: str) -> InvalidInput:
    if name in OURS:
        return InvalidInput(
            f"The parameter {name} is set by the server.",
            field="parameters",
            fix="Model, messages and the answer's form follow from the version and its project.",
        )
    return InvalidInput(
        f"There is no parameter {name[:80]!r}.",
        field="parameters",
        fix=f"There are: {', '.join(KNOWN)}. {EXTRA} takes fields of a server of your own.",
    )


def _check_extra(fields: Mapping[str, Any]) -> None:
    for name in fields:
        if name in OURS or name in KNOWN:
            why = "is set by the server" if name in OURS else "is a parameter of its own"
            raise InvalidInput(f"{name} in {EXTRA} {why}.", field="parameters", fix="Take it out.")


def _check_size(parameters: JsonObject) -> None:
    text = json.dumps(parameters, ensure_ascii=False)
    if len(text) > LONGEST:
        raise InvalidInput(
            f"The parameters have {len(text):,} characters; {LONGEST:,} is the most.",
            field="parameters",
        )
    if "\0" in text or "\\u0000" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise InvalidInput("The parameters hold bytes that are not text.", field="parameters")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
