"""What every control tag offers; one subclass per file in ``controls/`` carries all of a tag."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ml_backend.labeling.bases.evidence import Evidence, of_classes
from ml_backend.labeling.markup.conditions import Condition
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import Attachment, JsonObject, Region

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Agreement:
    """An answer compared with the truth: ``correct`` is exact, ``score`` (0..1) may be partial."""

    correct: bool
    score: float

    @classmethod
    def exact(cls, correct: bool) -> Agreement:
        return cls(correct, float(correct))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a control makes of its part of an answer.

    ``answered`` is False when nothing was said or nothing of it could be used. What the regions say
    in normal form is for ``to_answer`` to tell.
    """

    regions: list[Region] = field(default_factory=list)
    problems: tuple[str, ...] = ()
    answered: bool = False
    numbers: dict[int, str] = field(default_factory=dict)
    """Of a control that makes regions: the number an item gave itself -> the id of its region.

    "" for one that several gave themselves.
    """
    items: dict[int, str] = field(default_factory=dict)
    """Of such a control: the place of an item in the answer's list -> the id of its region."""


class Control(ABC):
    """An answerable control tag of a labeling config.

    The laws all keep: ``to_regions`` takes any JSON and never raises; for an answer in normal form
    ``to_answer(to_regions(answer).regions) == answer``.
    """

    tag: ClassVar[str]
    example: ClassVar[tuple[str, JsonObject]]
    """Tags and an answer, for docs/labeling-configs.md; ``documentation.py`` has the objects."""
    names_objects: ClassVar[bool] = False
    """True when the description says itself which objects are meant."""
    makes_regions: ClassVar[bool] = False
    """True when it marks parts of its object, which other controls may be asked about."""
    is_free_text: ClassVar[bool] = False
    """True when an answer may be all the words that a picture of the task shows."""
    takes_any_text: ClassVar[bool] = False
    """True when its answer is free text: a blank is a text there, and no other way to say null."""
    needs_object: ClassVar[bool] = True
    """False when Label Studio shows it without a toName, too."""

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        """Raise ConfigError with a labeler's reason when the tag cannot be answered."""
        self.name = tag.get("name")
        self.objects = tuple(objects)
        self.to_name = self.objects[0].name if objects else ""
        self.must_answer = tag.is_true("required")
        """Label Studio lets nobody submit without it, where it shows."""
        self.per_region = tag.is_true("perregion")
        self.conditions: tuple[Condition, ...] = ()
        """All must hold, or Label Studio hides it."""
        self.known_to_import = (
            {"name", "toName"} <= tag.exact_names
            and all(thing.known_to_import for thing in objects)
            and all(map(_has_usual_case, tag.descendants()))
        )
        """False when Label Studio's import, unlike its editor, overlooks this tag."""

    @classmethod
    def for_objects(cls, objects: Sequence[ObjectTag]) -> type[Control]:
        """The class that answers this tag for these objects."""
        return cls

    @property
    def required(self) -> bool:
        """True when there is no way around an answer: it always shows, and must be given."""
        return self.must_answer and not self.conditions

    @property
    def has_one_value(self) -> bool:
        """True when its answer is one value or null, where an empty text or list is no value."""
        return False

    @property
    def depends_on_data(self) -> bool:
        """True when schema or description differ from task to task."""
        return False

    @property
    def classes(self) -> tuple[str, ...]:
        """The class values Label Studio stores for this control."""
        return ()

    def most_items(self, data: Data) -> int | None:
        """How many items its list may have; None where it asks for none, or for any number."""
        return None

    def more_than_any(self, data: Data, length: int) -> int | None:
        """Items that no right answer has about texts of so many tokens; None where it may have any.

        A list that has as many was cut off where it ran on: it is asked about again.
        """
        return None

    def longest_quote(self, data: Data) -> int | None:
        """Characters that no quote of its items can have; None where it quotes nothing."""
        return None

    def notes(self, known: Collection[str]) -> list[str]:
        """What people should know of this tag; ``known`` are the fields that tasks have."""
        return []

    def attachments(self, data: Data) -> list[Attachment]:
        """The files by which a task shows what there is to choose from; most controls have none."""
        return []

    def selected(self, regions: Sequence[Region], data: Data) -> set[str]:
        """The names, shown and stored, of the classes these regions choose; for conditions."""
        return set()

    def stored_labels(self, region: Region) -> Sequence[str]:
        """The labels a region of this control holds, as stored; none for most controls."""
        return ()

    def usage_limits(self, data: Data) -> dict[str, int]:
        """Stored label -> how often a task may have it; those without limit are left out."""
        return {}

    def may_be_imported(self, region: Region) -> bool:
        """False when Label Studio's import would drop a region that its editor takes."""
        return self.known_to_import

    @abstractmethod
    def schema(self, data: Data) -> JsonObject:
        """JSON schema of this control's property; only keywords every engine takes."""

    @abstractmethod
    def describe(self, data: Data) -> str:
        """What is asked, after the control's name and a colon; may go on over several lines."""

    @abstractmethod
    def room(self, data: Data, length: int) -> int:
        """Tokens that its part of the longest sensible answer takes, as JSON; see ``room.py``.

        ``length`` are those of the task's own texts, and for free text of its pictures' words.
        """

    @abstractmethod
    def to_regions(self, answer: object, data: Data) -> Reading:
        """Regions for this control's part of an answer, which may be any JSON."""

    @abstractmethod
    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        """The answer these regions say, in normal form; None when they say nothing."""

    @property
    def stored_key(self) -> str:
        """The key of a region's value that says what it answers."""
        return self.tag.lower()

    def unreadable(self, regions: Sequence[Region], data: Data) -> list[str]:
        """Why regions of an annotation cannot be read, one reason each; [] where all can be."""
        return [why for region in regions if (why := self._why_unreadable(region, data))]

    def _why_unreadable(self, region: Region, data: Data) -> str:
        """Why one region says nothing here; "" for one that can be read."""
        value, key = region.get("value"), self.stored_key
        if not isinstance(value, Mapping):
            return "a region has no value"
        if value.get(key) is None:
            return f'the value of a region has no "{key}"'
        if self.to_answer([region], data) in (None, []):
            return f'"{key}" of a region is {shown(value[key])}, which says nothing here'
        return ""

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Agreement of two answers in normal form, neither of them None."""
        return Agreement.exact(answer == truth)

    def named(self, answer: Any) -> Sequence[str] | None:
        """The classes an answer in normal form names; None for a control that is not about any."""
        return None

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        """What scoring counts of an answer, None for a failure, beside how far it agrees."""
        true = self.named(truth)
        return Evidence() if true is None else of_classes(self.named(answer) or (), true)

    def region(self, value: JsonObject) -> Region:
        """A region of this control; what says the same has the same id.

        The editor replaces a region by one with its id, and shows it twice otherwise.
        """
        return {
            "id": content_id([self.name, self.to_name, value]),
            "from_name": self.name,
            "to_name": self.to_name,
            "type": self.tag.lower(),
            "value": value,
        }

    def nullable(self, json_type: str) -> str | list[str]:
        """The schema's type; a required control offers no null, Label Studio would not take it."""
        return json_type if self.required else [json_type, "null"]

    def or_null(self, words: str) -> str:
        """The description of a value, with the way out where there is one."""
        return words if self.required else f"{words}, or null if that cannot be told"


