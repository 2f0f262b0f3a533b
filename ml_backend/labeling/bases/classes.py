"""The classes of a Choices, Taxonomy or Labels tag: what the model is shown, what is stored.

A class is shown by its ``value``, which labelers see, and stored by its ``alias`` where it has one.
Nested classes are shown as a path, "Animals > Cats".
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ml_backend.labeling.bases.control import shown
from ml_backend.labeling.bases.room import room_of_key
from ml_backend.records import JsonObject

# OpenAI refuses schemas whose enums grow past limits near these; the description still names all.
_ENUM_COUNT = 250
_ENUM_LENGTH = 7500

PATH_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class AnswerClass:
    """One class; ``order`` is its place in the config, ``path`` the stored names from the root."""

    shown: str
    path: tuple[str, ...]
    meaning: str = ""
    most: int | None = None
    """How often a task may use it as a label (maxUsages); None for any number."""
    order: int = 0
    picture: str = ""
    """HTML of the task that shows it, where there are no words in it."""
    seen: tuple[str, ...] = ()
    """The path as the editor stores it, where that reads the name's "$50" as a field."""

    @property
    def sent(self) -> str:
        """What Label Studio stores for it, its parents left out."""
        return self.path[-1]


def last_name(item: AnswerClass) -> str:
    """A class as shown, its parents left out."""
    return item.shown.rpartition(PATH_SEPARATOR)[2] if len(item.path) > 1 else item.shown


class Classes:
    """All classes of a control, found by value or alias."""

    def __init__(self, found: Iterable[AnswerClass]) -> None:
        self.all = tuple(_told_apart(found))
        self._exact: dict[str, AnswerClass] = {}
        self._loose: dict[str, AnswerClass | None] = {}
        for item in self.all:
            self._exact.setdefault(item.shown, item)
        for item in self.all:
            if len(item.path) == 1:
                self._exact.setdefault(item.sent, item)
        for item in self.all:
            for key in _loose_names(item):
                self._loose[key] = item if key not in self._loose else None
        self._by_path = {item.path: item for item in self.all}
        spoiled = Counter(item.seen for item in self.all)
        for item in self.all:
            if item.seen and spoiled[item.seen] == 1:
                self._by_path.setdefault(item.seen, item)

    @property
    def sent(self) -> tuple[str, ...]:
        """The stored names, each once."""
        return tuple(dict.fromkeys(item.sent for item in self.all))

    @cached_property
    def rooms(self) -> tuple[int, ...]:
        """Tokens each name takes in an answer, the longest first; null takes as many without."""
        return tuple(sorted((room_of_key(item.shown) for item in self.all), reverse=True)) or (4,)

    def find(self, given: object) -> AnswerClass | None:
        """The class meant: exactly, else ignoring case and white space where that is one class.

        A nested class may be given as a list of names, or by its own name where that is unique.
        """
        if isinstance(given, list) and given and all(isinstance(part, str) for part in given):
            given = PATH_SEPARATOR.join(given)
        if isinstance(given, bool):
            given = "true" if given else "false"
        elif isinstance(given, int) and abs(given) < 10**9:
            given = str(given)
        if not isinstance(given, str):
            return None
        found = self._exact.get(given)
        if found is None and len(given) < 1000:
            found = self._loose.get(_loosely(given))
        return found

    def by_path(self, path: Sequence[str]) -> AnswerClass | None:
        """The class Label Studio stores as this path; a class without parents is a path of one."""
        return self._by_path.get(tuple(path))

    def unreadable(self, value: object, key: str) -> str:
        """Why the labels in a region's value cannot be read; "" where they can."""
        names = value.get(key) if isinstance(value, Mapping) else None
        if not isinstance(names, list):
            given = "" if names is None else f", but {shown(names)}"
            return f'the value of a region has no list "{key}"{given}'
        if not names:
            return "a region has no label"
        for name in names:
            if not isinstance(name, str) or self.by_path([name]) is None:
                return f"{shown(name)} is no class of it"
        return ""

    def enum(self, *, nullable: bool = False) -> JsonObject:
        """Schema of one class name; a plain string where the list is too long for a schema."""
        names = [item.shown for item in self.all]
        if not names:
            return {"type": "null"}
        schema: JsonObject = {"type": ["string", "null"] if nullable else "string"}
        if len(names) <= _ENUM_COUNT and sum(map(len, names)) <= _ENUM_LENGTH:
            schema["enum"] = [*names, None] if nullable else names
        return schema

    def describe(self) -> str:
        """One line per class, with its alias and meaning."""
        return "\n".join(f"- {_describe(item)}" for item in self.all)

    def unknown(self, given: object) -> str:
        """The message that names what was given and what would do."""
        names = [_quoted(item.shown) for item in self.all[:20]]
        more = ", …" if len(self.all) > len(names) else ""
        return f"{shown(given)} is not one of {', '.join(names)}{more}."


def _told_apart(found: Iterable[AnswerClass]) -> Iterable[AnswerClass]:
    """The classes without doubles; two that look the same are shown by what is stored as well."""
    paths: set[tuple[str, ...]] = set()
    names: set[str] = set()
    for item in found:
        if item.path in paths:
            continue
        visible = f"{item.shown} ({item.sent})" if item.shown in names else item.shown
        paths.add(item.path)
        names.add(visible)
        yield replace(item, shown=visible, order=len(paths))


def _loose_names(item: AnswerClass) -> set[str]:
    """What a class may be called: as shown, as stored, and nested ones by their last name alone."""
    names = {item.shown, PATH_SEPARATOR.join(item.path), item.sent, last_name(item)}
    return set(map(_loosely, names))


def _loosely(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _describe(item: AnswerClass) -> str:
    own = _loosely(last_name(item))
    alias = f" ({_quoted(item.sent)})" if _loosely(item.sent) != own else ""
    return f"{_quoted(item.shown)}{alias}" + (f": {item.meaning}" if item.meaning else "")
