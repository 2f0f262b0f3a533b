"""A control's confusion matrix and class report as a page shows them: within bounds, with links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.records import ClassMetrics, ClassReport, Run
from ml_backend.scoring.classes import matrix
from ml_backend.web.ui.results.address import cell_address

LARGEST_MATRIX = 20
"""Classes of a matrix; a page of more cells is neither read nor quickly sent."""

MOST_CELLS = 500
"""Of all matrices of a page together."""

MOST_CONFUSED = 5
CLASSES_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """How often a class was given for a true one; ``url`` is where these tasks are, if any."""

    n: int
    url: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A class of the truth, None for what no truth names."""

    name: str | None
    cells: Sequence[MatrixCell]
    recall: float | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows are classes of the truth, columns those given; the last of both may be none."""

    columns: Sequence[str | None]
    rows: Sequence[MatrixRow]
    precision: Sequence[float | None]
    left_out: int
    """Classes that there is no room for."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two classes that are taken for each other; None where one side names nothing."""

    truth: str | None
    given: str | None
    n: int
    url: str


def count_cells(report: ClassReport) -> int:
    """Return how many cells a control's matrix has."""
    size = min(LARGEST_MATRIX, len(report.classes)) + 1
    return size * size


def matrix_of(run: Run, control: str, report: ClassReport) -> Matrix:
    """Return a control's matrix, of its most frequent classes where there are too many."""
    rows = report.classes
    chosen: Sequence[ClassMetrics] = rows
    if len(rows) > LARGEST_MATRIX:
        kept = sorted(rows, key=lambda row: -(row.support + row.given))[:LARGEST_MATRIX]
        names = {row.name for row in kept}
        chosen = [row for row in rows if row.name in names]
    by_name: dict[str | None, ClassMetrics] = {row.name: row for row in chosen}
    table = matrix(report.confusion, [row.name for row in chosen])
    names_or_none: list[str | None] = [*by_name, None]
    # A single choice is neither missed nor too much: no row and column of nothing but nothing.
    columns = [n for n, name in enumerate(names_or_none) if name or any(row[n] for row in table)]
    shown = [n for n, name in enumerate(names_or_none) if name or any(table[n])]
    return Matrix(
        columns=[names_or_none[n] for n in columns],
        rows=[
            MatrixRow(
                names_or_none[n],
                [
                    _cell(run, control, names_or_none[n], names_or_none[m], table[n][m])
                    for m in columns
                ],
                _recall(by_name.get(names_or_none[n])),
            )
            for n in shown
        ],
        precision=[_precision(by_name.get(names_or_none[n])) for n in columns],
        left_out=len(rows) - len(chosen) + report.classes_left_out,
    )


def _recall(row: ClassMetrics | None) -> float | None:
    return row.recall if row is not None else None


def _precision(row: ClassMetrics | None) -> float | None:
    return row.precision if row is not None else None


def most_confused(run: Run, control: str, report: ClassReport) -> list[Confusion]:
    """Return the most frequent confusions of two classes, or of one with none where that is all."""
    wrong = [cell for cell in report.confusion if not cell.is_right]
    both = [cell for cell in wrong if cell.true is not None and cell.given is not None]
    return [
        Confusion(cell.true, cell.given, cell.n, cell_address(run, control, cell.true, cell.given))
        for cell in (both or wrong)[:MOST_CONFUSED]
    ]


def _cell(run: Run, control: str, truth: str | None, given: str | None, n: int) -> MatrixCell:
    url = cell_address(run, control, truth, given) if n else ""
    return MatrixCell(n, url, truth == given)
