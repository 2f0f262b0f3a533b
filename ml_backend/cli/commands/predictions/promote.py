"""`predictions promote`: annotations of predictions, all of them or those that are sure enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.commands.predictions.choosing import changing, named_selection, selecting
from ml_backend.cli.commands.predictions.opened_marks import mark_opened, show_marked
from ml_backend.cli.output.progress import bar
from ml_backend.kinds import LeftOut
from ml_backend.services.jobs import documents as reports

if TYPE_CHECKING:
    from ml_backend.services.accepting.accepting import AcceptPlan
    from ml_backend.services.predictions.promote_plan import PromoteReport

LEFT_OUT = {
    LeftOut.IDENTICAL: "already annotated with the same answer",
    LeftOut.ANNOTATED: "annotated by a person",
    LeftOut.DOUBLED: "several predictions of one version",
    LeftOut.BELOW: "score below the threshold",
    LeftOut.UNSCORED: "no score",
    LeftOut.OUTSIDE: "not of the promise: imported later, or without a prediction then",
    LeftOut.REPLACED: "another prediction than the promise was made of",
    LeftOut.SAMPLED: "labelled by people for a promise sample, or to be",
}


@click.command("promote", cls=Command)
@selecting(unversioned=False)
@click.option("--include-annotated", is_flag=True, help="Also tasks that a person annotated.")
@click.option(
    "--min-score",
    type=float,
    metavar="X",
    help="Only predictions of this score or a higher one; nothing is promised of them.",
)
@click.option(
    "--max-error",
    type=float,
    metavar="SHARE",
    help="Only what a promise sample promises: at most this share of it is wrong, e.g. 0.03.",
)
@click.option(
    "--certainty", type=float, metavar="SHARE", help="How certain that is to be; 0.95 unless said."
)
@click.option(
    "--ground-truth",
    "mark",
    is_flag=True,
    help="Mark as ground truth those that a person has opened, and no others.",
)
@changing
@pass_app
def promote_predictions(
    app: App,
    /,
    project: str,
    include_annotated: bool,
    mark: bool,
    dry_run: bool,
    yes: bool,
    min_score: float | None,
    max_error: float | None,
    certainty: float | None,
    **selection: Any,
) -> None:
    """Make annotations from predictions of named versions, on named tasks (or --all).

    Left out are tasks that hold an annotation with the same answer, tasks a person annotated
    (unless --include-annotated), and tasks with several predictions of the version: run the
    prompt again, or delete the surplus. --prompt stands for its versions, without evaluations.

    With --max-error only what is promised is accepted: of one version, by a promise sample that
    people labelled and that was opened (`ls-prompts promises`), and of all tasks it was drawn
    from, not of named ones. A prediction without a score is never accepted by one. What was made
    is kept as an acceptance and can be taken back: `ls-prompts predictions take-back`.

    With --ground-truth those annotations of these predictions are marked that a person has opened
    and submitted: what is made here counts as truth only after that.

    \b
    Examples:
      ls-prompts predictions promote --project 3 --prompt Topic --all
      ls-prompts predictions promote --project 3 --prompt Topic --all --min-score 0.9
      ls-prompts predictions promote --project 3 --model-version "Topic__v2" --all --max-error 0.03
      ls-prompts predictions promote --project 3 --model-version "Topic__Version 1" --tasks 1,2
    """
    from ml_backend.services.accepting.documents import of_accept_plan
    from ml_backend.services.accepting.request import accept_request

    found = app.project(project)
    service = app.container.accepting
    accepted = service.plan(
        found.id,
        accept_request(
            named_selection(app, selection),
            include_annotated=include_annotated,
            min_score=min_score,
            max_error=max_error,
            certainty=certainty,
        ),
    )
    plan = accepted.promote
    go_ahead = app.go_ahead(
        f"Create {plan.would_create} annotations?",
        plan={**reports.of_promote_plan(plan), **of_accept_plan(accepted)},
        show=lambda stderr: _show(app, found.title, accepted, stderr=stderr),
        yes=yes or not plan.would_create,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    with bar(app, "Promoting") as progress:
        report = service.execute(accepted, app.patience(), progress)
    marked = mark_opened(app, found, plan) if mark else None
    if app.as_json:
        more = reports.of_promoted_marks(marked) if marked else {}
        app.document({**reports.of_promote_report(report), **more})
        return
    _say_done(app, report, found.id, found.tasks)
    if marked is not None:
        show_marked(marked)
    for note in report.notes:
        app.note(note)


def _say_done(app: App, report: PromoteReport, project_id: int, tasks: int) -> None:
    click.echo(
        f"Created {report.created} annotations. Label Studio's project {project_id} now holds "
        f"{report.annotations} annotations on {report.annotated_tasks} of {tasks} tasks."
    )
    if report.acceptance is not None and report.created:
        app.note(f"They can be taken back: ls-prompts predictions take-back {report.acceptance}")


def _show(app: App, title: str, accepted: AcceptPlan, *, stderr: bool) -> None:
    plan, promise = accepted.promote, accepted.promise
    rows: list[tuple[str, int]] = [(f"Create from {v}", n) for v, n in plan.by_version.items()]
    rows += [(f"Leave out: {words}", plan.skipped(why)) for why, words in LEFT_OUT.items()]
    rows += [("Leave out: tasks without such a prediction", plan.without_prediction)]
    app.table(
        ("", "Count"),
        [row for row in rows if row[1] or not row[0].startswith("Leave out")],
        title=f"{plan.would_create} annotations in {title!r}",
        empty="This prompt has no predictions yet.",
        numbers=("Count",),
        stderr=stderr,
    )
    if promise is not None:
        look = promise.look
        app.note(
            f"Promised by sample {promise.sample.id}: at most {look.max_error:.1%} of the "
            f"predictions scored {promise.threshold:g} or higher are wrong, {look.certainty:.0%} "
            "certain."
        )
        if promise.drawn_before:
            app.note(f"Samples drawn of it for that limit before: {promise.drawn_before}.")
    elif accepted.threshold is not None:
        app.note("Nothing is promised of how many of these are wrong.")
