"""A text as a model is shown it, with what was put in, and the way back to the text itself.

A list of a page is shown with "- " and "1. " before its items, a dialogue with its speakers' names.
None of that can be selected, and a quote may hold it all the same: it was copied from what is
shown. It is found here, its occurrences are counted here, and its place is that of the words alone.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence

from ml_backend.labeling.text.spans import Miss, Offsets, Quotable

_PUT_IN = -1
_BULLETS = re.compile(r"(?m)^([ \t]*+)[•·‣◦▪●*+](?=\s)")


class ShownText:
    """What is shown; ``places`` has for each character its offset in the text, or -1."""

    def __init__(self, shown: str, places: Sequence[int]) -> None:
        self._places = places
        self._quotable = Quotable(shown)

    def find(self, quote: str, occurrence: int | None) -> Offsets | Miss:
        """Where the words of a quote are in the text itself; ABSENT where it has none of them."""
        found = self._quotable.find(quote, occurrence)
        if found is Miss.ABSENT:
            same = _BULLETS.sub(r"\1-", quote)
            found = found if same == quote else self._quotable.find(same, occurrence)
        if isinstance(found, Miss):
            return found
        own = [place for place in self._places[slice(*found)] if place != _PUT_IN]
        return (own[0], own[-1] + 1) if own else Miss.ABSENT


def in_lines(lines: Iterable[tuple[str, str]]) -> ShownText:
    """Lines of words, each behind what was put before it; the text has the words alone."""
    parts: list[str] = []
    places = array("q")
    at = 0
    for before, words in lines:
        parts.append(before + words)
        places.extend([_PUT_IN] * len(before))
        places.extend(range(at, at + len(words)))
        places.append(_PUT_IN)
        at += len(words) + 1
    return ShownText("\n".join(parts), places)


def beside(shown: str, put_in: Sequence[Offsets], text: str) -> ShownText | None:
    """What is shown of a page, beside the page's text, which has other white space.

    None where nothing was put in, or where the two have not the same words.
    """
    if not put_in:
        return None
    places = array("q", [_PUT_IN]) * len(shown)
    at, start = 0, 0
    for stop, following in [*put_in, (len(shown), len(shown))]:
        for place in range(start, stop):
            if shown[place].isspace():
                continue
            while at < len(text) and text[at].isspace():
                at += 1
            if at == len(text) or text[at] != shown[place]:
                return None
            places[place] = at
            at += 1
        start = following
    return ShownText(shown, places)
