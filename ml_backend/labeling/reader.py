"""From the XML's tags to controls and objects, or to why a control cannot be answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.control import Control
from ml_backend.labeling.bases.per_item import PerItem
from ml_backend.labeling.bases.region_control import RegionControl
from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.controls.relations import Relations
from ml_backend.labeling.controls.textarea import is_prompt_area
from ml_backend.labeling.markup.conditions import Condition, conditions_of
from ml_backend.labeling.markup.tags import Tag, check_size, parse_xml
from ml_backend.labeling.objects import OBJECTS
from ml_backend.labeling.objects.header import Header
from ml_backend.labeling.objects.image import Image
from ml_backend.labeling.task_data.object_tag import ObjectTag

MOST_CONTROLS = 500
MOST_PER_REGION = 400
"""Tags that mark regions × tags that ask about each of them: the schema has every pair."""

# Tags that have a name and a toName but are no controls, as in the SDK.
_NO_CONTROLS = frozenset({"filter", "shortcut"})


@dataclass(slots=True)
class ParsedConfig:
    """Everything of a labeling config that answering needs, each in document order."""

    controls: dict[str, Control] = field(default_factory=dict)
    """Those that answer by themselves: keys of the answer."""
    companions: dict[str, Control] = field(default_factory=dict)
    """Those that are asked about each region of another."""
    relations: Relations | None = None
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

    conditions: tuple[Condition, ...] = ()
    repeated: bool = False


def read(xml: str) -> ParsedConfig:
    """Raise ConfigError when the XML does not parse; a tag we cannot answer is no error."""
    root = parse_xml(xml)
    parsed = ParsedConfig()
    placed = list(_walk(root, _Place()))
    tags = [tag for tag, _ in placed]
    self_asked = _names_asked_about(tags)
    unreadable = _read_objects(tags, parsed)
    named = {tag.get("name"): tag for tag in tags if tag.get("name")}
    for tag, place in placed:
        if tag.kind == "textarea" and is_prompt_area(tag.get("name")):
            parsed.prompt_areas[tag.get("name")] = tag.get("toname").split(",")[0].strip()
        if _is_control(tag, self_asked):
            _read_control(tag, place, parsed, unreadable, named)
            if tag.kind not in OBJECTS:
                continue
        unnamed = tag.kind == "header" and not tag.get("name")
        thing = Header(tag) if unnamed else parsed.objects.get(tag.get("name"))
        if thing and not thing.is_static:
            parsed.inputs.append(thing)
        elif thing and not place.conditions:
            parsed.outline.append(thing)
    asked = len(parsed.controls) + len(parsed.companions)
    check_size(asked, MOST_CONTROLS, "tags that are answered")
    _join(parsed)
    return parsed


def _walk(tag: Tag, place: _Place) -> Iterator[tuple[Tag, _Place]]:
    own = conditions_of(tag)
    if own:
        place = replace(place, conditions=(*place.conditions, *own))
    if tag.kind == "repeater":
        place = replace(place, repeated=True)
    yield tag, place
    for child in tag.children:
        yield from _walk(child, place)


def _names_asked_about(tags: list[Tag]) -> frozenset[str]:
    """The objects of whose regions something is asked."""
    asking = (tag for tag in tags if tag.is_true("perregion"))
    return frozenset(part.strip() for tag in asking for part in tag.get("toname").split(","))


def _is_control(tag: Tag, asked_about: frozenset[str]) -> bool:
    if tag.kind == "relations":
        return True
    if not tag.get("name") or tag.kind in _NO_CONTROLS:
        return False
    if tag.kind in OBJECTS:  # a <Chat> is shown, and where people write in it, answered as well
        may_write = bool(tag.get("toname")) or tag.get("name") in asked_about
        return tag.kind in CONTROLS and may_write
    return bool(tag.get("toname")) or tag.kind in CONTROLS


def _read_objects(tags: list[Tag], parsed: ParsedConfig) -> dict[str, str]:
    """Fill in the readable objects; gives the reasons for the others by name."""
    unreadable: dict[str, str] = {}
    for tag in tags:
        name = tag.get("name")
        kind = OBJECTS.get(tag.kind)
        if not name or not (tag.get("value") or tag.get("valuelist") or tag.text):
            continue
        if kind is None:
            if not _is_control(tag, frozenset()):
                unreadable[name] = f"it is about <{tag.written}>, whose content cannot be read"
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
    known = (parsed.controls, parsed.companions, parsed.unanswerable)
    if any(name in each for each in known):
        raise ConfigError(f'The labeling config has two tags named "{name}".', field="label_config")
    kind = CONTROLS.get(tag.kind)
    if tag.kind == "relations":
        _read_relations(tag, name, parsed)
        return
    reason = _refusal(tag, place)
    targets = _targets(tag, kind, parsed)
    for target in targets if not reason else ():
        if target in unreadable:
            reason = unreadable[target]
        elif target not in parsed.objects:
            other = f"<{named[target].written}>" if target in named else "nothing in the config"
            reason = f'its toName "{target}" is {other}, which shows nothing to read'
        if reason:
            break
    if not reason and kind is not None:
        objects = [parsed.objects[target] for target in targets]
        try:
            control = kind.for_objects(objects)(tag, objects)
            control.conditions = place.conditions
            if tag.is_true("peritem") and not control.per_region:
                control = _per_item(control)
        except ConfigError as error:
            reason = error.message
        else:
            (parsed.companions if control.per_region else parsed.controls)[name] = control
            parsed.outline.append(control)
            return
    parsed.unanswerable[name] = reason


def _per_item(control: Control) -> Control:
    thing = control.objects[0] if control.objects else None
    if control.makes_regions or not isinstance(thing, Image) or not thing.has_pages:
        raise ConfigError("it asks about each item (perItem) of an object without a valueList")
    return PerItem(control, thing)


def _targets(tag: Tag, kind: type[Control] | None, parsed: ParsedConfig) -> list[str]:
    """The names of the objects a control is about."""
    if tag.get("toname"):
        return [part.strip() for part in tag.get("toname").split(",")]
    if tag.kind in OBJECTS:
        return [tag.get("name")]
    if kind is not None and not kind.needs_object:
        return list(parsed.objects)[:1]
    return []


def _refusal(tag: Tag, place: _Place) -> str:
    """Why no control of this shape can be answered; "" when one can."""
    kind = CONTROLS.get(tag.kind)
    if kind is None:
        return f"<{tag.written}> cannot be answered by a model that reads and sees"
    if not tag.get("toname") and kind.needs_object and tag.kind not in OBJECTS:
        return "it has no toName, so it is about nothing"
    if place.repeated or "{{" in tag.get("name"):
        return "it is repeated for each item (<Repeater>), which is not supported yet"
    return ""


def _read_relations(tag: Tag, name: str, parsed: ParsedConfig) -> None:
    if parsed.relations is not None:
        return
    parsed.relations = Relations(tag, [])
    parsed.relations.name = name if tag.get("name") else tag.kind


def _join(parsed: ParsedConfig) -> None:
    """Give each control that is asked about regions to those that make them."""
    makers = [c for c in parsed.controls.values() if isinstance(c, RegionControl)]
    pairs = len(makers) * len(parsed.companions)
    check_size(pairs, MOST_PER_REGION, "pairs of tags that mark and tags that ask about marks")
    for name, control in [*parsed.companions.items()]:
        about = [maker for maker in makers if maker.to_name == control.to_name]
        for maker in about:
            maker.ask_about_each(control)
        parsed.outline.remove(control)
        if not about:
            del parsed.companions[name]
            parsed.unanswerable[name] = (
                "it asks about each region (perRegion), and nothing that can be answered marks "
                f'regions on "{control.to_name}"'
            )
    relations = parsed.relations
    if relations is None:
        return
    if makers and relations.name not in parsed.controls:
        parsed.outline.append(relations)
        for maker in makers:
            maker.is_numbered = True
    else:
        parsed.relations = None
        parsed.unanswerable[relations.name] = "nothing that can be answered marks regions to relate"
