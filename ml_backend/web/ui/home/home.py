"""The list of prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from ml_backend.records import Job, JobKind, Prompt
from ml_backend.services.callers.access import Caller
from ml_backend.store import PromptStats
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import HOME, for_target, go, pages
from ml_backend.web.ui.shell.prompt_view import number
from ml_backend.web.ui.shell.session import quiet

ROWS = 50
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A prompt with those of its projects that the person sees, id -> title."""

    prompt: Prompt
    projects: Mapping[int, str]

    def mentions(self, wanted: str) -> bool:
        """Return whether its name, its description or one of its projects holds a text."""
        texts = (self.prompt.title, self.prompt.description, *self.projects.values())
        return any(wanted in text.casefold() for text in texts)


@dataclass(frozen=True, slots=True)
class Row:
    """A prompt as the list shows it."""

    prompt: Prompt
    projects: Mapping[int, str]
    standing: PromptStats


SORTS = ("name", "accuracy", "run")
NEWEST = "-run"


@pages.get("/")
def home() -> Response:
    """Send people to the prompts."""
    return go(HOME)


@pages.get("/prompts")
def list_prompts() -> str:
    """List the prompts a person sees, filtered and in the order asked for."""
    caller = identity.caller()
    going, _ = services().access.going()
    found = [each for each in services().access.prompts(caller) if each.id not in going]
    search = request.args.get("search", "").strip()[:LONGEST_SEARCH]
    order = request.args.get("sort", "")
    order = order if order.removeprefix("-") in SORTS else NEWEST
    matching = [each for each in _listed(caller, found) if each.mentions(search.casefold())]
    matching.sort(key=_key(caller, order, matching), reverse=order.startswith("-"))
    last_page = max(1, -(-len(matching) // ROWS))
    page = min(max(1, number("page") or 1), last_page)
    return render_template(
        "home/prompts_list.html" if for_target("list") else "home/prompts.html",
        rows=_rows(caller, matching[(page - 1) * ROWS : page * ROWS]),
        total=len(found),
        matching=len(matching),
        search=search,
        order=order,
        page=page,
        last_page=last_page,
        first=(page - 1) * ROWS + 1,
        deleting=_deleting(caller),
    )


@pages.get("/prompts/<int:prompt_id>/row")
@quiet
def show_row(prompt_id: int) -> str:
    """Return a prompt's row anew: how far its run is."""
    caller = identity.caller()
    [row] = _rows(caller, _listed(caller, [services().access.prompt(caller, prompt_id)]))
    return render_template("home/prompts_row.html", row=row)


def _listed(caller: Caller, prompts: Sequence[Prompt]) -> list[Listed]:
    title = services().access.title
    found = []
    for prompt in prompts:
        titles = {each: title(caller, each) for each in prompt.project_ids}
        projects = {each: name for each, name in titles.items() if name is not None}
        found.append(Listed(prompt, projects))
    return found


def _rows(caller: Caller, listed: Sequence[Listed]) -> list[Row]:
    projects = services().access.projects_of_runs(caller, (each.prompt for each in listed))
    ids = [each.prompt.id for each in listed]
    standings = services().store.standings.of_prompts(ids, projects)
    return [Row(each.prompt, each.projects, standings[each.prompt.id]) for each in listed]


def _key(caller: Caller, order: str, listed: Sequence[Listed]) -> Callable[[Listed], Any]:
    """Return what to sort by; how prompts stand is read only as far as the order needs it.

    A prompt that never ran stands by when it was made: the newest is not to be looked for.
    """
    ids, standings = [each.prompt.id for each in listed], services().store.standings
    if order.endswith("name"):
        return lambda each: each.prompt.title.casefold()
    projects = services().access.projects_of_runs(caller, (each.prompt for each in listed))
    if order.endswith("accuracy"):
        known = standings.evaluations(ids, projects)
        best = {
            prompt: max(
                (each.headline.accuracy for each in found.values() if each.headline), default=-1.0
            )
            for prompt, found in known.items()
        }
        return lambda each: best.get(each.prompt.id, -1.0)
    last = {prompt: run.created_at for prompt, run in standings.last_runs(ids, projects).items()}
    return lambda each: last.get(each.prompt.id, each.prompt.created_at)


def _deleting(caller: Caller) -> list[Job]:
    """Return the deletions under way that the person asked for."""
    jobs = services().store.jobs.search(kinds=[JobKind.DELETE_PROMPT], open_only=True)
    return [job for job in jobs if services().access.sees_job(caller, job)]
