"""What a report says of one control: classes, confusions, overlap, errors, order."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from ml_backend.reporting import charts
from ml_backend.reporting.elements import to_markup
from ml_backend.scoring.classes import matrix

LARGEST_MATRIX = 30
MOST_BARS = 30
MOST_ROWS = 100
NOTHING = "(none)"
HEAT = 6
"""Depths of a matrix's colours; ``style.css`` has them."""

Counts = Mapping[str, Any]
Section = Mapping[str, Any]
"""Texts, rows and plots by the names that the templates know them by."""


def control_section(name: str, counts: Counts) -> Section | None:
    """The section of a control; None where its accuracy already says all."""
    sentences = []
    if "error" in counts:
        error = counts["error"]
        sentences.append(
            f"Off by {number(error['mae'])} on average (MAE), {number(error['worst'])} at most, "
            f"over the {error['n']} of {counts['n']} that were answered."
        )
    if "order" in counts:
        order = counts["order"]
        sentences.append(
            f"Kendall's tau {number(order['kendall_tau'])} over {order['n']} rankings."
        )
    has_classes = "classes" in counts
    if not sentences and not has_classes:
        return None
    return {
        "name": name,
        "sentences": sentences,
        "classes": _classes(counts) if has_classes else None,
        "confusions": _confusions(counts) if has_classes else None,
    }


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def span(low: float | None, high: float | None) -> str:
    """An interval of shares."""
    return "-" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def _classes(counts: Counts) -> Section:
    rows = counts["classes"]
    overlap = counts.get("overlap", {})
    by_class = overlap.get("classes", {})
    columns = ["Class", "True", "Given", "Correct", "Precision", "Recall", "95% interval", "F1"]
    columns += ["Overlap F1"] if overlap else []
    shown = [
        [
            row["class"],
            *(str(row[key]) for key in ("support", "given", "correct")),
            number(row["precision"]),
            number(row["recall"]),
            span(row["recall_low"], row["recall_high"]),
            number(row["f1"]),
            *([number(by_class.get(row["class"], {}).get("f1"))] if overlap else []),
        ]
        for row in rows[:MOST_ROWS]
    ]
    for mean in ("macro", "micro"):
        each = counts[mean]
        sums = [str(each.get(key, "")) for key in ("support", "given", "correct")]
        rates = [number(each["precision"]), number(each["recall"]), "", number(each["f1"])]
        last = number(overlap["f1"]) if overlap and mean == "micro" else ""
        shown.append([f"{mean} mean", *sums, *rates, *([last] if overlap else [])])
    macro = counts["macro"]
    interval = (
        f"Macro F1 {number(macro['f1'])}, 95% interval {number(macro['f1_low'])} to "
        f"{number(macro['f1_high'])}."
        if macro.get("f1_low") is not None
        else f"Macro F1 {number(macro['f1'])}."
    )
    left = max(0, len(rows) - MOST_ROWS) + counts["classes_left_out"]
    more = f" {left} classes more are left out here." if left else ""
    bars = [(row["class"], row["f1"]) for row in rows[:MOST_BARS]]
    return {
        "summary": interval + more,
        "plot": to_markup(charts.bars(bars, "F1 by class")),
        "columns": columns,
        "rows": shown,
    }


def _confusions(counts: Counts) -> Section:
    names = [row["class"] for row in counts["classes"]]
    if len(names) > LARGEST_MATRIX or counts["classes_left_out"]:
        wrong = [cell for cell in counts["confusion"] if cell["true"] != cell["given"]]
        rows = [
            (cell["true"] or NOTHING, cell["given"] or NOTHING, str(cell["n"]))
            for cell in wrong[:MOST_ROWS]
        ]
        return {"is_whole": False, "rows": rows}
    cells = [
        [_heat(n, sum(row), place == column) for column, n in enumerate(row)]
        for place, row in enumerate(matrix(counts["confusion"], names))
    ]
    return {"is_whole": True, "labels": [*names, NOTHING], "rows": cells}


def _heat(n: int, total: int, right: bool) -> Section:
    """A cell, darker the larger its part of the row; by class, which needs no inline style."""
    depth = ceil(HEAT * n / total) if total else 0
    return {"n": n, "kind": f"heat {'right' if right else 'wrong'}-{depth}" if depth else "heat"}
