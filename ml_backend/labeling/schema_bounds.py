"""How many items a labeling config allows in each list of an answer, for engines that can be told.

Grammar engines of local models take ``maxItems``; several providers refuse a schema that has it, so
the ordinary schema does without and the bounds are words there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.config import LabelingConfig
from ml_backend.records import JsonObject


def bounded(config: LabelingConfig, data: Mapping[str, Any]) -> JsonObject:
    """The schema of one task's answer, with ``maxItems`` wherever the config bounds a list."""
    schema = config.schema(data)
    limits = {name: control.most_items(data) for name, control in config.controls.items()}
    properties = {
        name: part if limits[name] is None else {**part, "maxItems": limits[name]}
        for name, part in schema["properties"].items()
    }
    return {**schema, "properties": properties}
