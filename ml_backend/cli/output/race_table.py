"""A race for people: what it takes, and the table and the sentence it ends in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App
from ml_backend.cli.next_steps import for_command_line
from ml_backend.records import RunStatus

if TYPE_CHECKING:
    from ml_backend.records import Job
    from ml_backend.services.racing.outlook import Outlook

STATES = {
    "winner": "take this",
    "left": "raced to the end",
    "worse": "worse than {by}",
    "dearer": "no better than {by}, and costs as much",
    "hopeless": "could not catch up with {by}",
    "failed": "could not be asked",
}


def show_outlook(app: App, outlook: Outlook, *, stderr: bool = False) -> None:
    """Say what a race takes."""
    course = outlook.course
    app.table(
        ("Model", "Cost a task", "Price"),
        [(each.name, _dollars(each.cost, 5), each.price) for each in outlook.runners],
        title=f"A race on {len(course.raced):,} tasks with {course.source.words}",
        numbers=("Cost a task",),
        stderr=stderr,
    )
    alike = f"; {course.alike:,} more read the same as another" if course.alike else ""
    click.echo(
        f"{len(course.held):,} further ones are kept to measure the winner{alike}. At most "
        f"{outlook.most_calls:,} calls, {_about(outlook.most)}; mostly about half of it.",
        err=stderr,
    )
    for said in filter(None, dict.fromkeys(each.retiring for each in outlook.runners)):
        app.note(said)


def echo_race(app: App, job: Job) -> None:
    """Print what a race came to."""
    found = job.result
    if not found.get("models"):
        click.echo(f"{job.status.value}. {for_command_line(job.message)}".strip())
        return
    score = "Accuracy" if found["measure"] == "accuracy" else "Score"
    app.table(
        ("Model", score, "95 %", "Tasks", "Cost a task", "Seconds", "This project", ""),
        [_row(each) for each in found["models"]],
        numbers=(score, "95 %", "Tasks", "Cost a task", "Seconds", "This project"),
    )
    click.secho(found["sentence"], bold=True)
    if job.status is RunStatus.FAILED:
        click.echo(for_command_line(job.message))
    left_out = f", of {found['all_calls']:,} for all on all" if found["all_calls"] else ""
    app.note(
        f"{found['calls']:,} answers{left_out}; spent {_dollars(found['spent'], 4) or 'unknown'}. "
        f"Nothing was written to Label Studio."
    )


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    if not each["tasks"]:
        limits, score = None, None
    else:
        limits = f"{each['low']:.1%} to {each['high']:.1%}"
        score = f"{each['score']:.1%}"
    state = STATES[each["state"]].format(by=each["by"] or "another")
    if each["message"]:
        state = f"{state}: {each['message']}"
    on = f"{each['tasks']:,}{' not raced' if each['measured_on'] == 'held out' else ''}"
    seconds = each["seconds_per_task"]
    return (
        each["name"],
        score,
        limits,
        on,
        _dollars(each["cost_per_task"], 5),
        None if seconds is None else f"{seconds:.1f}",
        _dollars(each["project_cost"], 2),
        state,
    )


def _dollars(value: float | None, digits: int) -> str | None:
    return None if value is None else f"${value:,.{digits}f}"


def _about(value: float | None) -> str:
    return "for an unknown sum" if value is None else f"about ${value:,.2f}"
