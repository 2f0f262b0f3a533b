"""The report of a run as one HTML file: no script, nothing fetched, everything escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ml_backend.next_steps import Words, in_words
from ml_backend.records import (
    ConfidenceWay,
    Correctness,
    ProviderName,
    Run,
    RunMetrics,
    RunReport,
    RunSnapshot,
    Usage,
)
from ml_backend.reporting import charts
from ml_backend.reporting.elements import to_markup, writable
from ml_backend.reporting.sections import Section, control_section, number, percent, span

if TYPE_CHECKING:
    from jinja2 import Template

Rows = Sequence[Sequence[str]]


def run_page(report: RunReport, words: Words) -> str:
    """Return the page of a run's report, its next steps said in ``words``."""
    report = _in_words(report, words)
    run = report.run
    page = _template().render(
        title=f"{run.snapshot.prompt_title or run.label} · {run.snapshot.version_title}",
        run=run,
        about=_about(report),
        figures=_figures(report),
        agreement=_agreement(run),
        unread=run.metrics.unread.words if run.metrics and run.metrics.unread else "",
        controls=_controls(run.metrics),
        calibration=_calibration(run.metrics),
        wrong=_wrong(report),
        wrong_left_out=_wrong_left_out(report),
        failures=_failures(report),
        failures_left_out=report.failures_left_out,
        effort=_effort(report),
        asked=_asked(run.snapshot),
        made_at=report.made_at,
    )
    return writable(page)


@cache
def _template() -> Template:
    # Only who makes a report needs it.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ml_backend.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = resources.files(__package__).joinpath("style.css")
    environment.globals["style"] = style.read_text(encoding="utf-8")
    return environment.get_template("report.html")


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


def _figures(report: RunReport) -> Rows:
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
    if totals.nothing_to_tell:
        shown.append((str(totals.nothing_to_tell), "tasks with nothing to tell"))
    if report.run.deleted_tasks:
        shown.append((str(report.run.deleted_tasks), "tasks deleted meanwhile"))
    shown.append(("unknown" if totals.cost is None else f"${totals.cost:.4f}", "cost"))
    return shown


def _agreement(run: Run) -> Mapping[str, Any] | None:
    metrics = run.metrics
    if metrics is None or not metrics.overall.n:
        return None
    people = metrics.humans
    rows: list[tuple[str, Correctness, float | None]] = []
    for name, counts in metrics.controls.items():
        rate = people.controls.get(name) if people else None
        rows.append((name, counts, rate.accuracy if rate else None))
    rows.append(("all together", metrics.overall, people.overall.accuracy if people else None))
    rows += [(f"{name} (each region)", each, None) for name, each in metrics.per_region.items()]
    return {
        "plot": to_markup(charts.intervals(rows)),
        "rows": [
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
    }


def _controls(metrics: RunMetrics | None) -> list[Section]:
    if metrics is None:
        return []
    named = list(metrics.controls.items())
    named += [(f"{name} (each region)", counts) for name, counts in metrics.per_region.items()]
    sections = [control_section(name, counts) for name, counts in named]
    return [each for each in sections if each is not None]


def _calibration(metrics: RunMetrics | None) -> Section | None:
    found = metrics.calibration if metrics is not None else None
    if metrics is None or found is None:
        return None
    return {
        "learned": metrics.learned.words if metrics.learned is not None else "",
        "summary": f"{found.n} answers had a score. Expected calibration error "
        f"{number(found.ece)}, Brier score {number(found.brier)}.",
        "plot": to_markup(charts.reliability(found.bins)),
        "rows": [
            (
                f"{row.start:.1f} to {row.end:.1f}",
                str(row.n),
                number(row.score),
                percent(row.accuracy),
                span(row.low, row.high),
            )
            for row in found.bins
        ],
    }


def _wrong(report: RunReport) -> Rows:
    return [
        (str(each.task), each.control, _value(each.truth), _value(each.given))
        for each in report.wrong
    ]


def _wrong_left_out(report: RunReport) -> str:
    left = report.wrong_left_out
    tasks = "1 task more is" if left == 1 else f"{left} tasks more are"
    return f"{tasks} left out here. {report.wrong_unknown}".strip() if left else ""


def _value(value: Any) -> str:
    """A part of an answer: texts as they are, nothing as a dash, the rest as JSON."""
    if value is None or value == []:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _failures(report: RunReport) -> Rows:
    return [
        (str(each.task_id), each.kind.value.replace("_", " "), each.message, each.raw)
        for each in report.failures
    ]


def _effort(report: RunReport) -> Rows:
    totals, effort = report.run.totals, report.effort
    return [
        ("Cost", "unknown" if totals.cost is None else f"${totals.cost:.6f}"),
        ("Cost of a task that was paid for", _dollars(effort.cost_per_task)),
        ("Seconds a task, median", number(effort.latency)),
        ("Seconds a task, 95 of 100 within", number(effort.latency_p95)),
        ("Prompt tokens", str(totals.usage.prompt_tokens)),
        ("Completion tokens", str(totals.usage.completion_tokens)),
        *_token_kinds(totals.usage),
        ("Answers from the cache", str(totals.cached)),
    ]


def _token_kinds(usage: Usage) -> Rows:
    kinds = (
        ("Prompt tokens read from the provider's cache", usage.cached_tokens),
        ("Prompt tokens written to the provider's cache", usage.cache_write_tokens),
        ("Completion tokens spent thinking", usage.reasoning_tokens),
    )
    return [(name, str(count)) for name, count in kinds if count]


def _asked(asked: RunSnapshot) -> Rows:
    rows = [("Provider", asked.provider.value if asked.provider else ""), ("Model", asked.model)]
    if asked.provider is ProviderName.BASELINE:
        rows.append(("Prompt", "not read: answered as the most similar annotated tasks"))
    if asked.parameters:
        rows.append(("Parameters", json.dumps(asked.parameters, ensure_ascii=False)))
    if asked.system_prompt:
        rows.append(("System text", asked.system_prompt))
    way = asked.confidence_asked or asked.confidence
    if way is not ConfidenceWay.NONE:
        rows.append(("Confidence", way.words))
    if asked.max_few_shot_examples:
        rows.append(("Examples shown, at most", str(asked.max_few_shot_examples)))
    return rows


def _dollars(value: float | None) -> str:
    return "-" if value is None else f"${value:.6f}"
