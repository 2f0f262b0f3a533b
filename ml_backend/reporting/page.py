"""The report of a run as one HTML file: no script, nothing fetched, everything escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any
from xml.etree.ElementTree import Element

from ml_backend.kinds import TruthSource
from ml_backend.reporting import charts
from ml_backend.reporting.elements import table as make_table, tag, to_html
from ml_backend.reporting.sections import control_section, number, percent, span

Document = Mapping[str, Any]


def run_page(document: Document) -> str:
    """Return the page of a run's report; the document is that of ``RunReports``."""
    run, prompt = document["run"], document["prompt"]
    title = f"{prompt['title']} · {prompt['version']}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width"),
        tag("title", f"{title}: run {run['id']}"),
        tag("style", _style()),
    )
    body = tag(
        "body",
        tag("h1", title),
        tag("p", _about(document), class_="note"),
        tag("p", f"Stale: {run['stale']}", class_="stale") if run["stale"] else None,
        tag("p", run["message"]) if run["message"] else None,
        _figures(document),
        _agreement(document),
        _controls(document["metrics"]),
        _calibration(document["metrics"]),
        _wrong(document),
        _failures(document),
        _effort(document),
        _prompt(prompt),
        tag("p", f"Made {document['made_at']}.", class_="note"),
    )
    return to_html(tag("html", head, body, lang="en"))


def _about(document: Document) -> str:
    run, prompt = document["run"], document["prompt"]
    return (
        f"Run {run['id']} of {prompt['provider']} · {prompt['model']} on {run['total_tasks']} "
        f"tasks ({run['project_subset']}) of {document['project']}, {run['status']}"
        + (f", {run['completed_at']}" if run["completed_at"] else "")
    )


def _figures(document: Document) -> Element:
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
    return tag("div", [tag("div", tag("b", big), small) for big, small in shown], class_="figures")


def _agreement(document: Document) -> Element | None:
    run, metrics = document["run"], document["metrics"]
    overall = metrics.get("overall") or {}
    if not overall.get("n"):
        text = f"None of these tasks has {TruthSource(run['truth']).words} to measure against."
        return tag("section", tag("h2", "Agreement"), tag("p", text))
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
    return tag(
        "section",
        tag("h2", f"Agreement with {run['measured_on']}"),
        charts.intervals(rows),
        make_table(
            ("", "n", "Correct", "Failed", "Accuracy", "95% interval", "Score", "People"),
            [
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
        ),
        tag(
            "p",
            "Failed tasks count as wrong everywhere. Score gives credit for what is partly right. "
            "People: how far annotators agree with each other, where several annotated a "
            "task; an upright stroke in the plot.",
            class_="note",
        ),
    )


def _controls(metrics: Document) -> list[Element]:
    named = list(metrics.get("controls", {}).items())
    named += [
        (f"{name} (each region)", counts) for name, counts in metrics.get("per_region", {}).items()
    ]
    sections = [control_section(name, counts) for name, counts in named]
    return [each for each in sections if each is not None]


def _calibration(metrics: Document) -> Element | None:
    found = metrics.get("calibration")
    if not found:
        return None
    return tag(
        "section",
        tag("h2", "Calibration"),
        tag(
            "p",
            f"{found['n']} answers had a score. Expected calibration error "
            f"{number(found['ece'])}, Brier score {number(found['brier'])}.",
        ),
        charts.reliability(found["bins"]),
        make_table(
            ("Score", "n", "Mean score", "Right", "95% interval"),
            [
                (
                    f"{row['from']:.1f} to {row['to']:.1f}",
                    str(row["n"]),
                    number(row["score"]),
                    percent(row["accuracy"]),
                    span(row["low"], row["high"]),
                )
                for row in found["bins"]
            ],
        ),
    )


def _wrong(document: Document) -> Element | None:
    if not (document["metrics"].get("overall") or {}).get("n"):
        return None
    heading, rows, left = tag("h2", "Wrong answers"), document["wrong"], document["wrong_left_out"]
    if not rows and not left:
        return tag("section", heading, tag("p", "None."))
    tasks = "1 task more is" if left == 1 else f"{left} tasks more are"
    more = f"{tasks} left out here. {document['wrong_unknown']}" if left else ""
    shown = [
        (str(each["task"]), each["control"], _value(each["truth"]), _value(each["given"]))
        for each in rows
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


def _failures(document: Document) -> Element:
    failures = document["failures"]
    heading = tag("h2", "Failed tasks")
    if not failures:
        return tag("section", heading, tag("p", "None."))
    left = document["failures_left_out"]
    return tag(
        "section",
        heading,
        make_table(
            ("Task", "Kind", "Reason", "What the model said"),
            [
                (str(each["task"]), each["kind"].replace("_", " "), each["message"], each["raw"])
                for each in failures
            ],
            numbers=4,
        ),
        tag("p", f"{left} more are left out here.", class_="note") if left else None,
    )


def _effort(document: Document) -> Element:
    run, effort = document["run"], document["effort"]
    rows = [
        ("Cost", "unknown" if run["cost"] is None else f"${run['cost']:.6f}"),
        ("Cost of a task that was paid for", _dollars(effort["cost_per_task"])),
        ("Seconds a task, median", number(effort["latency"])),
        ("Seconds a task, 95 of 100 within", number(effort["latency_p95"])),
        ("Prompt tokens", str(run["prompt_tokens"])),
        ("Completion tokens", str(run["completion_tokens"])),
        ("Answers from the cache", str(run["cached"])),
    ]
    return tag("section", tag("h2", "Cost and time"), make_table(("", ""), rows))


def _prompt(prompt: Document) -> Element:
    more = [("Provider", prompt["provider"]), ("Model", prompt["model"])]
    if prompt["parameters"]:
        more.append(("Parameters", json.dumps(prompt["parameters"], ensure_ascii=False)))
    if prompt["max_few_shot_examples"]:
        more.append(("Examples shown, at most", str(prompt["max_few_shot_examples"])))
    return tag(
        "section",
        tag("h2", "The prompt, as it was asked"),
        make_table(("", ""), more, numbers=2),
        tag("pre", prompt["text"]),
    )


def _dollars(value: float | None) -> str:
    return "-" if value is None else f"${value:.6f}"


@cache
def _style() -> str:
    return resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
