"""The items of an answer as models write them: keys in another case, a list in a wrapper."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

_SPACING = re.compile(r"[\s_\-]+")
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
    strangers = [key for key in item if key not in names]
    if not strangers:
        return item
    found = {key: value for key, value in item.items() if key in names}
    rest: dict[str, Any] = {}
    meant: dict[str, list[str]] = {}
    for name in names:
        meant.setdefault(_plain(name), []).append(name)
    doubled = set()
    for key in strangers:
        plain = _plain(str(key))
        [name, *more] = meant.get(plain) or meant.get(_SYNONYMS.get(plain, "")) or [""]
        if not name or more:
            rest[key] = item[key]
        elif name in found and found[name] != item[key]:
            doubled.add(name)
        else:
            found[name] = item[key]
    return {key: value for key, value in found.items() if key not in doubled} | rest


def _plain(key: str) -> str:
    return _SPACING.sub("", key).casefold()
