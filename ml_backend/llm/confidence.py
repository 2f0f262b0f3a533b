"""Token log-probabilities -> how probable each value of an answer was.

What a model says token by token is laid over the JSON it comes to. Where that is not the very
answer which was read, as after a repair, nothing is told: no number is better than one of another
text.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SPACE = re.compile(r"[ \t\n\r]*+")
SCALAR = re.compile(r'"(?:[^"\\]|\\.)*+"|-?\d[\d.eE+-]*+|true|false|null', re.DOTALL)
REPLACEMENT = "\ufffd"
"""What servers put in place of a part of a character."""
LONGEST = 300_000
MOST_FAILURES = 50
MOST_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text, from ``start`` to ``end``, and its log-probability."""

    start: int
    end: int
    logprob: float


@dataclass(frozen=True, slots=True)
class Part:
    """A value of an answer and those within it; ``tokens`` are the places of the tokens it took.

    Of an object or a list these are the tokens of its values, and of where a list goes on or ends:
    keys and white space are dictated, and tell nothing.
    """

    value: Any
    tokens: frozenset[int]
    members: Mapping[str, Part] = field(default_factory=dict)
    """Of an object."""
    items: tuple[Part, ...] = ()
    """Of a list."""


@dataclass(frozen=True, slots=True)
class SaidAnswer:
    """An answer as its tokens said it."""

    whole: Part
    logprobs: Sequence[float]

    def probability(self, part: Part) -> float | None:
        """Return the probability of a value as a whole, None of one that took no token."""
        return self._exp(part, 1.0)

    def per_token(self, part: Part) -> float | None:
        """Return the geometric mean of its tokens' probabilities: of a free text its length tells
        nothing."""
        return self._exp(part, 1.0 / max(1, len(part.tokens)))

    def _exp(self, part: Part, factor: float) -> float | None:
        if not part.tokens:
            return None
        return math.exp(factor * sum(self.logprobs[place] for place in part.tokens))


def said_answer(
    tokens: Sequence[Mapping[str, Any]], text: str, answer: Mapping[str, Any]
) -> SaidAnswer | None:
    """Return an answer over the tokens that said it, None where they do not tell it.

    ``tokens`` are the entries of ``choices[0].logprobs.content``, ``text`` is what they came to,
    ``answer`` what was read in it.
    """
    if not tell_logprobs(tokens):
        return None
    logprobs = [_logprob(entry) for entry in tokens]
    for shown, places in (_joined(tokens), _aligned(tokens, text)):
        pieces = [
            Token(start, end, known)
            for (start, end), known in zip(places, logprobs, strict=False)
            if known is not None
        ]
        found = _find(shown, pieces, answer) if len(pieces) == len(logprobs) else None
        if found is not None:
            return SaidAnswer(found, [piece.logprob for piece in pieces])
    return None


def tell_logprobs(tokens: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there are tokens, and each says how probable it was."""
    return bool(tokens) and all(_logprob(entry) is not None for entry in tokens)


def _logprob(entry: Mapping[str, Any]) -> float | None:
    value = entry.get("logprob")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(0.0, float(value))


# Where each token stands


def _joined(tokens: Sequence[Mapping[str, Any]]) -> tuple[str, list[tuple[int, int]]]:
    """The text that the tokens make by themselves, and where each of them stands in it.

    A character that is split over tokens belongs to each of them.
    """
    content = b""
    places: list[tuple[int, int]] = []
    count = 0
    pieces = [_bytes(entry) for entry in tokens]
    for piece in pieces:
        if piece is None:
            return "", []
        starts = len(piece) if piece.isascii() else sum(byte & 0xC0 != 0x80 for byte in piece)
        goes_on = bool(piece) and piece[0] & 0xC0 == 0x80
        places.append((count - goes_on, count + starts))
        count += starts
    content = b"".join(piece for piece in pieces if piece is not None)
    try:
        return content.decode(), places
    except UnicodeDecodeError:
        return "", []


def _bytes(entry: Mapping[str, Any]) -> bytes | None:
    given = entry.get("bytes")
    if isinstance(given, list):
        try:
            return bytes(given)
        except (TypeError, ValueError):
            return None
    token = entry.get("token")
    return token.encode("utf-8", "surrogatepass") if isinstance(token, str) else None


def _aligned(tokens: Sequence[Mapping[str, Any]], text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text, and where tokens stand in it of which some show a part of a character as none.

    What nobody can tell apart belongs to each token of a gap.
    """
    places: list[tuple[int, int]] = []
    at = waiting = 0
    for entry in tokens:
        token = entry.get("token")
        if not isinstance(token, str):
            return "", []
        shown = token.strip(REPLACEMENT)
        if not shown:
            waiting += 1
            continue
        found = text.find(shown, at) if waiting or shown != token else at
        if found < 0 or not text.startswith(shown, found):
            return "", []
        places += [(at, found)] * waiting
        places.append((at if shown != token else found, found + len(shown)))
        at, waiting = found + len(shown), 0
    return text, [*places, *[(at, len(text))] * waiting]


# The JSON in the text


@dataclass(slots=True)
class _Value:
    """A value, where it stands, and the marks of a list that tell whether it goes on."""

    value: Any
    start: int
    end: int
    members: dict[str, _Value] = field(default_factory=dict)
    items: list[_Value] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)


