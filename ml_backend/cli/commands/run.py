"""`run` and `evaluate`: start a run of a prompt, and execute it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Command, ids, json_object, pass_app
from ml_backend.cli.commands.estimate import note_cost
from ml_backend.cli.next_steps import for_command_line
from ml_backend.cli.together import (
    Option,
    chosen_versions,
    together_options,
    together_words,
    with_options,
)
from ml_backend.records import Prompt, PromptVersion, Run, Slot, Subset, TruthSource
from ml_backend.services.jobs import documents as reports

if TYPE_CHECKING:
    from ml_backend.labelstudio import Project
    from ml_backend.services.evaluation.gate import Demands, Judgement
    from ml_backend.services.runs.runs import RunPlan


def run_options(subset: str) -> Option:
    """Give a command the options of a run; ``subset`` is the default's name, for ``--help``."""
    names = [each.value for each in Subset]
    options: list[Option] = [
        click.argument("prompt"),
        click.option("--project", required=True, help="Id or exact title."),
        click.option("--version", help="Id or title; by default the newest."),
        click.option(
            "--subset",
            type=click.Choice(names, case_sensitive=False),
            metavar=f"[{'|'.join(names)}]",
            help=f"The tasks to ask; by default {subset}, Custom with --tasks or --filter, Sample "
            "with --sample-size or --sample-seed.",
        ),
        click.option(
            "--sample-size", type=click.IntRange(1), help="Of the Sample subset; by default 20."
        ),
        click.option(
            "--sample-seed",
            type=click.IntRange(0),
            metavar="N",
            help="Draw the sample from all tasks, the same for the same N; by default the first.",
        ),
        click.option("--tasks", type=ids, metavar="IDS", help="These tasks, e.g. 1,2,3."),
        click.option(
            "--filter",
            "filters",
            type=json_object,
            metavar="JSON",
            help="The tasks it finds (JSON).",
        ),
        click.option(
            "--only-missing",
            is_flag=True,
            help="Only tasks without a prediction of this version; what other versions of the "
            "prompt predicted on them is replaced.",
        ),
        click.option("--budget", type=float, metavar="USD", help="Stop before it is crossed."),
        click.option(
            "--truth",
            type=click.Choice([each.value for each in TruthSource]),
            help="What to measure on; annotations takes all that people submitted, and makes "
            "HasGT the tasks that have one. By default ground truth, or annotations where none is "
            "marked as that.",
        ),
        click.option(
            "--samples",
            type=click.IntRange(1, 25),
            default=1,
            metavar="K",
            help="Ask each task K times, take the majority and score how far they agree.",
        ),
        *together_options(),
        click.option("--fresh", is_flag=True, help="Ask again what was asked before."),
        click.option(
            "--activate/--no-activate",
            default=None,
            help="Show the predictions in the label stream; by default unless another "
            "model's are shown.",
        ),
        click.option("--detach", is_flag=True, help="Leave it to the server."),
    ]
    return with_options(options)


@click.command(cls=Command)
@run_options("All")
@click.option(
    "--slot",
    type=click.Choice([each.value for each in Slot]),
    help="Which of the prompt's two sets of predictions to write; by default all, but evaluate "
    "for a HasGT, Sample or Custom subset.",
)
@click.option(
    "--follow",
    is_flag=True,
    help="From now on the server predicts imported tasks by itself, with the prompt's active "
    "version; --budget bounds all of it together.",
)
@pass_app
def run(app: App, /, slot: str | None, **options: Any) -> None:
    """Get predictions from PROMPT (id or title) for a project's tasks.

    Replaces what earlier runs of the prompt wrote for these tasks. Some of the tasks are a trial,
    kept apart from the predictions people see; with --slot all they count as those. Ctrl-C
    cancels: what was answered is still published, and `runs resume` goes on with the rest. With
    --detach the server executes the run; one that is up may take any run, and it is said then.

    \b
    Examples:
      ls-prompts run Topic --project 3
      ls-prompts run Topic --project 3 --subset Sample --sample-size 50
      ls-prompts run Topic --project 3 --tasks 1,2,3 --version "Version 1"
      ls-prompts run Topic --project 3 --only-missing --budget 2.50
      ls-prompts run Topic --project 3 --vote "Version 1,Version 2,Version 3"
      ls-prompts run Topic --project 3 --cascade 4,7 --max-error 0.05
      ls-prompts run Topic --project 3 --follow --budget 20
    """
    if options["follow"] and (slot == Slot.EVALUATE or _subset(options, Subset.ALL) != Subset.ALL):
        raise click.UsageError("--follow goes with the All subset, in the slot all.")
    _start(app, Slot(slot) if slot else None, Subset.ALL, options)


