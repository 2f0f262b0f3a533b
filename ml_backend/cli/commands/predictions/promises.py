"""`promises`: tasks drawn and labelled blind, to find out what may be accepted without a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, Group, pass_app
from ml_backend.cli.commands.predictions.choosing import NUMBER, certain, changing, limited
from ml_backend.cli.output.promise_rows import show_looks, show_plan, show_samples, show_state

if TYPE_CHECKING:
    from ml_backend.labelstudio import Project
    from ml_backend.records.promises import PromiseSample


@click.group(cls=Group)
def promises() -> None:
    """Find out what may be accepted without a look: "at most 3 % wrong, 95 % certain"."""


@promises.command("draw")
@click.argument("prompt")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--version", help="Id or title; by default the newest.")
@limited
@click.option(
    "--size",
    type=click.IntRange(1),
    metavar="N",
    help="Tasks to draw; by default so many that the model may make a few mistakes.",
)
@click.option(
    "--several-looks",
    is_flag=True,
    help="Other limits may be asked of it later (`promises ask`); each takes its share of the "
    "certainty, the first half of it.",
)
@changing
@pass_app
def draw_promise(
    app: App,
    prompt: str,
    project: str,
    version: str | None,
    max_error: float,
    certainty: float,
    size: int | None,
    several_looks: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Draw a promise sample of what a version of PROMPT predicted in a project.

    It is drawn at random from all tasks with a scored prediction that nobody annotated, and
    labelled in a tab of its own in Label Studio. Until it is opened nobody sees a prediction of
    these tasks: those of this server are taken out of Label Studio, and the very same are put
    back; new ones are kept back as well, and its labels count nowhere.

    \b
    Examples:
      ls-prompts promises draw Topic --project 3 --dry-run
      ls-prompts promises draw Topic --project 3 --max-error 0.05 --version "Version 2"
      ls-prompts promises draw Topic --project 3 --size 300 --several-looks
    """
    from ml_backend.services.promises import documents
    from ml_backend.services.promises.draw import DrawRequest

    samples = app.container.promise_samples
    found = app.container.prompts.find(prompt)
    request = DrawRequest(
        found,
        app.container.prompts.find_version(found, version),
        app.project(project),
        max_error,
        certainty,
        size,
        several_looks,
    )
    plan = samples.plan(app.container.studio, request)
    if plan.why:
        if app.as_json:
            app.document(documents.of_plan(plan))
        else:
            show_plan(app, plan, stderr=False)
        app.note(plan.why)
        click.get_current_context().exit(1)
    go_ahead = app.go_ahead(
        f"Draw {plan.size} tasks and take their predictions out of sight?",
        plan=documents.of_plan(plan),
        show=lambda stderr: show_plan(app, plan, stderr=stderr),
        yes=yes,
        dry_run=dry_run,
    )
    if go_ahead:
        _show(app, request.project, samples.draw(request, app.patience()))


@promises.command("list")
@click.option("--project", required=True, help="Id or exact title.")
@pass_app
def list_promises(app: App, project: str) -> None:
    """List the promise samples of a project, newest first.

    \b
    Example:
      ls-prompts promises list --project 3
    """
    from ml_backend.services.promises import documents

    found = app.project(project)
    states = app.container.promise_samples.states(app.container.studio, found)
    if app.as_json:
        app.document([documents.of_state(each) for each in states])
        return
    show_samples(app, found, states)


@promises.command("show")
@click.argument("sample", type=NUMBER)
@pass_app
def show_promise(app: App, sample: int) -> None:
    """Show a promise sample: how far its labelling is, and what it promises once it is opened.

    \b
    Example:
      ls-prompts promises show 4
    """
    found = app.container.store.promises.get(sample)
    _show(app, app.container.studio.get_project(found.project_id), found)


@promises.command("open")
@click.argument("sample", type=NUMBER)
@pass_app
def open_promise(app: App, sample: int) -> None:
    """Open a promise sample all of whose tasks are labelled, and say what it promises.

    Its predictions are put back into Label Studio, and its labels are ordinary truth from then on.
    A task that was skipped or deleted, and a label that was made from a prediction, count as wrong.

    \b
    Example:
      ls-prompts promises open 4
    """
    found = app.container.store.promises.get(sample)
    opened = app.container.promise_samples.open(found, app.patience())
    _show(app, app.container.studio.get_project(opened.project_id), opened)


@promises.command("ask")
@click.argument("sample", type=NUMBER)
@click.option("--max-error", type=float, required=True, metavar="SHARE", help="Another limit.")
@certain
@pass_app
def ask_promise(app: App, sample: int, max_error: float, certainty: float) -> None:
    """Ask an opened sample that was drawn with --several-looks for another limit.

    \b
    Example:
      ls-prompts promises ask 4 --max-error 0.05
    """
    from ml_backend.services.promises import documents

    found = app.container.store.promises.get(sample)
    look = app.container.promise_samples.look(found, max_error=max_error, certainty=certainty)
    if app.as_json:
        app.document(documents.of_look(look))
        return
    show_looks(app, app.container.store.promises.get(sample))


@promises.command("withdraw")
@click.argument("sample", type=NUMBER)
@click.option("--reason", default="", help="Why; shown with the sample.")
@changing
@pass_app
def withdraw_promise(app: App, sample: int, reason: str, dry_run: bool, yes: bool) -> None:
    """Withdraw a promise sample, or the promise of one that is opened.

    Its labels stay, and are ordinary truth; the predictions of its tasks are put back. Nothing is
    promised by it any more, and no promise comes back: draw a new sample for one.

    \b
    Examples:
      ls-prompts promises withdraw 4 --dry-run
      ls-prompts promises withdraw 4 --yes --reason "the guideline changed"
    """
    from ml_backend.services.promises import documents

    samples = app.container.promise_samples
    found = app.container.store.promises.get(sample)
    project = app.container.studio.get_project(found.project_id)
    state = samples.state(app.container.studio, project, found)
    go_ahead = app.go_ahead(
        f"Withdraw promise sample {sample} ({found.size} tasks)?",
        plan=documents.of_state(state),
        show=lambda stderr: show_state(app, state, stderr=stderr),
        yes=yes,
        dry_run=dry_run,
    )
    if go_ahead:
        said = reason or "It was withdrawn by command."
        _show(app, project, samples.withdraw(found, said, app.patience()))


def _show(app: App, project: Project, sample: PromiseSample) -> None:
    from ml_backend.services.promises import documents

    state = app.container.promise_samples.state(app.container.studio, project, sample)
    if app.as_json:
        app.document(documents.of_state(state))
        return
    show_state(app, state)
