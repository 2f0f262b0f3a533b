"""`versions refine`: a better prompt from a teacher model."""

from __future__ import annotations

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.output import documents
from ml_backend.records import TruthSource


@click.command("refine", cls=Command)
@click.argument("prompt")
@click.option("--project", required=True, help="Whose mistakes it learns from: id or exact title.")
@click.option("--version", help="The version to improve; by default the newest.")
@click.option("--teacher-model", required=True, help="The model that writes, such as gpt-6.1-sol.")
@click.option("--connection", help="Its connection: id or title; by default the environment's.")
@click.option("--accept", is_flag=True, help="Make a version of what it proposes.")
@click.option("--title", help='Of that version; by default the next "Version N".')
@pass_app
def refine_version(
    app: App,
    prompt: str,
    project: str,
    version: str | None,
    teacher_model: str,
    connection: str | None,
    accept: bool,
    title: str | None,
) -> None:
    """Have a teacher model improve a version of PROMPT, or write the first one.

    The teacher sees the prompt, what the labeling config asks, and tasks the version got wrong:
    evaluate it first. About 30% of the tasks with ground truth (with submitted annotations where
    none is marked as that) no teacher ever sees; a version made of its proposal is scored on
    these. A prompt that is only variables, or has no version yet, is drafted from the labeling
    config, the instructions and some right answers.

    \b
    Examples:
      ls-prompts versions refine Topic --project 3 --teacher-model gpt-6.1-sol
      ls-prompts versions refine Topic --project 3 --teacher-model gpt-6.1-sol --accept
    """
    from ml_backend.services.refining.refine import RefineRequest

    container = app.container
    found = container.prompts.find(prompt)
    where = app.project(project)
    versions = container.store.prompts.versions(found.id)
    chosen = container.prompts.find_version(found, version) if version else None
    if chosen is None and versions:
        chosen = versions[-1]
    teacher = container.models.default
    if accept and chosen is not None:
        container.prompts.require_own(chosen)
    if connection is not None:
        teacher = container.prompts.connection(connection)
    asked = RefineRequest(where, found, chosen, teacher, teacher_model)
    done = container.refining.refine(container.studio, asked)
    container.refining.keep(where, found, chosen, teacher_model, done)
    made = None
    if accept:
        name = container.prompts.version_title(found, title)
        if chosen is not None:
            made = container.refining.accept(found, chosen, done, name)
        else:
            made = container.prompts.create_version(found, text=done.prompt, title=name)
    if app.as_json:
        version_made = documents.of_version(made, active=False) if made else None
        app.document({**done.document(), "version": version_made})
        return
    click.secho("Drafted" if done.drafted else "Refined", bold=True)
    click.echo(done.reasoning)
    click.echo(f"\n{done.diff}\n")
    cost = "unknown" if done.cost is None else f"${done.cost:.4f}"
    click.echo(
        f"The teacher saw {done.examples} tasks; {done.held_out} with {done.truth.words} are held "
        f"out from it. Cost {cost}."
    )
    if done.truth is TruthSource.ANNOTATIONS:
        app.note("Right is what people submitted: no annotation is marked as ground truth.")
    if made:
        click.echo(f"Created version {made.id} {made.title!r} of {found.title!r}.")
        app.note(f"Next: ls-prompts evaluate {found.id} --project {where.id}")
    else:
        app.note("Nothing was made of it; --accept makes a version.")