@click.command(cls=Command)
@run_options("HasGT")
@click.option(
    "--held-out/--all-ground-truth",
    default=None,
    help="Only the tasks no teacher saw, or all; by default only those for a version that "
    "`versions refine` made.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Exit with 3 where the accuracy is under this, e.g. 0.9; failed tasks count as wrong.",
)
@click.option(
    "--not-worse-than",
    metavar="VERSION",
    help="Exit with 3 where it is worse than this version's last run on the tasks both have "
    "(McNemar's exact test at 5%), with 4 where these cannot tell.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="SHARE",
    help="With --not-worse-than: exit with 3 unless a loss above this is ruled out, e.g. 0.05 for "
    "five points (95% interval).",
)
@pass_app
def evaluate(app: App, /, **options: Any) -> None:
    """Measure PROMPT on the project's ground truth, or on all that people submitted.

    Submitted annotations are taken where none is marked as ground truth, or with --truth
    annotations. Its predictions have a place of their own beside those of `run`, which stay.
    Ctrl-C cancels: `runs resume` goes on from there.

    For CI it exits with 0 when it did what was asked, 3 when --fail-under or --not-worse-than was
    missed, 4 when that cannot be told, 1 when the run failed and 2 for wrong options.

    \b
    Examples:
      ls-prompts evaluate Topic --project 3
      ls-prompts evaluate Topic --project 3 --version "Version 1" --json
      ls-prompts evaluate Topic --project 3 --version "Version 1" --held-out
      ls-prompts evaluate Topic --project 3 --vote "Version 1,Version 2,Version 3"
      ls-prompts evaluate Topic --project 3 --fail-under 0.9
      ls-prompts evaluate Topic --project 3 --not-worse-than "Version 3" --margin 0.05
    """
    from ml_backend.cli.output.judgement import CANNOT_TELL
    from ml_backend.services.evaluation.gate import CannotTell

    named = [name for name in ("fail_under", "not_worse_than") if options[name] is not None]
    if options["margin"] is not None and options["not_worse_than"] is None:
        raise click.UsageError("--margin goes with --not-worse-than.")
    if named and (options["detach"] or options["only_missing"]):
        raise click.UsageError(
            f"--{named[0].replace('_', '-')} judges a whole evaluation when it ends: leave "
            "--detach and --only-missing out."
        )
    try:
        _start(app, Slot.EVALUATE, Subset.HAS_GT, options)
    except CannotTell as error:
        app.show_error(error)
        click.get_current_context().exit(CANNOT_TELL)


def _start(app: App, slot: Slot | None, usual: Subset, options: dict[str, Any]) -> None:
    from ml_backend.services.runs.run_request import request_of
    from ml_backend.services.runs.second_opinions import called_together

    subset = _subset(options, usual)
    follow = bool(options.get("follow"))
    prompts = app.container.prompts
    prompt = prompts.find(options["prompt"])
    versions, together = chosen_versions(app, prompt, options)
    version = versions[0]
    for each in versions:
        prompts.require_own(each)
    project = app.project(options["project"])
    demands = _demands(app, prompt, options)
    plan = app.container.runs.plan(
        prompt,
        version,
        project,
        request_of(
            subset,
            sample_size=options["sample_size"],
            sample_seed=options["sample_seed"],
            task_ids=options["tasks"],
            filters=options["filters"],
            slot=slot,
            only_missing=options["only_missing"],
            budget=options["budget"],
            fresh=options["fresh"],
            truth=TruthSource(options["truth"]) if options["truth"] else None,
            activate=options["activate"],
            follow=follow,
            samples=options["samples"],
            together=together,
            held_out=options.get("held_out"),
        ),
    )
    if demands is not None:
        alone = None if together is not None else version
        app.container.gate.check(demands, alone, project, plan.task_ids)
    started = app.container.runs.begin(prompt, version, plan)
    if follow:
        app.container.follow_checks.stop(prompt.id, project.id)
        app.container.store.follows.start(
            prompt.id, project.id, options["budget"], since=started.created_at
        )
    app.note(
        f"Run {started.id}: {prompt.title!r}, {started.snapshot.version_title!r} "
        f"({_models(versions)}) on {started.totals.total} tasks of {project.title!r}"
    )
    if plan.together is not None:
        app.note(together_words(plan.together))
    if plan.request.only_missing:
        _note_missing(app, prompt, called_together(versions, plan.together), plan)
    if started.subset is Subset.HAS_GT:
        app.note(f"Measured on {started.measured_on}.")
    if started.options.held_out:
        app.note("Only the tasks of these that no teacher model saw.")
    if started.options.caution:
        app.note(f"Careful: {started.options.caution}")
    note_unanswerable(app, project)
    note_cost(app, started, versions, project)
    if follow:
        note_following(app, prompt, project)
    judge = None
    if demands is not None:
        gate, studio = app.container.gate, app.container.studio
        judge = partial(gate.judge, studio, project, demands=demands)
    carry_out(app, started, detach=options["detach"], judge=judge)


