"""How many tokens a part of an answer may take: what each control's ``room`` is made of.

Generous for whatever tokenizer, not an estimate: a limit made from it must cut answers that run on
and no others. Two characters of ASCII count as a token, a digit as one of its own, as it is to many
tokenizers, and other writing by its UTF-8 bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ml_backend.labeling.task_data.object_tag import ObjectTag

NUMBER = 20
"""A number of measured data, with its sign, point and digits."""
INTEGER = 8
TEXT = 512
"""A text for a short task: a summary, a reason, a description of a picture."""
NOTE = 64
"""A text about one region, or one of very many."""
PICTURE = 2_000
"""The words to be read in a picture or on a page, which nobody has counted before a model looks.

A text is let be twice as long as what it is about: 4,000 tokens are a page in small print."""


def room_of(text: str) -> int:
    """Tokens that a text takes at the most."""
    digits = sum(map(text.count, "0123456789"))
    if text.isascii():
        return (len(text) - digits) // 2 + digits + 1
    ascii_count = len(text.encode("ascii", "ignore"))
    bytes_of_others = len(text.encode("utf-8", "replace")) - ascii_count
    return (ascii_count - digits) // 2 + digits + bytes_of_others + 1


@lru_cache(10_000)
def room_of_key(name: str) -> int:
    """Tokens of a key in an object, with its quotes, colon, comma and the white space around."""
    return room_of(json.dumps(name, ensure_ascii=False)) + 4


def room_of_text(length: int) -> int:
    """Tokens of a text that is written about a task whose own texts take ``length``."""
    return TEXT + 2 * length


def room_of_pictures(objects: Iterable[ObjectTag], data: Mapping[str, Any]) -> int:
    """Tokens of the words in all pictures and pages of a task."""
    return PICTURE * sum(each.page_count(data) for each in objects)
