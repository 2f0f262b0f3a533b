"""What a report says of one control: classes, confusions, overlap, errors, order."""

from __future__ import annotations

from math import ceil
from xml.etree.ElementTree import Element

from ml_backend.records import (
    ClassMetrics,
    ClassReport,
    ControlMetrics,
    MacroMean,
    MicroMean,
    SpanOverlap,
)
from ml_backend.reporting import charts
from ml_backend.reporting.elements import table, tag
from ml_backend.scoring.classes import matrix

LARGEST_MATRIX = 30
MOST_BARS = 30
MOST_ROWS = 100
NOTHING = "(none)"
HEAT = 6
"""Depths of a matrix's colours; ``style.css`` has them."""


def control_section(name: str, counts: ControlMetrics) -> Element | None:
    """The section of a control; None where its accuracy already says all."""
    parts: list[Element] = []
    if counts.error is not None:
        error = counts.error
        text = (
            f"Off by {number(error.mae)} on average (MAE), {number(error.worst)} at most, "
            f"over the {error.n} of {counts.n} that were answered."
        )
        parts.append(tag("p", text))
    if counts.order is not None:
        order = counts.order
        text = f"Kendall's tau {number(order.kendall_tau)} over {order.n} rankings."
        parts.append(tag("p", text))
    if counts.report is not None:
        parts += [*_classes(counts.report, counts.overlap), *_confusion(counts.report)]
    return tag("section", tag("h2", name), parts) if parts else None


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def span(low: float | None, high: float | None) -> str:
    """An interval of shares."""
    return "-" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def _classes(report: ClassReport, overlap: SpanOverlap | None) -> list[Element]:
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
    return [
        tag("h3", "Classes"),
        tag("p", interval + more),
        charts.bars(bars, "F1 by class"),
        table(columns, shown),
    ]


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


def _confusion(report: ClassReport) -> list[Element]:
    names = [row.name for row in report.classes]
    heading = tag("h3", "Confusions")
    if len(names) > LARGEST_MATRIX or report.classes_left_out:
        wrong = [cell for cell in report.confusion if not cell.is_right]
        rows = [
            (cell.true or NOTHING, cell.given or NOTHING, str(cell.n)) for cell in wrong[:MOST_ROWS]
        ]
        return [heading, table(("True", "Given", "Times"), rows, numbers=2)]
    labels = [*names, NOTHING]
    cells: list[list[str | Element]] = [
        [label, *(_heat(n, sum(row), place == column) for column, n in enumerate(row))]
        for place, (label, row) in enumerate(
            zip(labels, matrix(report.confusion, names), strict=True)
        )
    ]
    note = f"Rows are what is true, columns what was given; {NOTHING} is missed or too much."
    return [heading, table(["True ↓ given →", *labels], cells), tag("p", note, class_="note")]


def _heat(n: int, total: int, right: bool) -> Element:
    """A cell, darker the larger its part of the row; by class, which needs no inline style."""
    depth = ceil(HEAT * n / total) if total else 0
    kind = f"heat {'right' if right else 'wrong'}-{depth}" if depth else "heat"
    return tag("span", str(n) if n else "·", class_=kind)
