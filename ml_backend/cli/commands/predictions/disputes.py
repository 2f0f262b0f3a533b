"""`predictions disputes`: labels of people that sure answers dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, Command, pass_app

if TYPE_CHECKING:
    from ml_backend.services.disputing.evidence import DisputePage

LONGEST = 60


@click.command("disputes", cls=Command)
@click.argument("prompt")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--version", help="Whose answers: id or title; by default the active version's.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=25,
    show_default=True,
    metavar="N",
    help="Labels to show, the most doubtful first.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with each task's data.")
@pass_app
def show_disputes(
    app: App, prompt: str, project: str, version: str | None, limit: int, as_csv: bool
) -> None:
    """List the labels of people that PROMPT's sure answers dispute, the most doubtful first.

    Of the version's newest run whose answers and truths are known. Left out are tasks of promise
    samples and what was decided already; on the page Check the label each can be decided on.

    \b
    Examples:
      ls-prompts predictions disputes Topic --project 3
      ls-prompts predictions disputes Topic --project 3 --limit 500 --csv > labels.csv
    """
    from ml_backend.services.disputing.documents import csv_of, of_page

    container = app.container
    found, of = app.project(project), container.prompts.find(prompt)
    run = container.disputed_labels.run_of(found, container.prompts.find_version(of, version))
    page = container.disputed_labels.page(container.studio, found, run, size=limit)
    if app.as_json:
        app.document(of_page(page))
    elif as_csv:
        click.echo(csv_of(page), nl=False)
    else:
        _show(app, page)


def _show(app: App, page: DisputePage) -> None:
    from ml_backend.services.disputing.evidence import Says

    app.table(
        ("Task", "Label", "By", "Answer", "Confidence", "Right", "Other versions"),
        [
            (
                each.task_id,
                _short(*(f"{each.label.get(name)}" for name in each.differs)),
                _short(*each.labelled_by),
                _short(*(f"{each.answer.get(name)}" for name in each.differs)),
                f"{each.confidence:.3f}" if each.confidence is not None else "",
                f"{each.calibrated:.0%}" if each.calibrated is not None else "",
                f"{each.says(Says.ANSWER)} of {len(each.others)} agree" if each.others else "",
            )
            for each in page.rows
        ],
        title=f"{page.disputed} labels that run {page.run.id} disputes",
        empty=f"Run {page.run.id} disputes no label.",
        numbers=("Task", "Confidence", "Right"),
    )
    if page.unranked:
        app.note(f"{page.unranked} more are wrong without a confidence, or failed.")
    for each in page.unclear:
        label, answer = each.label or "(none)", each.answer or "(none)"
        app.note(f"Guideline unclear: {each.control}, {label} or {answer}: {len(each.task_ids)}.")


def _short(*words: str) -> str:
    text = ", ".join(words)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
