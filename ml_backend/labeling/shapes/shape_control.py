"""Controls that draw shapes on an image: a vision model's geometry, in percent of the image.

Label Studio stores percent as well, 0 at the left and top. What cannot be percent is refused, for
models trained on pixels or fractions answer in these, and cut at the edge they would be a wrong
shape that nobody is told of. Only what overhangs by rounding is moved.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ml_backend.errors import ConfigError
from ml_backend.labeling.bases.control import Agreement, Data, objects_in
from ml_backend.labeling.bases.place_reader import Draft, PlaceReader
from ml_backend.labeling.bases.region_control import Item, RegionControl
from ml_backend.labeling.bases.room import NUMBER
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.objects.image import Image
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject, Region

Box = tuple[float, float, float, float]

PAGE = "page"
PERCENT = "percent from 0 to 100 of the picture's width and height"
_MOST = 100.0
_ROUNDING = 1.0
"""Percent that a shape may overhang: moved to the edge, nobody sees a difference."""
_A_LITTLE_OVER = 1.05
_TINY = 2.0
_OF_A_POINT = 2
MOST_ON_A_PAGE, MOST_PAGES = 64, 16
"""Shapes that one answer can reasonably draw on a page, and pages it can draw on."""
_ALIKE = 0.5
"""The overlap (intersection over union) from which on two shapes are taken for the same."""


class ShapeControl(RegionControl):
    """Normal form: a list of shapes in the order given, with their numbers as stored."""

    shape: ClassVar[str]
    """What one is called, in the plural."""
    object_tags: ClassVar[tuple[type[ObjectTag], ...]] = (Image,)
    """What it can be drawn on."""

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        if not isinstance(objects[0], self.object_tags):
            raise ConfigError(f"<{tag.written}> cannot draw on <{objects[0].tag}>")
        self._image: Any = objects[0]
        super().__init__(tag, objects)

    @abstractmethod
    def geometry_schema(self) -> JsonObject:
        """Properties of a shape's item, the page left out."""

    @abstractmethod
    def describe_geometry(self) -> str:
        """What they are, as the beginning of a JSON object without braces."""

    @abstractmethod
    def numbers_of(self, item: Mapping[str, Any]) -> list[float]:
        """The coordinates and sizes of an item, the rotation left out; [] where one is none."""

    def reaches_out(self, item: Mapping[str, Any]) -> bool:
        """Whether an item of numbers reaches so far out that they are hardly percent."""
        return any(not is_inside(number) for number in self.numbers_of(item))

    @abstractmethod
    def to_geometry(self, item: Mapping[str, Any]) -> JsonObject | str:
        """The place in a region's value, within the image; or why there is none.

        The numbers of the item are none that cannot be percent.
        """

    @abstractmethod
    def from_geometry(self, value: Mapping[str, Any]) -> JsonObject | None:
        """The item's part of a region's value; None when it holds no such shape."""

    @abstractmethod
    def box(self, item: Mapping[str, Any]) -> Box:
        """Left, top, right and bottom of an item in normal form."""

    def place_schema(self, data: Data) -> JsonObject:
        page: JsonObject = {PAGE: {"type": "integer"}} if self._image.has_pages else {}
        return page | self.geometry_schema()

    def describe_list(self, data: Data) -> str:
        return f'{self.shape} on "{self._image.field}"'

    def describe_place(self, data: Data) -> str:
        page = (
            f'"{PAGE}": 1 for the first image, 2 for the second …, '
            if self._image.has_pages
            else ""
        )
        return page + self.describe_geometry()

    def likely_items(self, data: Data, length: int) -> int:
        pages = self._image.page_count(data) if self._image.has_pages else 1
        return MOST_ON_A_PAGE * min(max(1, pages), MOST_PAGES)

    def room_of_place(self) -> int:
        return NUMBER * len(self.place_schema({}))

    def reader(self, data: Data) -> PlaceReader:
        return _ShapeReader(self, self._image.page_count(data) if self._image.has_pages else None)

    def _why(self, region: Region, reader: PlaceReader, data: Data) -> str:
        why = super()._why(region, reader, data)
        item = None if why else self.from_geometry(region["value"])
        # What is turned has its corner out of the picture at times, though never that far.
        most = _MOST + (_MOST if item and item.get("rotation") else _ROUNDING)
        for number in self.numbers_of(item) if item else ():
            if abs(number) > most:
                return f"a region has {tidy(number)} where percent of the picture are stored"
        return why

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Score: F1 of shapes that overlap by half (IoU 0.5) under the same label; exact is 1.0."""
        ours, theirs = objects_in(answer), objects_in(truth)
        if not ours and not theirs:
            return Agreement.exact(True)
        same = [
            (left, right)
            for right, left in self.matched(ours, theirs)
            if left is not None and right is not None and _same(left, right, "label")
        ]
        equal = all(self._says_the_same(left, right, data) for left, right in same)
        f1 = 2 * len(same) / (len(ours) + len(theirs))
        return Agreement(f1 == 1.0 and equal, f1)

    def likeness(
        self, ours: Sequence[Item], theirs: Sequence[Item]
    ) -> Iterator[tuple[float, int, int]]:
        """Shapes of one page that overlap by half."""
        boxes = [self.box(item) for item in theirs]
        for m, left in enumerate(ours):
            box = self.box(left)
            for n, right in enumerate(theirs):
                alike = overlap_of(box, boxes[n]) if _same(left, right, PAGE) else 0.0
                if alike >= _ALIKE:
                    yield alike, m, n

    def _says_the_same(
        self, left: Mapping[str, Any], right: Mapping[str, Any], data: Data | None
    ) -> bool:
        """Whether the companions' answers agree."""
        for name, control in self.companions.items():
            given, wanted = left.get(name), right.get(name)
            if wanted is None or given is None:
                if wanted != given:
                    return False
            elif not control.compare(given, wanted, data).correct:
                return False
        return True


