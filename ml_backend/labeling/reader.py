"""From the XML's tags to controls and objects, or to why a control cannot be answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ml_backend.errors import ConfigError
from ml_backend.labeling.control import Control
from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.controls.textarea import is_prompt_area
from ml_backend.labeling.object_tag import ObjectTag
from ml_backend.labeling.objects import OBJECTS
from ml_backend.labeling.objects.header import Header
from ml_backend.labeling.tags import Tag, parse_xml

# Tags that have a name and a toName but are no controls, as in the SDK.
_NO_CONTROLS = frozenset({"filter", "shortcut"})


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """Everything of a labeling config that answering needs, each in document order."""

    controls: dict[str, Control] = field(default_factory=dict)
    unanswerable: dict[str, str] = field(default_factory=dict)
    objects: dict[str, ObjectTag] = field(default_factory=dict)
    inputs: list[ObjectTag] = field(default_factory=list)
    """Everything that shows task data, headings without a name included."""
    outline: list[ObjectTag | Control] = field(default_factory=list)
    """Controls, and between them the fixed texts labelers see: never task data."""
    prompt_areas: dict[str, str] = field(default_factory=dict)
    """Text areas in which labelers type a prompt, with the object each belongs to."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What the tags around a tag say about it."""

    condition: str = ""
    repeated: bool = False


def read(xml: str) -> ParsedConfig:
    """Raise ConfigError when the XML does not parse; a tag we cannot answer is no error."""
    root = parse_xml(xml)
    parsed = ParsedConfig()
    placed = list(_walk(root, _Place()))
    unreadable = _read_objects([tag for tag, _ in placed], parsed)
    named = {tag.get("name"): tag for tag, _ in placed if tag.get("name")}
    for tag, place in placed:
        if tag.kind == "textarea" and is_prompt_area(tag.get("name")):
            parsed.prompt_areas[tag.get("name")] = tag.get("toname").split(",")[0].strip()
        if _is_control(tag):
            _read_control(tag, place, parsed, unreadable, named)
            continue
        unnamed = tag.kind == "header" and not tag.get("name")
        thing = Header(tag) if unnamed else parsed.objects.get(tag.get("name"))
        if thing and not thing.is_static:
            parsed.inputs.append(thing)
        elif thing and not place.condition:
            parsed.outline.append(thing)
    return parsed


def _walk(tag: Tag, place: _Place) -> Iterator[tuple[Tag, _Place]]:
    condition = tag.get("visiblewhen").lower()
    # Nothing is selected when a labeler submits, so this condition always holds.
    if condition and condition != "no-region-selected":
        place = replace(place, condition=tag.get("visiblewhen"))
    if tag.kind == "repeater":
        place = replace(place, repeated=True)
    yield tag, place
    for child in tag.children:
        yield from _walk(child, place)


def _is_control(tag: Tag) -> bool:
    if tag.kind == "relations":
        return True
    if not tag.get("name") or tag.kind in _NO_CONTROLS:
        return False
    return bool(tag.get("toname")) or tag.kind in CONTROLS


def _read_objects(tags: list[Tag], parsed: ParsedConfig) -> dict[str, str]:
    """Fill in the readable objects; gives the reasons for the others by name."""
    unreadable: dict[str, str] = {}
    for tag in tags:
        name = tag.get("name")
        if (
            not name
            or _is_control(tag)
            or not (tag.get("value") or tag.get("valuelist") or tag.text)
        ):
            continue
        kind = OBJECTS.get(tag.kind)
        if kind is None or (tag.get("valuelist") and tag.kind != "image"):
            unreadable[name] = f"it is about <{tag.written}>, whose content cannot be read yet"
            continue
        try:
            parsed.objects[name] = kind(tag)
        except ConfigError as error:
            unreadable[name] = error.message
    return unreadable


def _read_control(
    tag: Tag, place: _Place, parsed: ParsedConfig, unreadable: dict[str, str], named: dict[str, Tag]
) -> None:
    name = tag.get("name") or tag.written
    if name in parsed.controls or name in parsed.unanswerable:
        raise ConfigError(f'The labeling config has two tags named "{name}".', field="label_config")
    kind = CONTROLS.get(tag.kind)
    reason = _refusal(tag, place)
    targets = [part.strip() for part in tag.get("toname").split(",")]
    for target in targets if not reason else ():
        if target in unreadable:
            reason = unreadable[target]
        elif target not in parsed.objects:
            other = f"<{named[target].written}>" if target in named else "nothing in the config"
            reason = f'its toName "{target}" is {other}, which holds no text to read'
        if reason:
            break
    if not reason and kind is not None:
        try:
            control = kind(tag, [parsed.objects[target] for target in targets])
        except ConfigError as error:
            reason = error.message
        else:
            parsed.controls[name] = control
            parsed.outline.append(control)
            return
    parsed.unanswerable[name] = reason


def _refusal(tag: Tag, place: _Place) -> str:
    """Why no control of this shape can be answered yet; "" when one can."""
    if tag.kind not in CONTROLS:
        return f"<{tag.written}> is not supported yet"
    if "toName" not in tag.exact_names or "name" not in tag.exact_names:
        # Label Studio's server and SDK know no other spelling and would drop the prediction.
        return (
            "it has no toName (spelled so, with a capital N), so Label Studio refuses predictions"
        )
    if tag.is_true("perregion") or tag.is_true("peritem"):
        return "it asks about each region or item (perRegion, perItem), which is not supported yet"
    if place.condition:
        condition = f'visibleWhen="{place.condition}"'
        return f"it shows only under a condition ({condition}), which is not supported yet"
    if place.repeated or "{{" in tag.get("name"):
        return "it is repeated for each item (<Repeater>), which is not supported yet"
    return ""
