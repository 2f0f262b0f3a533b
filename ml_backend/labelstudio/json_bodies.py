"""JSON to and from Label Studio: what may go into a request, and long arrays read item by item."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

BETWEEN = re.compile(r"[\s,]*")


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


def iter_array(chunks: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON array; ValueError when it is not one or breaks off."""
    decode = json.JSONDecoder().raw_decode
    buffer, position, wanted = "", 0, 0
    for chunk in chain(_opened(iter(chunks)), [None]):
        buffer += chunk or ""
        if chunk is not None and len(buffer) < wanted:
            continue
        position = 0
        while True:
            position = _skip(buffer, position)
            if buffer.startswith("]", position):
                return
            try:
                item, position = decode(buffer, position)
            except ValueError:
                break
            if not isinstance(item, dict):
                raise ValueError("not an array of objects")
            yield item
        buffer = buffer[position:]
        # An item longer than what is here: wait until that has doubled, or rescans cost a square.
        wanted = 2 * len(buffer)
    raise ValueError("the array breaks off")


def _skip(buffer: str, position: int) -> int:
    match = BETWEEN.match(buffer, position)
    return match.end() if match else position


def _opened(chunks: Iterator[str]) -> Iterator[str]:
    """The chunks without the opening bracket; ValueError when there is none."""
    for chunk in chunks:
        text = chunk.lstrip()
        if not text:
            continue
        if text[0] != "[":
            raise ValueError("not a JSON array")
        yield text[1:]
        break
    yield from chunks
