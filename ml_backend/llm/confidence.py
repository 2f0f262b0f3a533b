"""Token log-probabilities -> how sure a model was of its answer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

# A string before a colon is a key, which the schema dictates: its probability says nothing.
# One that nothing closes is no value: of an answer that was cut off.
SCALAR = re.compile(
    r'"((?:\\.?|[^"\\])*+)(?:"(?P<key>\s*+:)?|(?P<open>\Z))|-?\d[\d.eE+-]*|true|false|null',
    re.DOTALL,
)


def value_confidence(tokens: Sequence[Any]) -> float | None:
    """Return exp(mean log-probability) over the tokens of the JSON values; None without any.

    ``tokens`` are the entries of ``choices[0].logprobs.content``: objects with ``token`` and
    ``logprob``.
    """
    pieces: list[tuple[int, int, float]] = []
    text = ""
    for entry in tokens:
        token, logprob = entry.get("token"), entry.get("logprob")
        if not isinstance(token, str) or not isinstance(logprob, int | float):
            return None
        pieces.append((len(text), len(text) + len(token), float(logprob)))
        text += token
    is_value = bytearray(len(text))
    for match in SCALAR.finditer(text):
        if not match["key"] and match["open"] is None:
            start, end = match.span(1) if match[1] else match.span()
            is_value[start:end] = b"\x01" * (end - start)
    chosen = [logprob for start, end, logprob in pieces if any(is_value[start:end])]
    return math.exp(min(0.0, sum(chosen) / len(chosen))) if chosen else None
