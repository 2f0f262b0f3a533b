"""``$variables`` in attribute values, resolved against task data as the editor does.

The rules are those of ``parseValue`` in Label Studio's editor (utils/data.js): a value that is one
variable keeps the type of the data, anything else is text with the variables put in.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from ml_backend.data_paths import look_up, top_key

_VARIABLE = re.compile(r"\$([A-Za-z0-9_\[\]{}]+(?:\.[A-Za-z0-9_\[\]{}]+)*)")


def paths(value: str) -> tuple[str, ...]:
    """The data paths a value reads, without the ``$``, in order."""
    return tuple(dict.fromkeys(_VARIABLE.findall(value)))


def resolve(value: str, data: Mapping[str, Any]) -> Any:
    """What the editor would show for ``value``; missing data is ""."""
    whole = _VARIABLE.fullmatch(value)
    if whole:
        found = look_up(data, whole.group(1))
        return "" if found is None else found
    return _VARIABLE.sub(lambda match: as_text(look_up(data, match.group(1))), value)


def class_name(value: str, data: Mapping[str, Any]) -> str:
    """The name of a class: what it reads of the task, and as written where no data has that.

    "$50" is a price and no variable as long as the data has no field "50"; the editor, which takes
    it for one, shows nothing there. A name that is one variable and nothing else is data's alone.
    """
    whole = _VARIABLE.fullmatch(value)
    if whole and not whole.group(1)[0].isdigit():
        return as_text(resolve(value, data))

    def read(found: re.Match[str]) -> str:
        path = found.group(1)
        known = path in data or top_key(path) in data
        return as_text(look_up(data, path)) if known else found.group()

    return _VARIABLE.sub(read, value)


def as_text(value: Any) -> str:
    """A value as the editor prints it (JavaScript's ``String``), objects as JSON instead."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(as_text(item) for item in value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: white space, and characters without width."""
    return all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)


def storable(text: str) -> str:
    """A text without the characters that a database refuses: NUL, halves of characters."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


UNSTORABLE = "A text has characters that cannot be stored (NUL, halves of characters): left out."


def to_number(given: object) -> float | int | None:
    """A finite JSON number, also one written as text; whole numbers as int; else None."""
    if isinstance(given, str) and len(given) < 40 and given.isascii() and "_" not in given:
        text = given.strip()
        try:
            # As a whole number, for a float has no more than 17 digits.
            given = int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return int(given) if number.is_integer() else number
