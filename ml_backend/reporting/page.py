"""The report of a run as one HTML file: no script, nothing fetched, everything escaped."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any
from xml.etree.ElementTree import Element

from ml_backend.next_steps import Words, in_words
from ml_backend.records import (
    Calibration,
    Correctness,
    Run,
    RunMetrics,
    RunReport,
    RunSnapshot,
)
from ml_backend.reporting import charts
from ml_backend.reporting.elements import table as make_table, tag, to_html
from ml_backend.reporting.sections import control_section, number, percent, span


def run_page(report: RunReport, words: Words) -> str:
    """Return the page of a run's report, its next steps said in ``words``."""
    report = _in_words(report, words)
    run, metrics = report.run, report.run.metrics
    title = f"{run.snapshot.prompt_title or run.label} · {run.snapshot.version_title}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width"),
        tag("title", f"{title}: run {run.id}"),
        tag("style", _style()),
    )
    body = tag(
        "body",
        tag("h1", title),
        tag("p", _about(report), class_="note"),
        tag("p", f"Stale: {run.stale}", class_="stale") if run.stale else None,
        tag("p", run.message) if run.message else None,
        _figures(report),
        _agreement(run),
        _controls(metrics),
        _calibration(metrics.calibration if metrics else None),
        _wrong(report) if run.is_measured else None,
        _failures(report),
        _effort(report),
        _prompt(run.snapshot),
        tag("p", f"Made {report.made_at}.", class_="note"),
    )
    return to_html(tag("html", head, body, lang="en"))


def _in_words(report: RunReport, words: Words) -> RunReport:
    run = replace(report.run, message=in_words(report.run.message, words))
    failures = tuple(
        replace(each, message=in_words(each.message, words)) for each in report.failures
    )
    return replace(report, run=run, failures=failures)


def _about(report: RunReport) -> str:
    run, asked = report.run, report.run.snapshot
    provider = asked.provider.value if asked.provider else ""
    return (
        f"Run {run.id} of {provider} · {asked.model} on {run.totals.total} "
        f"tasks ({run.subset.value}) of {report.project}, {run.status.value}"
        + (f", {run.completed_at:%Y-%m-%d %H:%M} UTC" if run.completed_at else "")
    )


def _figures(report: RunReport) -> Element:
    totals, metrics = report.run.totals, report.run.metrics
    shown = []
    if metrics is not None and metrics.overall.n:
        overall = metrics.overall
        interval = f"{percent(overall.low)} to {percent(overall.high)}"
        shown.append((percent(overall.accuracy), f"accuracy ({interval})"))
        shown.append((f"{overall.correct} of {overall.n}", "tasks wholly right"))
    if metrics is not None and metrics.humans is not None:
        people = metrics.humans.overall
        shown.append((percent(people.accuracy), f"people agree, on {people.n} tasks"))
    shown.append((str(totals.failed), "failed tasks"))
    shown.append(("unknown" if totals.cost is None else f"${totals.cost:.4f}", "cost"))
    return tag("div", [tag("div", tag("b", big), small) for big, small in shown], class_="figures")


def _agreement(run: Run) -> Element:
    metrics = run.metrics
    if metrics is None or not metrics.overall.n:
        text = f"None of these tasks has {run.truth.words} to measure against."
        return tag("section", tag("h2", "Agreement"), tag("p", text))
    people = metrics.humans
    rows: list[tuple[str, Correctness, float | None]] = []
    for name, counts in metrics.controls.items():
        rate = people.controls.get(name) if people else None
        rows.append((name, counts, rate.accuracy if rate else None))
    rows.append(("all together", metrics.overall, people.overall.accuracy if people else None))
    rows += [(f"{name} (each region)", each, None) for name, each in metrics.per_region.items()]
    return tag(
        "section",
        tag("h2", f"Agreement with {run.measured_on}"),
        charts.intervals(rows),
        make_table(
            ("", "n", "Correct", "Failed", "Accuracy", "95% interval", "Score", "People"),
            [
                (
                    name,
                    str(counts.n),
                    str(counts.correct),
                    str(counts.failed),
                    percent(counts.accuracy),
                    span(counts.low, counts.high),
                    number(counts.score),
                    percent(ceiling),
                )
                for name, counts, ceiling in rows
            ],
        ),
        tag(
            "p",
            "Failed tasks count as wrong everywhere. Score gives credit for what is partly right. "
            "People: how far annotators agree with each other, where several annotated a "
            "task; an upright stroke in the plot.",
            class_="note",
        ),
    )


