"""`ground-truth`: what is marked as ground truth, and marks; changes are counted first."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Group, ids, json_object, pass_app
from ml_backend.cli.commands.predictions.choosing import changing
from ml_backend.cli.output.progress import bar
from ml_backend.services.jobs import documents as reports

if TYPE_CHECKING:
    from ml_backend.services.marking.judging import Judged, Said
    from ml_backend.services.marking.listing import TruthState
    from ml_backend.services.marking.marks import MarkPlan
    from ml_backend.services.marking.request import MarkRequest

LONGEST_ANSWER = 60


def naming(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name tasks."""
    options = [
        click.option("--project", required=True, help="Id or exact title."),
        click.option("--tasks", type=ids, metavar="IDS", help="These tasks, e.g. 1,2,3."),
        click.option(
            "--annotations",
            type=ids,
            metavar="IDS",
            help="Of these tasks: these annotations, where people disagree.",
        ),
        click.option(
            "--filter", "filters", type=json_object, metavar="JSON", help="Tasks it finds (JSON)."
        ),
        click.option("--random", type=int, metavar="N", help="N annotated tasks at random."),
        click.option("--seed", type=int, help="The same seed draws the same tasks."),
        click.option("--all", "everything", is_flag=True, help="All annotated tasks."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group("ground-truth", cls=Group)
def ground_truth() -> None:
    """Mark annotations as ground truth, which Label Studio Community has no button for."""


@ground_truth.command("list")
@click.option("--project", required=True, help="Id or exact title.")
@click.option("--tasks", type=ids, metavar="IDS", help="Only these, one at a time.")
@click.option("--marked", is_flag=True, help="Only tasks with ground truth, as far as known here.")
@click.option("--after", type=int, default=0, metavar="ID", help="Tasks with a higher id.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@pass_app
def list_ground_truth(
    app: App, project: str, tasks: list[int] | None, marked: bool, after: int, limit: int
) -> None:
    """List annotated tasks: what people said, who agrees, and what is marked.

    \b
    Examples:
      ls-prompts ground-truth list --project 3
      ls-prompts ground-truth list --project 3 --marked --json
    """
    found = app.project(project)
    listing = app.container.annotated_through(app.container.studio)
    state = listing.state(found)
    pages = (
        [listing.page(found, task_id=each) for each in tasks]
        if tasks
        else [listing.page(found, after=after, size=limit, only_marked=marked)]
    )
    people = {number: name for page in pages for number, name in page.people.items()}
    rows = [row for page in pages for row in page.rows]
    more = rows[-1].task.id if rows and pages[-1].has_after else None
    if app.as_json:
        listed = [_document(row, people) for row in rows]
        about = {"ground_truth_tasks": state.marked, "annotated_tasks": state.annotated}
        app.document({"project": found.id, **about, "tasks": listed, "next_after": more})
        return
    app.table(
        ("Task", "Annotation", "Ground truth", "By", "When", "Answer", ""),
        [_row(row, said, people) for row in rows for said in row.said],
        title=f"{found.title!r} (project {found.id}): {_state(state)}",
        empty=f"Nobody has annotated a task of {found.title!r} yet.",
        numbers=("Task", "Annotation"),
    )
    if more is not None:
        app.note(f"There are more: --after {more}")


@ground_truth.command("add")
@naming
@changing
@pass_app
def add_ground_truth(app: App, /, dry_run: bool, yes: bool, **named: Any) -> None:
    """Mark people's annotations as ground truth.

    Where several people annotated a task alike, one of them is marked; where they disagree none
    is: choose with --annotations. An annotation made from a prediction that nobody opened or
    changed is no truth and is left out. --random draws among annotated tasks, each class its
    share where classes can be told; that is no promise sample, for nobody annotated at random.

    \b
    Examples:
      ls-prompts ground-truth add --project 3 --random 50
      ls-prompts ground-truth add --project 3 --tasks 1,2,3 --dry-run
      ls-prompts ground-truth add --project 3 --tasks 7 --annotations 19
    """
    _change(app, True, dry_run, yes, named)


@ground_truth.command("remove")
@naming
@changing
@pass_app
def remove_ground_truth(app: App, /, dry_run: bool, yes: bool, **named: Any) -> None:
    """Take marks off; the annotations stay as they are.

    \b
    Examples:
      ls-prompts ground-truth remove --project 3 --tasks 1,2
      ls-prompts ground-truth remove --project 3 --all --dry-run
    """
    _change(app, False, dry_run, yes, named)


def _change(app: App, value: bool, dry_run: bool, yes: bool, named: dict[str, Any]) -> None:
    found = app.project(named.pop("project"))
    request = _request(value, named)
    marks = app.container.marks
    with bar(app, "Reading") as progress:
        plan = marks.plan(found, request, progress)
    question = f"Mark {plan.tasks} tasks?" if value else f"Take the mark off {plan.tasks} tasks?"
    go_ahead = app.go_ahead(
        question,
        plan=reports.of_mark_plan(plan),
        show=lambda stderr: _show(app, plan, stderr=stderr),
        yes=yes or not plan.tasks,
        dry_run=dry_run,
    )
    if not go_ahead:
        return
    with bar(app, "Marking" if value else "Taking marks off") as progress:
        report = marks.execute(plan, app.patience(), progress)
    if app.as_json:
        app.document(reports.of_mark_report(report))
        return
    did = f"Marked {report.done} tasks" if value else f"Took the mark off {report.done} tasks"
    click.echo(
        f"{did}. Ground truth: {report.marked} of {report.annotated} annotated tasks of "
        f"{found.title!r}."
    )
    for note in report.notes:
        app.note(note)


def _request(value: bool, named: dict[str, Any]) -> MarkRequest:
    from ml_backend.services.marking.request import mark_request

    return mark_request(
        ground_truth=value,
        task_ids=named["tasks"],
        annotation_ids=named["annotations"],
        filters=named["filters"],
        random=named["random"],
        seed=named["seed"],
        everything=named["everything"],
    )


def _show(app: App, plan: MarkPlan, *, stderr: bool) -> None:
    value, project = plan.request.ground_truth, plan.project
    left_out = {
        "marked already" if value else "not marked": plan.already,
        "annotators disagree: choose with --annotations": len(plan.disagree),
        "made from predictions, and nobody opened or changed them": plan.unopened,
        "without a submitted annotation": plan.nothing,
    }
    rows: list[tuple[str, int]] = [("Mark" if value else "Take the mark off", plan.tasks)]
    if plan.draw is not None:
        drawn = f"drawn by {plan.draw.control!r}: " if plan.draw.control else ""
        rows += [(f"  {drawn}{name or '(none)'}", count) for name, count in plan.draw.by_class]
    rows += [(f"Leave out: {why}", count) for why, count in left_out.items() if count]
    app.table(
        ("Tasks", "Count"),
        rows,
        title=f"Ground truth of {project.title!r}",
        numbers=("Count",),
        stderr=stderr,
    )
    if plan.disagree:
        shown = ", ".join(map(str, plan.disagree[:20]))
        app.note(f"Annotators disagree on {shown}{', …' if len(plan.disagree) > 20 else ''}.")
    if plan.draw is not None:
        app.note(
            f"Drawn from {plan.draw.out_of} tasks with --seed {plan.request.seed}. No promise "
            "sample: only tasks that somebody annotated could be drawn."
        )


def _row(row: Judged, said: Said, people: dict[int, str]) -> tuple[object, ...]:
    annotation = said.annotation
    by = annotation.completed_by
    about = "" if said.is_peoples else "made from a prediction, opened by nobody"
    if said.is_peoples and row.has_several:
        about = "annotators disagree" if row.standing == "disagree" else "one of several"
    return (
        row.task.id,
        annotation.id,
        annotation.ground_truth,
        people.get(by or 0, by),
        annotation.created_at[:16].replace("T", " "),
        _short(said.answer),
        about,
    )


def _short(answer: Any) -> str:
    if answer is None:
        return "(cannot be read)"
    parts = {name: each for name, each in answer.items() if each not in (None, [], {})}
    text = ", ".join(
        f"{name}: {each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)}"
        for name, each in parts.items()
    )
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_ANSWER else f"{text[: LONGEST_ANSWER - 1]}…"


def _document(row: Judged, people: dict[int, str]) -> dict[str, Any]:
    return {
        "task": row.task.id,
        "standing": row.standing.value,
        "annotations": [
            {
                "id": each.annotation.id,
                "answer": each.answer,
                "completed_by": each.annotation.completed_by,
                "name": people.get(each.annotation.completed_by or 0),
                "created_at": each.annotation.created_at,
                "ground_truth": each.annotation.ground_truth,
                "by_person": each.is_peoples,
            }
            for each in row.said
        ],
    }


def _state(state: TruthState) -> str:
    about = "" if state.is_exact else "about "
    return f"{about}{state.marked} of {state.annotated} annotated tasks are ground truth"
