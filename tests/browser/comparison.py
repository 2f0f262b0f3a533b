"""A prediction against the annotation a person submitted of it, result by result.

Everything must be the same but for what the editor derives by itself; the lists here are all it
may add or fill in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Region = Mapping[str, Any]

FILLED_IN = frozenset({"original_width", "original_height", "image_rotation", "origin"})
"""Keys of a result that the editor adds: the size of the picture, and whose result it is."""

XPATHS = frozenset({"start", "end", "startOffset", "endOffset"})
"""Where a region of a <HyperText> is in the page; we send its ``globalOffsets``."""

SAID_OF_REGIONS = {
    **{kind: kind for kind in ("choices", "taxonomy", "number", "rating", "datetime")},
    "textarea": "text",
}
"""Type of a result that may be said of a region -> the key of its own value. The editor repeats
beside it where the region is."""


def differences(sent: Sequence[Region], stored: Sequence[Region]) -> list[str]:
    """What an annotation says otherwise than the prediction it was made of, in words."""
    before, after = _by_key(sent), _by_key(stored)
    found = [f"{_name(key)} occurs {len(all_)} times" for key, all_ in _twice(stored).items()]
    found += [f"{_name(key)} is lost: {_json(before[key])}" for key in before.keys() - after.keys()]
    found += [f"{_name(key)} is new: {_json(after[key])}" for key in after.keys() - before.keys()]
    for key in before.keys() & after.keys():
        if _clean(before[key], before) != _clean(after[key], after):
            found.append(
                f"{_name(key)} differs:\n    sent   {_json(before[key])}"
                f"\n    stored {_json(after[key])}"
            )
    return sorted(found)


def _key(region: Region) -> tuple[str, ...]:
    if region["type"] == "relation":
        return ("relation", region["from_id"], region["to_id"])
    return (region["id"], region["from_name"])


def _by_key(result: Sequence[Region]) -> dict[tuple[str, ...], Region]:
    return {_key(region): region for region in result}


def _twice(result: Sequence[Region]) -> dict[tuple[str, ...], list[Region]]:
    groups: dict[tuple[str, ...], list[Region]] = {}
    for region in result:
        groups.setdefault(_key(region), []).append(region)
    return {key: group for key, group in groups.items() if len(group) > 1}


def _clean(region: Region, every: Mapping[tuple[str, ...], Region]) -> dict[str, Any]:
    """A result without what the editor derives."""
    kept = {name: value for name, value in region.items() if name not in FILLED_IN}
    if region["type"] == "relation":
        return kept
    value = dict(region["value"])
    if _is_said_of_a_region(region, every):
        own = SAID_OF_REGIONS[region["type"]]
        value = {own: value.get(own)}
        kept.pop("item_index", None)
    elif "start" in value:
        value.pop("text", None)  # what the page displays between both ends
    if "globalOffsets" in value:
        value = {name: part for name, part in value.items() if name not in XPATHS}
    return {**kept, "value": value}


def _is_said_of_a_region(region: Region, every: Mapping[tuple[str, ...], Region]) -> bool:
    return region["type"] in SAID_OF_REGIONS and any(
        other["id"] == region["id"] and other["type"] not in SAID_OF_REGIONS
        for other in every.values()
        if "id" in other
    )


def _name(key: tuple[str, ...]) -> str:
    return " ".join(key)


def _json(region: Region) -> str:
    return json.dumps(region, ensure_ascii=False, sort_keys=True)
