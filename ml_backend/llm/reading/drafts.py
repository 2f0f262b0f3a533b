"""Which of several objects in a text is the answer: the last, where the text says that it is.

Drafts come first, and a corrected answer comes last, after words that take the others back or after
others that are called drafts. One that is denied, or called an alternative, an example, what was
before or the next task's is no answer for certain; then the model is asked again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.llm.reading.answer_words import (
    ANSWER,
    CONCLUSION,
    CORRECTION,
    DENIED,
    DOUBT,
    FINAL,
    LISTED,
    OF_ANSWER,
    OTHER,
    SHAPE,
    TAG,
    TENTATIVE,
    TURN,
)
from ml_backend.records import JsonObject

LONGEST_INTRODUCTION = 300
MOST_OBJECTS = 30
SHOWN = 80
FENCE = re.compile(r"```[\w.+-]*|~~~[\w.+-]*")
# What may stand behind an answer: ends of fences, lists, tags and turns, and marks.
AFTER = re.compile(
    r"(?:[\s`~.!*_)\]}>;]|```\w*|</?[\w:|-]{1,30}>|<\|[\w▁-]{1,30}\|>|\[/\w{1,20}\])*"
)
WORD = re.compile(r"[^\W\d_]")
# As a result of mathematics is shown.
BOXED = re.compile(r"\\(?:boxed|fbox|framebox)\b[^\n]{0,12}\Z")
CLAUSE = re.compile(r"[,;:.!?(，；：。！？（\n—–]")


class Ambiguous(Exception):
    """More than one answer could be meant."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a text, from ``start`` to ``end``; ``keys`` are those that were asked for."""

    value: JsonObject
    start: int
    end: int
    keys: frozenset[str]

    @property
    def fits(self) -> bool:
        return bool(self.keys)


def choose(text: str, found: Sequence[Found], broken: int) -> JsonObject | None:
    """Return the answer among the objects of a text, None without any; raise ``Ambiguous``.

    ``broken`` is where an object begins that cannot be read: what comes before it may be a draft.
    """
    if not found:
        return None
    last = found[-1]
    if broken >= last.start:
        raise Ambiguous("The answer holds an object that is not valid JSON, after another one.")
    others = [each for each in found if each.value != last.value]
    if others and not _is_last_word(text, found):
        shown = " and ".join(_short(each.value) for each in (others[-1], last))
        raise Ambiguous(f"The answer holds several objects that differ: {shown}.")
    return last.value


def choose_of_reasoning(text: str, found: Sequence[Found], broken: int) -> JsonObject | None:
    """Return the answer of a text that is all reasoning: an object it ends with, in no doubt."""
    if not found or broken >= found[-1].start or not _ends(text, found[-1].end):
        return None
    last = found[-1]
    if any(each.value != last.value for each in found):
        return last.value if _is_last_word(text, found) else None
    intro = _introduction(text, found, len(found) - 1)
    if any(table.search(intro.line) for table in (OTHER, SHAPE)) or DOUBT.search(intro.sentence):
        return None
    # A sentence that has ended says no more of the object than that it is thought over.
    if not intro.text.endswith((".", "!", "。")) and DENIED.search(intro.clause):
        return None
    return last.value


@dataclass(frozen=True, slots=True)
class Introduction:
    """The words before an object, since the one before it."""

    text: str
    is_inline: bool
    """Whether the object stands amid a line, with no colon before it."""
    tag: str
    """The tag that is open around the object, "" without one."""
    is_boxed: bool = False

    @property
    def line(self) -> str:
        return _last_of(re.split(r"\n", self.text))

    @property
    def sentence(self) -> str:
        # A question is asked by its mark, which stays.
        return _last_of(re.split(r"(?<=[.!?。！？\n])", self.text))

    @property
    def clause(self) -> str:
        return _last_of(CLAUSE.split(self.text))