class _Unreadable(ValueError):
    pass


def _find(text: str, pieces: Sequence[Token], answer: Mapping[str, Any]) -> Part | None:
    """The last object of a text that is the answer, over its tokens."""
    if not text or len(text) > LONGEST:
        return None
    found: _Value | None = None
    failures, at = 0, text.find("{")
    while at >= 0 and failures <= MOST_FAILURES:
        try:
            read = _read(text, at, 0)
        except _Unreadable:
            failures += 1
            at = text.find("{", at + 1)
            continue
        found = next((each for each in _objects(read) if each.value == answer), found)
        at = text.find("{", read.end)
    return _part(found, _Places(pieces)) if found is not None else None


def _objects(value: _Value) -> Iterator[_Value]:
    """The objects of a value, itself first."""
    if isinstance(value.value, dict):
        yield value
    for each in (*value.members.values(), *value.items):
        if isinstance(each.value, dict | list):
            yield from _objects(each)


def _read(text: str, at: int, depth: int) -> _Value:
    """The value that begins at a place; strict JSON alone."""
    if depth > MOST_DEPTH:
        raise _Unreadable
    mark = text[at : at + 1]
    if mark == "{":
        return _read_object(text, at, depth)
    if mark == "[":
        return _read_list(text, at, depth)
    scalar = SCALAR.match(text, at)
    if scalar is None:
        raise _Unreadable
    return _Value(_loaded(scalar[0]), at, scalar.end())


def _read_object(text: str, start: int, depth: int) -> _Value:
    found = _Value({}, start, start)
    at = _after(text, start + 1)
    while text[at : at + 1] != "}":
        key = SCALAR.match(text, at)
        if key is None or key[0][0] != '"':
            raise _Unreadable
        at = _after(text, key.end())
        if text[at : at + 1] != ":":
            raise _Unreadable
        name, member = _loaded(key[0]), _read(text, _after(text, at + 1), depth + 1)
        found.members[name] = member
        found.value[name] = member.value
        at = _next(text, member.end, "}")
    found.end = at + 1
    return found


def _read_list(text: str, start: int, depth: int) -> _Value:
    found = _Value([], start, start, marks=[start])
    at = _after(text, start + 1)
    while text[at : at + 1] != "]":
        item = _read(text, at, depth + 1)
        found.items.append(item)
        found.value.append(item.value)
        found.marks.append(_after(text, item.end))
        at = _next(text, item.end, "]")
    found.marks.append(at)
    found.end = at + 1
    return found


def _next(text: str, at: int, closing: str) -> int:
    """Where the next part begins, or the mark that closes."""
    at = _after(text, at)
    if text[at : at + 1] == ",":
        at = _after(text, at + 1)
        if text[at : at + 1] != closing:
            return at
    elif text[at : at + 1] == closing:
        return at
    raise _Unreadable


def _after(text: str, at: int) -> int:
    space = SPACE.match(text, at)
    return space.end() if space else at


def _loaded(scalar: str) -> Any:
    if scalar[0] == '"' and "\\" not in scalar and scalar.isprintable():
        return scalar[1:-1]
    try:
        return json.loads(scalar)
    except ValueError:
        raise _Unreadable from None


# Tokens of values


class _Places:
    """Which tokens stand over a stretch of the text."""

    def __init__(self, pieces: Sequence[Token]) -> None:
        self._starts = [piece.start for piece in pieces]
        self._ends = [piece.end for piece in pieces]

    def over(self, start: int, end: int) -> Iterable[int]:
        first = bisect_right(self._ends, start)
        return range(first, bisect_left(self._starts, end, first))


def _part(value: _Value, places: _Places) -> Part:
    members = {name: _part(each, places) for name, each in value.members.items()}
    items = tuple(_part(each, places) for each in value.items)
    tokens: set[int] = set()
    if isinstance(value.value, dict | list):
        for each in (*members.values(), *items):
            tokens |= each.tokens
        for mark in value.marks:
            tokens.update(places.over(mark, mark + 1))
    else:
        # Where a number ends is told by what follows it; a text has its closing quote.
        ends = (
            value.end
            if isinstance(value.value, str | bool) or value.value is None
            else (value.end + 1)
        )
        tokens.update(places.over(value.start, ends))
    return Part(value.value, frozenset(tokens), members, items)
