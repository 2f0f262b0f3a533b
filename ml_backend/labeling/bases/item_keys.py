"""The items of an answer as models write them: keys in another case, a list in a wrapper."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from ml_backend.labeling.bases.key_names import other_keys

_SYNONYMS = {"labels": "label"}


def as_list(answer: object, names: Collection[str]) -> object:
    """The list that was meant, its items by these names; what is none stays as it is."""
    if isinstance(answer, str) and answer.lstrip().startswith(("[", "{")):
        try:
            answer = json.loads(answer)
        except (ValueError, RecursionError):
            return answer
    if isinstance(answer, Mapping):
        inner = next(iter(answer.values())) if len(answer) == 1 else None
        if any(key in names for key in by_name(answer, names)):
            answer = [answer]
        elif isinstance(inner, list) and inner and all(isinstance(i, Mapping) for i in inner):
            answer = inner
    if not isinstance(answer, list):
        return answer
    return [by_name(each, names) if isinstance(each, Mapping) else each for each in answer]


def by_name(item: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    """An item under these names where its keys mean one each; what two keys say stays out."""
    found = {key: value for key, value in item.items() if key in names}
    if len(found) == len(item):
        return item
    others = other_keys(item, names, _SYNONYMS)
    found |= others.meant
    rest = {key: item[key] for key in others.strangers}
    return {key: value for key, value in found.items() if key not in others.doubled} | rest
