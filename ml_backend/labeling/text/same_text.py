"""Whether two texts are the same words, whatever an export or a browser made of the rest."""

from __future__ import annotations

import html
import unicodedata


def is_same_text(words: str, other: str) -> bool:
    """Whether letters and figures are the same; blanks, marks, case and entities do not count."""
    return _bare(words) == _bare(other)


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", html.unescape(text.replace("\\n", " "))).casefold()
    return "".join(filter(str.isalnum, plain))
