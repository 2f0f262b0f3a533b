"""The details of an evaluation as tables: classes, confusions, calibration, people."""

from __future__ import annotations

from typing import Any

import click

from ml_backend.cli.app import App
from ml_backend.scoring.classes import matrix

LARGEST_MATRIX = 12
MOST_ROWS = 40
NOTHING = "(none)"


def show_details(app: App, metrics: dict[str, Any]) -> None:
    """Print everything a run's metrics hold beyond its accuracy."""
    for name, counts in metrics.get("controls", {}).items():
        _show_control(app, name, counts)
    for name, counts in metrics.get("per_region", {}).items():
        app.table(
            ("Control", "Regions", "Correct", "Failed", "Accuracy"),
            [(name, counts["n"], counts["correct"], counts["failed"], percent(counts["accuracy"]))],
            title=f"\n{name}: asked about each region",
            numbers=("Regions", "Correct", "Failed", "Accuracy"),
        )
        _show_control(app, name, counts)
    if "humans" in metrics:
        _show_humans(app, metrics["humans"])
    if "calibration" in metrics:
        _show_calibration(app, metrics["calibration"])


def headline(counts: dict[str, Any]) -> str:
    """Say the one figure that tells most of a control beside its accuracy."""
    if "order" in counts:
        return f"tau {counts['order']['kendall_tau']:.2f}"
    if "error" in counts and counts["error"]["mae"] is not None:
        return f"MAE {counts['error']['mae']:.3g}"
    if "overlap" in counts:
        return f"F1 {number(counts['micro']['f1'])}, overlap {number(counts['overlap']['f1'])}"
    if "macro" in counts:
        return f"macro F1 {number(counts['macro']['f1'])}"
    return f"score {counts['score']:.2f}" if counts.get("score") is not None else "-"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _show_control(app: App, name: str, counts: dict[str, Any]) -> None:
    if "classes" in counts:
        _show_classes(app, name, counts)
        _show_confusion(app, name, counts)
    if "overlap" in counts:
        each = counts["overlap"]
        click.echo(
            f"{name}, by characters: precision {number(each['precision'])}, recall "
            f"{number(each['recall'])}, F1 {number(each['f1'])}, of {each['characters']} labelled"
        )
    if "error" in counts:
        each = counts["error"]
        click.echo(
            f"{name}: off by {number(each['mae'])} on average, {number(each['worst'])} at most, "
            f"over {each['n']} of {counts['n']} that were answered"
        )
    if "order" in counts:
        each = counts["order"]
        click.echo(f"{name}: Kendall's tau {number(each['kendall_tau'])} over {each['n']} rankings")


def _show_classes(app: App, name: str, counts: dict[str, Any]) -> None:
    overlap = counts.get("overlap", {}).get("classes", {})
    rows = [
        (
            row["class"],
            row["support"],
            row["given"],
            row["correct"],
            *(number(row[rate]) for rate in ("precision", "recall", "f1")),
            *([number(overlap.get(row["class"], {}).get("f1"))] if overlap else []),
        )
        for row in counts["classes"][:MOST_ROWS]
    ]
    for mean in ("macro", "micro"):
        each = counts[mean]
        shown = [number(each[rate]) for rate in ("precision", "recall", "f1")]
        sums = [each.get(key, "") for key in ("support", "given", "correct")]
        rows.append((f"{mean} mean", *sums, *shown, *([""] if overlap else [])))
    columns = ["Class", "True", "Given", "Correct", "Precision", "Recall", "F1"]
    columns += ["Overlap F1"] if overlap else []
    macro = counts["macro"]
    interval = (
        f", macro F1 {number(macro['f1_low'])} to {number(macro['f1_high'])} (95%)"
        if macro.get("f1_low") is not None
        else ""
    )
    app.table(columns, rows, title=f"\nClasses of {name}{interval}", numbers=columns[1:])
    left = len(counts["classes"]) - MOST_ROWS + counts["classes_left_out"]
    if left > 0:
        click.echo(f"… and {left} classes more: --json has them")


def _show_confusion(app: App, name: str, counts: dict[str, Any]) -> None:
    names = [row["class"] for row in counts["classes"]]
    if len(names) <= LARGEST_MATRIX:
        rows = matrix(counts["confusion"], names)
        labels = [*names, NOTHING]
        app.table(
            ("True ↓ given →", *labels),
            [(label, *(n or "." for n in row)) for label, row in zip(labels, rows, strict=True)],
            title=f"\nConfusions of {name}",
            numbers=labels,
        )
        return
    wrong = [cell for cell in counts["confusion"] if cell["true"] != cell["given"]]
    app.table(
        ("True", "Given", "Times"),
        [(c["true"] or NOTHING, c["given"] or NOTHING, c["n"]) for c in wrong[:MOST_ROWS]],
        title=f"\nMost frequent confusions of {name}",
        empty="Nothing was confused.",
        numbers=("Times",),
    )


def _show_humans(app: App, humans: dict[str, Any]) -> None:
    rows = [*humans["controls"].items()]
    if len(rows) != 1:
        rows.append(("all", humans["overall"]))
    app.table(
        ("Control", "Tasks", "Agreement", "95% interval", "Score"),
        [
            (
                name,
                each["n"],
                percent(each["accuracy"]),
                f"{percent(each['low'])} to {percent(each['high'])}",
                number(each["score"]),
            )
            for name, each in rows
        ],
        title="\nHow far people agree with each other, where several annotated a task",
        numbers=("Tasks", "Agreement", "Score"),
    )


def _show_calibration(app: App, found: dict[str, Any]) -> None:
    app.table(
        ("Score from", "to", "n", "Mean score", "Correct", "95% interval"),
        [
            (
                f"{row['from']:.1f}",
                f"{row['to']:.1f}",
                row["n"],
                number(row["score"]),
                percent(row["accuracy"]),
                f"{percent(row['low'])} to {percent(row['high'])}",
            )
            for row in found["bins"]
        ],
        title=f"\nCalibration of {found['n']} scores: expected error {number(found['ece'])}, "
        f"Brier {number(found['brier'])}",
        numbers=("Score from", "to", "n", "Mean score", "Correct"),
    )