def _has_usual_case(tag: Tag) -> bool:
    """Whether the import, which minds the case, reads a class where the editor does."""
    names = {name for name in ("value", "alias") if tag.get(name)}
    return not names or (names <= tag.exact_names and tag.written == tag.kind.capitalize())


def content_id(content: Any) -> str:
    """Ten hexadecimal digits that stand for any JSON."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def last_value(regions: Sequence[Region], key: str) -> Any:
    """``value[key]`` of the last region that has it; later results overwrite earlier ones."""
    for region in reversed(regions):
        value = region.get("value")
        if isinstance(value, Mapping) and value.get(key) is not None:
            return value[key]
    return None


def errors_of(answer: object, truth: object) -> list[float]:
    """How far a number is off; nothing where one of them is none."""
    ours, theirs = to_number(answer), to_number(truth)
    return [] if ours is None or theirs is None else [abs(float(ours) - float(theirs))]


def objects_in(answer: object) -> list[Mapping[str, Any]]:
    """The objects of a list, which may be no list at all."""
    found = answer if isinstance(answer, list) else []
    return [item for item in found if isinstance(item, Mapping)]


def shown(given: object, length: int = 60) -> str:
    """A piece of an answer, short enough to be named in a message."""
    if isinstance(given, str):
        text = given if len(given) <= length else given[: length - 1] + "…"
        return f'"{text}"'
    if given is None or isinstance(given, bool):
        return {None: "null", True: "true", False: "false"}[given]
    if isinstance(given, list):
        return "a list"
    return "an object" if isinstance(given, Mapping) else "a number"