def _controls(metrics: RunMetrics | None) -> list[Element]:
    if metrics is None:
        return []
    named = list(metrics.controls.items())
    named += [(f"{name} (each region)", counts) for name, counts in metrics.per_region.items()]
    sections = [control_section(name, counts) for name, counts in named]
    return [each for each in sections if each is not None]


def _calibration(found: Calibration | None) -> Element | None:
    if found is None:
        return None
    return tag(
        "section",
        tag("h2", "Calibration"),
        tag(
            "p",
            f"{found.n} answers had a score. Expected calibration error "
            f"{number(found.ece)}, Brier score {number(found.brier)}.",
        ),
        charts.reliability(found.bins),
        make_table(
            ("Score", "n", "Mean score", "Right", "95% interval"),
            [
                (
                    f"{row.start:.1f} to {row.end:.1f}",
                    str(row.n),
                    number(row.score),
                    percent(row.accuracy),
                    span(row.low, row.high),
                )
                for row in found.bins
            ],
        ),
    )


def _wrong(report: RunReport) -> Element:
    heading, rows, left = tag("h2", "Wrong answers"), report.wrong, report.wrong_left_out
    if not rows and not left:
        return tag("section", heading, tag("p", "None."))
    tasks = "1 task more is" if left == 1 else f"{left} tasks more are"
    more = f"{tasks} left out here. {report.wrong_unknown}" if left else ""
    shown = [
        (str(each.task), each.control, _value(each.truth), _value(each.given)) for each in rows
    ]
    return tag(
        "section",
        heading,
        make_table(("Task", "Control", "True", "Given"), shown, numbers=4) if rows else None,
        tag("p", more.strip(), class_="note") if more else None,
    )


def _value(value: Any) -> str:
    """A part of an answer: texts as they are, nothing as a dash, the rest as JSON."""
    if value is None or value == []:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _failures(report: RunReport) -> Element:
    failures = report.failures
    heading = tag("h2", "Failed tasks")
    if not failures:
        return tag("section", heading, tag("p", "None."))
    left = report.failures_left_out
    return tag(
        "section",
        heading,
        make_table(
            ("Task", "Kind", "Reason", "What the model said"),
            [
                (str(each.task_id), each.kind.value.replace("_", " "), each.message, each.raw)
                for each in failures
            ],
            numbers=4,
        ),
        tag("p", f"{left} more are left out here.", class_="note") if left else None,
    )


def _effort(report: RunReport) -> Element:
    totals, effort = report.run.totals, report.effort
    rows = [
        ("Cost", "unknown" if totals.cost is None else f"${totals.cost:.6f}"),
        ("Cost of a task that was paid for", _dollars(effort.cost_per_task)),
        ("Seconds a task, median", number(effort.latency)),
        ("Seconds a task, 95 of 100 within", number(effort.latency_p95)),
        ("Prompt tokens", str(totals.usage.prompt_tokens)),
        ("Completion tokens", str(totals.usage.completion_tokens)),
        ("Answers from the cache", str(totals.cached)),
    ]
    return tag("section", tag("h2", "Cost and time"), make_table(("", ""), rows))


def _prompt(asked: RunSnapshot) -> Element:
    more = [
        ("Provider", asked.provider.value if asked.provider else ""),
        ("Model", asked.model),
    ]
    if asked.parameters:
        more.append(("Parameters", json.dumps(asked.parameters, ensure_ascii=False)))
    if asked.max_few_shot_examples:
        more.append(("Examples shown, at most", str(asked.max_few_shot_examples)))
    return tag(
        "section",
        tag("h2", "The prompt, as it was asked"),
        make_table(("", ""), more, numbers=2),
        tag("pre", asked.text or ""),
    )


def _dollars(value: float | None) -> str:
    return "-" if value is None else f"${value:.6f}"


@cache
def _style() -> str:
    return resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
