"""`prompts export` and `prompts import`: a prompt as a file for git, and back."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from ml_backend.cli.app import App, Command, pass_app, read_text

if TYPE_CHECKING:
    from ml_backend.records import Prompt
    from ml_backend.services.prompts.prompt_files import ImportPlan


@click.command("export", cls=Command)
@click.argument("prompt")
@pass_app
def export_prompt(app: App, prompt: str) -> None:
    """Write PROMPT (id or title) as a YAML file to stdout: all its versions, no keys.

    The same prompt gives the same bytes, so git shows what changed. Connections are named by
    title and provider; their keys, addresses and budgets stay on the server.

    \b
    Examples:
      ls-prompts prompts export Topic > topic.yaml
      ls-prompts prompts export Topic --json
    """
    found = app.container.prompt_files.export(app.container.prompts.find(prompt))
    if app.as_json:
        app.document(
            {
                "prompt": found.prompt.id,
                "title": found.prompt.title,
                "file": found.text,
                "left_out": list(found.left_out),
            }
        )
        return
    click.echo(found.text, nl=False)
    for each in found.left_out:
        app.note(f"Left out, for it may be a key: {each}")


@click.command("import", cls=Command)
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--project", required=True, help="The project it answers: id or exact title.")
@click.option("--title", help="What the prompt is called here; by default as in the file.")
@click.option("--dry-run", is_flag=True, help="Only check the file and say what would be done.")
@pass_app
def import_prompt(app: App, file: IO[str], project: str, title: str | None, dry_run: bool) -> None:
    """Make a prompt of a YAML FILE (- is stdin), or add its new versions to the one of its title.

    No version that is there is ever changed: one that asks the same is kept, one of the same name
    that asks another thing is added under the next free name. Every version is checked against
    the project's labeling config and data first; what does not fit is refused with its line.

    \b
    Examples:
      ls-prompts prompts import topic.yaml --project 3 --dry-run
      ls-prompts prompts import topic.yaml --project "Customer messages"
      git show HEAD~1:topic.yaml | ls-prompts prompts import - --project 3 --title "Topic before"
    """
    from ml_backend.services.prompts.import_document import of_import

    container = app.container
    plan = container.prompt_files.plan(
        read_text(file, most=MOST_CHARACTERS),
        app.project(project),
        title=title,
        connections=container.prompts.own_connections(),
        of_title=container.store.prompts.find,
    )
    if not app.as_json:
        _show(app, plan)
    if dry_run:
        if app.as_json:
            app.document(of_import(plan, None))
        app.note("Nothing was changed: this was a dry run.")
        return

    def make() -> Prompt:
        return container.prompts.create(
            plan.title, project=plan.project, description=plan.description
        )

    done = container.prompt_files.carry_out(plan, make)
    if app.as_json:
        app.document(of_import(plan, done))
        return
    added = len(plan.added)
    verb = "Created" if plan.prompt is None else "Updated" if added else "Kept"
    click.echo(f"{verb} prompt {done.prompt.id} {done.prompt.title!r}: {added} versions added.")
    if added:
        app.note(f"Next: ls-prompts evaluate {done.prompt.id} --project {plan.project.id}")


MOST_CHARACTERS = 1_100_000
"""More than a file may have, and no more of it is read."""


def _show(app: App, plan: ImportPlan) -> None:
    """Say what an import does, before it does."""
    if plan.prompt is None:
        app.note(f"New prompt {plan.title!r} in {plan.project.title!r}:")
    else:
        also = f", now also in {plan.project.title!r}" if plan.adds_project else ""
        app.note(f"Prompt {plan.prompt.id} {plan.title!r} stands already{also}:")
    for each in plan.versions:
        asks = f"{each.given.provider.value} · {each.given.model}"
        if each.is_added:
            app.note(f"  add   {each.title!r} ({asks})")
        else:
            as_title = f" as {each.title!r}" if each.title != each.given.title else ""
            app.note(f"  keep  {each.given.title!r}: it stands already{as_title}")
    for note in plan.notes:
        app.note(note)
