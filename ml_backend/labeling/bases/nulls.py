"""What models write for null: "", "null", and where one value is asked for also [] and [null]."""

from __future__ import annotations

from ml_backend.labeling.bases.control import Control, Data
from ml_backend.labeling.task_data.values import is_blank


def or_null(control: Control, answer: object, data: Data) -> object:
    """An answer, null in place of what means it; a class of that name is one.

    A required control offered no null, and of free text a blank is a text that says nothing: what
    was answered stays, and is refused as it is.
    """
    if control.required or control.takes_any_text or not _means_null(control, answer):
        return answer
    named = control.to_regions(answer, data).regions
    return answer if named else None


def _means_null(control: Control, answer: object) -> bool:
    if isinstance(answer, list) and control.has_one_value:
        return not answer or (len(answer) == 1 and _means_null(control, answer[0]))
    if isinstance(answer, str):
        return is_blank(answer) or answer.strip().lower() == "null"
    return answer is None
