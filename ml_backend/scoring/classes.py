"""A classification report from pairs of classes: what the truth names and what was given.

A pair with no class given is one that was missed, a pair with no class in the truth one too many;
so single choices, sets of classes, spans, shapes and relations are all counted alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypedDict

from ml_backend.records import ClassMetrics, ClassReport, Confusion, MacroMean, MicroMean
from ml_backend.scoring.agreement import wilson

Pair = tuple[str | None, str | None]
"""(class of the truth, class given)"""
Interval = tuple[float | None, float | None]
NO_INTERVALS: Mapping[str, Interval] = {"macro": (None, None), "micro": (None, None)}

MOST_CLASSES = 500
MOST_CELLS = 2_000
"""Of a report: a task may bring classes of its own, and nobody reads more."""


class Rates(TypedDict):
    """None over nothing."""

    precision: float | None
    recall: float | None
    f1: float | None


def report(pairs: Mapping[Pair, int], f1: Mapping[str, Interval] = NO_INTERVALS) -> ClassReport:
    """The rows of all classes that occur, their macro and micro means, and the confusions.

    A precision is None where the class was never given and a recall where it is never true; both
    count as 0 in the macro means, which are over all classes that occur. ``f1`` has the intervals
    of "macro" and "micro" F1.
    """
    rows = [_row(name, *counts) for name, counts in _by_class(pairs).items()]
    rows.sort(key=_order)
    cells = sorted(pairs.items(), key=lambda cell: (-cell[1], repr(cell[0])))
    return ClassReport(
        classes=tuple(rows[:MOST_CLASSES]),
        classes_left_out=max(0, len(rows) - MOST_CLASSES),
        macro=_macro(rows, f1["macro"]),
        micro=_micro(pairs, f1["micro"]),
        confusion=tuple(Confusion(true, given, n) for (true, given), n in cells[:MOST_CELLS]),
        confusion_left_out=max(0, len(cells) - MOST_CELLS),
    )


def matrix(confusion: Iterable[Confusion], names: list[str]) -> list[list[int]]:
    """The confusion matrix: a row for each class of the truth and one for none, columns alike."""
    place: dict[str | None, int] = {name: n for n, name in enumerate(names)}
    place[None] = len(names)
    rows = [[0] * (len(names) + 1) for _ in range(len(names) + 1)]
    for cell in confusion:
        if cell.true in place and cell.given in place:
            rows[place[cell.true]][place[cell.given]] += cell.n
    return rows


def rates(hits: int, given: int, true: int) -> Rates:
    """Precision, recall and F1 of ``hits`` among ``given`` and ``true``; None over nothing."""
    return {
        "precision": hits / given if given else None,
        "recall": hits / true if true else None,
        "f1": 2 * hits / (given + true) if given + true else None,
    }


def _by_class(pairs: Mapping[Pair, int]) -> dict[str, tuple[int, int, int]]:
    """Class -> hits, times given, times true."""
    hits: Counter[str] = Counter()
    given: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for (right, left), n in pairs.items():
        if right is not None:
            true[right] += n
        if left is not None:
            given[left] += n
            hits[left] += n * (left == right)
    return {name: (hits[name], given[name], true[name]) for name in {**true, **given}}


def _row(name: str, hits: int, given: int, true: int) -> ClassMetrics:
    low, high = wilson(hits, true) if true else (None, None)
    return ClassMetrics(
        name=name,
        support=true,
        given=given,
        correct=hits,
        **rates(hits, given, true),
        recall_low=low,
        recall_high=high,
    )


def _order(row: ClassMetrics) -> tuple[bool, float, int, str]:
    """Numbers by their size, classes by how many are true."""
    name = row.name
    number = name.isascii() and name.isdigit() and len(name) < 9
    return not number, float(name) if number else 0.0, -row.support, name


def _macro(rows: list[ClassMetrics], interval: Interval) -> MacroMean:
    low, high = interval
    return MacroMean(
        classes=len(rows),
        precision=_mean([row.precision for row in rows]),
        recall=_mean([row.recall for row in rows]),
        f1=_mean([row.f1 for row in rows]),
        f1_low=low,
        f1_high=high,
    )


def _mean(values: list[float | None]) -> float | None:
    return sum(value or 0.0 for value in values) / len(values) if values else None


def _micro(pairs: Mapping[Pair, int], interval: Interval) -> MicroMean:
    hits = sum(n for (true, given), n in pairs.items() if true == given)
    given = sum(n for (_, given), n in pairs.items() if given is not None)
    true = sum(n for (true, _), n in pairs.items() if true is not None)
    low, high = interval
    return MicroMean(
        support=true,
        given=given,
        correct=hits,
        **rates(hits, given, true),
        f1_low=low,
        f1_high=high,
    )
