"""Where a word ends in a text with HTML entities: "caf&eacute;s" goes on after its "caf"."""

from __future__ import annotations

import html
import re

from ml_backend.labeling.text.word_edges import is_cut

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_LONGEST = 40


def has_entities(text: str) -> bool:
    return "&" in text and _ENTITY.search(text) is not None


def is_cut_by_entity(text: str, place: int, *, at_end: bool) -> bool:
    """Whether a place lies within an entity, or beside one with which its word goes on."""
    first = max(0, place - _LONGEST)
    left, right = text[place - 1 : place], text[place : place + 1]
    for found in _ENTITY.finditer(text, first, place + _LONGEST):
        char = html.unescape(found.group())
        if char == found.group():
            continue
        if found.start() < place < found.end():
            return True
        if found.end() == place:
            left = char
        if found.start() == place:
            right = char
    return bool(left and right) and is_cut(left + right, len(left), at_end=at_end)
