"""Places where a word may end, although what stands beside it makes another word of it.

"US" of "US_TEAM", "can" of "can't", "C" of "C++", "Brien" of "O'Brien", "한국" of "한국인": a quote
means such a place only where there is no better one.
"""

from __future__ import annotations

import re

_APOSTROPHES = "'’ʼ＇"
_NOT = re.compile(rf"n[{_APOSTROPHES}]t(?![^\W_])", re.I)
_SON_OF = re.compile(rf"(?<![^\W_])O[{_APOSTROPHES}]\Z")
_PART_OF_NAME = re.compile(r"(?:\++|#)(?![^\W_])")
_HANGUL = "\uac00-\ud7a3"
_REST = re.compile(f"[{_HANGUL}]+")
_PARTICLES = re.compile(
    "(?:은|는|이|가|을|를|의|에|에서|에게|에게서|께|께서|한테|한테서|와|과|랑|이랑|하고|도|만|로|으로|로서|으로서"
    "|로써|으로써|부터|까지|마저|조차|밖에|뿐|처럼|같이|만큼|보다|마다|대로|나|이나|라도|이라도|든지|이든지|야|이야|여|이여"
    "|라고|이라고|라는|이라는|란|이란|라면|이라면|이다|다|입니다|이며|며|이고|고|였다|이었다|였고|이었고|이지만|지만"
    "|인데|인지|이므로|들)+"
)


def is_weak(text: str, start: int, end: int) -> bool:
    """Whether another place of the same word is meant rather than this one."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before == "_" and text[start - 2 : start - 1].isalnum():
        return True
    if before and before in _APOSTROPHES and _SON_OF.search(text, max(0, start - 3), start):
        return True
    if after == "_":
        return text[end + 1 : end + 2].isalnum()
    if after and after in _APOSTROPHES:
        return bool(_NOT.match(text, end - 1))
    if after in ("+", "#"):
        return bool(_PART_OF_NAME.match(text, end))
    rest = _REST.match(text, end)
    return rest is not None and not _PARTICLES.fullmatch(rest.group())
