"""`runs`: list, show, watch, cancel, resume, report, failures."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ml_backend.cli.app import App, Group, pass_app
from ml_backend.cli.commands.run import carry_out
from ml_backend.cli.next_steps import WORDS
from ml_backend.cli.output import documents
from ml_backend.cli.output.details import show_details
from ml_backend.cli.output.outcome import finish, show
from ml_backend.cli.output.watching import execute, watch
from ml_backend.reporting import run_page
from ml_backend.services.jobs import documents as reports


@click.group(cls=Group)
def runs() -> None:
    """Watch, cancel and resume runs; see why tasks failed."""


@runs.command("list")
@click.option("--prompt", help="Only of this prompt: id or title.")
@click.option("--project", help="Only in this project: id or exact title.")
@click.option("--open", "open_only", is_flag=True, help="Only runs that have not ended.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@pass_app
def list_runs(
    app: App, prompt: str | None, project: str | None, open_only: bool, limit: int
) -> None:
    """List runs, newest first, a line each: when, of what, how right, for how much, how it ended.

    `runs show` says all of one, --json all of each.

    \b
    Examples:
      ls-prompts runs list --prompt Topic --open
      ls-prompts runs list --project 3 --limit 100 --json
    """
    wanted: dict[str, Any] = {"open_only": open_only, "limit": limit}
    if prompt is not None:
        wanted["prompt_id"] = app.container.prompts.find(prompt).id
    if project is not None:
        wanted["project_id"] = app.project(project).id
    rows = app.container.store.runs.search(**wanted)
    if app.as_json:
        app.document([reports.of_run(run) for run in rows])
        return
    from ml_backend.cli.output.run_rows import show_runs

    show_runs(app, rows, set(app.container.store.runs.claimable()), datetime.now(UTC))


@runs.command("show")
@click.argument("run_id", type=int)
@click.option("--report", is_flag=True, help="Also classes, confusions and calibration.")
@pass_app
def show_run(app: App, run_id: int, report: bool) -> None:
    """Show a run: counts, cost, failures and metrics.

    \b
    Examples:
      ls-prompts runs show 7 --report
      ls-prompts runs show 7 --json
    """
    run = app.container.store.runs.get(run_id)
    if app.as_json:
        app.document(reports.of_run(run))
    else:
        show(app, run)
        if report and run.metrics is not None:
            show_details(app, run.metrics)


@runs.command("watch")
@click.argument("run_id", type=int)
@click.option("--execute", "here", is_flag=True, help="Execute it here when no server does.")
@pass_app
def watch_run(app: App, run_id: int, here: bool) -> None:
    """Follow a run until it ends. Ctrl-C stops watching, not the run.

    \b
    Example:
      ls-prompts runs watch 7
    """
    app.container.store.runs.get(run_id)
    finish(app, execute(app, run_id) if here else watch(app, run_id))


@runs.command("cancel")
@click.argument("run_id", type=int)
@pass_app
def cancel_run(app: App, run_id: int) -> None:
    """Stop asking; what was answered is still published.

    \b
    Example:
      ls-prompts runs cancel 7
    """
    store = app.container.store
    run = app.container.runs.cancel(store.runs.get(run_id))
    if run_id in store.runs.claimable():
        # No process has it, so none would heed the request: bring it to its end here.
        run = execute(app, run_id)
    if app.as_json:
        app.document(reports.of_run(run))
    elif not run.is_open:
        show(app, run)
    else:
        click.echo(f"Run {run_id} is stopping: ls-prompts runs watch {run_id}")


@runs.command("resume")
@click.argument("run_id", type=int)
@click.option("--detach", is_flag=True, help="Leave it to the server.")
@pass_app
def resume_run(app: App, run_id: int, detach: bool) -> None:
    """Go on with a run that failed, was canceled or lost its process.

    What was answered is not asked again.

    \b
    Example:
      ls-prompts runs resume 7
    """
    run = app.container.store.runs.get(run_id)
    if not run.is_open:
        run = app.container.runs.resume(run)
    elif run_id not in app.container.store.runs.claimable():
        app.note(f"Run {run_id} is under way already.")
    carry_out(app, run, detach=detach)


@runs.command("report")
@click.argument("run_id", type=int)
@click.option(
    "--html",
    "path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path, allow_dash=True),
    help="Write it there as one page that needs nothing else; - is stdout.",
)
@pass_app
def report_run(app: App, run_id: int, path: Path | None) -> None:
    """Make a report of a run, for somebody who has access to nothing.

    \b
    Examples:
      ls-prompts runs report 7 --html topic.html
      ls-prompts runs report 7 --json
    """
    if (path is None) != app.as_json:
        raise click.UsageError("Say what to make: --html FILE or --json.")
    run = app.container.store.runs.get(run_id)
    found = app.container.run_reports.report(run, app.container.studio)
    if path is None:
        app.document(reports.of_run_report(found))
        return
    page = run_page(found, WORDS)
    if str(path) == "-":
        click.echo(page)
        return
    path.write_text(page, encoding="utf-8")
    click.echo(f"Wrote the report of run {run_id} to {path}.")


@runs.command("failures")
@click.argument("run_id", type=int)
@click.option("--raw", is_flag=True, help="Also what the model said.")
@pass_app
def list_failures(app: App, run_id: int, raw: bool) -> None:
    """List the tasks that got no prediction, and why.

    \b
    Example:
      ls-prompts runs failures 7 --raw
    """
    run = app.container.store.runs.get(run_id)
    rows = app.container.runs.failures(run)
    if app.as_json:
        app.document([documents.of_failure(failure) for failure in rows])
        return
    columns = ("Task", "Kind", "Reason", "Answer") if raw else ("Task", "Kind", "Reason")
    app.table(
        columns,
        [
            (failure.task_id, failure.kind.value.replace("_", " "), failure.message, failure.raw)[
                : len(columns)
            ]
            for failure in rows
        ],
        empty=f"No task of run {run_id} failed.",
        numbers=("Task",),
    )
