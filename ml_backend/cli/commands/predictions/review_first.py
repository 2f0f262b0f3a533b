"""`predictions review-first`: a tab of the tasks that people are to look at next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Command, pass_app

if TYPE_CHECKING:
    from ml_backend.labelstudio import Project
    from ml_backend.records import Prompt
    from ml_backend.services.reviewing.review_first import Review, ReviewEnded

SAMPLINGS = {
    "sequential": "Sequential sampling",
    "uniform": "Uniform sampling",
    "uncertainty": "Uncertainty sampling",
}


@click.command("review-first", cls=Command)
@click.argument("prompt")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--version", help="Whose predictions: id or title; by default the active version.")
@click.option(
    "--size",
    type=click.IntRange(50, 200),
    default=100,
    show_default=True,
    metavar="N",
    help="Tasks in the tab at a time, 50 to 200.",
)
@click.option(
    "--below",
    type=click.FloatRange(0.0, 1.0),
    metavar="SCORE",
    help="Only tasks that score below this, and those without a score.",
)
@click.option(
    "--sampling",
    type=click.Choice(list(SAMPLINGS)),
    help="Also set in which order the project's label stream takes tasks; --stop puts it back.",
)
@click.option("--stop", is_flag=True, help="Remove the tab, and put the sampling back.")
@click.option("--dry-run", is_flag=True, help="Only say what the tab would show.")
@pass_app
def review_first(
    app: App,
    prompt: str,
    project: str,
    version: str | None,
    size: int,
    below: float | None,
    sampling: str | None,
    stop: bool,
    dry_run: bool,
) -> None:
    """Keep a tab in Label Studio with the tasks that PROMPT is least sure of, all classes mixed.

    Everybody who sees the project finds it in the Data Manager. While people work a running server
    fills it up, once a minute at most. Left out are tasks with an annotation and those of promise
    samples. A tab that somebody renamed, filtered or deleted is left alone.

    \b
    Examples:
      ls-prompts predictions review-first Topic --project 3
      ls-prompts predictions review-first Topic --project 3 --size 50 --below 0.9
      ls-prompts predictions review-first Topic --project 3 --sampling uncertainty
      ls-prompts predictions review-first Topic --project 3 --stop
    """
    from ml_backend.services.reviewing.review_first import ReviewRequest

    container = app.container
    found, of = app.project(project), container.prompts.find(prompt)
    if stop:
        _show_end(app, found, container.review_first.stop(container.studio, of, found))
        return
    request = ReviewRequest(
        version=container.prompts.find_version(of, version) if version is not None else None,
        size=size,
        below=below,
        sampling=SAMPLINGS[sampling] if sampling is not None else None,
    )
    service = container.review_first
    carry_out = service.plan if dry_run else service.start
    _show(app, found, of, carry_out(container.studio, of, found, request), dry_run=dry_run)


def _show(app: App, project: Project, prompt: Prompt, review: Review, *, dry_run: bool) -> None:
    from ml_backend.services.reviewing.review_words import document_of, tab_url

    if app.as_json:
        app.document({**document_of(review, app.container.settings), "dry_run": dry_run})
        return
    app.table(
        ("Predicted", "Tasks"),
        [(kind or "(no prediction)", count) for kind, count in _most_first(review)],
        title=f"The {review.batch} tasks of {project.title!r} to look at first",
        empty=f"Nothing of {prompt.title!r} is left to look at in {project.title!r}.",
        numbers=("Tasks",),
    )
    app.note(
        f"{review.waiting} more come after them."
        + (f" {review.unscored} have no score." if review.unscored else "")
        + (f" {review.closed} of a promise sample are left out." if review.closed else "")
    )
    if dry_run:
        app.note("Nothing was changed: this was a dry run.")
        return
    click.echo(f"{review.title}: {tab_url(review, app.container.settings)}")
    app.note("Press “Label Tasks As Displayed” there: “Label All Tasks” takes the whole project.")


def _most_first(review: Review) -> list[tuple[str, int]]:
    kinds: dict[str, Any] = dict(review.kinds or {})
    return sorted(kinds.items(), key=lambda each: (-each[1], each[0]))


def _show_end(app: App, project: Project, ended: ReviewEnded) -> None:
    from ml_backend.services.reviewing.review_words import end_document, end_words

    if app.as_json:
        app.document(end_document(project.id, ended))
        return
    for line in end_words(ended):
        click.echo(line)
