"""Whether two results say the same, whoever wrote them: an action, the editor or the API.

A region is what it labels and how: control, object, type and value. Ids, scores, origins, image
sizes and whatever else the editor adds do not count, nor does the order of regions and of classes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.records import JsonObject, Region

OFFSETS = ("start", "end", "startOffset", "endOffset")


def fingerprint(result: Sequence[Region]) -> str:
    """Return the same short text for results with the same content."""
    regions = sorted(_canonical(region) for region in result)
    return hashlib.sha256("\n".join(regions).encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(region: Region) -> str:
    if not isinstance(region, Mapping):
        return _dump(region)
    kind = str(region.get("type") or "")
    named = {name: region.get(name) for name in ("from_name", "to_name", "direction", "labels")}
    return _dump({**named, "type": kind, "value": _value(kind, region.get("value"))})


def _value(kind: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    content: JsonObject = {str(name): _plain(each) for name, each in value.items()}
    if kind == "textarea":
        if isinstance(content.get("text"), str):
            content["text"] = [content["text"]]
    elif "globalOffsets" in content or ("start" in content and "end" in content):
        content.pop("text", None)  # the editor's copy of the quote; the offsets decide
    if isinstance(content.get("globalOffsets"), Mapping):
        for name in OFFSETS:
            content.pop(name, None)  # the same place once more, as paths into the page
    for name, each in content.items():
        if (name == "choices" or name.endswith("labels")) and isinstance(each, list):
            content[name] = sorted(each, key=_dump)
    return content


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
