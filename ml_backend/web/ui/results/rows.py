"""A result as a line of a table: what was asked about, what was said, what is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_backend.errors import PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.records import Failure, Outcome, Prediction
from ml_backend.services.evaluation.metrics import is_right
from ml_backend.services.evaluation.results import ResultRow
from ml_backend.web.ui.shell.answer_words import words
from ml_backend.web.ui.shell.filters import shown

MOST_CONTROLS = 6
"""Shown on a line; the task's own view has all."""

ROOM = 360
"""Characters of task data on a line, whatever the number of columns."""

LEAST_ROOM = 90
"""Two lines of a narrow column."""


@dataclass(frozen=True, slots=True)
class ControlLine:
    """One control's answer beside the truth."""

    control: str
    answer: str
    truth: str | None
    """None where there is no truth to hold it against."""
    sign: str
    """"=" for the same, "≈" for partly, "≠" for different, "" without a truth."""
    word: str
    score: float | None
    confidence: float | None = None
    """How sure the model is of it, where that is known."""


@dataclass(frozen=True, slots=True)
class RegionLine:
    """A region and how sure the model is of it."""

    control: str
    says: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Line:
    """A result as the table shows it."""

    task_id: int
    is_gone: bool
    cells: tuple[tuple[str, str], ...]
    """(column, value) of the task data."""
    controls: tuple[ControlLine, ...]
    controls_left_out: int
    right: bool | None
    failure: Failure | None
    problems: int
    score: float | None
    cost: float | None

    @property
    def has_truth(self) -> bool:
        return any(each.truth is not None for each in self.controls)


def line_of(row: ResultRow, columns: Sequence[str], *, away: bool = False) -> Line:
    """Return a result's line with these columns of task data, which nobody knows while ``away``."""
    data = row.task.data if row.task else {}
    room = max(LEAST_ROOM, ROOM // max(1, len(columns)))
    controls = control_lines(row)
    outcome = row.outcome
    good = outcome if isinstance(outcome, Prediction) else None
    return Line(
        task_id=outcome.task_id,
        is_gone=row.task is None and not away,
        cells=tuple((name, readable(shown(data.get(name), room))) for name in columns),
        controls=controls[:MOST_CONTROLS],
        controls_left_out=max(0, len(controls) - MOST_CONTROLS),
        right=_right(row),
        failure=outcome if isinstance(outcome, Failure) else None,
        problems=len(good.problems) if good else 0,
        score=good.score if good else None,
        cost=outcome.asked.cost,
    )


def _right(row: ResultRow) -> bool | None:
    """Return what was measured; before that, and of runs without a score, what can be seen."""
    if row.right is not None or not row.compared:
        return row.right
    return is_right(row.compared)


def control_lines(row: ResultRow, longest: int = 60) -> tuple[ControlLine, ...]:
    """Return what is said and what is true of each control that either names."""
    given = _answer(row.outcome)
    truth = row.truth or {}
    named = [name for said in (given, truth) for name, each in said.items() if each is not None]
    names = dict.fromkeys([*named, *row.compared])
    return tuple(_control_line(row, name, given, truth, longest) for name in names)


def _control_line(
    row: ResultRow, name: str, given: Mapping[str, Any], truth: Mapping[str, Any], longest: int
) -> ControlLine:
    agreement = row.compared.get(name)
    sure = row.outcome.confidence if isinstance(row.outcome, Prediction) else None
    sign, word = "", ""
    if name in row.compared:
        sign, word = "≠", "differs"
        if agreement is not None and agreement.correct:
            sign, word = "=", "the same"
        elif agreement is not None and agreement.score > 0:
            sign, word = "≈", "partly the same"
    return ControlLine(
        control=name,
        answer=said(given.get(name), longest),
        truth=said(truth.get(name), longest) if row.truth is not None else None,
        sign=sign,
        word=word,
        score=agreement.score if agreement is not None else None,
        confidence=sure.controls.get(name) if sure is not None else None,
    )


def region_lines(outcome: Outcome, longest: int = 60) -> tuple[RegionLine, ...]:
    """Return the regions of which it is known how sure the model is, the least sure first."""
    sure = outcome.confidence if isinstance(outcome, Prediction) else None
    if not isinstance(outcome, Prediction) or sure is None:
        return ()
    first = {str(each.get("id")): each for each in reversed(outcome.result) if "id" in each}
    lines = [
        RegionLine(str(first[each].get("from_name")), _says(first[each], longest), value)
        for each, value in sure.regions.items()
        if each in first
    ]
    return tuple(sorted(lines, key=lambda line: line.confidence))


def _says(region: Mapping[str, Any], longest: int) -> str:
    """What a region marks and is labelled with, as far as that is words."""
    value = region.get("value")
    parts = value if isinstance(value, Mapping) else {}
    labels = parts.get(str(region.get("type")))
    text = parts.get("text")
    named = ", ".join(map(str, labels)) if isinstance(labels, list) else ""
    marked = said(text, longest) if isinstance(text, str) and text else ""
    return " · ".join(filter(None, (marked, named))) or str(region.get("type", ""))


def columns_of(rows: Iterable[ResultRow], inputs: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of task data one may choose from: the inputs first, then what else is."""
    found = dict.fromkeys(inputs)
    for row in rows:
        found.update(dict.fromkeys(row.task.data if row.task else ()))
    return tuple(found)


def inputs_of(project_config: str) -> tuple[str, ...]:
    """Return the task data that a labeling config shows, none where it cannot be read."""
    try:
        return tuple(LabelingConfig.parse(project_config).input_fields)
    except PromptsError:
        return ()


def said(value: Any, longest: int = 60) -> str:
    """Return an answer of a control on one line: its classes and words rather than its JSON."""
    return readable(shown(words(value, parts=" · ", items="; "), longest))


def readable(text: str) -> str:
    """Return a text without what no page can be sent with: halves of characters."""
    return text.encode("utf-8", "replace").decode()


def _answer(outcome: Outcome) -> Mapping[str, Any]:
    return outcome.answer if isinstance(outcome, Prediction) else {}
