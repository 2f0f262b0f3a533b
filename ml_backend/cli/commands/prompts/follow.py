"""`prompts follow`: new tasks predicted by themselves, and accepted where a promise allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.commands.run import note_following
from ml_backend.cli.next_steps import for_command_line
from ml_backend.cli.output import documents

if TYPE_CHECKING:
    from ml_backend.cli.output.documents import Document
    from ml_backend.records import Prompt
    from ml_backend.records.follow_checks import FollowGuard
    from ml_backend.store import Follow


@click.command("follow", cls=Command)
@click.argument("prompt", required=False)
@click.option("--project", help="The project it follows: id or exact title.")
@click.option("--budget", type=float, metavar="USD", help="The most it may spend, from now on.")
@click.option(
    "--accept-max-error",
    type=float,
    metavar="SHARE",
    help="Accept what reaches the threshold of a promise of at most so many wrong: 0.03.",
)
@click.option(
    "--certainty", type=float, metavar="SHARE", help="How certain that promise is.  [default: 0.95]"
)
@click.option("--off", is_flag=True, help="Follow no more.")
@click.option("--list", "show_all", is_flag=True, help="Say what follows, and how it goes.")
@click.option(
    "--take-back",
    is_flag=True,
    help="Take back what was accepted since the last good check, where nobody touched it.",
)
@click.option("--dry-run", is_flag=True, help="With --take-back: only count.")
@click.option("--yes", is_flag=True, help="With --take-back: do not ask.")
@pass_app
def follow_project(
    app: App,
    prompt: str | None,
    project: str | None,
    budget: float | None,
    accept_max_error: float | None,
    certainty: float | None,
    off: bool,
    show_all: bool,
    take_back: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Let PROMPT predict a project's new tasks by itself.

    A few seconds after tasks were imported the server asks the prompt's active version for the
    tasks without a prediction, as long as Label Studio is connected to it.

    With --accept-max-error what is sure enough is accepted as well: checked, not promised, for a
    promise is of the tasks it was drawn from. One in 20 goes to people before, in the tab "Check";
    never more than 200 tasks are accepted ahead of the last answered check. Following once more
    without it accepts no more.

    \b
    Examples:
      ls-prompts prompts follow Topic --project 3 --budget 20
      ls-prompts prompts follow Topic --project 3 --accept-max-error 0.03
      ls-prompts prompts follow Topic --project 3 --take-back --dry-run
      ls-prompts prompts follow --list
      ls-prompts prompts follow Topic --project 3 --off
    """
    _refuse_contradictions(
        [off, show_all, take_back],
        (budget, accept_max_error, certainty),
        changes=(dry_run or yes) and not take_back,
    )
    if show_all:
        _list(app)
        return
    if prompt is None or project is None:
        raise click.UsageError("Name a prompt and its --project, or give --list.")
    found = app.container.prompts.find(prompt)
    followed = app.project(project)
    if take_back:
        _take_back(app, found, followed.id, dry_run=dry_run, yes=yes)
        return
    if off:
        stopped = app.container.follow.stop(found, followed.id)
        if app.as_json:
            app.document({"prompt": found.id, "project": followed.id, "stopped": stopped})
        else:
            word = "follows no more" if stopped else "did not follow"
            click.echo(f"Prompt {found.title!r} {word}: project {followed.title!r}.")
        return
    from ml_backend.services.accepting.request import CERTAINTY
    from ml_backend.services.events.follow import AcceptBy

    accept = None
    if accept_max_error is not None:
        accept = AcceptBy(accept_max_error, CERTAINTY if certainty is None else certainty)
    started = app.container.follow.start(found, followed, budget, accept)
    if app.as_json:
        app.document(follow_document(app, started))
        return
    click.echo(describe(app, started))
    note_following(app, found, followed)


def _refuse_contradictions(
    ways: list[bool], numbers: tuple[float | None, float | None, float | None], *, changes: bool
) -> None:
    _, max_error, certainty = numbers
    if sum(ways) > 1:
        raise click.UsageError("--off, --list and --take-back exclude each other.")
    if any(ways) and any(each is not None for each in numbers):
        raise click.UsageError("--off takes no --budget, nor do --list and --take-back.")
    if certainty is not None and max_error is None:
        raise click.UsageError("--certainty goes with --accept-max-error.")
    if changes:
        raise click.UsageError("--dry-run and --yes go with --take-back.")


def follow_document(app: App, follow: Follow) -> Document:
    """Return a follow as JSON, with what it accepts."""
    spent = app.container.store.follows.spent(follow)
    return documents.of_follow(follow, spent) | {
        "accepts": accept_document(app, follow.prompt_id, follow.project_id)
    }


def accept_document(app: App, prompt_id: int, project_id: int) -> Document | None:
    """Return by what a follow accepts, or did last, None where it never did."""
    from ml_backend.services.checking.documents import of_guard

    guard = app.container.store.guards.find(prompt_id, project_id)
    if guard is None:
        return None
    tasks = app.container.store.guards.tasks(guard.id)
    return of_guard(guard, tasks)


def describe(app: App, follow: Follow) -> str:
    """Return what a prompt follows and how it goes, in a line, or two where it accepts."""
    spent = app.container.store.follows.spent(follow)
    used = "an unknown sum" if spent is None else f"${spent:.4f}"
    limit = "no budget" if follow.budget is None else f"of ${follow.budget:g}"
    said = f" {for_command_line(follow.message)}" if follow.message else ""
    line = f"Follows project {follow.project_id}: {used} spent, {limit}.{said}"
    guard = app.container.store.guards.find(follow.prompt_id, follow.project_id)
    return line if guard is None else f"{line}\n{describe_guard(app, guard)}"


def describe_guard(app: App, guard: FollowGuard) -> str:
    """Return a line on what a follow accepts."""
    from ml_backend.services.checking.documents import in_a_sentence

    tasks = app.container.store.guards.tasks(guard.id)
    return for_command_line(in_a_sentence(guard, tasks))


def _list(app: App) -> None:
    store = app.container.store
    follows = store.follows.all()
    if app.as_json:
        app.document([follow_document(app, each) for each in follows])
        return
    if not follows:
        click.echo("Nothing follows: `ls-prompts prompts follow PROMPT --project P` begins it.")
    for each in follows:
        title = store.prompts.get(each.prompt_id).title
        click.echo(f"{title}  (prompt {each.prompt_id})")
        click.echo(describe(app, each))


def _take_back(app: App, prompt: Prompt, project_id: int, *, dry_run: bool, yes: bool) -> None:
    from ml_backend.errors import InvalidInput
    from ml_backend.services.checking.documents import of_doubtful

    guard = app.container.store.guards.find(prompt.id, project_id)
    if guard is None:
        raise InvalidInput("It never accepted anything in this project.", field="prompt")
    service = app.container.doubtful_tasks
    plans = service.plan(guard)
    document = of_doubtful(guard, plans)
    count = sum(plan.would_delete for plan in plans)
    go_ahead = app.go_ahead(
        f"Delete {count} annotations?",
        plan=document,
        show=lambda stderr: click.echo(
            f"Since the last good check: {count} annotations that nobody touched, "
            f"{document['kept']} that people touched and that stay.",
            err=stderr,
        ),
        yes=yes or not count,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    reports = service.execute(plans, app.patience())
    deleted = sum(each.deleted for each in reports)
    if app.as_json:
        app.document({**document, "deleted": deleted})
        return
    click.echo(f"Deleted {deleted} annotations.")
