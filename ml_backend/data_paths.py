"""Paths into task data, such as ``user.name`` or ``images[0].url``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"[^.\[\]]+")
_LONGEST_INDEX = 9
"""Digits; no list is that long, and Python refuses to read numbers of thousands of them."""


def top_key(path: str) -> str:
    """The task data key a path starts at: ``images[0].url`` -> ``images``."""
    step = _STEP.match(path)
    return step.group() if step else path


def look_up(data: Mapping[str, Any], path: str) -> Any:
    """The value at ``a.b[0]``, None when a step is missing; a key of that whole name goes first."""
    if path in data:
        return data[path]
    value: Any = data
    for step in _STEP.findall(path):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list | tuple) and step.isascii() and step.isdigit():
            index = int(step) if len(step) <= _LONGEST_INDEX else len(value)
            value = value[index] if index < len(value) else None
        else:
            return None
    return value
