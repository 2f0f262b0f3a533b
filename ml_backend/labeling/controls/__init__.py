"""The control tags we can answer, by lower-case name; found by looking into this folder."""

from __future__ import annotations

from ml_backend.labeling.bases.control import Control
from ml_backend.labeling.markup.discovery import find_classes

CONTROLS: dict[str, type[Control]] = find_classes(__name__, __path__, Control)
