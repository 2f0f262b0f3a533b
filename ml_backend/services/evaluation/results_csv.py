"""Results as CSV that a spreadsheet opens without running anything of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ml_backend.records import Failure, JsonObject, Outcome, Prediction, Task
from ml_backend.services.evaluation.calibrated import KnownCalibration
from ml_backend.store.database import storable

STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MATCH = {True: "right", False: "wrong", None: ""}

Row = tuple[Task | None, Outcome, bool | None, JsonObject | None]
"""(task, outcome, whether it was right, truth)"""


class ResultTable:
    """Writes a line for each result: the task's data, then answers and truths by control."""

    def __init__(
        self,
        data: Sequence[str],
        controls: Sequence[str],
        versions: Sequence[str] = (),
        calibration: KnownCalibration | None = None,
    ) -> None:
        """``versions`` are the titles of those that answered together."""
        self._data = data
        self._controls = controls
        self._versions = versions
        self._calibration = calibration

    def head(self) -> str:
        """Return the line of column names."""
        return written(
            [
                [
                    "task",
                    *(f"data.{name}" for name in self._data),
                    *(f"answer.{name}" for name in self._controls),
                    *(f"truth.{name}" for name in self._controls),
                    "match",
                    "score",
                    "score_from",
                    "calibrated",
                    *(f"confidence.{name}" for name in self._controls),
                    "cost",
                    "error",
                    *(["answered_by"] if self._versions else []),
                ]
            ]
        )

    def lines(self, rows: Iterable[Row]) -> str:
        """Return the lines of these results."""
        return written(self._cells(*row) for row in rows)

    def _cells(
        self, task: Task | None, outcome: Outcome, right: bool | None, truth: JsonObject | None
    ) -> list[Any]:
        good = outcome if isinstance(outcome, Prediction) else None
        answer = good.answer if good else None
        sure = good.confidence if good else None
        return [
            outcome.task_id,
            *_values(task.data if task else None, self._data),
            *_values(answer, self._controls),
            *_values(truth, self._controls),
            MATCH[right],
            good.score if good else None,
            sure.source.value if sure else None,
            self._calibration.of(outcome) if self._calibration else None,
            *_values(sure.controls if sure else None, self._controls),
            outcome.asked.cost,
            _error(outcome),
            *([_answered_by(outcome)] if self._versions else []),
        ]


def _answered_by(outcome: Outcome) -> str:
    """Return the versions whose answer stands: of a vote all that agree with it."""
    return ", ".join(each.title for each in outcome.opinions if each.stands)


def _values(said: Mapping[str, Any] | None, names: Sequence[str]) -> list[Any]:
    return [(said or {}).get(name) for name in names]


def _error(outcome: Outcome) -> str:
    if isinstance(outcome, Failure):
        return f"{outcome.kind.value}: {outcome.message}"
    return "; ".join(f"{each.control}: {each.message}" for each in outcome.problems)


def written(lines: Iterable[Sequence[Any]]) -> str:
    """Return lines of cells as CSV; no text of it is taken for a formula."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([_cell(value) for value in line] for line in lines)
    return file.getvalue()


def _cell(value: Any) -> str:
    """Return a value as text that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return json.dumps(value)
    text = storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text
