"""Marks of notes in a page's ``<sup>`` and ``<sub>``: "Paris<sup>1</sup>" is the word Paris.

The page's text is "Paris1", in which no word ends behind "Paris"; with a "¹" it would. What may as
well be a part of what it stands at stays so: figures behind units ("km<sup>2</sup>"), single
letters ("x<sup>2</sup>") and figures ("10<sup>3</sup>"), an index of a short name
("CO<sub>2</sub>").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ONE = r"(?:\d{1,3}|[a-zA-Z]|[ivx]{2,4}|[*†‡§¶#]{1,3})"
_MARK = re.compile(rf"[\[({{]?{_ONE}(?:\s?[,;–-]\s?{_ONE}){{0,9}}[\])}}]?|TM|SM")
_BEFORE = re.compile(r"(?<![^\W\d_])[^\W\d_]++\Z")
_AFTER = re.compile(r"[^\W\d_]+")
_UNIT = re.compile(r"[kcdhmnµμ]?m|dam|in|ft|yd|mi|ha|inch|feet|foot|miles?|met(?:er|re)s?|sec|min")
RAISED = {"sup": 2, "sub": 3}
"""Letters a word has at the least that such an element may stand at as a mark."""
_LOOK = 40


@dataclass(frozen=True, slots=True)
class NoteMarks:
    """Where a word may end before a mark, and where one may begin behind it."""

    ends: frozenset[int] = frozenset()
    begins: frozenset[int] = frozenset()


NONE = NoteMarks()


def marks_of(text: str, raised: Iterable[tuple[str, bool, int]]) -> NoteMarks:
    """The marks among such elements of a page: (tag, whether it begins, where in the text)."""
    ends, begins = set(), set()
    opened: list[int] = []
    for tag, is_begin, end in raised:
        if is_begin:
            opened.append(end)
            continue
        start = opened.pop()
        if end - start > _LOOK or _MARK.fullmatch(text[start:end].strip()) is None:
            continue
        before = _BEFORE.search(text, max(0, start - _LOOK), start)
        if before is not None:
            if _is_word(before.group(), tag):
                ends.add(start)
            continue
        after = _AFTER.match(text, end, end + _LOOK)
        if after is not None and _is_word(after.group(), tag):
            begins.add(end)
    return NoteMarks(frozenset(ends), frozenset(begins)) if ends or begins else NONE


def _is_word(letters: str, tag: str) -> bool:
    return len(letters) >= RAISED[tag] and _UNIT.fullmatch(letters) is None
