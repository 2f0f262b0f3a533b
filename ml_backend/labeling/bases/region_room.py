"""How much room a list of items takes in an answer: for controls that mark parts of an object.

Bounded by how many items a task can have, each with its place, its label and what is asked of it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from ml_backend.labeling.bases.class_source import ClassSource
from ml_backend.labeling.bases.control import Control, Data
from ml_backend.labeling.bases.room import INTEGER, NOTE, room_of_key, room_of_pictures
from ml_backend.records import JsonObject


class RegionRoom(Control):
    """The sizes of a control whose answer is a list of items."""

    _source: ClassSource | None
    companions: Mapping[str, Control]
    is_numbered: bool

    @abstractmethod
    def place_schema(self, data: Data) -> JsonObject:
        """Properties of an item that say where it is."""

    @abstractmethod
    def likely_items(self, data: Data, length: int) -> int:
        """Items that a task with texts of so many tokens can reasonably have."""

    @abstractmethod
    def room_of_place(self) -> int:
        """Tokens of an item's place without texts of the task in it, its keys left out."""

    def room_of_quotes(self, length: int) -> int:
        """Tokens of what all items together copy from the task, or write."""
        return 0

    def room(self, data: Data, length: int) -> int:
        keys = [*self.place_schema(data), *self.companions]
        item = sum(map(room_of_key, keys)) + self.room_of_place()
        item += 2 * INTEGER if self.is_numbered else 0
        if self._source is not None:
            item += room_of_key("label") + self._source.of(data).rooms[0]
        # Of a single region nobody writes as much as of the whole task.
        item += sum(min(each.room(data, 0), NOTE) for each in self.companions.values())
        room = self.likely_items(data, length) * item + self.room_of_quotes(length)
        return room + (2 * room_of_pictures(self.objects, data) if self._reads_words() else 0)

    def _reads_words(self) -> bool:
        """Whether what pictures show is written down, region by region: few of them have it all."""
        return self.is_free_text or any(each.is_free_text for each in self.companions.values())
