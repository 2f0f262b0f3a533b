"""What is wrong with an answer that says nothing, in words for the model and for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ml_backend.labeling.answer_keys import Keyed, named_classes
from ml_backend.records import Problem

MOST_REASONS = 10


def unanswered(name: str, problems: Sequence[Problem]) -> str:
    """Say that a required control has no answer, and why."""
    reasons = [item.message for item in problems if item.control == name]
    return f'"{name}" must be answered: it is required. ' + " ".join(reasons[:5])


def elsewhere(keyed: Keyed, answer: Mapping[str, Any], classes: Collection[str]) -> list[Problem]:
    """Say of controls that are null that a key which means none of them names a class."""
    strangers = [key for key in keyed.strangers if key in answer]
    named = named_classes(strangers, answer, classes)
    if not named:
        return []
    said = ", ".join(f'"{key}": "{answer[key]}"' for key in named[:MOST_REASONS])
    return [
        Problem(name, f'The answer gives null for "{name}", and beside it {said}.')
        for name, value in keyed.answer.items()
        if value is None
    ]


def nothing_usable(problems: Sequence[Problem], keyed: Keyed, *, hidden: bool) -> list[str]:
    """Say why an answer brought no region; nothing where it is null all over, as was offered."""
    named = [item for item in problems if item.control not in keyed.missing]
    if named or keyed.doubled:
        reasons = " ".join(f'"{item.control}": {item.message}' for item in problems[:MOST_REASONS])
        return [f"Nothing in the answer can be used. {reasons}"]
    if hidden:
        return ["Nothing in the answer can be used: the editor would hide all of it."]
    if keyed.missing:
        return [keyed.without(*keyed.missing)]
    blank = ", ".join(f'"{name}"' for name, value in keyed.answer.items() if not is_nothing(value))
    return [f"Nothing in the answer can be used: {blank} is blank."] if blank else []


def is_nothing(value: object) -> bool:
    """Whether a part of an answer is null, an empty list, or made of these alone."""
    if isinstance(value, Mapping):
        return all(map(is_nothing, value.values()))
    return value is None or (isinstance(value, list) and all(map(is_nothing, value)))
