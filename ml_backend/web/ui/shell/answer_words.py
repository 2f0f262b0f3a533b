"""An answer in words: its classes and texts rather than its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ml_backend.web.ui.shell.filters import NONE, shown

OCCURRENCE = "occurrence"
"""Of a quote: says which of several is meant, and to a reader nothing."""


def answer_words(answer: Mapping[str, Any] | None, longest: int) -> str:
    """Return what an annotation answers on one line, each control by its name where several do."""
    if answer is None:
        return "cannot be read with this labeling config"
    said = {name: each for name, each in answer.items() if each not in (None, [], {}, "")}
    if len(answer) == 1 and said:
        return shown(words(next(iter(said.values()))), longest)
    text = " · ".join(f"{name}: {words(each)}" for name, each in said.items())
    return shown(text or NONE, longest)


def words(value: Any, *, parts: str = " ", items: str = ", ") -> str:
    """Return one control's answer in words; ``parts`` stands between those of an object.

    ``items`` stands between members of a list that have parts of their own.
    """
    if value is None or value == [] or value == {}:
        return NONE
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, Mapping):
        each_of = [each for name, each in value.items() if name != OCCURRENCE and each is not None]
        return parts.join(words(each, parts=parts, items=items) for each in each_of) or NONE
    if isinstance(value, list | tuple):
        simple = all(not isinstance(each, Mapping | list | tuple) for each in value)
        between = ", " if simple else items
        return between.join(words(each, parts=parts, items=items) for each in value)
    return json.dumps(value, ensure_ascii=False, default=str)
