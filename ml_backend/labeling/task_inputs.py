"""What a task brings to be read: the text of each object, by the data it shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.labeling.task_data.selectable import Selectable


class TaskInputs:
    """The objects that read task data; ``quoted`` are the names of those that are quoted from."""

    def __init__(self, things: Sequence[ObjectTag], quoted: Collection[str]) -> None:
        self._things = things
        self._quoted = quoted
        self._selectable = [each for each in things if isinstance(each, Selectable)]
        self._text_fields = {each.field for each in self._selectable if each.field in each.paths}

    def read(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Field name and text of each; of two that show one field, as that which is quoted."""
        found: dict[str, str] = {}
        for thing in self._things:
            if thing.field not in found or thing.name in self._quoted:
                found[thing.field] = thing.text(data)
        return list(found.items())

    def texts(self, inputs: Sequence[tuple[str, str]], data: Mapping[str, Any]) -> dict[str, str]:
        """Data path -> text, of the inputs whose text stands for their data wherever it is named.

        Of a page it is what a reader sees of it, of a dialogue its lines. A field that an object
        which is quoted from shows among words of its own stands for all of that: there quotes are
        looked for. Of several fields in one page each stands for the text of its part.
        """
        whole = dict(inputs)
        found = {field: text for field, text in inputs if field in self._text_fields}
        for thing in self._selectable:
            for path in thing.paths:
                if path in whole or path in found:
                    continue  # another object shows it alone
                if len(thing.paths) == 1 and thing.name in self._quoted:
                    found[path] = whole[thing.field]
                elif (part := thing.part(path, data)) is not None:
                    found[path] = part
        return found
