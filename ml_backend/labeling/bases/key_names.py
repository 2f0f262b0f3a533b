"""Keys as models write them -> the names that were asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

SPACING = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")


@dataclass(frozen=True, slots=True)
class OtherKeys:
    """What the keys of an object mean that are none of the names asked for."""

    meant: Mapping[str, Any]
    """By name: what is said under another case or spacing alone."""
    strangers: tuple[str, ...]
    """Keys that mean no name, or more than one."""
    doubled: tuple[str, ...]
    """Names that two keys mean, with different values."""


def other_keys(
    given: Mapping[str, Any], names: Collection[str], synonyms: Mapping[str, str] | None = None
) -> OtherKeys:
    """Return what the other keys of an object mean; ``synonyms`` are plain key -> plain name."""
    by_plain: dict[str, list[str]] = {}
    for name in names:
        by_plain.setdefault(plain(name), []).append(name)
    meant: dict[str, Any] = {}
    strangers: list[str] = []
    doubled: list[str] = []
    for key in given:
        if key in names:
            continue
        key_plain = plain(str(key))
        found = by_plain.get(key_plain) or by_plain.get((synonyms or {}).get(key_plain, ""), [])
        if len(found) != 1:
            strangers.append(key)
            continue
        [name] = found
        said = given if name in given else meant
        if name in said and said[name] != given[key]:
            doubled.append(name)
        elif name not in said:
            meant[name] = given[key]
    return OtherKeys(meant, tuple(strangers), tuple(dict.fromkeys(doubled)))


def plain(key: str) -> str:
    """Return a key without what only tells spellings apart: case, width and spacing."""
    # Nothing but spacing goes: in some scripts what is no letter tells words apart.
    return SPACING.sub("", unicodedata.normalize("NFKC", key).casefold())
