"""`predictions threshold`, `acceptances` and `take-back`: what may be accepted, and undoing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.commands.predictions.choosing import NUMBER, changing, limited
from ml_backend.cli.output.progress import bar
from ml_backend.cli.thresholds import threshold
from ml_backend.errors import InvalidInput

if TYPE_CHECKING:
    from ml_backend.services.accepting.take_back import TakeBackPlan
    from ml_backend.services.accepting.thresholds import ThresholdAnswer

KEPT = {
    "opened": "submitted, changed or skipped in the editor",
    "changed": "say something else by now",
    "marked": "marked as ground truth, or changed through the API",
    "confirmed": "called right by a person",
    "drafted": "somebody works on their tasks",
}


@click.command("threshold", cls=Command)
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--model-version", "label", help="Exactly this model version.")
@click.option("--prompt", help="A prompt of which one version has predictions: id or title.")
@limited
@pass_app
def show_threshold(
    app: App,
    project: str,
    label: str | None,
    prompt: str | None,
    max_error: float,
    certainty: float,
) -> None:
    """Say from which score on predictions may be accepted, and whether that is promised.

    A promise stands on a promise sample that people labelled and that was opened. Without one the
    same figures are told of ordinary ground truth, and promise nothing.

    \b
    Examples:
      ls-prompts predictions threshold --project 3 --prompt Topic
      ls-prompts predictions threshold --project 3 --model-version "Topic__v2" --max-error 0.02
    """
    from ml_backend.services.accepting.documents import of_threshold
    from ml_backend.services.predictions.selection import select

    found = app.project(project)
    selection = select(
        labels=[label] if label is not None else None,
        prompt=app.container.prompts.find(prompt) if prompt is not None else None,
        everything=True,
    )
    chosen = app.container.accepting.one_label(found.id, selection)
    answer = app.container.thresholds.answer(
        app.container.studio, found, chosen, max_error=max_error, certainty=certainty
    )
    if app.as_json:
        app.document(of_threshold(answer))
        return
    for line in _said(answer):
        click.echo(line)
    if answer.why:
        app.note(answer.why)
    if answer.band.points:
        app.table(
            ("Score from", "Accepted", "Wrong", "At most", "Labels"),
            [
                (
                    threshold(each.threshold),
                    f"{each.accepted:.0%}",
                    f"{each.error:.1%}",
                    f"{each.high:.1%}",
                    each.accepted_n,
                )
                for each in answer.band.points
            ],
            title="Error x accepted; the limits hold at all scores at once"
            if answer.is_promise
            else "Error x accepted, an estimate",
            numbers=("Score from", "Accepted", "Wrong", "At most", "Labels"),
        )


def _said(answer: ThresholdAnswer) -> list[str]:
    tested, holds = answer.tested, answer.holds
    asked = f"at most {answer.max_error:.1%} wrong, {answer.certainty:.0%} certain"
    shown = f"A promise of 2 % takes {answer.labels_for_shown_error} labels without a mistake."
    if tested.threshold is None:
        return [f"No score can be accepted for {asked}.", shown]
    word = "may be accepted" if answer.is_promise else "would be accepted, were it promised"
    bound = f"; limit {tested.error_bound:.1%}" if tested.error_bound is not None else ""
    return [
        f"{holds.accepted} of {holds.predictions} predictions {word}: scored "
        f"{threshold(tested.threshold)} or higher, {asked}{bound}. {holds.for_people} for people.",
        f"Promise: {'yes' if answer.is_promise else 'no'}. {shown}",
    ]


@click.command("acceptances", cls=Command)
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@pass_app
def list_acceptances(app: App, project: str, limit: int) -> None:
    """List who accepted what, by which threshold, and how much of it was taken back.

    \b
    Example:
      ls-prompts predictions acceptances --project 3
    """
    from ml_backend.services.accepting.documents import of_act

    found = app.project(project)
    acts = app.container.take_back.list(found.id, limit=limit)
    documents = [of_act(each) for each in acts]
    if app.as_json:
        app.document({"project": found.id, "acceptances": documents})
        return
    app.table(
        ("Acceptance", "When", "By", "Model versions", "From", "Promise", "Made", "Taken back", ""),
        [
            (
                act.id,
                f"{act.created_at.astimezone():%Y-%m-%d %H:%M}",
                told["created_by_name"],
                ", ".join(told["model_versions"]),
                act.threshold,
                act.promise_id,
                act.made,
                act.taken_back,
                f"interrupted: {act.planned - act.made} not made" if act.is_open else "",
            )
            for act, told in zip(acts, documents, strict=True)
        ],
        title=f"Acceptances in {found.title!r} (project {found.id})",
        empty=f"Nothing was accepted in {found.title!r}.",
        numbers=("Acceptance", "From", "Promise", "Made", "Taken back"),
    )


@click.command("take-back", cls=Command)
@click.argument("acceptance", type=NUMBER, required=False)
@click.option("--project", help="Without a number: the newest acceptance of this project.")
@changing
@pass_app
def take_back_acceptance(
    app: App, acceptance: int | None, project: str | None, dry_run: bool, yes: bool
) -> None:
    """Delete exactly the annotations that an acceptance made and that nobody touched since.

    What a person submitted, changed, marked or works on is left alone and counted. It is safe to
    repeat.

    \b
    Examples:
      ls-prompts predictions take-back 7 --dry-run
      ls-prompts predictions take-back --project 3
    """
    from ml_backend.services.accepting.documents import of_take_back_plan, of_take_back_report

    service = app.container.take_back
    plan = service.plan(_number(app, acceptance, project))
    go_ahead = app.go_ahead(
        f"Delete {plan.would_delete} annotations?",
        plan=of_take_back_plan(plan),
        show=lambda stderr: _show_plan(app, plan, stderr=stderr),
        yes=yes or not plan.would_delete,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    with bar(app, "Deleting") as progress:
        report = service.execute(plan, app.patience(), progress)
    if app.as_json:
        app.document(of_take_back_report(report))
        return
    kept = sum(report.kept.values())
    click.echo(f"Deleted {report.deleted} annotations; {kept} were touched since and stay.")
    for note in report.notes:
        app.note(note)


def _number(app: App, acceptance: int | None, project: str | None) -> int:
    if acceptance is not None:
        return acceptance
    if project is None:
        raise click.UsageError("Name an acceptance, or a project for its newest one.")
    found = app.project(project)
    acts = app.container.take_back.list(found.id, limit=1)
    if not acts:
        raise InvalidInput(f"Nothing was accepted in {found.title!r}.", field="acceptance")
    return acts[0].id


def _show_plan(app: App, plan: TakeBackPlan, *, stderr: bool) -> None:
    rows = [("Delete: untouched", plan.would_delete)]
    rows += [(f"Leave alone: {KEPT[why.value]}", count) for why, count in plan.kept.items()]
    rows += [("Gone already", len(plan.gone)), ("Taken back before", plan.taken_back)]
    app.table(
        ("Annotations", "Count"),
        [row for row in rows if row[1] or row[0].startswith("Delete")],
        title=f"Acceptance {plan.act.id} made {plan.act.made} annotations",
        numbers=("Count",),
        stderr=stderr,
    )
