"""What a report says of one control: classes, confusions, overlap, errors, order."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from ml_backend.records import (
    ClassMetrics,
    ClassReport,
    ControlMetrics,
    MacroMean,
    MicroMean,
    SpanOverlap,
)
from ml_backend.reporting import charts
from ml_backend.reporting.elements import to_markup
from ml_backend.scoring.classes import matrix

LARGEST_MATRIX = 30
MOST_BARS = 30
MOST_ROWS = 100
NOTHING = "(none)"
HEAT = 6
"""Depths of a matrix's colours; ``style.css`` has them."""


Section = Mapping[str, Any]
"""Texts, rows and plots by the names that the templates know them by."""


def control_section(name: str, counts: ControlMetrics) -> Section | None:
    """The section of a control; None where its accuracy already says all."""
    sentences = []
    if counts.error is not None:
        error = counts.error
        sentences.append(
            f"Off by {number(error.mae)} on average (MAE), {number(error.worst)} at most, "
            f"over the {error.n} of {counts.n} that were answered."
        )
    if counts.order is not None:
        order = counts.order
        sentences.append(f"Kendall's tau {number(order.kendall_tau)} over {order.n} rankings.")
    if not sentences and counts.report is None:
        return None
    return {
        "name": name,
        "sentences": sentences,
        "classes": _classes(counts.report, counts.overlap) if counts.report else None,
        "confusions": _confusions(counts.report) if counts.report else None,
    }


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def span(low: float | None, high: float | None) -> str:
    """An interval of shares."""
    return "-" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def _classes(report: ClassReport, overlap: SpanOverlap | None) -> Section:
    rows = report.classes
    columns = ["Class", "True", "Given", "Correct", "Precision", "Recall", "95% interval", "F1"]
    columns += ["Overlap F1"] if overlap else []
    shown = [_class_row(row, overlap) for row in rows[:MOST_ROWS]]
    macro, micro = report.macro, report.micro
    shown.append(["macro mean", "", "", "", *_rates(macro), *([""] if overlap else [])])
    sums = [str(each) for each in (micro.support, micro.given, micro.correct)]
    whole = [number(overlap.f1)] if overlap else []
    shown.append(["micro mean", *sums, *_rates(micro), *whole])
    interval = (
        f"Macro F1 {number(macro.f1)}, 95% interval {number(macro.f1_low)} to "
        f"{number(macro.f1_high)}."
        if macro.f1_low is not None
        else f"Macro F1 {number(macro.f1)}."
    )
    left = max(0, len(rows) - MOST_ROWS) + report.classes_left_out
    more = f" {left} classes more are left out here." if left else ""
    bars = [(row.name, row.f1) for row in rows[:MOST_BARS]]
    return {
        "summary": interval + more,
        "plot": to_markup(charts.bars(bars, "F1 by class")),
        "columns": columns,
        "rows": shown,
    }


def _class_row(row: ClassMetrics, overlap: SpanOverlap | None) -> list[str]:
    shown = [row.name, *(str(each) for each in (row.support, row.given, row.correct))]
    shown += [number(row.precision), number(row.recall), span(row.recall_low, row.recall_high)]
    shown.append(number(row.f1))
    if overlap:
        own = overlap.classes.get(row.name)
        shown.append(number(own.f1 if own else None))
    return shown


def _rates(mean: MacroMean | MicroMean) -> list[str]:
    """A mean's cells; it has no interval of its recall."""
    return [number(mean.precision), number(mean.recall), "", number(mean.f1)]


def _confusions(report: ClassReport) -> Section:
    names = [row.name for row in report.classes]
    if len(names) > LARGEST_MATRIX or report.classes_left_out:
        wrong = [cell for cell in report.confusion if not cell.is_right]
        rows = [
            (cell.true or NOTHING, cell.given or NOTHING, str(cell.n)) for cell in wrong[:MOST_ROWS]
        ]
        return {"is_whole": False, "rows": rows}
    cells = [
        [_heat(n, sum(row), place == column) for column, n in enumerate(row)]
        for place, row in enumerate(matrix(report.confusion, names))
    ]
    return {"is_whole": True, "labels": [*names, NOTHING], "rows": cells}


def _heat(n: int, total: int, right: bool) -> Section:
    """A cell, darker the larger its part of the row; by class, which needs no inline style."""
    depth = ceil(HEAT * n / total) if total else 0
    return {"n": n, "kind": f"heat {'right' if right else 'wrong'}-{depth}" if depth else "heat"}
