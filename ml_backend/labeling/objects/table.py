"""``<Table>``: keys and values, or a list of rows of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.task_data import values
from ml_backend.labeling.task_data.object_tag import ObjectTag


class Table(ObjectTag):
    """A table, given to the model one "key: value" per line, rows apart by an empty line."""

    tag = "Table"

    def text(self, data: Mapping[str, Any]) -> str:
        value = values.resolve(self.value, data)
        if isinstance(value, str):
            # The editor reads a text as JSON, too.
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return str(value)
        rows = value if isinstance(value, list | tuple) else [value]
        return "\n\n".join(filter(None, map(_lines, rows)))


def _lines(row: Any) -> str:
    if isinstance(row, Mapping):
        return "\n".join(f"{key}: {_cell(cell)}" for key, cell in row.items())
    return _cell(row)


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple | Mapping):
        return json.dumps(value, ensure_ascii=False)
    return values.as_text(value)
