"""The object tags we can read, by lower-case name; found by looking into this folder."""

from __future__ import annotations

from ml_backend.labeling.markup.discovery import find_classes
from ml_backend.labeling.task_data.object_tag import ObjectTag

OBJECTS: dict[str, type[ObjectTag]] = find_classes(__name__, __path__, ObjectTag)
