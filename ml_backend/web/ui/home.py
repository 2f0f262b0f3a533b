"""The list of prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from ml_backend.records import Job, JobKind, Prompt
from ml_backend.services.access import Caller
from ml_backend.store import Standing
from ml_backend.web import identity
from ml_backend.web.house import house
from ml_backend.web.ui.access import quiet
from ml_backend.web.ui.pages import HOME, for_target, go, pages
from ml_backend.web.ui.prompt_view import number

ROWS = 50
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A prompt as the list shows it; ``projects`` are those the person sees, id -> title."""

    prompt: Prompt
    standing: Standing
    projects: Mapping[int, str]

    def mentions(self, wanted: str) -> bool:
        """Return whether its name or one of its projects holds a text."""
        texts = (self.prompt.title, self.prompt.description, *self.projects.values())
        return any(wanted in text.casefold() for text in texts)


SORTS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: row.prompt.title.casefold(),
    "accuracy": lambda row: -1.0 if row.standing.best is None else row.standing.best,
    "run": lambda row: row.standing.last.created_at if row.standing.last else row.prompt.created_at,
}
"""A prompt that never ran stands by when it was made: the newest is not to be looked for."""

NEWEST = "-run"


@pages.get("/")
def home() -> Response:
    """Send people to the prompts."""
    return go(HOME)


@pages.get("/prompts")
def list_prompts() -> str:
    """List the prompts a person sees, filtered and in the order asked for."""
    caller = identity.caller()
    going, _ = house().access.going()
    found = [each for each in house().access.prompts(caller) if each.id not in going]
    search = request.args.get("search", "").strip()[:LONGEST_SEARCH]
    order = request.args.get("sort", "")
    order = order if order.removeprefix("-") in SORTS else NEWEST
    rows = _rows(caller, found)
    matching = [row for row in rows if row.mentions(search.casefold())]
    matching.sort(key=SORTS[order.removeprefix("-")], reverse=order.startswith("-"))
    last_page = max(1, -(-len(matching) // ROWS))
    page = min(max(1, number("page") or 1), last_page)
    return render_template(
        "prompts_list.html" if for_target("list") else "prompts.html",
        rows=matching[(page - 1) * ROWS : page * ROWS],
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
    [row] = _rows(caller, [house().access.prompt(caller, prompt_id)])
    return render_template("prompts_row.html", row=row)


def _rows(caller: Caller, prompts: Sequence[Prompt]) -> list[Row]:
    standings = house().store.standings.of_prompts([each.id for each in prompts])
    title = house().access.title
    found = []
    for prompt in prompts:
        titles = {each: title(caller, each) for each in prompt.project_ids}
        projects = {each: name for each, name in titles.items() if name is not None}
        found.append(Row(prompt, standings[prompt.id], projects))
    return found


def _deleting(caller: Caller) -> list[Job]:
    """Return the deletions under way that the person asked for."""
    jobs = house().store.jobs.search(kinds=[JobKind.DELETE_PROMPT], open_only=True)
    return [job for job in jobs if house().access.sees_job(caller, job)]
