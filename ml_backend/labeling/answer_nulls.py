"""An answer by control, with null in place of what models write for it."""

from __future__ import annotations

from collections.abc import Mapping

from ml_backend.labeling.answer_keys import Keyed
from ml_backend.labeling.bases.control import Control, Data
from ml_backend.labeling.bases.nulls import or_null
from ml_backend.labeling.bases.per_item import PerItem


def with_nulls(keyed: Keyed, controls: Mapping[str, Control], data: Data) -> Keyed:
    """The same with null in place of what means it."""
    answer = {name: _read(controls[name], each, data) for name, each in keyed.answer.items()}
    return Keyed(answer, keyed.missing, keyed.strangers, keyed.doubled)


def _read(control: Control, answer: object, data: Data) -> object:
    if isinstance(control, PerItem) and isinstance(answer, list):
        return [or_null(control.asked, part, data) for part in answer]
    return or_null(control, answer, data)
