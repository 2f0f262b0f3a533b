"""What models write for null where one value is asked for: [], [null], "", "null"."""

from __future__ import annotations

from ml_backend.labeling.bases.control import Control, Data


def or_null(control: Control, answer: object, data: Data) -> object:
    """An answer, null in place of what means it; a class of that name is one.

    A required control offered no null: what it was answered stays, and is refused as it is.
    """
    if not control.has_one_value or control.required or not _means_null(answer):
        return answer
    named = control.to_regions(answer, data).regions
    return answer if named else None


def _means_null(answer: object) -> bool:
    if isinstance(answer, list):
        return not answer or (len(answer) == 1 and _means_null(answer[0]))
    return answer is None or (isinstance(answer, str) and answer.strip().lower() in ("", "null"))
