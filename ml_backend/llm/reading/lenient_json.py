"""JSON as models write it -> what it means, where it can mean one thing only.

Beyond the standard: commas before a closing bracket, single, typographic and full-width quotes,
full-width brackets, bare keys, comments, line breaks in strings, Python's and other languages'
words for true and null.
Whatever could be meant in two ways is refused: bare words as values, a quote within a string, a
key given twice with different values. One pass, and never back: the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_backend.records import JsonObject

MOST_DEPTH = 60
# What stands between tokens; the groups are possessive, since hostile text may be all blanks.
BLANK = re.compile(r"(?:[\s\ufeff\u200b\u2060]++|//[^\n]*+|#[^\n]*+|/\*(?s:.*?)\*/)*+")
NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*+)?(?:\.\d*+)?(?:[eE][+-]?\d++)?", re.ASCII)
WORD = re.compile(r"[A-Za-z]++")
BARE_KEY = re.compile(r"[^\W\d][\w$.-]*+")
# What may follow an answer whose last brace is missing: the end of what holds it.
END = re.compile(r"```|</|<\|")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "none": None}
CLOSED_BY = {
    **{'"': '"', "'": "'", "`": "`", "＂": "＂", "＇": "＇"},
    **{"“": "”“", "”": "”", "„": "“”", "‟": "”", "‘": "’", "‚": "‘’", "‛": "’"},
    **{"«": "»", "»": "«", "‹": "›", "「": "」", "『": "』"},
}
STRINGS = {
    opening: re.compile(
        rf"([^\\{closers}]*+)(?:\\(u[0-9a-fA-F]{{4}}|x[0-9a-fA-F]{{2}}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{{4}}|[^uxU])|[{closers}])"
    )
    for opening, closers in CLOSED_BY.items()
}
ESCAPES = {
    **{'"': '"', "'": "'", "\\": "\\", "/": "/", "`": "`"},
    **{"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"},
}
HALVES = re.compile("[\ud800-\udfff]")
MARKS = frozenset('{}[]:,"')
OPENS, CLOSES = ("{", "｛"), ("}", "｝")
LIST_OPENS, LIST_CLOSES = ("[", "［"), ("]", "］")
COLONS = ":："
COMMAS = ",，"


class Unreadable(ValueError):
    """A text that is no object, or could be more than one; ``at`` is how far it was read."""

    def __init__(self, at: int, twice: str | None = None) -> None:
        super().__init__(f"unreadable at {at}")
        self.at = at
        self.twice = twice
        """The key that was given twice, with different values."""


@dataclass(frozen=True, slots=True)
class Read:
    """An object and where it ends; ``was_open`` when its last brace was missing."""

    value: JsonObject
    end: int
    was_open: bool = False


def unique(pairs: Sequence[tuple[str, Any]]) -> JsonObject:
    """Return the object of these members; raise ``Unreadable`` for a key with two values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        for name, value in pairs:
            if found[name] != value:
                raise Unreadable(0, name)
    return found


def read(text: str, start: int) -> Read:
    """Return the object that begins with the brace at ``start``; raise ``Unreadable``."""
    reader = _Reader(text)
    value = reader.read_object(start, depth=1)
    return Read(value, reader.at, reader.was_open)


class _Reader:
    """Goes through a text once; ``at`` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.was_open = False
        self._shows_its_end = False

    def read_object(self, start: int, depth: int) -> JsonObject:
        self.at = start + 1
        members: list[tuple[str, Any]] = []
        while self._peek() not in CLOSES:
            key = self._key()
            self._take(COLONS)
            members.append((key, self._value(depth)))
            if self._peek() in CLOSES:
                break
            if depth == 1 and self._is_over():
                self.was_open = True
                return self._unique(members)
            self._take(COMMAS)
        self.at += 1
        return self._unique(members)

    def _unique(self, members: list[tuple[str, Any]]) -> JsonObject:
        try:
            return unique(members)
        except Unreadable as error:
            raise Unreadable(self.at, error.twice) from None

    def _is_over(self) -> bool:
        """Whether the text ends here, after a value that shows its own end: digits do not."""
        ends = self.at >= len(self.text) or END.match(self.text, self.at) is not None
        return ends and self._shows_its_end

    def _peek(self) -> str:
        """Go on to the next token and return its first character, "" at the end."""
        mark = self.text[self.at : self.at + 1]
        if mark in MARKS:
            return mark
        blank = BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.text[self.at : self.at + 1]

    def _take(self, marks: str) -> None:
        mark = self._peek()
        if not mark or mark not in marks:
            raise Unreadable(self.at)
        self.at += 1

    def _key(self) -> str:
        if self._peek() in STRINGS:
            return self._string()
        word = BARE_KEY.match(self.text, self.at)
        if word is None:
            raise Unreadable(self.at)
        self.at = word.end()
        return word[0]

    def _value(self, depth: int) -> Any:
        mark = self._peek()
        value: Any
        if mark in STRINGS:
            value = self._string()
        elif mark in OPENS or mark in LIST_OPENS:
            if depth >= MOST_DEPTH:
                raise Unreadable(self.at)
            is_object = mark in OPENS
            value = self.read_object(self.at, depth + 1) if is_object else self._list(depth + 1)
        elif word := WORD.match(self.text, self.at):
            if word[0].lower() not in WORDS:
                raise Unreadable(self.at)
            self.at, value = word.end(), WORDS[word[0].lower()]
        else:
            value = self._number()
            self._shows_its_end = False
            return value
        self._shows_its_end = True
        return value

    def _list(self, depth: int) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        while self._peek() not in LIST_CLOSES:
            items.append(self._value(depth))
            if self._peek() in LIST_CLOSES:
                break
            self._take(COMMAS)
        self.at += 1
        return items

    def _number(self) -> int | float:
        found = NUMBER.match(self.text, self.at)
        digits = found[0] if found else ""
        if not any(map(str.isdigit, digits)):
            raise Unreadable(self.at)
        try:
            number = float(digits) if any(mark in digits for mark in ".eE") else int(digits)
        except ValueError:  # too many digits, or only those of an exponent
            raise Unreadable(self.at) from None
        if number in (float("inf"), float("-inf")):
            raise Unreadable(self.at)
        self.at += len(digits)
        return number

    def _string(self) -> str:
        part = STRINGS[self.text[self.at]]
        self.at += 1
        pieces: list[str] = []
        while found := part.match(self.text, self.at):
            self.at = found.end()
            pieces.append(found[1])
            if found[2] is None:
                return _paired("".join(pieces))
            pieces.append(self._unescaped(found[2]))
        raise Unreadable(self.at)

    def _unescaped(self, code: str) -> str:
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in ESCAPES:
            raise Unreadable(self.at)
        return ESCAPES[code]


def _paired(text: str) -> str:
    """Return a string with halves of characters that belong together made whole."""
    if not HALVES.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
