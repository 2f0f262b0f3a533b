"""A control's confusion matrix and class report as a page shows them: within bounds, with links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ml_backend.records import ClassMetrics, ClassReport, Run
from ml_backend.scoring.classes import matrix
from ml_backend.web.ui.results.address import cell_address

LARGEST_MATRIX = 40
"""Classes of a matrix: what one screen has room for."""

MOST_CELLS = 2_000
"""Of all matrices of a page together."""

MOST_LINKS = 120
"""Cells of a matrix that lead to their tasks, the most frequent: an address is long."""

NAMED = 8
"""Classes up to which a column has room for a name; beyond, a number that the table explains."""

SHADES = 5

MOST_CONFUSED = 5
CLASSES_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """How often a class was given for a true one; ``url`` is where these tasks are, if any."""

    n: int
    url: str
    is_right: bool
    shade: int
    """From 0 for nothing to SHADES: how much of the row it is."""


@dataclass(frozen=True, slots=True)
class MatrixClass:
    """A class with its number in the table of classes; None are what one side does not name."""

    name: str | None
    number: int | None


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A class of the truth."""

    label: MatrixClass
    cells: Sequence[MatrixCell]
    recall: float | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows are classes of the truth, columns those given; the last of both may be none."""

    columns: Sequence[MatrixClass]
    rows: Sequence[MatrixRow]
    precision: Sequence[float | None]
    left_out: int
    """Classes that there is no room for."""
    absent: int
    """Classes that neither truth nor answer names."""

    @property
    def is_numbered(self) -> bool:
        return len(self.columns) > NAMED + 1

    @property
    def has_none(self) -> bool:
        return any(each.name is None for each in (*self.columns, self.rows[-1].label))

    @property
    def classes(self) -> int:
        return sum(each.label.name is not None for each in self.rows)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two classes that are taken for each other; None where one side names nothing."""

    truth: str | None
    given: str | None
    n: int
    url: str


def count_cells(report: ClassReport) -> int:
    """Return how many cells a control's matrix has."""
    size = min(LARGEST_MATRIX, len(_occurring(report))) + 1
    return size * size


def _occurring(report: ClassReport) -> list[ClassMetrics]:
    return [row for row in report.classes if row.support or row.given]


def matrix_of(run: Run, control: str, report: ClassReport) -> Matrix:
    """Return a control's matrix of the classes that occur, the most frequent of too many."""
    occurring = _occurring(report)
    kept = sorted(occurring, key=lambda row: -(row.support + row.given))[:LARGEST_MATRIX]
    names = {row.name for row in kept}
    chosen = [row for row in occurring if row.name in names]
    numbers = {row.name: number for number, row in enumerate(report.classes, 1)}
    by_name: dict[str | None, ClassMetrics] = {row.name: row for row in chosen}
    table = matrix(report.confusion, [row.name for row in chosen])
    labels = [MatrixClass(row.name, numbers[row.name]) for row in chosen]
    labels.append(MatrixClass(None, None))
    # A single choice is neither missed nor too much: no row and column of nothing but nothing.
    columns = [n for n, each in enumerate(labels) if each.name or any(row[n] for row in table)]
    shown = [n for n, each in enumerate(labels) if each.name or any(table[n])]
    counts = sorted((table[n][m] for n in shown for m in columns), reverse=True)
    least = max(1, counts[MOST_LINKS - 1]) if len(counts) >= MOST_LINKS else 1
    cells = {
        n: [_cell(run, control, labels[n], labels[m], table[n][m], sum(table[n])) for m in columns]
        for n in shown
    }
    return Matrix(
        columns=[labels[n] for n in columns],
        rows=[
            MatrixRow(labels[n], _linked(cells[n], least), _recall(by_name.get(labels[n].name)))
            for n in shown
        ],
        precision=[_precision(by_name.get(labels[n].name)) for n in columns],
        left_out=len(occurring) - len(chosen) + report.classes_left_out,
        absent=len(report.classes) - len(occurring),
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


def _cell(
    run: Run, control: str, truth: MatrixClass, given: MatrixClass, n: int, of: int
) -> MatrixCell:
    url = cell_address(run, control, truth.name, given.name) if n else ""
    shade = -(-n * SHADES // of) if n else 0
    return MatrixCell(n, url, truth == given, shade)


def _linked(cells: Sequence[MatrixCell], least: int) -> list[MatrixCell]:
    """Return cells with the addresses of those alone that are frequent enough."""
    return [each if each.n >= least else replace(each, url="") for each in cells]
