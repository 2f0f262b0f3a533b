"""Whether a word goes on over a place in a text, in the scripts of the world.

Chinese, Japanese, Thai, Lao, Khmer, Burmese and a few more write no blanks between words: there
each character may be an edge. Korean puts particles behind its words, Hebrew and Arabic letters
before them. A mark, a modifier or a joiner never leaves the character it belongs to.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from enum import Enum
from functools import lru_cache

_WITHOUT_BLANKS = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x312F),  # Kana, Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA000, 0xA4CF),  # Yi
    (0xA980, 0xA9FF),  # Javanese, Burmese
    (0xAA60, 0xAADF),  # Burmese, Tai Viet
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # Kana of half width
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)
_FIRST_OF = [first for first, _ in _WITHOUT_BLANKS]
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")
_APOSTROPHE = "\u02bc"
"""A letter by its category, a mark of punctuation to everybody who types it."""
_UNSEEN = "\u00ad\u2060-\u2064\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u180e\u034f"
UNSEEN = re.compile(f"[{_UNSEEN}]+")
"""Characters that are there and have no width: they neither begin nor end a word."""
_HELD = "\u200d\u17d2\u1039"
"""What joins the next character to the last: of emojis and Indic letters, Khmer and Burmese."""
_MODIFIERS = re.compile("[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u200d\uff9e\uff9f]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_FIGURES = re.compile(r"[\d.,]+")
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?|\d+[.,]\d+")
_LOOK_BACK = 40
"""Characters that are looked at around a place: hostile texts have no end of marks."""

_UNIT = (
    r"(?:(?:m?[gml]|mc?g|[kµμuc]g|n[gm]|k[bgmnvjwc]|[cdkµμn]m|[cdµμ]l|lbs?|oz|ft|in|yd|mi|ha|[ct]"
    r"|[mgtp]i?b|kib|[kmg]bps|[kmg]?hz|[mg]w|[kmg]?wh|m?v|m?ah?|k?j|k?cal|[hkm]?pa|bar|psi|[fwn]"
    r"|sec|m?s|min|h|hrs?|d|x|p[xt]|r?em|dpi|[ap]m|bn|mn|mio|mrd|tn|eur|usd|gbp|chf|iu|m?mol|meq"
    r"|mmhg|bpm|rpm|kph|mph|kmh|k)(?![^\W\d_]))"
)
_MEASURE = re.compile(rf"(\d+(?:[.,]\d+)*)({_UNIT})", re.I)
_CLITICS = {
    "hebrew": (re.compile("[\u05d0-\u05ea]"), "ובלמהכש"),
    "arabic": (re.compile("[\u0620-\u064a\u0671-\u06d3]"), "وفبلكا"),
}
_MOST_CLITICS = 3


class _Kind(Enum):
    OTHER = 0
    """Blanks, punctuation, symbols, footnote figures."""
    LETTER = 1
    FREE = 2
    """A letter of a script without blanks."""
    HANGUL = 3
    MARK = 4
    """Belongs to the character before it."""


@lru_cache(maxsize=8192)
def _kind(char: str) -> _Kind:
    category = unicodedata.category(char)
    if category[0] == "M" or _MODIFIERS.match(char):
        return _Kind.MARK
    if (category[0] != "L" and category not in ("Nd", "Nl")) or char == _APOSTROPHE:
        return _Kind.OTHER
    if _HANGUL.match(char):
        return _Kind.HANGUL
    place = bisect_right(_FIRST_OF, ord(char)) - 1
    free = place >= 0 and ord(char) <= _WITHOUT_BLANKS[place][1]
    return _Kind.FREE if free else _Kind.LETTER


def is_cut(text: str, place: int, *, at_end: bool) -> bool:
    """Whether something that begins, or ends, at this place would be part of a longer word."""
    if place <= 0 or place >= len(text):
        return False
    before, after = text[place - 1], text[place]
    if before.isascii() and after.isascii():
        if before.isalnum():
            return after.isalnum() or (after in ".," and at_end and _splits_number(text, place))
        return before in ".," and after.isdigit() and not at_end and _splits_number(text, place)
    return _is_cut(text, place, at_end=at_end)


def _is_cut(text: str, place: int, *, at_end: bool) -> bool:
    right = text[place]
    if _kind(right) is _Kind.MARK or text[place - 1] in _HELD:
        return True
    if _FLAG.match(right) and _FLAG.match(text[place - 1]):
        return _flags_before(text, place) % 2 == 1
    before, after = _seen_before(text, place), _seen_after(text, place)
    left, ahead = _kind(before), _kind(after)
    if _Kind.OTHER in (left, ahead) or _Kind.FREE in (left, ahead):
        return _splits_number(text, place)
    if ahead is _Kind.HANGUL:  # a particle behind a word does not belong to it
        return not at_end and left is _Kind.HANGUL
    return left is not _Kind.HANGUL


def _seen_before(text: str, place: int) -> str:
    """The letter that shows before a place: what has no width and marks are looked past."""
    for char in reversed(text[max(0, place - _LOOK_BACK) : place]):
        if not UNSEEN.match(char) and _kind(char) is not _Kind.MARK:
            return char
    return " "


def _seen_after(text: str, place: int) -> str:
    for char in text[place : place + _LOOK_BACK]:
        if not UNSEEN.match(char):
            return char
    return " "


def _flags_before(text: str, place: int) -> int:
    """How many halves of flags stand before a place, without anything between."""
    count = 0
    while place - count > 0 and count < 1000 and _FLAG.match(text[place - 1 - count]):
        count += 1
    return count


def _splits_number(text: str, place: int) -> bool:
    """Whether the place is at the point or comma within one number: no "5" of "3.5"."""
    if text[place] not in ".," and text[place - 1] not in ".,":
        return False
    first = max(0, place - _LOOK_BACK)
    for found in _FIGURES.finditer(text, first, place + _LOOK_BACK):
        if found.start() < place < found.end():
            figures = found.group().strip(".,")
            start = text.index(figures, found.start())
            inside = start < place < start + len(figures)
            return inside and bool(_NUMBER.fullmatch(figures))
    return False


def stands_in_compound(text: str, start: int, end: int) -> bool:
    """Whether what stands there is a word to its readers although it is written as a part of one.

    A number and its unit ("500" and "mg" of "500mg"), and a Hebrew or Arabic word of three letters
    and more behind the letters that mean "and", "in", "the".
    """
    return _is_measure(text, start, end) or _follows_clitics(text, start, end)


def _is_measure(text: str, start: int, end: int) -> bool:
    first = start
    while first > 0 and start - first < _LOOK_BACK and text[first - 1] in "0123456789.,":
        first -= 1
    found = _MEASURE.match(text, first)
    if found is None or is_cut(text, first, at_end=False) or is_cut(text, found.end(), at_end=True):
        return False
    return (start, end) in (found.span(1), found.span(2))


def _follows_clitics(text: str, start: int, end: int) -> bool:
    if is_cut(text, end, at_end=True) or end - start < 3:
        return False
    for letters, clitics in _CLITICS.values():
        if all(letters.match(char) for char in text[start : start + 3]):
            first = start
            while first > 0 and start - first < _MOST_CLITICS and text[first - 1] in clitics:
                first -= 1
                if not is_cut(text, first, at_end=False):
                    return True
    return False


def word_around(text: str, start: int, end: int) -> str:
    """The longer word something is part of, for a message."""
    first, last = start, end
    while first > 0 and start - first < _LOOK_BACK and is_cut(text, first, at_end=False):
        first -= 1
    while last < len(text) and last - end < _LOOK_BACK and is_cut(text, last, at_end=True):
        last += 1
    return text[first:last]
