"""Reading a prompt file: strictly, within bounds, and with the line of what is wrong.

Files come from people and from other servers, so nothing in them is trusted: no tags, no aliases,
bounded in size, depth and number of values, and no field is passed over. In ``parameters`` plain
values are read as JSON has them (numbers, true, false, null), all else is text.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from ml_backend.errors import InvalidInput
from ml_backend.prompting.prompt_file import SECRET, TAG, FileVersion, PromptFile
from ml_backend.records import ConfidenceWay, JsonObject, ProviderName

MOST_BYTES = 1_000_000
MOST_VALUES = 10_000
MOST_VERSIONS = 1_000
DEEPEST = 20
MOST_FEW_SHOT = 1_000
LONGEST_NAME = 200

PROMPT_FIELDS = ("title", "description", "active", "versions")
VERSION_FIELDS = (
    *("title", "provider", "model", "connection", "few_shot", "parameters"),
    *("confidence", "refined", "refined_from", "system_prompt", "prompt"),
)
PLAIN = frozenset(
    TAG + each for each in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")
)
"""What a value without a tag of its own may look like."""


class FileProblem(InvalidInput):
    """What is wrong with a prompt file, and in which line."""

    def __init__(self, message: str, *, line: int = 1, fix: str = "") -> None:
        super().__init__(f"Line {line}: {message}", field="file", fix=fix)
        self.line = line


def at_line(line: int, message: str, *, fix: str = "") -> FileProblem:
    """Return the error of what is wrong in a line."""
    return FileProblem(message, line=line, fix=fix)


def read(text: str) -> PromptFile:
    """Return the prompt of a file; raises FileProblem naming the line of what is wrong."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise at_line(1, f"the file has more than {MOST_BYTES:,} bytes.")
    root = _compose(text)
    if root is None:
        raise at_line(1, "the file is empty.", fix="It needs a title and versions.")
    fields = _fields(root, PROMPT_FIELDS, "the file")
    listed = _require(fields, "versions", _line(root))
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise at_line(_line(listed), "versions must be a list with a version or more.")
    if len(listed.value) > MOST_VERSIONS:
        raise at_line(_line(listed), f"more than {MOST_VERSIONS} versions.")
    versions = tuple(_version(each) for each in listed.value)
    _check_titles(versions)
    found = PromptFile(
        title=_read_text(_require(fields, "title", _line(root)), "title"),
        description=_optional(fields, "description") or "",
        active=_optional(fields, "active"),
        versions=versions,
        lines={name: _line(node) for name, node in fields.items()},
    )
    if found.active is not None and found.active not in {each.title for each in versions}:
        raise at_line(found.lines["active"], f"there is no version {found.active!r} to be it.")
    return found


def _version(node: yaml.Node) -> FileVersion:
    fields = _fields(node, VERSION_FIELDS, "a version")
    line = _line(node)
    lines = {"": line} | {name: _line(each) for name, each in fields.items()}
    for name in ("prompt", "system_prompt"):
        if isinstance(each := fields.get(name), yaml.ScalarNode) and each.style == "|":
            lines |= {name: lines[name] + 1, f"{name} in a block": 1}
    model = _read_text(_require(fields, "model", line), "model")
    if not model.strip() or len(model) > LONGEST_NAME:
        raise at_line(lines["model"], f"model must have 1 to {LONGEST_NAME} characters.")
    refined_from = _optional(fields, "refined_from")
    return FileVersion(
        title=_read_text(_require(fields, "title", line), "title"),
        text=_read_text(_require(fields, "prompt", line), "prompt"),
        provider=_provider(_require(fields, "provider", line)),
        model=model,
        connection=_optional(fields, "connection"),
        few_shot=_few_shot(fields.get("few_shot")),
        parameters=_parameters(fields.get("parameters")),
        system_prompt=(_optional(fields, "system_prompt") or "").strip(),
        confidence=_way(fields.get("confidence")),
        refined=_yes(fields.get("refined"), "refined") or refined_from is not None,
        refined_from=refined_from,
        lines=lines,
    )


def _check_titles(versions: Sequence[FileVersion]) -> None:
    """Raise FileProblem for a title that two have, and for a teacher's that points nowhere."""
    seen: set[str] = set()
    for each in versions:
        if each.title in seen:
            raise at_line(each.line("title"), f"two versions are named {each.title!r}.")
        if each.refined_from is not None and each.refined_from not in seen:
            raise at_line(
                each.line("refined_from"), f"no version before it is named {each.refined_from!r}."
            )
        seen.add(each.title)


