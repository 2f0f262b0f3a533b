"""Whether a version is not worse than another: by a test for harm, or by what is ruled out."""

from __future__ import annotations

from ml_backend.scoring.paired import Paired, compare
from ml_backend.scoring.regression import Finding, find_regression
from support.tables import each_row


def paired(both: int, only_first: int, only_second: int, neither: int) -> Paired:
    cells = ((both, 1, 1), (only_first, 1, 0), (only_second, 0, 1), (neither, 0, 0))
    tasks = [(bool(one), bool(two)) for times, one, two in cells for _ in range(times)]
    return compare(
        {n: one for n, (one, _) in enumerate(tasks)}, {n: two for n, (_, two) in enumerate(tasks)}
    )


@each_row(
    ("cells", "margin", "finding"),
    [
        # Without a margin only what is shown to be worse fails.
        ((100, 0, 0, 20), None, Finding.NOT_WORSE),
        ((100, 5, 0, 20), None, Finding.NOT_WORSE),  # p = 0.0625
        ((100, 6, 0, 20), None, Finding.WORSE),
        ((100, 0, 6, 20), None, Finding.NOT_WORSE),
        ((100, 20, 19, 20), None, Finding.NOT_WORSE),
        # Five tasks that it may lose can show nothing, however many others there are.
        ((0, 5, 0, 100), None, Finding.TOO_FEW),
        ((5, 0, 0, 0), None, Finding.TOO_FEW),
        ((6, 0, 0, 0), None, Finding.NOT_WORSE),
        ((4, 0, 8, 0), None, Finding.NOT_WORSE),
        ((0, 0, 0, 0), None, Finding.TOO_FEW),
        ((0, 0, 0, 0), 0.5, Finding.TOO_FEW),
        # With one what is not ruled out fails too.
        ((100, 5, 5, 20), 0.1, Finding.NOT_WORSE),
        ((100, 5, 5, 20), 0.01, Finding.OPEN),
        ((5, 0, 0, 0), 0.05, Finding.OPEN),
        ((100, 12, 0, 20), 0.05, Finding.WORSE),
        # Worse by more than chance, and by less than the margin.
        ((950, 10, 1, 39), 0.05, Finding.NOT_WORSE),
    ],
)
def test_what_is_found(
    cells: tuple[int, int, int, int], margin: float | None, finding: Finding
) -> None:
    assert find_regression(paired(*cells), margin) is finding
