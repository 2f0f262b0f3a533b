"""The history tab of a prompt: its runs in a project, what they took and what they asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import make_response, render_template
from werkzeug.wrappers import Response

from ml_backend.errors import NotFound
from ml_backend.prompting.parameters import listed
from ml_backend.records import JobKind, Run, RunOptions, RunSnapshot
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.run_words import WORDS as RUN_WORDS
from ml_backend.web.ui.shell.pages import dialog, pages
from ml_backend.web.ui.shell.prompt_view import PromptView, number, panel
from ml_backend.web.ui.shell.session import quiet

PAGE = 50
MONTHS = 12
MANY_JOBS = 10_000


@dataclass(slots=True)
class Month:
    """What a calendar month (UTC) took."""

    name: str
    runs: int = 0
    refinements: int = 0
    races: int = 0
    tries: int = 0
    known: float = 0.0
    """Dollars that are known."""
    unknown: int = 0
    """Runs, refinements, races and tries whose price is not."""

    def add(self, cost: float | None) -> None:
        if cost is None:
            self.unknown += 1
        else:
            self.known += cost


def took(run: Run) -> float | None:
    """Return the seconds a run took, None while it is under way."""
    if run.completed_at is None or run.started_at is None:
        return None
    return (run.completed_at - run.started_at).total_seconds()


WORDS: dict[str, Any] = {**RUN_WORDS, "took": took}


@panel("history")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    project_id = view.project.id if view.project is not None else 0
    before = number("before")
    runs = list(view.runs[: PAGE + 1])
    if before is not None:
        runs = services().store.runs.search(
            prompt_id=view.prompt.id, project_id=project_id, before=before, limit=PAGE + 1
        )
    months = _months(view.prompt.id, project_id)
    return render_template(
        "prompt/history.html",
        view=view,
        runs=runs[:PAGE],
        titles={version.id: version.title for version in view.versions},
        older=runs[PAGE - 1].id if len(runs) > PAGE else None,
        paged=before is not None,
        months=months[:MONTHS],
        this_month=_this_month(months),
        **WORDS,
    )


@pages.get("/runs/<int:run_id>/row")
@quiet
def history_row(run_id: int) -> Response:
    """Return a run's row of the history, which asks again until the run ended."""
    run = services().access.run(identity.caller(), run_id)
    prompt = services().access.prompt(identity.caller(), run.prompt_id)
    versions = services().store.prompts.versions(prompt.id)
    text = render_template(
        "prompt/history_row.html",
        prompt=prompt,
        run=run,
        titles={version.id: version.title for version in versions},
        **WORDS,
    )
    return make_response(text)


@pages.get("/runs/<int:run_id>/asked")
def run_asked(run_id: int) -> Response:
    """Show what exactly a run asked: its prompt text and options, whatever was edited since."""
    run = services().access.run(identity.caller(), run_id)
    prompt = services().access.prompt(identity.caller(), run.prompt_id)
    if run.snapshot.text is None:
        raise NotFound(f"Run {run.id} kept no prompt.", field="run")
    return dialog(
        "prompt/run_asked.html",
        prompt=prompt,
        run=run,
        options=[(name, value) for name, value in _options(run) if value not in (None, False, "")],
        settings=_settings(run.snapshot),
        **WORDS,
    )


def _options(run: Run) -> list[tuple[str, object]]:
    """Return the options worth showing, by name; what is not set says nothing."""
    asked = run.options
    return [
        ("Only tasks no teacher saw", asked.held_out),
        ("Only tasks without a prediction of this version", asked.only_missing),
        ("Asked anew, not from the cache", asked.fresh),
        ("Sample size", asked.sample_size),
        ("Seed of the sample", asked.sample_seed),
        ("Answers asked of each task", asked.samples if asked.samples > 1 else None),
        ("Versions asked", _members(asked)),
        ("Sure from a score of", asked.cascade.min_score if asked.cascade else None),
        ("Wrong answers allowed", asked.cascade.max_error if asked.cascade else None),
        ("What that is", asked.cascade.why if asked.cascade else ""),
        ("Stop at, in dollars", asked.budget),
        ("Measured on", asked.truth.value),
        ("Data Manager filter", asked.filters),
        ("Answered by outside worker", asked.worker_job),
        ("Started by following the project", asked.follow),
    ]


def _members(asked: RunOptions) -> str:
    return ", ".join(
        f"{each.snapshot.version_title} ({each.snapshot.model})" for each in asked.members
    )


def _settings(asked: RunSnapshot) -> list[tuple[str, object]]:
    return [
        ("Provider", asked.provider.value if asked.provider else ""),
        ("Model", asked.model),
        ("Few-shot examples", asked.max_few_shot_examples),
        ("Parameters", listed(asked.parameters)),
        ("System text", asked.system_prompt),
        ("Confidence", (asked.confidence_asked or asked.confidence).words),
    ]


def _months(prompt_id: int, project_id: int) -> list[Month]:
    """Return the months with anything in them, newest first."""
    found: dict[str, Month] = {}
    for made, cost in services().store.runs.costs(prompt_id=prompt_id, project_id=project_id):
        month = _month(found, made)
        month.runs += 1
        month.add(cost)
    for made, cost in _refinements(prompt_id, project_id):
        month = _month(found, made)
        month.refinements += 1
        month.add(cost)
    for made, cost in _races(prompt_id, project_id):
        month = _month(found, made)
        month.races += 1
        month.add(cost)
    for day in services().store.tries.of_prompt(prompt_id, project_id):
        month = found.setdefault(day.day[:7], Month(day.day[:7]))
        month.tries += day.calls
        month.known += day.cost
        month.unknown += day.unpriced
    return [found[name] for name in sorted(found, reverse=True)]


def _month(found: dict[str, Month], made: datetime) -> Month:
    name = made.strftime("%Y-%m")
    return found.setdefault(name, Month(name))


def _refinements(prompt_id: int, project_id: int) -> Iterable[tuple[datetime, float | None]]:
    """Yield when teachers were asked and what their answers cost; failed ones left no figure."""
    jobs = services().store.jobs.search(
        kinds=[JobKind.REFINE], prompt_id=prompt_id, limit=MANY_JOBS
    )
    for job in jobs:
        if job.project_id == project_id and job.status.is_final:
            yield job.created_at, job.result.get("cost")


def _races(prompt_id: int, project_id: int) -> Iterable[tuple[datetime, float | None]]:
    """Yield when models were raced and what that cost so far."""
    jobs = services().store.jobs.search(kinds=[JobKind.RACE], prompt_id=prompt_id, limit=MANY_JOBS)
    for job in jobs:
        if job.project_id == project_id and job.result.get("models"):
            yield job.created_at, job.result.get("spent")


def _this_month(months: list[Month]) -> Month:
    name = datetime.now(UTC).strftime("%Y-%m")
    return next((each for each in months if each.name == name), Month(name))
