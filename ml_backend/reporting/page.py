"""The report of a run as one HTML file: no script, nothing fetched, everything escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ml_backend.reporting import charts
from ml_backend.reporting.elements import to_markup, writable
from ml_backend.reporting.sections import control_section, number, percent, span

if TYPE_CHECKING:
    from jinja2 import Template

Document = Mapping[str, Any]
Rows = Sequence[Sequence[str]]


def run_page(document: Document) -> str:
    """Return the page of a run's report; the document is that of ``RunReports``."""
    run, prompt, metrics = document["run"], document["prompt"], document["metrics"]
    page = _template().render(
        title=f"{prompt['title']} · {prompt['version']}",
        run=run,
        prompt=prompt,
        about=_about(document),
        figures=_figures(document),
        agreement=_agreement(metrics),
        controls=_controls(metrics),
        calibration=_calibration(metrics),
        wrong=_wrong(document),
        wrong_left_out=_wrong_left_out(document),
        failures=_failures(document),
        failures_left_out=document["failures_left_out"],
        effort=_effort(document),
        asked=_asked(prompt),
        made_at=document["made_at"],
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


def _about(document: Document) -> str:
    run, prompt = document["run"], document["prompt"]
    return (
        f"Run {run['id']} of {prompt['provider']} · {prompt['model']} on {run['total_tasks']} "
        f"tasks ({run['project_subset']}) of {document['project']}, {run['status']}"
        + (f", {run['completed_at']}" if run["completed_at"] else "")
    )


def _figures(document: Document) -> Rows:
    run, metrics = document["run"], document["metrics"]
    overall = metrics.get("overall") or {}
    shown = []
    if overall.get("n"):
        interval = f"{percent(overall['low'])} to {percent(overall['high'])}"
        shown.append((percent(overall["accuracy"]), f"accuracy ({interval})"))
        shown.append((f"{overall['correct']} of {overall['n']}", "tasks wholly right"))
    if "humans" in metrics:
        people = metrics["humans"]["overall"]
        shown.append((percent(people["accuracy"]), f"people agree, on {people['n']} tasks"))
    shown.append((str(run["failed"]), "failed tasks"))
    shown.append(("unknown" if run["cost"] is None else f"${run['cost']:.4f}", "cost"))
    return shown


def _agreement(metrics: Document) -> Document | None:
    overall = metrics.get("overall") or {}
    if not overall.get("n"):
        return None
    people = metrics.get("humans") or {"controls": {}, "overall": {}}
    rows = [
        (name, counts, people["controls"].get(name, {}).get("accuracy"))
        for name, counts in metrics["controls"].items()
    ]
    rows.append(("all together", overall, people["overall"].get("accuracy")))
    rows += [
        (f"{name} (each region)", counts, None)
        for name, counts in metrics.get("per_region", {}).items()
    ]
    by_annotations = metrics.get("truth") == "annotations"
    return {
        "truth": "all submitted annotations" if by_annotations else "ground truth",
        "plot": to_markup(charts.intervals(rows)),
        "rows": [
            (
                name,
                str(counts["n"]),
                str(counts["correct"]),
                str(counts["failed"]),
                percent(counts["accuracy"]),
                span(counts["low"], counts["high"]),
                number(counts["score"]),
                percent(ceiling),
            )
            for name, counts, ceiling in rows
        ],
    }


def _controls(metrics: Document) -> list[Document]:
    named = list(metrics.get("controls", {}).items())
    named += [
        (f"{name} (each region)", counts) for name, counts in metrics.get("per_region", {}).items()
    ]
    sections = [control_section(name, counts) for name, counts in named]
    return [each for each in sections if each is not None]


def _calibration(metrics: Document) -> Document | None:
    found = metrics.get("calibration")
    if not found:
        return None
    return {
        "summary": f"{found['n']} answers had a score. Expected calibration error "
        f"{number(found['ece'])}, Brier score {number(found['brier'])}.",
        "plot": to_markup(charts.reliability(found["bins"])),
        "rows": [
            (
                f"{row['from']:.1f} to {row['to']:.1f}",
                str(row["n"]),
                number(row["score"]),
                percent(row["accuracy"]),
                span(row["low"], row["high"]),
            )
            for row in found["bins"]
        ],
    }


def _wrong(document: Document) -> Rows:
    return [
        (str(each["task"]), each["control"], _value(each["truth"]), _value(each["given"]))
        for each in document["wrong"]
    ]


def _wrong_left_out(document: Document) -> str:
    left = document["wrong_left_out"]
    tasks = "1 task more is" if left == 1 else f"{left} tasks more are"
    return f"{tasks} left out here. {document['wrong_unknown']}".strip() if left else ""


def _value(value: Any) -> str:
    """A part of an answer: texts as they are, nothing as a dash, the rest as JSON."""
    if value is None or value == []:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _failures(document: Document) -> Rows:
    return [
        (str(each["task"]), each["kind"].replace("_", " "), each["message"], each["raw"])
        for each in document["failures"]
    ]


def _effort(document: Document) -> Rows:
    run, effort = document["run"], document["effort"]
    return [
        ("Cost", "unknown" if run["cost"] is None else f"${run['cost']:.6f}"),
        ("Cost of a task that was paid for", _dollars(effort["cost_per_task"])),
        ("Seconds a task, median", number(effort["latency"])),
        ("Seconds a task, 95 of 100 within", number(effort["latency_p95"])),
        ("Prompt tokens", str(run["prompt_tokens"])),
        ("Completion tokens", str(run["completion_tokens"])),
        ("Answers from the cache", str(run["cached"])),
    ]


def _asked(prompt: Document) -> Rows:
    rows = [("Provider", prompt["provider"]), ("Model", prompt["model"])]
    if prompt["parameters"]:
        rows.append(("Parameters", json.dumps(prompt["parameters"], ensure_ascii=False)))
    if prompt["max_few_shot_examples"]:
        rows.append(("Examples shown, at most", str(prompt["max_few_shot_examples"])))
    return rows


def _dollars(value: float | None) -> str:
    return "-" if value is None else f"${value:.6f}"
