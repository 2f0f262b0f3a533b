"""What changed from one text to another: line beside line, and within a line word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

CONTEXT = 3
"""Unchanged lines shown around a change."""

LONGEST_LINE = 4_000
"""Characters up to which a changed line is looked into."""

LIKE = 0.5
"""Share of words in common from which a line counts as changed rather than as another."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; ``changed`` when the other text has not got it."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Side:
    """A line of one of the texts; lines are counted from 1."""

    number: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the old text beside its line of the new one; None where one of them has none.

    ``skipped`` counts unchanged lines that stand for themselves and are not shown.
    """

    kind: Literal["same", "changed", "skipped"]
    old: Side | None = None
    new: Side | None = None
    skipped: int = 0


def rows(old: str, new: str, context: int = CONTEXT) -> list[Row]:
    """Return both texts side by side; long unchanged stretches are left out but for ``context``."""
    olds, news = old.splitlines(), new.splitlines()
    found: list[Row] = []
    opcodes = SequenceMatcher(None, olds, news).get_opcodes()
    for place, (kind, i1, i2, j1, j2) in enumerate(opcodes):
        if kind == "equal":
            head = context if place else 0
            tail = context if place < len(opcodes) - 1 else 0
            found += _unchanged(olds[i1:i2], i1, j1, head, tail)
        else:
            found += _changed(olds[i1:i2], news[j1:j2], i1, j1)
    return found


def _unchanged(lines: list[str], i: int, j: int, head: int, tail: int) -> Iterator[Row]:
    hidden = len(lines) - head - tail
    for place, line in enumerate(lines):
        if hidden > 1 and head <= place < head + hidden:
            if place == head:
                yield Row("skipped", skipped=hidden)
            continue
        part = (Part(line, changed=False),)
        yield Row("same", Side(i + place + 1, part), Side(j + place + 1, part))


def _changed(olds: list[str], news: list[str], i: int, j: int) -> Iterator[Row]:
    """Lines of a replaced stretch are taken in pairs while they are alike."""
    pairs = min(len(olds), len(news))
    for place in range(pairs):
        left, right = words(olds[place], news[place])
        yield Row("changed", Side(i + place + 1, left), Side(j + place + 1, right))
    for place in range(pairs, len(olds)):
        line = (Part(olds[place], changed=True),)
        yield Row("changed", old=Side(i + place + 1, line))
    for place in range(pairs, len(news)):
        line = (Part(news[place], changed=True),)
        yield Row("changed", new=Side(j + place + 1, line))


def words(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the parts of two lines; lines with little in common are changed as a whole."""
    whole = (Part(old, changed=True),), (Part(new, changed=True),)
    if max(len(old), len(new)) > LONGEST_LINE:
        return whole
    olds, news = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, olds, news, autojunk=False)
    blocks = matcher.get_matching_blocks()
    shared = sum(len(olds[b.a + n].strip()) for b in blocks for n in range(b.size))
    if shared < LIKE * max(len("".join(old.split())), len("".join(new.split()))):
        return whole
    left, right = [], []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        changed = kind != "equal"
        left.append(Part("".join(olds[i1:i2]), changed))
        right.append(Part("".join(news[j1:j2]), changed))
    return _spoken(left), _spoken(right)


def _spoken(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.text)
