"""A model's text -> the JSON object that is its answer.

Strict JSON comes first, and is all that most texts cost. Only otherwise the answer is looked for:
after reasoning, in fences, among drafts, in JSON that is not strict (``reading/``). What can be
read in two ways is refused, since an answer asked for again is cheaper than a wrong label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

from ml_backend.errors import AnswerError
from ml_backend.labeling.answer_keys import by_control
from ml_backend.llm.reading import lenient_json
from ml_backend.llm.reading.drafts import Ambiguous, Found, choose, choose_of_reasoning
from ml_backend.llm.reading.lenient_json import Unreadable
from ml_backend.llm.reading.reasoning import as_data, has_markup, opens, part
from ml_backend.llm.reading.schema_echoes import is_schema
from ml_backend.records import JsonObject

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# A quote that is escaped although it is in no string: the string's own quotes were lost.
ESCAPED = re.compile(r"\{(?:\s|\\[nrt])*+\\+\"")
# How a brace begins that opens an object with a key.
MEMBER = re.compile(
    r"[{｛]\s*+(?:\"([^\"]{0,200})\"|'([^']{0,200})'"
    r"|[\"'“”„‘’«`]?([^\"'“”„‘’«»`{}｛｝:：,]{0,200})[\"'“”’»`]?)\s*+[:：]"
)
OPENING = re.compile("[{｛]")
FENCED = re.compile(r"(?:```|~~~)[\w.+-]*+(?P<inner>.*)(?:```|~~~)", re.DOTALL)
# Braces, and strings with those in them.
BRACE = re.compile(r"[{}｛｝]")
BRACES = {"{": 1, "}": -1, "｛": 1, "｝": -1}
# One that nothing closes goes on to the end, or every quote in it would look for that again.
BRACE_OR_STRING = re.compile(
    r"\"(?:[^\"\\]|\\.?)*+(?:\"|\Z)|'(?:[^'\\]|\\.?)*+(?:'|\Z)|[{}｛｝]", re.DOTALL
)
# Braces that open nothing: enough for prose, a bound for hostile text.
MOST_FAILURES = 50
MOST_STRINGS = 2
# Sixty kilobytes made to be slow take 0.2 s, and that is where others' answers wait.
LONGEST_SEARCHED = 300_000
ONE_OBJECT = "Answer with one JSON object and nothing else."


def read_object(
    text: str, names: Collection[str] = (), *, finished: bool = True, is_reasoning: bool = False
) -> JsonObject:
    """Return the object a text is or holds as its answer; raise ``AnswerError`` otherwise.

    ``names`` are the keys asked for, by which the answer is known from other objects. A missing
    last brace is taken for forgotten only when the model had ``finished``. NaN and Infinity are no
    JSON. With ``is_reasoning`` the text is all reasoning, of which only an end in no doubt counts.
    Halves of surrogate pairs become U+FFFD, since no database or HTTP body takes them.
    """
    try:
        value = DECODER.decode(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        opened = _opened(value, names)
        return _clean(value, text) if opened is value else _clean(opened, None)
    try:
        search = _Search(names, finished)
        is_short = len(text) <= LONGEST_SEARCHED
        found = search.read(text, is_reasoning=is_reasoning) if is_short else None
    except Ambiguous as error:
        raise AnswerError(error.message, fix=ONE_OBJECT) from None
    if found is None:
        raise AnswerError(
            "The answer is empty." if not text.strip() else "The answer is not a JSON object.",
            fix=ONE_OBJECT,
        )
    return _clean(_opened(found, names), None)


class _Search:
    """Looks for the answer in what is not simply one."""

    def __init__(self, names: Collection[str], finished: bool) -> None:
        self.names = names
        self.finished = finished
        self.failures = 0
        self.wasted = 0
        self.twice: str | None = None

    def read(self, text: str, *, is_reasoning: bool = False, depth: int = 0) -> JsonObject | None:
        inner = _out_of_string(text)
        if inner is not None and depth < MOST_STRINGS:
            try:
                value = DECODER.decode(inner)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                return value
            return self.read(inner, is_reasoning=is_reasoning, depth=depth + 1)
        if (whole := _whole(text)) is not None:
            return whole
        if is_reasoning:
            return self._read_reasoning(text)
        parted = part(self._quoting(text) if has_markup(text) else text)
        for answer in parted.answers:
            found = self._read_answer(answer)
            if found is not None:
                return found
        if parted.reasoning and not any(OPENING.search(answer) for answer in parted.answers):
            return self._read_reasoning(parted.reasoning)
        self._complain()
        return None

    def _quoting(self, text: str) -> str:
        """The text with what its objects quote told apart from its own markup.

        Objects amid thinking are left as they are: nobody says that they end before it does.
        """
        pieces: list[str] = []
        trial = _Search(self.names, self.finished)
        start, is_open = 0, False
        at = _brace(text, 0)
        while at >= 0 and trial.failures <= MOST_FAILURES and trial.wasted <= len(text) + 4096:
            is_open = opens(text, start, at, before=is_open)
            each = None if is_open else trial._object(text, at)
            end = each.end if each is not None else at + 1
            pieces += [text[start:at], as_data(text[at:end])]
            start, at = end, _brace(text, end)
        return "".join([*pieces, text[start:]])

    def _read_answer(self, text: str) -> JsonObject | None:
        found, broken = self._objects(text)
        return choose(text, found, broken)

    def _read_reasoning(self, text: str) -> JsonObject | None:
        found, broken = self._objects(text)
        chosen = choose_of_reasoning(text, found, broken)
        if chosen is None:
            self._complain()
        return chosen

    def _complain(self) -> None:
        if self.twice is not None:
            raise Ambiguous(f'The answer gives "{self.twice[:60]}" twice, with different values.')

    def _objects(self, text: str) -> tuple[list[Found], int]:
        """The objects of a text, and where one begins that cannot be read, -1 without any.

        Of several, those that have none of the keys asked for are left out.
        """
        found: list[Found] = []
        broken = -1
        at = _brace(text, 0)
        while at >= 0:
            each = self._object(text, at)
            if each is not None:
                found.append(each)
                at = _brace(text, each.end)
                continue
            if member := MEMBER.match(text, at):
                # What it holds says nothing without it.
                broken = (
                    at if self._is_asked_for(next(filter(None, member.groups()), "")) else broken
                )
                at = _brace(text, _closing(text, at))
            else:
                at = _brace(text, at + 1)
            if self.failures > MOST_FAILURES or self.wasted > len(text) + 4096:
                return found, len(text)
        fitting = [each for each in found if each.fits]
        return (fitting or found), broken

    def _object(self, text: str, at: int) -> Found | None:
        try:
            value, end = DECODER.raw_decode(text, at)
        except RecursionError:
            self.failures += 1
            return None
        except ValueError as error:
            self.twice = error.twice if isinstance(error, Unreadable) else self.twice
        else:
            return self._found(value, at, end)
        if (escaped := self._escaped(text, at)) is not None:
            return escaped
        try:
            read = lenient_json.read(text, at)
        except Unreadable as error:
            self.twice = error.twice or self.twice
            self.failures += 1
            self.wasted += error.at - at
            return None
        found = self._found(read.value, at, read.end)
        if read.was_open and not self._may_close(found):
            self.failures += 1
            return None
        return found

    def _escaped(self, text: str, at: int) -> Found | None:
        """An object whose quotes are escaped although it stands in no string."""
        if not ESCAPED.match(text, at):
            return None
        end = text.rfind("}") + 1
        inner = _out_of_string(text[at:end])
        try:
            value = DECODER.decode(inner or "")
        except (ValueError, RecursionError):
            return None
        return self._found(value, at, end) if isinstance(value, dict) else None

    def _found(self, value: JsonObject, at: int, end: int) -> Found:
        if not self.names:
            return Found(value, at, end, frozenset(value))
        if is_schema(value, self.names):
            return Found(value, at, end, frozenset())
        value = _opened(value, self.names)
        return Found(value, at, end, frozenset(by_control(value, self.names).answer))

    def _may_close(self, found: Found) -> bool:
        """Whether a missing last brace was forgotten: all that was asked for is there."""
        return self.finished and len(found.keys) >= len(self.names)

    def _is_asked_for(self, key: str) -> bool:
        return not self.names or bool(by_control({key.strip(): 0}, self.names).answer)


def _out_of_string(text: str) -> str | None:
    """Return the text of an object that was written as a string of JSON, None where it was not."""
    text = text.strip()
    if not text.startswith('"'):
        if not ESCAPED.match(text):
            return None
        text = f'"{text}"'
    try:
        inner = STRING_DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return inner if isinstance(inner, str) and OPENING.search(inner) else None


def _opened(value: JsonObject, names: Collection[str]) -> JsonObject:
    """An object with what its strings hold read, where it says nothing of what was asked for.

    A `final_answer` may hold the answer as a text of its own, in a fence or not quite JSON.
    """
    if not names or not any(isinstance(each, str) for each in value.values()):
        return value
    if by_control(value, names).answer:
        return value
    inner = {key: _whole(each) for key, each in value.items() if isinstance(each, str)}
    found = {key: each for key, each in inner.items() if each is not None}
    return {**value, **found} if found else value


def _whole(text: str) -> JsonObject | None:
    """Return the object a text is and nothing else, but for one fence around it."""
    text = text.strip().strip("\ufeff")
    fence = FENCED.fullmatch(text)
    text = fence["inner"].strip() if fence else text
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) or not text.startswith(lenient_json.OPENS):
        return value if isinstance(value, dict) else None
    try:
        read = lenient_json.read(text, 0)
    except Unreadable:
        return None
    return None if read.was_open or text[read.end :].strip() else read.value


def _brace(text: str, at: int) -> int:
    """Return where the next brace opens, -1 without any."""
    found = OPENING.search(text, at)
    return found.start() if found else -1


def _closing(text: str, at: int) -> int:
    """Return where a brace is closed at the latest, the end of the text where it is not."""
    return max(_closing_by(BRACE, text, at), _closing_by(BRACE_OR_STRING, text, at))


def _closing_by(pattern: re.Pattern[str], text: str, at: int) -> int:
    depth = 0
    for found in pattern.finditer(text, at):
        if found[0] in BRACES:
            depth += BRACES[found[0]]
        if depth == 0:
            return found.end()
    return len(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=lenient_json.unique)
STRING_DECODER = json.JSONDecoder(strict=False)


def _clean(value: JsonObject, text: str | None) -> JsonObject:
    if text is not None and "\\u" not in text and not LONE_SURROGATE.search(text):
        return value
    cleaned: JsonObject = _replace_surrogates(value)
    return cleaned


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    return value
