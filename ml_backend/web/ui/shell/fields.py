"""What people type into forms, read: numbers, dollars, task ids; what is none is said by name."""

from __future__ import annotations

import math
import re

from ml_backend.errors import InvalidInput

MOST_TASKS = 100_000
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_AROUND_HYPHEN = re.compile(r"\s*[-–]\s*")


def whole(text: str, what: str, least: int, most: int, *, field: str) -> int:
    """Return a whole number within bounds, or raise InvalidInput naming field, value and bounds."""
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) < 16 and least <= int(text) <= most:
        return int(text)
    raise InvalidInput(
        f"{what} is {text!r}.", field=field, fix=f"Give a whole number from {least} to {most:,}."
    )


def dollars(text: str, what: str, *, field: str) -> float | None:
    """Return dollars above 0, None for an empty field."""
    text = text.strip().removeprefix("$").replace(",", "")
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise InvalidInput(
            f"{what} is {text!r}.", field=field, fix="Give dollars above 0, for example 2.50."
        )
    return found


def share(text: str, what: str, *, field: str, of: float = 1.0) -> float | None:
    """Return a number from 0 to ``of`` as a share of it, None for an empty field."""
    text = text.strip().removesuffix("%").strip()
    if not text:
        return None
    try:
        found = float(text) / of
    except ValueError:
        found = math.nan
    if not 0 <= found <= 1:
        raise InvalidInput(
            f"{what} is {text!r}.", field=field, fix=f"Give a number from 0 to {of:g}."
        )
    return found


def percent(text: str, what: str, *, field: str) -> float | None:
    """Return per cent as a share, None for an empty field."""
    return share(text, what, field=field, of=100.0)


def task_ids(text: str) -> list[int]:
    """Return the ids of a list such as ``1, 2, 5-9``, each once and in its order."""
    found: dict[int, None] = {}
    for part in re.split(r"[,;\s]+", _AROUND_HYPHEN.sub("-", text).strip(" ,;\r\n")):
        if not part:
            continue
        match = _RANGE.fullmatch(part)
        first, last = (int(each or match[1]) for each in match.groups()) if match else (1, 0)
        if not match or last < first:
            raise InvalidInput(
                f"{part[:50]!r} is no task id and no range of them.",
                field="tasks",
                fix="Write ids as in the Data Manager, for example 1, 2, 5-9.",
            )
        if len(found) + last - first >= MOST_TASKS:
            raise InvalidInput(f"More than {MOST_TASKS:,} task ids are named.", field="tasks")
        found.update(dict.fromkeys(range(first, last + 1)))
    if not found:
        raise InvalidInput(
            "No task is chosen.", field="tasks", fix="Write task ids, for example 1, 2, 5-9."
        )
    return list(found)
