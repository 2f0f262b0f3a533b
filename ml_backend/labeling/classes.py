"""The classes of a Choices or Labels tag: what the model is shown and what Label Studio is sent.

A class is shown by its ``value``, which labelers see, and stored by its ``alias`` where it has one.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ml_backend.errors import ConfigError
from ml_backend.labeling import values
from ml_backend.labeling.control import shown
from ml_backend.labeling.html_text import to_text
from ml_backend.labeling.tags import Tag
from ml_backend.records import JsonObject

# OpenAI refuses schemas whose enums grow past limits near these; the description still names all.
_ENUM_COUNT = 250
_ENUM_LENGTH = 7500


@dataclass(frozen=True, slots=True)
class AnswerClass:
    """One class; ``order`` is its place in the config."""

    shown: str
    sent: str
    meaning: str
    order: int


class Classes:
    """All classes of a control, found by value or alias."""

    def __init__(self, tag: Tag, child: str) -> None:
        """Read the ``<child>`` tags below ``tag``; raises ConfigError when they are not fixed."""
        if values.paths(tag.get("value")):
            raise ConfigError(
                f"its classes come from the task data (value={shown(tag.get('value'))}), "
                "which is not supported yet"
            )
        self.all = tuple(_read(_class_tags(tag, child.lower())))
        if not self.all:
            raise ConfigError(f"it has no <{child}> with a value")
        self._exact: dict[str, AnswerClass] = {}
        self._loose: dict[str, AnswerClass | None] = {}
        for name in ("shown", "sent"):
            for item in self.all:
                self._exact.setdefault(getattr(item, name), item)
        for item in self.all:
            for key in {_loosely(item.shown), _loosely(item.sent)}:
                self._loose[key] = item if key not in self._loose else None
        self._by_sent = {item.sent: item for item in self.all}

    @property
    def sent(self) -> tuple[str, ...]:
        return tuple(item.sent for item in self.all)

    def find(self, given: object) -> AnswerClass | None:
        """The class meant: exactly, else ignoring case and white space where that is one class."""
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

    def by_sent(self, sent: str) -> AnswerClass | None:
        """The class Label Studio stores as ``sent``."""
        return self._by_sent.get(sent)

    def enum(self, *, nullable: bool = False) -> JsonObject:
        """Schema of one class name; a plain string where the list is too long for a schema."""
        names = [item.shown for item in self.all]
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


def _class_tags(tag: Tag, child: str) -> Iterator[Tag]:
    for item in tag.descendants():
        if item.kind == child:
            if any(inner.kind == child for inner in item.descendants()):
                raise ConfigError("its classes are nested, which is not supported yet")
            yield item


def _read(tags: Iterable[Tag]) -> Iterator[AnswerClass]:
    seen: set[str] = set()
    names: set[str] = set()
    for tag in tags:
        if values.paths(tag.get("value")):
            raise ConfigError(
                f"the class {shown(tag.get('value'))} comes from the task data, "
                "which is not supported yet"
            )
        value = tag.attrs.get("value", "")
        sent = tag.attrs.get("alias", "") or value
        if not sent or sent in seen:
            continue
        # Two classes that look the same can only be told apart by what is stored.
        visible = (f"{value} ({sent})" if value in names else value) or sent
        seen.add(sent)
        names.add(visible)
        meaning = tag.get("hint") or to_text(tag.get("html"))
        yield AnswerClass(visible, sent, "" if meaning == visible else meaning, len(seen))


def _loosely(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _describe(item: AnswerClass) -> str:
    alias = f" ({_quoted(item.sent)})" if _loosely(item.sent) != _loosely(item.shown) else ""
    return f"{_quoted(item.shown)}{alias}" + (f": {item.meaning}" if item.meaning else "")
