"""Wordings as a table: one a line, any of which is enough, in whatever case."""

from __future__ import annotations

import re


def either(*words: str) -> re.Pattern[str]:
    """Return a pattern that finds any of these."""
    return re.compile("|".join(words), re.IGNORECASE | re.DOTALL)
