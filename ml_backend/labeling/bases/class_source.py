"""Where a control's classes come from: its own tags, the task's data, or both.

As the editor has it, the task adds its options behind the config's: a list of objects with the
attributes of ``<Choice>`` or ``<Label>`` and, where classes may be nested, ``children``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_backend.data_paths import top_key
from ml_backend.errors import ConfigError, TaskRefused
from ml_backend.labeling.bases.classes import PATH_SEPARATOR, AnswerClass, Classes
from ml_backend.labeling.bases.control import shown
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data import values
from ml_backend.labeling.text.html_images import pictures
from ml_backend.labeling.text.html_text import to_text
from ml_backend.records import Attachment

Data = Mapping[str, Any]

DEEPEST = 100
"""Levels of classes that a task may bring; an XML has no more than 256."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A class as written, with those nested in it."""

    value: str
    alias: str
    hint: str
    html: str
    children: tuple[_Node, ...]
    most: int | None = None
    of_task: bool = False


class ClassSource:
    """Gives the classes of a task; the same ones for every task where nothing depends on it."""

    def __init__(
        self, tag: Tag, child: str, *, nested: bool = False, leaves_only: bool = False
    ) -> None:
        """Read the ``<child>`` tags below ``tag``; raises ConfigError when there can be none.

        With ``nested`` a class is a path through the tree, else only the topmost are classes.
        """
        self._child = child
        self._nested = nested
        self._leaves_only = leaves_only
        self._most = tag.integer("maxusages") or None
        self._own = tuple(_own_nodes(tag, child.lower()))
        self._written = frozenset(node.alias or node.value for node in _all_nodes(self._own))
        self._value = tag.get("value")
        self._from_task = bool(values.paths(self._value))
        self.varies = self._from_task or any(map(_reads_task, self._own))
        if not self._own and not self._from_task:
            raise ConfigError(f"it has no <{child}> with a value")
        self._last: tuple[Data, Classes] | None = None
        self._fixed = None if self.varies else self._build({})
        if self._fixed is not None and not self._fixed.all:
            raise ConfigError(f"it has no <{child}> with a value")

    def of(self, data: Data) -> Classes:
        """The classes of a task; empty when its data brings none. Raises TaskRefused."""
        if self._fixed is not None:
            return self._fixed
        # Asked for again and again while one task is converted; never two tasks share a mapping.
        last = self._last
        if last is None or last[0] is not data:
            last = self._last = (data, self._build(data))
        return last[1]

    @property
    def fixed(self) -> tuple[AnswerClass, ...]:
        """The classes that every task has."""
        return (self._fixed or self._build({})).all

    def attachments(self, data: Data) -> list[Attachment]:
        """The pictures by which a task shows classes without words."""
        if not self._from_task:
            return []
        found = (pictures(each.picture, each.shown) for each in self.of(data).all if each.picture)
        return [picture for several in found for picture in several]

    def notes(self, known: Collection[str]) -> list[str]:
        """What to tell of classes that read fields, where the tasks have ``known``, or are one."""
        found: list[str] = []
        misread: dict[str, list[str]] = {}
        stored: dict[str, dict[str, None]] = {}
        for node in _all_nodes(self._own) if self._nested else self._own:
            absent = [path for path in values.paths(node.value) if top_key(path) not in known]
            name = values.class_name(node.value, {})
            if node.alias and not self._nested:
                stored.setdefault(node.alias, {})[node.value] = None
            if absent and not name:
                found.append(
                    f"The class {shown(node.value)} is what the task's field {shown(absent[0])} "
                    "says, which no task has: there is no such class."
                )
            elif absent and not node.alias:
                seen = values.as_text(values.resolve(node.value, {}))
                misread.setdefault(seen, []).append(node.value)
        found += [_misread(seen, names) for seen, names in misread.items()]
        for alias, several in stored.items():
            if len(several) > 1:
                names = " and ".join(map(shown, several))
                found.append(f"{names} are stored as one class, {shown(alias)}: the first counts.")
        return found

    def imports(self, names: Iterable[str]) -> bool:
        """Whether Label Studio's import, which reads no task, finds these stored names.

        It knows them as the config writes them; where that writes none, it takes any.
        """
        return not self.varies or not self._written or self._written.issuperset(names)

    @property
    def title(self) -> str:
        """What stands above the list of classes in a description."""
        return "Classes, taken from the task's data" if self._from_task else "Classes"

    @property
    def whereabouts(self) -> str:
        """Where a task's own classes are, for messages: the data path."""
        read = [self._value, *(node.value for node in _all_nodes(self._own))]
        return ", ".join(dict.fromkeys(path for each in read for path in values.paths(each)))

    def _build(self, data: Data) -> Classes:
        nodes = [*self._own]
        if self._from_task:
            nodes += _task_nodes(values.resolve(self._value, data), nested=self._nested)
        found = list(self._classes(nodes, data, (), ()))
        if self._nested and self._leaves_only:
            # A class may be there twice, once with others in it: the editor takes it for that one.
            parents = {each.path[:depth] for each in found for depth in range(1, len(each.path))}
            found = [each for each in found if each.path not in parents]
        return Classes(found)

    def _classes(
        self, nodes: Iterable[_Node], data: Data, names: tuple[str, ...], path: tuple[str, ...]
    ) -> Iterator[AnswerClass]:
        for node in nodes:
            value = values.class_name(node.value, data)
            sent = node.alias or value
            seen = values.as_text(values.resolve(node.value, data))
            if not sent:
                continue
            titles = (*names, value or sent)
            place = (*path, sent)
            if not (node.children and self._nested and self._leaves_only):
                meaning = node.hint or to_text(node.html)
                told = "" if meaning == titles[-1] else meaning
                yield AnswerClass(
                    shown=PATH_SEPARATOR.join(titles),
                    path=place,
                    # What a task says stays in quotes: it begins no line among the rules.
                    meaning=_quoted(told) if node.of_task and told else told,
                    most=node.most or self._most,
                    picture=node.html if node.of_task and not meaning else "",
                    seen=(*path, seen) if seen not in ("", value) and not node.alias else (),
                )
            if self._nested:
                yield from self._classes(node.children, data, titles, place)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _all_nodes(nodes: Iterable[_Node]) -> Iterator[_Node]:
    for node in nodes:
        yield node
        yield from _all_nodes(node.children)


