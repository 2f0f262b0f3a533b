"""An answer by control, with null in place of what models write for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ml_backend.labeling.answer_keys import Keyed
from ml_backend.labeling.bases.control import Control, Data
from ml_backend.labeling.bases.nulls import or_null


def with_nulls(keyed: Keyed, controls: Mapping[str, Control], data: Data) -> Keyed:
    """The same with null in place of what means it."""
    answer = {name: or_null(controls[name], each, data) for name, each in keyed.answer.items()}
    return replace(keyed, answer=answer)
