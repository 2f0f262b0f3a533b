"""Wordings as a table: one a line, any of which is enough, in whatever case."""

from __future__ import annotations

import re

BOUNDS = {
    **{r"\w+": r"\w{1,20}", r"\w*": r"\w{0,20}", r"\d+": r"\d{1,20}", r"\d*": r"\d{0,20}"},
    **{r"\S+": r"\S{1,120}", r"\W+": r"\W{1,40}", r"\W*": r"\W{0,40}"},
}
"""A word is no longer than this: of a hostile text's there is no end, and no end of beginnings."""


def wording(words: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    """Return a pattern in which no word goes on for ever."""
    for endless, bounded in BOUNDS.items():
        words = words.replace(endless, bounded)
    return re.compile(words, flags)


def either(*words: str) -> re.Pattern[str]:
    """Return a pattern that finds any of these."""
    return wording("|".join(words), re.IGNORECASE | re.DOTALL)