class _Loader(yaml.SafeLoader):
    """Composes nodes alone, and stops at what is too much; nothing is ever constructed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = self.values = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise at_line(line, "anchors and aliases (& and *) are not read.")
        self.values += 1
        if self.values > MOST_VALUES:
            raise at_line(line, f"the file has more than {MOST_VALUES:,} values.")
        if self.depth >= DEEPEST:
            raise at_line(line, f"values lie more than {DEEPEST} deep.")
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _compose(text: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
            return node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise at_line(mark.line + 1 if mark else 1, f"no YAML: {error.problem}.") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        raise at_line(line, "a character that is no text.") from error
    except ValueError as error:  # numbers of an escape or a directive that make no sense
        raise at_line(1, f"no YAML: {error}.") from error


def _fields(node: yaml.Node, known: Sequence[str], what: str) -> dict[str, yaml.Node]:
    """Return field -> its value; raises FileProblem for a field that is unknown or there twice."""
    if not isinstance(node, yaml.MappingNode):
        raise at_line(_line(node), f"{what} must have fields: {', '.join(known)}.")
    found: dict[str, yaml.Node] = {}
    for name, key, value in _pairs(node):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            fix = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
            raise at_line(_line(key), f"{what} has no field {name[:80]!r}.", fix=fix)
        found[name] = value
    return found


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    seen = set()
    for key, value in node.value:
        name = _read_text(key, "a field's name")
        if name in seen:
            raise at_line(_line(key), f"{name[:80]!r} stands here twice.")
        seen.add(name)
        yield name, key, value


def _require(fields: Mapping[str, yaml.Node], name: str, line: int) -> yaml.Node:
    if name not in fields:
        raise at_line(line, f"{name!r} is missing.")
    return fields[name]


def _optional(fields: Mapping[str, yaml.Node], name: str) -> str | None:
    return _read_text(fields[name], name) if name in fields else None


def _read_text(node: yaml.Node, name: str) -> str:
    """Return a text as it is written, also one that looks like a number or like yes."""
    if not isinstance(node, yaml.ScalarNode) or node.tag not in PLAIN:
        raise at_line(_line(node), f"{name} must be a text.")
    value = str(node.value)
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise at_line(_line(node), f"{name} holds bytes that are not text.")
    return value


def _provider(node: yaml.Node) -> ProviderName:
    name = _read_text(node, "provider")
    try:
        return ProviderName(name)
    except ValueError:
        known = ", ".join(each.value for each in ProviderName)
        raise at_line(
            _line(node), f"there is no provider {name[:80]!r}.", fix=f"There are: {known}."
        ) from None


def _way(node: yaml.Node | None) -> ConfidenceWay | None:
    if node is None:
        return None
    name = _read_text(node, "confidence")
    try:
        return ConfidenceWay(name)
    except ValueError:
        known = ", ".join(each.value for each in ConfidenceWay)
        raise at_line(
            _line(node), f"there is no confidence {name[:80]!r}.", fix=f"There are: {known}."
        ) from None


def _few_shot(node: yaml.Node | None) -> int:
    if node is None:
        return 0
    value = _json(node)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_FEW_SHOT:
        raise at_line(_line(node), f"few_shot must be a whole number up to {MOST_FEW_SHOT}.")
    return value


def _yes(node: yaml.Node | None, name: str) -> bool:
    value = False if node is None else _json(node)
    if not isinstance(value, bool):
        raise at_line(_line(node) if node else 1, f"{name} must be true or false.")
    return value


def _parameters(node: yaml.Node | None) -> JsonObject:
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise at_line(_line(node), "parameters must be names with values.")
    _refuse_secrets(node)
    found: JsonObject = _json(node)
    return found


def _refuse_secrets(node: yaml.MappingNode) -> None:
    for name, key, value in _pairs(node):
        if name.casefold() in SECRET:
            raise at_line(
                _line(key),
                f"a prompt file holds no keys, and {name!r} may be one.",
                fix="Keys belong to the connection.",
            )
        if isinstance(value, yaml.MappingNode):
            _refuse_secrets(value)


def _json(node: yaml.Node) -> Any:
    """Return a value as JSON has it."""
    if isinstance(node, yaml.MappingNode):
        return {name: _json(value) for name, _, value in _pairs(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_json(each) for each in node.value]
    text = _read_text(node, "a parameter")
    if getattr(node, "style", None) is not None:
        return text
    if text in ("", "~"):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise at_line(_line(node), f"{text[:40]} is too large a number.")
    return value


def _refuse(text: str) -> None:
    raise ValueError(text)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
