"""`erase`: what is kept of a project, a task or a person."""

from __future__ import annotations

import click

from ml_backend.cli.app import App, Command, pass_app

UNUSED = "cached answers of the project that no run refers to (of whichever task of it)"


@click.command(cls=Command)
@click.option("--project", type=click.IntRange(1), metavar="ID", help="All of this project.")
@click.option("--task", type=click.IntRange(1), metavar="ID", help="All of this task.")
@click.option("--person", default="", metavar="EMAIL", help="Name, address and keys of a person.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def erase(
    app: App, project: int | None, task: int | None, person: str, dry_run: bool, yes: bool
) -> None:
    """Erase what this server keeps of a project, a task or a person; Label Studio is left as it is.

    Answers, examples, failures and cached answers go, with every byte of them in the database's
    files; runs keep their figures: what they cost, counted and measured. Of a person the name and
    address go wherever they made something, and the keys of connections that were theirs alone.
    With --project, --task means the task of that project alone.

    \b
    Examples:
      ls-prompts erase --project 3 --dry-run
      ls-prompts erase --task 812 --yes
      ls-prompts erase --person kim@example.com
    """
    if bool(person) == (project is not None or task is not None):
        raise click.UsageError("Give --project, --task or --person.")
    from ml_backend.services.upkeep.erasing import Erased, Erasing

    wanted = Erasing(project, task, person.strip())
    plan = app.container.erasure.plan(wanted)

    def document(found: Erased, *, is_done: bool) -> dict[str, object]:
        return {
            "project": project,
            "task": task,
            "person": person or None,
            "counts": found.counts,
            "unused_answers": found.unused_answers,
            "erased": is_done,
        }

    def show(stderr: bool) -> None:
        rows = [(name, n) for name, n in plan.counts.items() if n]
        rows += [(UNUSED, plan.unused_answers)] if plan.unused_answers else []
        app.table(("What", "How many"), rows, numbers=("How many",), stderr=stderr)

    go_ahead = app.go_ahead(
        "Erase this for good?",
        plan=document(plan, is_done=False),
        show=show,
        yes=yes,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    done = app.container.erasure.execute(wanted)
    if app.as_json:
        app.document(document(done, is_done=True))
    else:
        total = sum(done.counts.values()) + done.unused_answers
        click.echo(f"Erased {total} {'entry' if total == 1 else 'entries'}.")
    if not done.is_settled:
        app.note(
            "Others are reading the database: its log may hold bytes of it until they are done. "
            "Repeat the command then."
        )
