"""What may go into a request: JSON that PostgreSQL can store too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def encode(body: object) -> bytes:
    """JSON bytes PostgreSQL can store too: without NULs and lone surrogates."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if "\\u0000" in text:
        text = json.dumps(without_nul(body), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def storable(value: Any) -> Any:
    """``value`` as ``encode`` would send it, for what somebody else encodes."""
    return json.loads(encode(value))


def without_nul(value: Any) -> Any:
    """``value`` with every NUL character taken out of its strings and keys."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {without_nul(key): without_nul(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nul(each) for each in value]
    return value
