"""How many tokens the longest sensible answer of one task takes, told from the labeling config.

What a completion limit is made from: ``prompting/completion_limit.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ml_backend.labeling.bases.room import room_of, room_of_key, room_of_pictures
from ml_backend.labeling.config import LabelingConfig

BESIDES = 64
"""Braces, a code fence, and the white space that some grammars let a model fill lines with."""


def room_of_answer(
    config: LabelingConfig, data: Mapping[str, Any], texts: Iterable[str] = ()
) -> int:
    """Return the tokens; ``texts`` are those of the task which the model is shown."""
    length = sum(map(room_of, texts))
    pictures = room_of_pictures(config.objects.values(), data)
    room = BESIDES
    for name, control in config.controls.items():
        words = pictures if control.is_free_text and not control.makes_regions else 0
        room += room_of_key(name) + control.room(data, length + words)
    return room
