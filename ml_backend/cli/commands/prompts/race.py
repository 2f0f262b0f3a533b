"""`versions race`: which model is to answer a prompt."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.output import documents
from ml_backend.cli.output.race_table import echo_race, show_outlook
from ml_backend.errors import Conflict, InvalidInput, NotFound
from ml_backend.next_steps import Step
from ml_backend.records import JobKind, RunStatus, TruthSource

if TYPE_CHECKING:
    from ml_backend.records import Connection, Job, Prompt, PromptVersion
    from ml_backend.services.racing.request import RaceRequest

POLL_SECONDS = 0.2
OFFER_EVERY = 2.0
LEAVE_SECONDS = 5.0


@click.command("race", cls=Command)
@click.argument("prompt")
@click.option("--project", help="On whose ground truth: id or exact title.")
@click.option(
    "--models",
    metavar="A,B,…",
    help="Each a model of the version's connection, or CONNECTION:MODEL with its id or title; "
    "CONNECTION: alone is its default model.",
)
@click.option(
    "--few-shot",
    metavar="N,M,…",
    help="With each of these numbers of examples; by default as many as the version shows.",
)
@click.option("--version", help="What is asked: id or title; by default the newest.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="How much worse than the best a cheaper model may be: 0.05 is 5 points.",
)
@click.option(
    "--budget", type=click.FloatRange(min=0), metavar="USD", help="Stop before it is crossed."
)
@click.option(
    "--truth",
    type=click.Choice([each.value for each in TruthSource]),
    help="Which annotations are right, as for `evaluate`.",
)
@click.option("--save", is_flag=True, help="Make a version that the winner answers.")
@click.option("--title", help='Of that version; by default the next "Version N".')
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what it takes and costs.")
@click.option("--cancel", is_flag=True, help="End the race of PROMPT that is under way.")
@click.option(
    "--job",
    "job_id",
    type=int,
    help="Show what a race that ended came to, by its job's number; with --save make a version of "
    "its winner. Without --models, --save takes the last that ended.",
)
@pass_app
def race_models(
    app: App,
    /,
    prompt: str,
    project: str | None,
    models: str | None,
    few_shot: str | None,
    version: str | None,
    yes: bool,
    dry_run: bool,
    cancel: bool,
    save: bool,
    title: str | None,
    job_id: int | None,
    **given: Any,
) -> None:
    """Find the cheapest model for PROMPT that is not worse than the best by more than a tolerance.

    All models are asked the same tasks of the ground truth, in one random order; those that cannot
    win any more are asked no further. The winner's accuracy is measured on tasks that were not
    raced. Nothing is written to Label Studio. Ctrl-C ends it with what is known by then; the same
    command again goes on where it was left, and pays for no answer twice.

    \b
    Examples:
      ls-prompts versions race Topic --project 3 --models gpt-6.1-sol,gpt-6.1-terra,gpt-6-luna
      ls-prompts versions race Topic --project 3 --models gpt-6-luna,2:claude-sonnet-5 \\
          --few-shot 0,5 --budget 2.50
      ls-prompts versions race Topic --project 3 --models "Gateway:small,Gateway:large" --dry-run
      ls-prompts versions race Topic --project 3 --models gpt-6.1-terra,gpt-6-luna --yes --save
      ls-prompts versions race Topic --save --title Cheap
      ls-prompts versions race Topic --job 12
      ls-prompts versions race Topic --cancel
    """
    found = app.container.prompts.find(prompt)
    if cancel:
        _cancel(app, found)
        return
    if job_id is not None or (save and not models and not project):
        if models or project:
            raise click.UsageError("A race that ended has its project and --models already.")
        ended = _ended(app, found, job_id)
        _show(app, found, ended, _saved(app, found, ended, title) if save else None)
        return
    if not project or not models:
        raise click.UsageError("Give --project, and the --models to race.")
    asked = _asked(app, found, project, models, few_shot, version, given)
    job = None if dry_run else app.container.races.under_way(asked)
    if job is not None:
        app.note(f"Going on with the race that is under way, job {job.id}.")
    else:
        job = _begun(app, asked, yes=yes, dry_run=dry_run)
    if job is None:
        return
    job = _watch(app, job)
    _show(app, found, job, _saved(app, found, job, title) if save else None)
    if job.status is not RunStatus.COMPLETED:
        raise click.exceptions.Exit(1)


def _begun(app: App, asked: RaceRequest, *, yes: bool, dry_run: bool) -> Job | None:
    """Say what a race takes, and begin it where that is wanted."""
    outlook = app.container.race_outlooks.of(app.container.studio, asked)
    known = [each for each in (outlook.most, asked.budget) if each is not None]
    most = min(known, default=None)
    price = "an unknown sum" if most is None else f"at most about ${most:.2f}"
    if not app.go_ahead(
        f"Race them, for {price}?",
        plan=outlook.document(),
        show=lambda stderr: show_outlook(app, outlook, stderr=stderr),
        yes=yes,
        dry_run=dry_run,
    ):
        return None
    return app.container.jobs.submit(
        JobKind.RACE,
        asked.document(),
        created_by=None,
        prompt_id=asked.prompt.id,
        version_id=asked.version.id,
        project_id=asked.project.id,
    )


def _show(app: App, prompt: Prompt, job: Job, made: PromptVersion | None) -> None:
    """Say what a race came to, and the version that was made of it."""
    if app.as_json:
        kept = documents.of_version(made, active=False) if made else None
        document = {"job": job.id, "status": job.status.value, "message": job.message}
        app.document({**document, **job.result, "version_made": kept})
        return
    echo_race(app, job)
    if made:
        click.echo(f"Created version {made.id} {made.title!r} of {prompt.title!r}.")
        app.note(f"Next: ls-prompts evaluate {prompt.id} --project {job.project_id}")
    elif job.result.get("winner"):
        app.note(
            f"Next: ls-prompts versions race {prompt.id} --save --job {job.id} makes a version "
            "that the winner answers."
        )


def _ended(app: App, prompt: Prompt, job_id: int | None) -> Job:
    """Return a race of a prompt that ended, the last one unless its job is named."""
    races = app.container.store.jobs.search(kinds=[JobKind.RACE], prompt_id=prompt.id)
    if job_id is None:
        job = next((each for each in races if each.status.is_final), None)
    else:
        job = next((each for each in races if each.id == job_id), None)
    if job is None:
        which = "that ended" if job_id is None else f"with job {job_id}"
        raise NotFound(f"There is no race of {prompt.title!r} {which}.", field="job")
    if not job.status.is_final:
        raise Conflict(
            f"The race of job {job.id} goes on.", fix=Step.CANCEL_RACE(prompt=prompt.title)
        )
    return job


def _asked(
    app: App,
    prompt: Prompt,
    project: str,
    models: str,
    few_shot: str | None,
    version: str | None,
    given: dict[str, Any],
) -> RaceRequest:
    from ml_backend.services.racing.entrants import entrants_of
    from ml_backend.services.racing.request import RaceRequest

    container = app.container
    chosen = (
        container.prompts.newest_version(prompt)
        if version is None
        else container.prompts.find_version(prompt, version)
    )
    numbers = _numbers(few_shot)
    own = container.races.own_connection(chosen)
    found = entrants_of(models.split(","), numbers, chosen, own, lambda ref: _connection(app, ref))
    budget = given["budget"]
    if budget is not None and not math.isfinite(budget):
        raise click.BadParameter("Give dollars, for example 2.50.", param_hint="'--budget'")
    return RaceRequest(
        app.project(project),
        prompt,
        chosen,
        tuple(found),
        given["tolerance"],
        budget,
        TruthSource(given["truth"]) if given["truth"] else None,
    )


def _numbers(text: str | None) -> list[int]:
    try:
        return [int(part) for part in (text or "").split(",") if part.strip()]
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a list of numbers such as 0,5.", param_hint="'--few-shot'"
        ) from None


def _connection(app: App, ref: str) -> Connection | None:
    if not ref:
        return app.container.models.default
    try:
        return app.container.prompts.connection(ref)
    except (NotFound, InvalidInput):
        return None


def _cancel(app: App, prompt: Prompt) -> None:
    store = app.container.store
    races = store.jobs.search(kinds=[JobKind.RACE], prompt_id=prompt.id, open_only=True)
    if not races:
        raise NotFound(f"No race of {prompt.title!r} is under way.", field="prompt")
    store.jobs.request_cancel(races[0].id)
    if app.as_json:
        app.document({"job": races[0].id, "canceled": True})
        return
    app.note("It ends with what is known by now.")
    echo_race(app, _watch(app, races[0]))


def _watch(app: App, job: Job) -> Job:
    """Show a race until it ends, doing it here where nobody else does."""
    from ml_backend.jobs import JOB

    store, said, canceling, offered = app.container.store, "", False, time.monotonic()
    while not job.status.is_final:
        try:
            time.sleep(POLL_SECONDS)
            job = store.jobs.get(job.id)
            if time.monotonic() - offered > OFFER_EVERY and not job.status.is_final:
                offered = time.monotonic()
                if job.id in store.jobs.claimable():
                    app.container.engine.offer(JOB, job.id)
            text = _progress(job)
            if text != said and not job.status.is_final:
                app.note(text)
                said = text
        except KeyboardInterrupt:
            if canceling:
                app.note("Left as it is: the same command goes on with it, or --cancel ends it.")
                raise click.exceptions.Exit(1) from None
            canceling = True
            store.jobs.request_cancel(job.id)
            app.note("Ending with what is known by now. Ctrl-C again leaves it.")
    return job


def _progress(job: Job) -> str:
    raced, left = job.result.get("raced"), job.result.get("left")
    if raced is None or left is None:
        return job.message and f"{job.message} tasks"
    models = len(job.result["models"])
    words = f"{raced:,} of {job.result['to_race']:,} tasks raced, {len(left)} of {models} left"
    return f"{words}: {', '.join(left)}"


def _saved(app: App, prompt: Prompt, job: Job, title: str | None) -> PromptVersion | None:
    """Make a version of a race's version, as it was raced, that its winner answers."""
    from ml_backend.services.racing.request import version_raced, winner_of

    winner = winner_of(job)
    if winner is None:
        app.note("There is no winner to save.")
        return None
    container = app.container
    raced = version_raced(job, container.store.prompts.get_version(job.version_id or 0))
    title = container.prompts.version_title(prompt, title)
    return container.races.save(prompt, raced, winner, title)