def _is_last_word(text: str, found: Sequence[Found]) -> bool:
    """Whether the last object takes the others back, or comes after nothing but drafts."""
    last = found[-1]
    if len(found) > MOST_OBJECTS or any(not each.keys <= last.keys for each in found):
        return False  # two halves of an answer
    intro = _introduction(text, found, len(found) - 1)
    between = text[max(found[-2].end, last.start - LONGEST_INTRODUCTION) : last.start]
    if not WORD.search(between) or TURN.search(between):
        return False
    if TURN.search(intro.text) or DENIED.search(intro.clause):
        return False
    if intro.tag and not OF_ANSWER.fullmatch(intro.tag):
        return False
    if DENIED.search(
        re.split(r"[.!?\n]", text[last.end : last.end + LONGEST_INTRODUCTION], maxsplit=1)[0]
    ):
        return False
    called = max(_last_call(intro, table) for table in (CORRECTION, FINAL, ANSWER))
    if _last_match(OTHER, intro.text) > called or (called < 0 and LISTED.search(intro.text)):
        return False
    if _calls(intro, CORRECTION):
        return True
    before = [
        _introduction(text, found, at) for at, each in enumerate(found) if each.value != last.value
    ]
    if _calls(intro, FINAL):
        return not any(_calls(each, CORRECTION, FINAL) for each in before)
    concludes = intro.is_boxed or _calls(intro, CONCLUSION)
    if concludes and called < 0 and DOUBT.search(intro.sentence):
        return False
    is_led_to = called >= 0 or concludes or (_ends(text, last.end) and not intro.is_inline)
    return is_led_to and all(map(_is_tentative, before))


def _is_tentative(intro: Introduction) -> bool:
    """Whether the words before an object call it a draft, and not the answer."""
    if intro.is_boxed or _calls(intro, CORRECTION, FINAL):
        return False
    if intro.tag:
        return not OF_ANSWER.fullmatch(intro.tag)
    if any(table.search(intro.sentence) for table in (TENTATIVE, DOUBT, SHAPE, OTHER, DENIED)):
        return True
    return LISTED.search(intro.text) is not None and not _calls(intro, ANSWER)


def _calls(intro: Introduction, *tables: re.Pattern[str]) -> bool:
    return any(_last_call(intro, table) >= 0 for table in tables)


def _last_call(intro: Introduction, table: re.Pattern[str]) -> int:
    """Where the words of a table stand last, in a clause that does not deny them; -1 nowhere."""
    at = -1
    for found in table.finditer(intro.text):
        begin = max(
            (each.end() for each in CLAUSE.finditer(intro.text, 0, found.start())), default=0
        )
        end = CLAUSE.search(intro.text, found.end())
        if not DENIED.search(intro.text[begin : end.start() if end else len(intro.text)]):
            at = found.start()
    return at


def _introduction(text: str, found: Sequence[Found], at: int) -> Introduction:
    start = found[at].start
    begin = max(found[at - 1].end if at else 0, start - LONGEST_INTRODUCTION)
    shown = text[begin:start]
    before = BOXED.sub("", shown)
    line = FENCE.sub("\n", before).rstrip(" \t`*[(")
    is_inline = bool(line) and line[-1] not in "\n:：>]|"
    words = TAG.sub(_named, FENCE.sub("\n", before)).strip()
    return Introduction(words, is_inline, _open_tag(before), is_boxed=before != shown)


def _named(tag: re.Match[str]) -> str:
    """What a tag says of what is in it; its end says nothing of what comes after."""
    return "\n" if tag["close"] else f"\n{tag['name'].replace('_', ' ')}\n"


def _open_tag(text: str) -> str:
    """The tag that is open at the end of a text, "" where all are closed."""
    opened: list[str] = []
    for tag in TAG.finditer(text):
        if not tag["close"]:
            opened.append(tag["name"])
        elif tag["name"] in opened:
            while opened.pop() != tag["name"]:
                pass
    return opened[-1] if opened else ""


def _last_of(parts: Sequence[str]) -> str:
    return next((part for part in reversed(parts) if WORD.search(part)), "")


def _ends(text: str, at: int) -> bool:
    after = AFTER.match(text, at)
    return after is not None and after.end() == len(text)


def _last_match(pattern: re.Pattern[str], text: str) -> int:
    return max((each.start() for each in pattern.finditer(text)), default=-1)


def _short(value: JsonObject) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
