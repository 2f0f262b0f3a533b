"""Shapes that one of them shows to be in another unit: none drawn on the same image are taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_backend.labeling.bases.control import Control, Data, Reading
from ml_backend.labeling.shapes.shape_control import ShapeControl


def in_doubt(
    controls: Mapping[str, Control], answer: Mapping[str, Any], data: Data
) -> dict[str, Reading]:
    """What the controls read that draw where one of them was answered in no percent."""
    given = {
        name: (control, items)
        for name, control in controls.items()
        if isinstance(control, ShapeControl)
        and isinstance(items := control.meant(answer.get(name)), list)
    }
    why: dict[str, str] = {}
    for control, items in given.values():
        doubt = control.reader(data).doubt(items)
        if doubt:
            why.setdefault(control.to_name, doubt)
    return {
        name: Reading(problems=(why[control.to_name],))
        for name, (control, items) in given.items()
        if items and control.to_name in why
    }
