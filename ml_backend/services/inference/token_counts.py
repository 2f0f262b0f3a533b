"""How many tokens a text has, near enough and without its model's tokenizer.

Tokenizers are a download each and differ by model. Four characters of ASCII, one and a half of
other writing are a token, give or take; what earlier runs measured corrects that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.prompting.messages import ATTACHMENT
from ml_backend.records import JsonObject
from ml_backend.services.inference.attachments import IMAGE_TOKENS

ASCII_CHARACTERS = 4.0
OTHER_CHARACTERS = 1.5
TOKENS_PER_MESSAGE = 4

FEWEST, MOST = 0.6, 1.6
"""Real tokens for one told from characters, from plain English to code and rare words."""
FILE_FEWEST, FILE_TOKENS = 85, 1_100
"""A picture: as thumbnail, and of 1,024 pixels, as most models count it."""


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of one prompt: the fewest and the most it can reasonably be, and a middle."""

    low: float
    middle: float
    high: float


def size_of(messages: Sequence[JsonObject], schema: JsonObject | None) -> Size:
    """Return the size of a prompt; a picture or document counts up to the most we know of one."""
    text = files = 0.0
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        text += TOKENS_PER_MESSAGE
        for part in parts:
            if part.get("type") == ATTACHMENT:
                files += 1
            else:
                text += tokens_of(str(part.get("text") or ""))
    # Some providers count the schema, others do not.
    shape = tokens_of(json.dumps(schema, ensure_ascii=False)) if schema else 0.0
    return Size(
        FEWEST * text + FILE_FEWEST * files,
        text + shape + FILE_TOKENS * files,
        MOST * (text + shape) + IMAGE_TOKENS * files,
    )


def tokens_of(text: str) -> float:
    """Return about how many tokens a text has."""
    plain = sum(each.isascii() for each in text)
    return plain / ASCII_CHARACTERS + (len(text) - plain) / OTHER_CHARACTERS