class _ShapeReader(PlaceReader):
    def __init__(self, control: ShapeControl, pages: int | None) -> None:
        self._control = control
        self._pages = pages
        self.shape = f"Of {control.shape}, each must be an object."
        self._count = 0

    def name(self, item: Mapping[str, Any]) -> str:
        return f"one of the {self._control.shape}"

    def doubt(self, items: Sequence[object]) -> str:
        for item in items:
            if not isinstance(item, Mapping):
                continue
            found = self._control.numbers_of(item)
            too_large = [number for number in found if number > _MOST + _ROUNDING]
            if too_large:
                return (
                    f"{tidy(too_large[0])} is no percent, so none of the {self._control.shape} is "
                    f"taken: all their numbers must be {PERCENT}, not pixels."
                )
            if found and self._control.reaches_out(item):
                return (
                    f"One of the {self._control.shape} reaches out of the picture, so none of them "
                    f"is taken. What is asked of each: {self._control.describe_geometry()}."
                )
        return ""

    def read(self, item: Mapping[str, Any]) -> Draft | str:
        self._count += 1
        more: JsonObject = {}
        if self._pages is not None:
            page = to_number(item.get(PAGE))
            if page is None and self._pages == 1:
                page = 1
            if not isinstance(page, int) or not 1 <= page <= max(1, self._pages):
                return f'"{PAGE}" must be a whole number from 1 to {max(1, self._pages)}.'
            more["item_index"] = page - 1
        found = self._control.numbers_of(item)
        if found and are_fractions(found):
            return (
                f"One of the {self._control.shape} has only numbers about 1 or below, as if they "
                f"were fractions: they must be {PERCENT}."
            )
        place = self._control.to_geometry(item)
        if isinstance(place, str):
            return place
        return Draft(place, order=(more.get("item_index", 0), self._count), more=more)

    def back(
        self, value: Mapping[str, Any], region: Region
    ) -> tuple[tuple[Any, ...], JsonObject] | None:
        geometry = self._control.from_geometry(value)
        if geometry is None:
            return None
        self._count += 1
        if self._pages is None:
            return (0, self._count), geometry
        page = to_number(region.get("item_index") or 0)
        page = page if isinstance(page, int) else 0
        return (page, self._count), {PAGE: page + 1, **geometry}


def numbers(item: Mapping[str, Any], *names: str) -> list[float] | None:
    """The finite numbers under these names, None when one is missing."""
    found = [_percent(item.get(name)) for name in names]
    return [n for n in found if n is not None] if None not in found else None


def _percent(given: object) -> float | int | None:
    return to_number(given.strip().removesuffix("%") if isinstance(given, str) else given)


def tidy(number: float) -> float | int:
    """A number as JSON shows it: whole ones without a point."""
    return int(number) if float(number).is_integer() else number


def is_inside(number: float) -> bool:
    """Whether a number is a percent, but for rounding."""
    return -_ROUNDING <= number <= _MOST + _ROUNDING


def within(*given: float) -> list[float] | None:
    """The numbers, moved to 0..100 where off by rounding; None where one is off by more."""
    if not all(map(is_inside, given)):
        return None
    return [min(_MOST, max(0.0, number)) for number in given]


def are_fractions(found: Sequence[float]) -> bool:
    """Whether numbers may be shares of 1; zeros alone are the same corner in every unit.

    Shares overhang as well, by rounding or more; and what has a size has none of a fiftieth in the
    very corner of a picture.
    """
    most = max(map(abs, found))
    if most > _A_LITTLE_OVER and len(found) > _OF_A_POINT:
        return most < _TINY
    whole = all(float(number).is_integer() for number in found)
    return 0 < most <= 1 or (most <= _A_LITTLE_OVER and not whole)


def turned(item: Mapping[str, Any]) -> float | int | str:
    """The rotation in degrees, 0 up to 360, 0 where none is given; or why it is none."""
    given = item.get("rotation")
    if given is None:
        return 0
    degrees = to_number(given)
    return '"rotation" must be a number of degrees.' if degrees is None else upright(degrees)


def upright(degrees: float) -> float | int:
    """A rotation as 0 up to 360 degrees."""
    return tidy(degrees % 360 % 360)


def overlap_of(left: Box, right: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(left[2], right[2]) - max(left[0], right[0])
    height = min(left[3], right[3]) - max(left[1], right[1])
    shared = max(0.0, width) * max(0.0, height)
    total = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (left, right)) - shared
    return shared / total if total > 0 else float(left == right)


def _same(left: Mapping[str, Any], right: Mapping[str, Any], name: str) -> bool:
    return bool(left.get(name) == right.get(name))
