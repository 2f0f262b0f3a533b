"""`prompts`: list, show, create, export, import, follow, rebind, delete."""

from __future__ import annotations

from contextlib import ExitStack
from typing import IO, Any

import click

from ml_backend.cli.app import App, Group, pass_app, read_text
from ml_backend.cli.commands.delete import delete_with_predictions
from ml_backend.cli.commands.prompts.follow import describe, follow_document, follow_project
from ml_backend.cli.commands.prompts.prompt_files import export_prompt, import_prompt
from ml_backend.cli.commands.prompts.version_options import (
    echo_version,
    parameters_of,
    sending_options,
    system_text,
)
from ml_backend.cli.commands.run import note_unanswerable
from ml_backend.cli.output import documents
from ml_backend.records import ConfidenceWay


@click.group(cls=Group)
def prompts() -> None:
    """Prompts: what to label, and how."""


prompts.add_command(follow_project)


@prompts.command("list")
@pass_app
def list_prompts(app: App) -> None:
    """List all prompts.

    \b
    Example:
      ls-prompts prompts list --json
    """
    store = app.container.store
    rows = store.prompts.all()
    if app.as_json:
        app.document([documents.of_prompt(prompt) for prompt in rows])
        return
    app.table(
        ("Id", "Title", "Projects", "Versions", "Active", "Updated"),
        [
            (
                prompt.id,
                prompt.title,
                ", ".join(map(str, prompt.project_ids)),
                len(store.prompts.versions(prompt.id)),
                getattr(store.prompts.active_version(prompt.id), "title", None),
                f"{prompt.updated_at:%Y-%m-%d %H:%M}",
            )
            for prompt in rows
        ],
        empty="There are no prompts yet: `ls-prompts prompts create` makes one.",
        numbers=("Id", "Versions"),
    )


@prompts.command("show")
@click.argument("prompt")
@pass_app
def show_prompt(app: App, prompt: str) -> None:
    """Show a prompt, by id or title, with its active version's text.

    \b
    Example:
      ls-prompts prompts show Topic
    """
    store = app.container.store
    found = app.container.prompts.find(prompt)
    active = store.prompts.active_version(found.id)
    versions = store.prompts.versions(found.id)
    follows = [each for each in store.follows.all() if each.prompt_id == found.id]
    if app.as_json:
        rows = [documents.of_version(v, active=v == active) for v in versions]
        followed = [follow_document(app, each) for each in follows]
        app.document(documents.of_prompt(found) | {"versions": rows, "follows": followed})
        return
    click.secho(f"{found.title}  (prompt {found.id})", bold=True)
    if found.description:
        click.echo(found.description)
    click.echo(f"Projects: {', '.join(map(str, found.project_ids)) or 'none'}")
    click.echo(f"Versions: {', '.join(version.title for version in versions) or 'none yet'}")
    for follow in follows:
        click.echo(describe(app, follow))
    if active:
        click.echo(f"\nActive: {active.title} · ", nl=False)
        echo_version(active)


@prompts.command("create")
@click.argument("title")
@click.option("--project", required=True, help="The project it answers: id or exact title.")
@click.option("--text", help="The prompt; {name} stands for a field of the task's data.")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Read it there; - is stdin.")
@click.option("--description", default="", help="For people; the model does not see it.")
@click.option("--model", help="The model of its first version.")
@click.option("--connection", help="The model provider connection: id or title.")
@sending_options
@pass_app
def create_prompt(
    app: App,
    title: str,
    project: str,
    text: str | None,
    file: IO[str] | None,
    description: str,
    model: str | None,
    connection: str | None,
    parameters: dict[str, Any] | None,
    assigned: tuple[tuple[str, Any], ...],
    system_prompt: str | None,
    system_file: IO[str] | None,
    confidence: ConfidenceWay | None,
) -> None:
    """Create a prompt with a first version.

    Without --text and --file the project's labeling instructions become the prompt: the guideline
    people read.

    \b
    Examples:
      ls-prompts prompts create Topic --project 3 --text "Which topic is {text} about?"
      ls-prompts prompts create Topic --project "Customer messages" --file topic.md
    """
    if text is not None and file is not None:
        raise click.UsageError("Give --text or --file, not both.")
    container = app.container
    system = system_text(system_prompt, system_file) or ""
    found = app.project(project)
    body = text if text is not None else read_text(file) if file else ""
    if text is None and file is None:
        from ml_backend.labeling.text.html_text import to_text

        body = to_text(found.instruction)
        if not body.strip():
            raise click.UsageError(
                f"Project {found.title!r} has no labeling instructions to take for a prompt: "
                "give --text or --file."
            )
        app.note("The prompt is the project's labeling instructions.")
    prompt = container.prompts.create(title, project=found, description=description)
    with ExitStack() as undo:
        undo.callback(container.store.prompts.delete, prompt.id)
        version = container.prompts.create_version(
            prompt,
            text=body,
            connection=connection,
            model=model,
            parameters=parameters_of(parameters, assigned),
            system_prompt=system,
            confidence=confidence or ConfidenceWay.AUTO,
        )
        undo.pop_all()
    if app.as_json:
        rows = [documents.of_version(version, active=True)]
        notes = container.predictor_factory.notes(container.studio, found)
        told = {"notes": notes} if notes else {}
        app.document(documents.of_prompt(prompt) | {"versions": rows} | told)
        return
    click.echo(
        f"Created prompt {prompt.id} {prompt.title!r} with {version.title!r} "
        f"({version.provider.value} · {version.model})."
    )
    note_unanswerable(app, found)
    app.note(f"Next: ls-prompts run {prompt.id} --project {found.id}")


@prompts.command("rebind")
@click.argument("prompt")
@click.option("--project", required=True, help="The project it is for: id or exact title.")
@pass_app
def rebind_prompt(app: App, prompt: str, project: str) -> None:
    """Say that PROMPT is for the project that has this number now.

    Numbers of projects begin again where Label Studio is set up anew. A prompt that was made for a
    project of the same number is not used, and nothing is written or deleted there, until a person
    says that it is meant.

    \b
    Example:
      ls-prompts prompts rebind Topic --project 4
    """
    found = app.container.prompts.find(prompt)
    meant = app.project(project)
    was_another = app.container.project_identity.confirm(found, meant)
    if app.as_json:
        app.document({"prompt": found.id, "project": meant.id, "was_another": was_another})
        return
    word = "is for" if was_another else "was already for"
    click.echo(f"Prompt {found.title!r} {word} project {meant.id} {meant.title!r}.")


@prompts.command("delete")
@click.argument("prompt")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@pass_app
def delete_prompt(app: App, prompt: str, yes: bool, dry_run: bool) -> None:
    """Delete a prompt with its versions, runs and predictions in Label Studio.

    Annotations made from its predictions stay.

    \b
    Example:
      ls-prompts prompts delete Topic
    """
    found = app.container.prompts.find(prompt)
    delete_with_predictions(app, found, None, yes=yes, dry_run=dry_run)


prompts.add_command(export_prompt)
prompts.add_command(import_prompt)
