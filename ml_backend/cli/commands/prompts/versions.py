"""`versions`: list, show, create, edit, activate, delete; also `compare`, `refine` and `race`."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Group, pass_app, read_text
from ml_backend.cli.commands.delete import delete_with_predictions
from ml_backend.cli.commands.prompts.compare import compare_versions
from ml_backend.cli.commands.prompts.race import race_models
from ml_backend.cli.commands.prompts.refine import refine_version
from ml_backend.cli.output import documents
from ml_backend.cli.output.details import percent
from ml_backend.records import ConfidenceWay

if TYPE_CHECKING:
    from ml_backend.store import Evaluated, Score
from ml_backend.cli.commands.prompts.version_options import (
    echo_version,
    parameters_of,
    prompt_text,
    sending_options,
    system_text,
)


@click.group(cls=Group)
def versions() -> None:
    """Versions of a prompt, each with its model; PROMPT and VERSION are ids or titles."""


@versions.command("list")
@click.argument("prompt")
@pass_app
def list_versions(app: App, prompt: str) -> None:
    """List a prompt's versions, oldest first.

    Accuracy is of the last evaluation over all ground truth, or over all that people submitted
    where nothing is marked; what a later sample came to stands beside it.

    \b
    Example:
      ls-prompts versions list Topic
    """
    store = app.container.store
    found = app.container.prompts.find(prompt)
    active = store.prompts.active_version(found.id)
    rows = store.prompts.versions(found.id)
    evaluated = store.standings.of_prompt(found.id).evaluated
    if app.as_json:
        app.document(
            [
                documents.of_version(version, active=version == active)
                | documents.of_evaluated(evaluated.get(version.id))
                for version in rows
            ]
        )
        return
    app.table(
        ("Id", "Title", "Active", "Accuracy", "Sample", "Model", "Created", "Text"),
        [
            (
                version.id,
                version.title,
                version == active,
                *_accuracies(evaluated.get(version.id)),
                f"{version.provider.value} · {version.model}",
                f"{version.created_at:%Y-%m-%d %H:%M}",
                _first_line(version.text),
            )
            for version in rows
        ],
        empty=f"Prompt {found.title!r} has no version yet: `ls-prompts versions create`.",
        numbers=("Id",),
    )


@versions.command("show")
@click.argument("prompt")
@click.argument("version", required=False)
@pass_app
def show_version(app: App, prompt: str, version: str | None) -> None:
    """Show a version with its text; without VERSION the active one.

    \b
    Example:
      ls-prompts versions show Topic "Version 2"
    """
    found = app.container.prompts.find(prompt)
    shown = app.container.prompts.find_version(found, version)
    active = app.container.store.prompts.active_version(found.id)
    if app.as_json:
        app.document(documents.of_version(shown, active=shown == active))
        return
    mark = ", active" if shown == active else ""
    click.secho(f"{found.title} · {shown.title}  (version {shown.id}{mark})", bold=True)
    echo_version(shown)


@versions.command("create")
@click.argument("prompt")
@click.option("--title", help='By default the next "Version N".')
@click.option("--text", help="The prompt; {name} stands for a field of the task's data.")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Read it there; - is stdin.")
@click.option("--model", help="By default the connection's.")
@click.option("--connection", help="The model provider connection: id or title.")
@sending_options
@click.option(
    "--few-shot",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="N",
    help="Show up to N similar annotated tasks beside each task, never the task itself.",
)
@pass_app
def create_version(
    app: App,
    prompt: str,
    title: str | None,
    text: str | None,
    file: IO[str] | None,
    model: str | None,
    connection: str | None,
    parameters: dict[str, Any] | None,
    assigned: tuple[tuple[str, Any], ...],
    system_prompt: str | None,
    system_file: IO[str] | None,
    confidence: ConfidenceWay | None,
    few_shot: int,
) -> None:
    """Add a version to a prompt. It changes nothing live until it is run or activated.

    \b
    Examples:
      ls-prompts versions create Topic --file topic-2.md
      ls-prompts versions create Topic --text "Which topic?" --model gpt-6.1-terra --title Short
      ls-prompts versions create Topic --file topic.md --few-shot 5
      ls-prompts versions create Topic --file topic.md --set temperature=0.2 --set seed=1 \\
          --system-prompt "You know the law of Ontario."
      ls-prompts versions create Topic --file topic.md --confidence none
    """
    if (text is None) == (file is None):
        raise click.UsageError("Give the prompt with --text or with --file.")
    found = app.container.prompts.find(prompt)
    made = app.container.prompts.create_version(
        found,
        text=text if text is not None else read_text(file) if file else "",
        title=title,
        connection=connection,
        model=model,
        parameters=parameters_of(parameters, assigned),
        system_prompt=system_text(system_prompt, system_file) or "",
        few_shot=few_shot,
        confidence=confidence or ConfidenceWay.AUTO,
    )
    if app.as_json:
        active = app.container.store.prompts.active_version(found.id)
        app.document(documents.of_version(made, active=made == active))
        return
    click.echo(
        f"Created version {made.id} {made.title!r} of {found.title!r} "
        f"({made.provider.value} · {made.model})."
    )


@versions.command("edit")
@click.argument("prompt")
@click.argument("version", required=False)
@click.option("--text", help="The prompt; {name} stands for a field of the task's data.")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Read it there; - is stdin.")
@click.option("--model", help="Another model.")
@click.option("--connection", help="The model provider connection: id or title.")
@sending_options
@click.option("--few-shot", type=click.IntRange(0, 1000), metavar="N", help="Examples shown.")
@click.option(
    "--in-place",
    is_flag=True,
    help="Change a version that was run all the same: its score is then of the text before.",
)
@pass_app
def edit_version(
    app: App,
    /,
    prompt: str,
    version: str | None,
    file: IO[str] | None,
    parameters: dict[str, Any] | None,
    assigned: tuple[tuple[str, Any], ...],
    system_prompt: str | None,
    system_file: IO[str] | None,
    **given: Any,
) -> None:
    """Change a version, by default the newest; one that was run stays, and the next is made.

    --parameters takes the place of what the version has, --set changes one of them.

    \b
    Examples:
      ls-prompts versions edit Topic --file topic.md
      ls-prompts versions edit Topic "Version 1" --model gpt-6.1-terra --set temperature=0
    """
    given["text"] = prompt_text(given["text"], file)
    given["system_prompt"] = system_text(system_prompt, system_file)
    given["parameters"] = parameters_of(parameters, assigned)
    if all(value is None for name, value in given.items() if name != "in_place"):
        raise click.UsageError("Say what is to change: --text or --file, --model, …")
    container = app.container
    found = container.prompts.find(prompt)
    chosen = (
        container.prompts.newest_version(found)
        if version is None
        else container.prompts.find_version(found, version)
    )
    if parameters is None and assigned:
        given["parameters"] = {**chosen.parameters, **given["parameters"]}
    kept = container.versions.edit(found, chosen, **given)
    if app.as_json:
        active = container.store.prompts.active_version(found.id)
        beside = kept.beside.id if kept.beside else None
        shown = documents.of_version(kept.version, active=kept.version == active)
        app.document(shown | {"made_beside": beside})
        return
    if kept.beside is None:
        click.echo(f"Saved {kept.version.title!r} of {found.title!r}.")
        return
    click.echo(
        f"{kept.version.title!r} of {found.title!r} has the change; {kept.beside.title!r} was run "
        "and stays as it was."
    )
    app.note(f"To take it back: ls-prompts versions delete {found.id} {kept.version.id}")


@versions.command("activate")
@click.argument("prompt")
@click.argument("version")
@pass_app
def activate_version(app: App, prompt: str, version: str) -> None:
    """Choose the version that answers Label Studio's own requests.

    \b
    Example:
      ls-prompts versions activate Topic "Version 1"
    """
    found = app.container.prompts.find(prompt)
    chosen = app.container.prompts.find_version(found, version)
    app.container.prompts.require_own(chosen)
    app.container.prompts.activate(found, chosen)
    if app.as_json:
        app.document(documents.of_version(chosen, active=True))
        return
    click.echo(f"{chosen.title!r} is now the active version of {found.title!r}.")


@versions.command("delete")
@click.argument("prompt")
@click.argument("version")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@pass_app
def delete_version(app: App, prompt: str, version: str, yes: bool, dry_run: bool) -> None:
    """Delete a version and its predictions in Label Studio.

    Other versions' predictions and all annotations stay.

    \b
    Example:
      ls-prompts versions delete Topic "Version 1"
    """
    found = app.container.prompts.find(prompt)
    chosen = app.container.prompts.find_version(found, version)
    delete_with_predictions(app, found, chosen, yes=yes, dry_run=dry_run)


versions.add_command(compare_versions)
versions.add_command(refine_version)
versions.add_command(race_models)


def _accuracies(found: Evaluated | None) -> tuple[str | None, str | None]:
    """Return how right a version is, and what a later sample came to."""
    if found is None:
        return None, None
    return _accuracy(found.headline), _accuracy(found.beside)


def _accuracy(score: Score | None) -> str | None:
    """Return how right a version was, and on how many tasks."""
    if score is None:
        return None
    stale = ", stale" if score.stale else ""
    return f"{percent(score.accuracy)} ({score.correct} of {score.n}{stale})"


def _first_line(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
