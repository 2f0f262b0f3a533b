"""What every object tag (the data a labeler sees) offers; one subclass per file in ``objects/``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from ml_backend.errors import ConfigError
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data import values
from ml_backend.records import Attachment, JsonObject


class ObjectTag(ABC):
    """An object tag whose content a model can be given as text."""

    tag: ClassVar[str]

    def __init__(self, tag: Tag) -> None:
        """Raise ConfigError with a labeler's reason when the content cannot be read."""
        self.name = tag.get("name")
        self.value = tag.attrs.get("value", "") or tag.text
        self.paths = values.paths(self.value)
        written = tag.exact_names
        self.known_to_import = "name" in written and not written.isdisjoint({"value", "valueList"})
        """False when Label Studio's import, unlike its editor, overlooks this tag."""

    @property
    def is_static(self) -> bool:
        """True when it shows the same words for every task: guidance, not input."""
        return not self.paths

    @property
    def field(self) -> str:
        """What its content is called in messages: the data path it shows, else the tag's name."""
        if len(self.paths) == 1 and self.value == f"${self.paths[0]}":
            return self.paths[0]
        return self.name or f"heading with {self.paths[0]}"

    @abstractmethod
    def text(self, data: Mapping[str, Any]) -> str:
        """The content as a model should read it; "" when the task has none."""

    def attachments(self, data: Mapping[str, Any]) -> list[Attachment]:
        """The files it shows that a model must see rather than read; most objects have none."""
        return []

    def page_count(self, data: Mapping[str, Any]) -> int:
        """How many pictures and pages it shows, with words in them that are in no text of ours."""
        return len(self.attachments(data))

    def require_inline(self, tag: Tag) -> None:
        """Raise ConfigError when the task data holds no readable text but a link or a code."""
        if tag.get("valuetype").lower().split("|")[0] == "url":
            raise ConfigError(
                f'its <{tag.written} name="{self.name}"> loads the content from a link '
                '(valueType="url"), which cannot be read yet'
            )
        encoding = tag.get("encoding").lower()
        if encoding not in ("", "none"):
            raise ConfigError(
                f'its <{tag.written} name="{self.name}"> holds encoded content '
                f'(encoding="{encoding}"), which cannot be read yet'
            )


def line(item: Any, *keys: str) -> str:
    """One entry of a list-like object as a line: the given keys' values, or the entry itself."""
    if not isinstance(item, Mapping):
        return values.as_text(item)
    entry: JsonObject = dict(item)
    return ": ".join(text for key in keys if (text := values.as_text(entry.get(key))))
