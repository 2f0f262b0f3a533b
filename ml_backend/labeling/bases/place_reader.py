"""Where the items of one task are: an item of an answer read into a region, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_backend.labeling.bases.classes import AnswerClass
from ml_backend.records import JsonObject, Region


@dataclass(slots=True)
class Draft:
    """A region in the making."""

    place: JsonObject
    """What of its value says where it is."""
    order: tuple[Any, ...] = ()
    """Items are sorted by it; equal ones stay as they come."""
    more: JsonObject = field(default_factory=dict)
    """Keys of the region beside its value."""
    labels: list[AnswerClass] = field(default_factory=list)
    asked: dict[str, list[Region]] = field(default_factory=dict)
    """Companion -> what it says of this region."""
    numbers: list[int] = field(default_factory=list)
    """What the items that became it call themselves."""
    items: list[int] = field(default_factory=list)
    """Their places in the answer's list."""


class PlaceReader(ABC):
    """Reads where the items of one task are."""

    shape = "An item must be an object."
    """What is said of an item that is none."""
    repeats = False
    """True when two items may say the same; else they are one."""

    def name(self, item: Mapping[str, Any]) -> str:
        """What an item is called in messages; "" when nothing can be said of it."""
        return "an item"

    def doubt(self, items: Sequence[object]) -> str:
        """Why none of these items can be taken, seen together; "" for most."""
        return ""

    @abstractmethod
    def read(self, item: Mapping[str, Any]) -> Draft | str:
        """The place of an item, or the reason why it has none."""

    def is_somewhere(self, value: Mapping[str, Any], region: Region) -> bool:
        """Whether a region's value has a place here."""
        return self.back(value, region) is not None

    @abstractmethod
    def back(
        self, value: Mapping[str, Any], region: Region
    ) -> tuple[tuple[Any, ...], JsonObject] | None:
        """Sort key and place of a region's value; None for one that has no place here."""
