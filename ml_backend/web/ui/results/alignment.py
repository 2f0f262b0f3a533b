"""The alignment tab of a prompt: where a measured run agrees with the truth, and where not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, tostring  # nosec B405  # builds, never parses

from flask import render_template

from ml_backend.records import (
    Calibration,
    ClassMetrics,
    ClassReport,
    ControlMetrics,
    Correctness,
    Run,
    RunMetrics,
    SpanOverlap,
)
from ml_backend.reporting import charts
from ml_backend.web.ui.results import confusion_matrix
from ml_backend.web.ui.results.confusion_matrix import CLASSES_A_PAGE, Confusion, Matrix
from ml_backend.web.ui.results.rows import readable
from ml_backend.web.ui.shell.prompt_view import PromptView, number, panel

MOST_SECTIONS = 40
MOST_PLOTTED = 20


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A line of the table of controls; ``people`` is how far people agree with each other."""

    name: str
    counts: Correctness
    people: float | None


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A line of the table of classes."""

    metrics: ClassMetrics
    overlap: float | None
    """The F1 of overlapping characters, where there are spans."""

    @property
    def missed(self) -> int:
        return self.metrics.support - self.metrics.correct

    @property
    def extra(self) -> int:
        return self.metrics.given - self.metrics.correct


@dataclass(frozen=True, slots=True)
class ControlSection:
    """What is known of one control besides its accuracy."""

    name: str
    control: str
    is_region: bool
    counts: ControlMetrics
    matrix: Matrix | None
    """None where there are no classes, or no room left on the page."""
    confused: Sequence[Confusion]
    classes: Sequence[ClassLine]
    """Of this page of classes."""

    @property
    def is_once_a_task(self) -> bool:
        """Whether what is counted are tasks: of spans and the like a task has several."""
        return self.report is not None and self.report.micro.support <= self.counts.n

    @property
    def report(self) -> ClassReport | None:
        return self.counts.report


@panel("alignment")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    run = _measured(view)
    about: dict[str, Any] = {"view": view, "run": run, "shown_run": view.run}
    if run is None or run.metrics is None or not run.is_measured:
        open_run = view.run is not None and view.run.is_open
        return render_template("results/alignment.html", **about, empty=True, is_open=open_run)
    accuracies = list(_accuracies(run.metrics))
    first_class = max(0, number("classes") or 0)
    return render_template(
        "results/alignment.html",
        **about,
        runs=_choices(view, run),
        overall=run.metrics.overall,
        accuracies=accuracies,
        sections=list(_sections(run, run.metrics, first_class)),
        sections_left_out=max(0, len(_named(run.metrics)) - MOST_SECTIONS),
        first_class=first_class,
        page_size=CLASSES_A_PAGE,
        calibration=run.metrics.calibration,
        learned=run.metrics.learned,
        learned_plot=_reliability(run.metrics.learned.after if run.metrics.learned else None),
        humans=run.metrics.humans,
        interval_plot=svg(_intervals(accuracies)),
        reliability_plot=_reliability(run.metrics.calibration),
    )


def svg(plot: Element) -> str:
    """Return a plot as HTML; what is text in it is escaped."""
    return readable(tostring(plot, encoding="unicode", method="html"))


def _measured(view: PromptView) -> Run | None:
    """Return the run that was asked for, else the version's last one that was measured."""
    if number("run") is not None or view.run is None:
        return view.run
    return view.run if view.run.is_measured else view.evaluated or view.run


def _choices(view: PromptView, run: Run) -> list[Run]:
    found = [each for each in view.runs_of(view.version) if each.metrics is not None]
    return found if any(each.id == run.id for each in found) else [run, *found]


def _accuracies(metrics: RunMetrics) -> Iterator[Accuracy]:
    people = metrics.humans
    yield Accuracy("All together", metrics.overall, people.overall.accuracy if people else None)
    for name, counts in metrics.controls.items():
        rate = people.controls.get(name) if people else None
        yield Accuracy(name, counts, rate.accuracy if rate else None)
    for name, counts in metrics.per_region.items():
        yield Accuracy(f"{name} (each region)", counts, None)


def _named(metrics: RunMetrics) -> list[tuple[str, str, bool, ControlMetrics]]:
    """Return (heading, control, whether of regions, counts) of all that has details."""
    found = [(name, name, False, counts) for name, counts in metrics.controls.items()]
    found += [
        (f"{name} (each region)", name, True, counts) for name, counts in metrics.per_region.items()
    ]
    return [each for each in found if each[3].has_details]


def _sections(run: Run, metrics: RunMetrics, first_class: int) -> Iterator[ControlSection]:
    room = confusion_matrix.MOST_CELLS
    for name, control, is_region, counts in _named(metrics)[:MOST_SECTIONS]:
        matrix: Matrix | None = None
        confused: list[Confusion] = []
        classes: list[ClassLine] = []
        if counts.report is not None:
            room -= confusion_matrix.count_cells(counts.report)
            matrix = confusion_matrix.matrix_of(run, control, counts.report) if room >= 0 else None
            confused = confusion_matrix.most_confused(run, control, counts.report)
            classes = _classes(counts.report, counts.overlap, first_class)
        yield ControlSection(name, control, is_region, counts, matrix, confused, classes)


def _classes(report: ClassReport, spans: SpanOverlap | None, first: int) -> list[ClassLine]:
    overlap = spans.classes if spans is not None else {}
    return [
        ClassLine(row, overlap[row.name].f1 if row.name in overlap else None)
        for row in report.classes[first : first + CLASSES_A_PAGE]
    ]


def _intervals(accuracies: Sequence[Accuracy]) -> Element:
    rows = [(each.name, each.counts, each.people) for each in accuracies[:MOST_PLOTTED]]
    return charts.intervals(rows)


def _reliability(found: Calibration | None) -> str:
    return svg(charts.reliability(found.bins)) if found is not None else ""
