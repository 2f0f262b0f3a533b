"""The alignment tab of a prompt: where a measured run agrees with the truth, and where not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, tostring

from flask import render_template

from ml_backend.records import Run
from ml_backend.reporting import charts
from ml_backend.services.runs.runs import is_open
from ml_backend.web.ui.results import confusion
from ml_backend.web.ui.results.confusion import CLASSES_A_PAGE, Confusion, Matrix
from ml_backend.web.ui.results.rows import readable
from ml_backend.web.ui.shell.prompt_view import PromptView, number, panel

MOST_SECTIONS = 40
MOST_PLOTTED = 20

Counts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A line of the table of controls; ``people`` is how far people agree with each other."""

    name: str
    counts: Counts
    people: float | None


@dataclass(frozen=True, slots=True)
class ControlSection:
    """What is known of one control besides its accuracy."""

    name: str
    control: str
    is_region: bool
    counts: Counts
    matrix: Matrix | None
    """None where there are no classes, or no room left on the page."""
    confused: Sequence[Confusion]
    classes: Sequence[Counts]
    """Of this page of classes, with the F1 of overlapping characters where spans have one."""

    @property
    def is_once_a_task(self) -> bool:
        """Whether what is counted are tasks: of spans and the like a task has several."""
        return bool(self.counts["micro"].get("support", 0) <= self.counts["n"])

    @property
    def has_classes(self) -> bool:
        return "classes" in self.counts


@panel("alignment")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    run = _measured(view)
    about: dict[str, Any] = {"view": view, "run": run, "shown_run": view.run}
    if run is None or not run.metrics.get("overall", {}).get("n"):
        open_run = view.run is not None and is_open(view.run)
        return render_template("results/alignment.html", **about, empty=True, is_open=open_run)
    accuracies = list(_accuracies(run.metrics))
    first_class = max(0, number("classes") or 0)
    return render_template(
        "results/alignment.html",
        **about,
        runs=_choices(view, run),
        overall=run.metrics["overall"],
        accuracies=accuracies,
        sections=list(_sections(run, first_class)),
        sections_left_out=max(0, len(_named(run.metrics)) - MOST_SECTIONS),
        first_class=first_class,
        page_size=CLASSES_A_PAGE,
        calibration=run.metrics.get("calibration"),
        humans=run.metrics.get("humans"),
        interval_plot=svg(_intervals(accuracies)),
        reliability_plot=_reliability(run.metrics),
    )


def svg(plot: Element) -> str:
    """Return a plot as HTML; what is text in it is escaped."""
    return readable(tostring(plot, encoding="unicode", method="html"))


def _measured(view: PromptView) -> Run | None:
    """Return the run that was asked for, else the version's last one that was measured."""
    if number("run") is not None or view.run is None:
        return view.run
    return view.run if view.run.metrics.get("overall", {}).get("n") else view.evaluated or view.run


def _choices(view: PromptView, run: Run) -> list[Run]:
    found = [each for each in view.runs_of(view.version) if each.metrics.get("overall")]
    return found if any(each.id == run.id for each in found) else [run, *found]


def _accuracies(metrics: Counts) -> Iterator[Accuracy]:
    people = metrics.get("humans") or {"controls": {}, "overall": {}}
    yield Accuracy("All together", metrics["overall"], people["overall"].get("accuracy"))
    for name, counts in metrics["controls"].items():
        yield Accuracy(name, counts, people["controls"].get(name, {}).get("accuracy"))
    for name, counts in metrics.get("per_region", {}).items():
        yield Accuracy(f"{name} (each region)", counts, None)


def _named(metrics: Counts) -> list[tuple[str, str, bool, Counts]]:
    """Return (heading, control, whether of regions, counts) of all that has details."""
    found = [(name, name, False, counts) for name, counts in metrics["controls"].items()]
    found += [
        (f"{name} (each region)", name, True, counts)
        for name, counts in metrics.get("per_region", {}).items()
    ]
    details = ("classes", "overlap", "error", "order")
    return [each for each in found if any(name in each[3] for name in details)]


def _sections(run: Run, first_class: int) -> Iterator[ControlSection]:
    room = confusion.MOST_CELLS
    for name, control, is_region, counts in _named(run.metrics)[:MOST_SECTIONS]:
        matrix, confused, classes = None, [], []
        if "classes" in counts:
            room -= confusion.count_cells(counts)
            matrix = confusion.matrix_of(run, control, counts) if room >= 0 else None
            confused = confusion.most_confused(run, control, counts)
            classes = _classes(counts, first_class)
        yield ControlSection(name, control, is_region, counts, matrix, confused, classes)


def _classes(counts: Counts, first: int) -> list[Counts]:
    overlap = counts.get("overlap", {}).get("classes", {})
    return [
        {
            **row,
            "missed": row["support"] - row["correct"],
            "extra": row["given"] - row["correct"],
            "overlap": overlap.get(row["class"], {}).get("f1"),
        }
        for row in counts["classes"][first : first + CLASSES_A_PAGE]
    ]


def _intervals(accuracies: Sequence[Accuracy]) -> Element:
    rows = [(each.name, each.counts, each.people) for each in accuracies[:MOST_PLOTTED]]
    return charts.intervals(rows)


def _reliability(metrics: Counts) -> str:
    found = metrics.get("calibration")
    return svg(charts.reliability(found["bins"])) if found else ""