def _models(versions: Sequence[PromptVersion]) -> str:
    return ", ".join(f"{each.provider.value} · {each.model}" for each in versions)


def _demands(app: App, prompt: Prompt, options: dict[str, Any]) -> Demands | None:
    """Return what an evaluation is asked for, None for nothing."""
    from ml_backend.services.evaluation.gate import Demands

    floor, other = options.get("fail_under"), options.get("not_worse_than")
    if floor is None and other is None:
        return None
    version = app.container.prompts.find_version(prompt, other) if other is not None else None
    return Demands(floor, version, options["margin"])


def _note_missing(app: App, prompt: Prompt, version: PromptVersion, plan: RunPlan) -> None:
    """Say of which version the predictions are missing, and whose the run replaces."""
    others = app.container.run_tasks.held_by_others(
        prompt, version, plan.request.place, plan.project, plan.task_ids or []
    )
    replaces = (
        f"; {others} of these have one of another version of {prompt.title!r}, which it replaces"
        if others
        else ""
    )
    app.note(
        f"Only tasks without a prediction of {version.title!r}: {plan.total} of "
        f"{plan.project.tasks}{replaces}."
    )


def _subset(options: dict[str, Any], usual: Subset) -> Subset:
    """Return the subset that the options name or imply; raises UsageError where they disagree."""
    implied = {
        "--tasks": ("tasks", Subset.CUSTOM),
        "--filter": ("filters", Subset.CUSTOM),
        "--sample-size": ("sample_size", Subset.SAMPLE),
    }
    given = {name: s for name, (option, s) in implied.items() if options[option] is not None}
    if "--sample-size" not in given and options["sample_seed"] is not None:
        given["--sample-seed"] = Subset.SAMPLE
    if len(given) > 1:
        raise click.UsageError(f"Give {' or '.join(given)}, not both.")
    chosen = Subset(options["subset"]) if options["subset"] is not None else None
    for name, subset in given.items():
        if chosen not in (None, subset):
            raise click.UsageError(f"{name} goes with --subset {subset.value}.")
        return subset
    if chosen is Subset.CUSTOM:
        raise click.UsageError("--subset Custom needs --tasks 1,2,3 or --filter JSON.")
    return chosen or usual


def note_unanswerable(app: App, project: Project) -> None:
    """Say which controls of a project predictions will leave to people, and why."""
    config = app.container.predictor_factory.config_of(project)
    for name, why in config.unanswerable.items():
        app.note(f"Left to people: {name} ({why}).")
    for note in app.container.predictor_factory.notes(app.container.studio, project):
        app.note(f"Careful: {for_command_line(note)}")


def note_following(app: App, prompt: Prompt, project: Project) -> None:
    """Say what following means for a prompt and a project."""
    app.note(
        f"While the server runs and Label Studio is connected to it, tasks without a prediction of "
        f"{prompt.title!r} get one whenever tasks are imported into {project.title!r}; "
        f"`ls-prompts prompts follow {prompt.id} --project {project.id} --off` ends that."
    )


def carry_out(
    app: App,
    started: Run,
    *,
    detach: bool,
    judge: Callable[[Run], Judgement] | None = None,
) -> None:
    """Execute a pending run here, or leave it to the server."""
    from ml_backend.cli.output.outcome import finish
    from ml_backend.cli.output.watching import execute

    if not detach:
        finish(app, execute(app, started.id), judge)
        return
    _warn_without_server(app)
    if app.as_json:
        app.document(reports.of_run(started))
    else:
        click.echo(f"Run {started.id} waits for the server: ls-prompts runs watch {started.id}")


def _warn_without_server(app: App) -> None:
    from http.client import HTTPException

    from ml_backend.services.health.our_health import read_health

    address = app.container.settings.own_address()
    try:
        health = read_health(address)
    except (OSError, ValueError, HTTPException):
        app.note(f"No server answers at {address}: start it with `ls-prompts serve`.")
        return
    if health.get("instance") != app.container.store.writing.instance():
        app.note(f"The server at {address} has another database and will not see this run.")
