"""The details of an evaluation as tables: classes, confusions, calibration, people."""

from __future__ import annotations

import click

from ml_backend.cli.app import App
from ml_backend.records import (
    Calibration,
    ClassMetrics,
    ClassReport,
    ControlMetrics,
    Correctness,
    HumanAgreement,
    MacroMean,
    MicroMean,
    RunMetrics,
    SpanOverlap,
)
from ml_backend.scoring.classes import matrix

LARGEST_MATRIX = 12
MOST_ROWS = 40
NOTHING = "(none)"


def show_details(app: App, metrics: RunMetrics) -> None:
    """Print everything a run's metrics hold beyond its accuracy."""
    for name, counts in metrics.controls.items():
        _show_control(app, name, counts)
    for name, counts in metrics.per_region.items():
        app.table(
            ("Control", "Regions", "Correct", "Failed", "Accuracy"),
            [(name, counts.n, counts.correct, counts.failed, percent(counts.accuracy))],
            title=f"\n{name}: asked about each region",
            numbers=("Regions", "Correct", "Failed", "Accuracy"),
        )
        _show_control(app, name, counts)
    if metrics.humans is not None:
        _show_humans(app, metrics.humans)
    if metrics.calibration is not None:
        _show_calibration(app, metrics.calibration)
    if metrics.learned is not None:
        app.note(metrics.learned.words)


def headline(counts: Correctness) -> str:
    """Say the one figure that tells most of a control beside its accuracy."""
    if isinstance(counts, ControlMetrics):
        if counts.order is not None:
            return f"tau {counts.order.kendall_tau:.2f}"
        if counts.error is not None and counts.error.mae is not None:
            return f"MAE {counts.error.mae:.3g}"
        if counts.report is not None and counts.overlap is not None:
            return f"F1 {number(counts.report.micro.f1)}, overlap {number(counts.overlap.f1)}"
        if counts.report is not None:
            return f"macro F1 {number(counts.report.macro.f1)}"
    return f"score {counts.score:.2f}" if counts.score is not None else "-"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _show_control(app: App, name: str, counts: ControlMetrics) -> None:
    if counts.report is not None:
        _show_classes(app, name, counts.report, counts.overlap)
        _show_confusion(app, name, counts.report)
    if counts.overlap is not None:
        spans = counts.overlap
        click.echo(
            f"{name}, by characters: precision {number(spans.precision)}, recall "
            f"{number(spans.recall)}, F1 {number(spans.f1)}, of {spans.characters} labelled"
        )
    if counts.error is not None:
        off = counts.error
        click.echo(
            f"{name}: off by {number(off.mae)} on average, {number(off.worst)} at most, "
            f"over {off.n} of {counts.n} that were answered"
        )
    if counts.order is not None:
        order = counts.order
        click.echo(f"{name}: Kendall's tau {number(order.kendall_tau)} over {order.n} rankings")


def _show_classes(app: App, name: str, report: ClassReport, spans: SpanOverlap | None) -> None:
    overlap = spans.classes if spans is not None else {}
    rows: list[tuple[object, ...]] = []
    for row in report.classes[:MOST_ROWS]:
        shown: list[object] = [row.name, row.support, row.given, row.correct, *_rates(row)]
        if overlap:
            shown.append(number(overlap[row.name].f1 if row.name in overlap else None))
        rows.append(tuple(shown))
    last = [""] if overlap else []
    macro, micro = report.macro, report.micro
    sums = (micro.support, micro.given, micro.correct)
    rows.append(("macro mean", "", "", "", *_rates(macro), *last))
    rows.append(("micro mean", *sums, *_rates(micro), *last))
    columns = ["Class", "True", "Given", "Correct", "Precision", "Recall", "F1"]
    columns += ["Overlap F1"] if overlap else []
    interval = (
        f", macro F1 {number(macro.f1_low)} to {number(macro.f1_high)} (95%)"
        if macro.f1_low is not None
        else ""
    )
    app.table(columns, rows, title=f"\nClasses of {name}{interval}", numbers=columns[1:])
    left = len(report.classes) - MOST_ROWS + report.classes_left_out
    if left > 0:
        click.echo(f"… and {left} classes more: --json has them")


def _rates(row: ClassMetrics | MacroMean | MicroMean) -> tuple[str, str, str]:
    return number(row.precision), number(row.recall), number(row.f1)


def _show_confusion(app: App, name: str, report: ClassReport) -> None:
    names = [row.name for row in report.classes]
    if len(names) <= LARGEST_MATRIX:
        rows = matrix(report.confusion, names)
        labels = [*names, NOTHING]
        app.table(
            ("True ↓ given →", *labels),
            [(label, *(n or "." for n in row)) for label, row in zip(labels, rows, strict=True)],
            title=f"\nConfusions of {name}",
            numbers=labels,
        )
        return
    wrong = [cell for cell in report.confusion if not cell.is_right]
    app.table(
        ("True", "Given", "Times"),
        [(c.true or NOTHING, c.given or NOTHING, c.n) for c in wrong[:MOST_ROWS]],
        title=f"\nMost frequent confusions of {name}",
        empty="Nothing was confused.",
        numbers=("Times",),
    )


def _show_humans(app: App, humans: HumanAgreement) -> None:
    rows = [*humans.controls.items()]
    if len(rows) != 1:
        rows.append(("all", humans.overall))
    app.table(
        ("Control", "Tasks", "Agreement", "95% interval", "Score"),
        [
            (
                name,
                each.n,
                percent(each.accuracy),
                f"{percent(each.low)} to {percent(each.high)}",
                number(each.score),
            )
            for name, each in rows
        ],
        title="\nHow far people agree with each other, where several annotated a task",
        numbers=("Tasks", "Agreement", "Score"),
    )


def _show_calibration(app: App, found: Calibration) -> None:
    app.table(
        ("Score from", "to", "n", "Mean score", "Correct", "95% interval"),
        [
            (
                f"{row.start:.1f}",
                f"{row.end:.1f}",
                row.n,
                number(row.score),
                percent(row.accuracy),
                f"{percent(row.low)} to {percent(row.high)}",
            )
            for row in found.bins
        ],
        title=f"\nCalibration of {found.n} scores: expected error {number(found.ece)}, "
        f"Brier {number(found.brier)}",
        numbers=("Score from", "to", "n", "Mean score", "Correct"),
    )
