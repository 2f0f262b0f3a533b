"""A text as it looks, for quotes that were not copied to the letter.

White space, marks of quotation and dashes count as one of their kind, ligatures, full width and
ellipses as what they stand for (NFKC), HTML entities as their character, and what has no width for
nothing. A folded text remembers where each of its characters is in the original, so that offsets
are never those of a changed text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from copy import copy

ZERO_WIDTH_SPACE = "\u200b"

_QUOTES = "'\"‘’‚‛′‵ʼʹ`´“”„‟″‶«»‹›＇＂❛❜❝❞〝〞〟"
_DASHES = "\\-‐‑‒–—―−⸺⸻﹘﹣－"
_WITHOUT_WIDTH = (
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u061c\u180e\u034f\ufeff"
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
# Vowel signs that Arabic and Hebrew may be written with or without, and the stroke that stretches.
_OPTIONAL = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670"
_HIDDEN = _WITHOUT_WIDTH + _OPTIONAL
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u093c"
    "\u09bc\u09be\u09d7\u0a3c\u0b3c\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6\u0d3e"
    "\u0d57\u0dca\u0dcf\u0ddf\u102e\u1ab0-\u1aff\u1b35\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
    "\ufe20-\ufe2f\uff9e\uff9f"
)
CHANGED = (
    "\u00a0\u00a8\u00aa\u00af\u00b2-\u00b5\u00b8-\u00ba\u00bc-\u00be\u00d7\u0132\u0133\u013f\u0140"
    "\u0149\u017f\u01c4-\u01cc\u01f1-\u01f3\u02b0-\u02ff\u0340-\u0345\u0374\u037a\u037e\u0384-\u0387"
    "\u03d0-\u03d6\u03f0-\u03f9\u0587\u0675-\u0678\u0958-\u095f\u09dc-\u09df\u0a33-\u0a5e\u0b5c"
    "\u0b5d\u0e33\u0eb3\u0edc\u0edd\u0f00-\u0fff\u10fc\u1d00-\u1dbf\u1e9a\u1e9b\u1f00-\u1fff"
    "\u2000-\u206f\u2070-\u2bff\u2c7c\u2c7d\u2d6f\u2e00-\u2fff\u3000-\u303f\u3099-\u309f\u30ff"
    "\u3130-\u33ff\ua640-\ua7ff\uab5c-\uab69\uf900-\uffff\U00010780-\U000107ff"
    "\U0001d000-\U0001dfff\U0001e000-\U0001e0ff\U0001ee00-\U0001eeff\U0001f100-\U0001f2ff"
    "\U0001fb00-\U0001fbff\U0002f800-\U0002fa1f\U000110ab-\U000110af"
)
"""Characters that may look otherwise in compatibility form; more than these do no harm."""
LONGER_IN_LOWER_CASE = "ßıİŉǰΐΰևẖ-ẟὐ-ῼﬀ-ﬗ"

_SPACE = r"(?:\s|&nbsp;|&#160;|&#[xX][aA]0;)"
_ASCII = (
    rf"(?P<space>(?:[^\S ]|&nbsp;|&#160;|&#[xX][aA]0;){_SPACE}*| {_SPACE}+)"
    rf"|(?P<quotes>''|``|[{_QUOTES}])"
    rf"|(?P<dashes>[{_DASHES}]{{2,}}|(?!-)[{_DASHES}])"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)"
)
# What begins none of them, as most characters do, is seen so at once.
_CHUNK_OF_ASCII = re.compile(rf"(?=[^\S ]|[&'\"`\-]| [\s&])(?:{_ASCII})")
_CHUNK = re.compile(
    r"(?=[^\S ]|[&'\"`\-]| [\s&]|[^\x00-\x7f]|.[^\x00-\x7f])"
    rf"(?:{_ASCII}|(?P<hidden>[{_HIDDEN}]+)"
    r"|[\u1100-\u115f][\u1160-\u11a7][\u11a8-\u11ff]?"
    rf"|[^\s{_MARKS}][{_MARKS}]+|[{CHANGED}{LONGER_IN_LOWER_CASE}])"
)
_DRAWN_ALIKE = {"space": " ", "quotes": "'", "dashes": "-"}
_REDRAWN = str.maketrans({"⋯": "...", "×": "x", "∶": ":", "ı": "i", "İ": "i"})
_ANY_HIDDEN = re.compile(f"[{_HIDDEN}]+")


class Folded:
    """A text as it looks, with the way back to the original's offsets.

    ``breaks`` are places between two blocks of a page, where a person sees a blank.
    """

    def __init__(
        self,
        text: str,
        breaks: Sequence[int] = (),
        *,
        ignore_case: bool = False,
        zero_width_is_blank: bool = False,
    ) -> None:
        self._ignore_case = ignore_case
        self._zero_width_is_blank = zero_width_is_blank
        self._chunks = _CHUNK_OF_ASCII if text.isascii() else _CHUNK
        self._parts: list[str] = []
        self._places: list[int] = []
        """Where each piece begins in the folded text; what comes to nothing is none."""
        self._origins: list[tuple[int, int]] = []
        """Begin and end of each piece in the original."""
        self._whole: list[bool] = []
        """True for a piece that can be found as a whole only: a ligature, an entity."""
        self._size = 0
        start = 0
        for stop in (*breaks, len(text)):
            self._fold(text, start, stop)
            if 0 < stop < len(text) and not (text[stop - 1].isspace() or text[stop].isspace()):
                self._add(" ", stop, stop, whole=True)
            start = stop
        self.text = "".join(self._parts)
        self._parts.clear()

    def in_any_case(self) -> Folded | None:
        """The same without case; None where that would change the length of anything."""
        text = self.text.casefold()
        if len(text) != len(self.text):
            return None
        other = copy(self)
        other.text, other._ignore_case = text, True
        return other

    def fold(self, quote: str) -> str:
        """A quote, folded in the same way, without outer white space."""
        own, blank = self._ignore_case, self._zero_width_is_blank
        return Folded(quote, ignore_case=own, zero_width_is_blank=blank).text.strip()

    def original(self, start: int, end: int) -> tuple[int, int] | None:
        """The place in the original; None where it would cut what is one character there."""
        first = bisect_right(self._places, start) - 1
        last = bisect_right(self._places, end - 1) - 1
        following = self._places[last + 1] if last + 1 < len(self._places) else self._size
        if (self._whole[first] and self._places[first] != start) or (
            self._whole[last] and following != end
        ):
            return None
        begin = self._origins[first][0] + start - self._places[first]
        if self._whole[last]:
            return begin, self._origins[last][1]
        return begin, self._origins[last][0] + end - self._places[last]

    def _fold(self, text: str, start: int, stop: int) -> None:
        for found in self._chunks.finditer(text, start, stop):
            self._add(text[start : found.start()], start, found.start(), whole=False)
            self._add(self._folded(found), found.start(), found.end(), whole=True)
            start = found.end()
        self._add(text[start:stop], start, stop, whole=False)

    def _folded(self, found: re.Match[str]) -> str:
        kind, chunk = found.lastgroup or "", found.group()
        if kind in _DRAWN_ALIKE:
            return _DRAWN_ALIKE[kind]
        if kind == "hidden":
            return " " if self._zero_width_is_blank and ZERO_WIDTH_SPACE in chunk else ""
        if kind == "entity":
            seen = html.unescape(chunk)
            return chunk if "&" in seen[:-1] or len(seen) > 2 else Folded(seen).text
        return _ANY_HIDDEN.sub("", unicodedata.normalize("NFKC", chunk.translate(_REDRAWN)))

    def _add(self, folded: str, start: int, end: int, *, whole: bool) -> None:
        if self._ignore_case:
            folded = folded.casefold()
        if folded:
            self._parts.append(folded)
            self._places.append(self._size)
            self._origins.append((start, end))
            self._whole.append(whole)
            self._size += len(folded)
