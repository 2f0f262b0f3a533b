"""Which control a key of an answer means: its name, but for case and spacing, or in a wrapper."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_backend.labeling.bases.key_names import other_keys, plain

# What may hold an answer that is not this one's, and what tells how sure one is of it.
NO_WRAPPER = re.compile(
    r"example|sample|template|previous|prior|former|earlier|draft|input|\bold\b|initial|original"
    r"|alternativ|reject|wrong|incorrect|discard|before|candidate|attempt|second|guess|few.?shot"
)
BESIDES = re.compile(
    r"confiden|scores?\b|prob|logit|reason|explan|evidence|rational|certain|justif"
)
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+")
LONGEST_KEY = 60
MOST_KEYS = 8


@dataclass(frozen=True, slots=True)
class Keyed:
    """An answer by the names of its controls, and what of it did not go into that."""

    answer: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    """Controls nothing is said of; null is something."""
    strangers: tuple[str, ...] = ()
    """Keys that came and mean no control."""
    doubled: tuple[str, ...] = ()
    """Controls that two keys mean, with different values: missing as well."""

    def without(self, *names: str) -> str:
        """Say that the keys of controls are missing, and which came instead."""
        if set(names) <= set(self.doubled):
            return f"The answer gives {_quoted(names)} twice, with different values."
        came = self.strangers or tuple(self.answer)
        rest = f"it has {_quoted(came)}" if came else "it has nothing in it"
        return f"The answer has no {_quoted(names)}; {rest}."


def by_control(
    answer: Mapping[str, Any], names: Collection[str], classes: Collection[str] = ()
) -> Keyed:
    """Return an answer by control: under another case or spacing, or in exactly one wrapper.

    No wrapper is taken beside a key that means no control and has one of ``classes``.
    """
    keyed = _match(answer, names)
    wrappers = {
        key: answer[key] for key in keyed.strangers or answer if key in names or not _is_other(key)
    }
    if keyed.answer and not _is_itself_wrapped(keyed.answer, names):
        return _without_doubled(keyed, wrappers, names) if keyed.strangers else keyed
    inner = [_match(each, names) for each in _objects(wrappers.values())]
    fitting = [each for each in inner if each.answer]
    if len(fitting) != 1:
        return keyed
    [found] = fitting
    rivals = named_classes(keyed.strangers, answer, classes)
    return keyed if any(answer[key] not in found.answer.values() for key in rivals) else found


def named_classes(
    keys: Collection[str], answer: Mapping[str, Any], classes: Collection[str]
) -> list[str]:
    """Return those of some keys of an answer whose value is a class."""
    known = {plain(name) for name in classes}
    return [key for key in keys if isinstance(answer[key], str) and plain(answer[key]) in known]


def _without_doubled(keyed: Keyed, wrappers: Mapping[str, Any], names: Collection[str]) -> Keyed:
    """An answer without what an object beside it says otherwise."""
    besides = [each for key, each in wrappers.items() if not BESIDES.search(_words(key))]
    inner = [_match(each, names).answer for each in _objects(besides)]
    doubled = [
        name
        for name, value in keyed.answer.items()
        if any(name in each and each[name] != value for each in inner)
    ]
    if not doubled:
        return keyed
    found = {name: value for name, value in keyed.answer.items() if name not in doubled}
    missing = tuple(name for name in names if name not in found)
    return Keyed(found, missing, keyed.strangers, (*keyed.doubled, *doubled))


def _is_other(key: str) -> bool:
    return NO_WRAPPER.search(_words(key)) is not None


def _words(key: str) -> str:
    return HUMP.sub(" ", key).lower()


def _match(answer: Mapping[str, Any], names: Collection[str]) -> Keyed:
    missing = tuple(name for name in names if name not in answer)
    if len(answer) == len(names) and not missing:
        return Keyed(answer)
    found = {name: answer[name] for name in names if name in answer}
    if len(found) == len(answer):
        return Keyed(found, missing)
    others = other_keys(answer, names)
    found |= others.meant
    for name in others.doubled:
        found.pop(name, None)
    missing = tuple(name for name in names if name not in found)
    return Keyed(found, missing, others.strangers, others.doubled)


def _is_itself_wrapped(answer: Mapping[str, Any], names: Collection[str]) -> bool:
    """Whether the one control of a config is called as the wrapper around its answer."""
    if len(names) != 1 or len(answer) != 1:
        return False
    [value] = answer.values()
    return isinstance(value, Mapping) and list(value) == list(names)


def _objects(values: Iterable[Any]) -> list[Mapping[str, Any]]:
    """The objects among values: as they are, alone in a list, or written in a string."""
    found = []
    for value in values:
        each = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(each, str) and each.lstrip().startswith("{"):
            try:
                each = json.loads(each)
            except (ValueError, RecursionError):
                continue
        if isinstance(each, Mapping):
            found.append(each)
    return found


def _quoted(names: Sequence[str]) -> str:
    short = [name if len(name) <= LONGEST_KEY else name[: LONGEST_KEY - 1] + "…" for name in names]
    more = f" and {len(short) - MOST_KEYS} more" if len(short) > MOST_KEYS else ""
    return ", ".join(f'"{name}"' for name in short[:MOST_KEYS]) + more
