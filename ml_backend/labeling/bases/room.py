"""How many tokens a part of an answer may take: what each control's ``room`` is made of.

An upper bound for whatever tokenizer, not an estimate: a limit made from it must cut answers that
run on and no others. Two characters of ASCII are a token at the least, other writing is counted by
its UTF-8 bytes. Digits are often a token each.
"""

from __future__ import annotations

import json

NUMBER = 16
"""A number of measured data, with its sign, point and digits."""
INTEGER = 8
TEXT = 512
"""A text for a short task: a summary, a reason, a description of a picture."""
NOTE = 64
"""A text about one region, or one of very many."""


def room_of(text: str) -> int:
    """Tokens that a text takes at the most."""
    if text.isascii():
        return len(text) // 2 + 1
    bytes_of_others = sum(len(each.encode("utf-8", "replace")) for each in text if each > "\x7f")
    plain = sum(each <= "\x7f" for each in text)
    return plain // 2 + bytes_of_others + 1


def room_of_key(name: str) -> int:
    """Tokens of a key in an object, with its quotes, colon, comma and the white space around."""
    return room_of(json.dumps(name, ensure_ascii=False)) + 4


def room_of_text(length: int) -> int:
    """Tokens of a text that is written about a task whose own texts take ``length``."""
    return TEXT + 2 * length
