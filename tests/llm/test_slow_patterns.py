"""No pattern over what an endpoint, a model or a task says takes more than time in proportion.

Every pattern with a repeat without end is fed with repetitions of its own pieces and of what text
and JSON are made of: four times as much may take some four times as long, and not sixteen.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ml_backend import labeling, llm
from ml_backend.errors import AnswerError
from ml_backend.llm.confidence import said_answer
from ml_backend.llm.explanations import without_secrets
from ml_backend.llm.reading.answer_object import read_object
from ml_backend.llm.refusals.judging import judge, read_refusal
from support.models import connection

PARSER: Any = importlib.import_module("re._parser")
BEGINNINGS = ('"', '\\"', "\\'", " ", "\n", "a", "1", ".", "a ", "<a ", "*", "`", "key-", "「")
ENDS = ("\x00", "\\", "")
SMALL, MANY = 1_000, 4
SLOW_ENOUGH = 0.0015
"""Seconds of CPU worth a second look."""
STEEP = 9


# Only ever matched at one place, so that how many beginnings a text has does not count.
ANCHORED = {"STRINGS", "TRAILER", "PAGE", "_NUMBER", "_MEASURE", "_DOCTYPE"}


def _patterns(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _patterns(each)
    elif isinstance(value, dict):
        yield from _patterns(list(value.values()))


def _modules() -> Iterator[tuple[str, list[tuple[str, re.Pattern[str]]]]]:
    seen: set[tuple[str, int]] = set()
    for package in (llm, labeling):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            endless = []
            for name, value in vars(importlib.import_module(info.name)).items():
                found = [each for each in _patterns(value) if _source(each) not in seen]
                seen.update(map(_source, found))
                trees = ((each, PARSER.parse(*_source(each))) for each in found)
                endless += [(name, each) for each, tree in trees if _is_endless(tree)]
            if endless:
                yield info.name, endless


def _source(pattern: re.Pattern[str]) -> tuple[str, int]:
    return pattern.pattern, pattern.flags & ~re.UNICODE


def _is_endless(tree: Any) -> bool:
    for name, value in tree:
        if "REPEAT" in str(name) and value[1] == PARSER.MAXREPEAT:
            return True
        parts = value if isinstance(value, tuple | list) else [value]
        for part in parts:
            inner = part if isinstance(part, list) else [part]
            if any(isinstance(each, PARSER.SubPattern) and _is_endless(each) for each in inner):
                return True
    return False


def _pieces(tree: Any, found: set[str]) -> str:
    """A text the tree fits, and in ``found`` those of its parts."""
    text = ""
    for name, value in tree:
        match str(name):
            case "LITERAL":
                text += chr(value)
            case "ANY" | "NOT_LITERAL":
                text += "a"
            case "IN":
                text += _member(value)
            case "SUBPATTERN":
                text += _pieces(value[-1], found)
            case "ATOMIC_GROUP":
                text += _pieces(value, found)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                found.add(text)
                text += _pieces(value[2], found)
            case "BRANCH":
                found.add(text)
                ways = [_pieces(each, found) for each in value[1]]
                found.update(text + way for way in ways)
                text += ways[0]
            case "ASSERT" | "ASSERT_NOT":
                _pieces(value[1], found)
    found.add(text)
    return text


def _member(members: Any) -> str:
    for name, value in members:
        match str(name):
            case "NEGATE":
                return "a"
            case "LITERAL":
                return chr(value)
            case "RANGE":
                return chr(value[0])
            case "CATEGORY" if "NOT" not in str(value):
                return {"DIGIT": "1", "SPACE": " "}.get(str(value).rsplit("_", 1)[-1], "a")
    return "a"


def _hostile(pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    found: set[str] = set()
    _pieces(PARSER.parse(*_source(pattern)), found)
    own = sorted(each for each in found if 0 < len(each) <= 60)
    for piece in dict.fromkeys((*own, *BEGINNINGS)):
        for end in ENDS:
            yield "", piece, end
        yield piece, " ", "\x00"
        yield piece, "a", "\x00"


def _seconds(
    name: str, pattern: re.Pattern[str], parts: tuple[str, str, str], size: int, tries: int
) -> float:
    start, piece, end = parts
    text = start + piece * (size // len(piece)) + end
    best = 9.0
    for _ in range(tries):
        began = time.process_time()
        if name in ANCHORED:
            pattern.match(text)
        else:
            any(False for _ in pattern.finditer(text))
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.slow
@pytest.mark.parametrize(("module", "patterns"), _modules())
def test_a_pattern_takes_time_in_proportion(module, patterns):
    steep = []
    for name, pattern in patterns:
        for parts in _hostile(pattern):
            if _seconds(name, pattern, parts, SMALL, 1) < SLOW_ENOUGH:
                continue
            few, many = (_seconds(name, pattern, parts, n, 2) for n in (SMALL, SMALL * MANY))
            if many > STEEP * max(few, 0.0002):
                steep.append((pattern.pattern[:80], parts, round(few, 4), round(many, 4)))
                break
    assert not steep, module


def _spent(do: Any, text: str) -> float:
    best = 9.0
    for _ in range(2):
        began = time.process_time()
        do(text)
        best = min(best, time.process_time() - began)
    return best


def _answer(text: str) -> None:
    with pytest.raises(AnswerError):
        read_object(text, ("a",))


def _refused(text: str) -> None:
    body = {"error": {"message": text, "param": text, "code": text, "type": text}}
    for status in (400, 403, 500):
        judge(read_refusal(status, body), {}, ("temperature",))


def _page(text: str) -> None:
    judge(read_refusal(403, f"<html>{text}"), {}, ())


def _secrets(text: str) -> None:
    without_secrets(text, connection("http://127.0.0.1:1"))


def _confidence(text: str) -> None:
    said_answer([{"token": text, "logprob": -0.1}], text, {"a": 1})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("do", "start", "piece", "end"),
    [
        (_answer, '{"a": x ', '\\"', ""),
        (_answer, '{"a": x ', '\\"', "\\"),
        (_answer, "{'a': x ", "\\'", ""),
        (_answer, "assistant final", " ", "x"),
        (_answer, "<think", " ", "x"),
        (_answer, "<think ", "\n", "x"),
        (_answer, "", "{ ", ""),
        (_answer, "", "<think ", ""),
        (_answer, "", '{"a', ""),
        (_refused, "", "desteklen", ""),
        (_refused, "desteklen", "m", ""),
        (_refused, "", "неверн", ""),
        (_refused, "", "unterst", ""),
        (_refused, "nicht ", "unterst ", ""),
        (_refused, "message", ".", "x"),
        (_refused, "", "message.", "x"),
        (_refused, "", "image", " "),
        (_refused, "", ", ", "x"),
        (_refused, "", "{'input' ", "x"),
        (_page, "", "<title>", ""),
        (_page, "", "<title", ""),
        (_page, "", "<h1>x", ""),
        (_page, "", "<script ", ""),
        (_page, "", "<", ""),
        (_secrets, "", "key-", ""),
        (_secrets, "", "sk-a.", ""),
        (_secrets, "", "Bearer ", ""),
        (_confidence, "", '\\"', ""),
        (_confidence, '"', '\\"', "\\"),
    ],
)
def test_a_text_made_to_be_slow_is_read_in_proportion(do, start, piece, end):
    small, many = 30_000, 4
    few, lots = (
        _spent(do, start + piece * (size // len(piece)) + end) for size in (small, small * many)
    )
    assert lots < max(STEEP * few, 0.05), (few, lots)
    assert lots < 1.5