def _own_nodes(tag: Tag, child: str) -> Iterator[_Node]:
    """The topmost class tags below a tag; Views and Headers may stand around them."""
    for item in tag.children:
        if item.kind == child:
            yield _Node(
                value=item.attrs.get("value", ""),
                alias=item.attrs.get("alias", ""),
                hint=item.get("hint"),
                html=item.get("html"),
                most=item.integer("maxusages") or None,
                children=tuple(_own_nodes(item, child)),
            )
        else:
            yield from _own_nodes(item, child)


def _task_nodes(options: Any, *, nested: bool, depth: int = 1) -> Iterator[_Node]:
    """The classes of a task's data; raises TaskRefused where they are nested too deeply."""
    if not isinstance(options, list | tuple):
        return
    if depth > DEEPEST and options:
        raise TaskRefused(
            f"The classes of the task are nested more than {DEEPEST} levels deep.",
            fix="Bring them in fewer levels.",
        )
    for option in options:
        if isinstance(option, Mapping):
            yield _Node(
                value=values.as_text(option.get("value")),
                alias=values.as_text(option.get("alias")),
                hint=values.as_text(option.get("hint")),
                html=values.as_text(option.get("html")),
                children=tuple(
                    _task_nodes(option.get("children"), nested=True, depth=depth + 1)
                    if nested
                    else ()
                ),
                of_task=True,
            )


def _misread(seen: str, names: Sequence[str]) -> str:
    """What to know of classes in whose names the editor looks for fields."""
    several = len(names) > 1
    return (
        f"In {' and '.join(map(shown, names))} Label Studio's editor takes what follows the $ for "
        f"a field, which no task has, and shows {shown(seen)}"
        f"{' for each of them' if several else ''}. Answers use the name as written; with an "
        "alias, or without the $, the editor finds the class again."
    )


def _reads_task(node: _Node) -> bool:
    return bool(values.paths(node.value)) or any(map(_reads_task, node.children))
