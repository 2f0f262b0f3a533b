"""What all views of one prompt show: which project, version and run they are about.

The address says which: ``project``, ``version`` and ``run`` in its query; without them the prompt's
first project that the person sees, its newest version, and that version's last run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from ml_backend.errors import LabelStudioUnreachable, NotFound
from ml_backend.labelstudio import Project
from ml_backend.records import Prompt, PromptVersion, Run, Slot
from ml_backend.services.callers.access import Caller
from ml_backend.store import Score
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.pages import for_target

LATEST_RUNS = 60
"""A run may name thousands of tasks: more of them would take their time on every page."""


@dataclass(frozen=True, slots=True)
class PromptView:
    """A prompt as one page shows it."""

    caller: Caller
    prompt: Prompt
    projects: Mapping[int, str]
    """Id -> title of those of the prompt's projects that the person sees."""
    project: Project | None
    versions: Sequence[PromptVersion]
    """Oldest first."""
    version: PromptVersion | None
    active: PromptVersion | None
    """What Label Studio's own calls are answered with."""
    runs: Sequence[Run]
    """Of the prompt in this project, newest first."""
    run: Run | None
    """The run whose results are shown."""
    headline: Run | None = None
    """The version's last evaluation over all that is true, which its score is of."""
    beside: Run | None = None
    """A later evaluation that is less than that: of a sample, of chosen tasks."""

    @property
    def open_run(self) -> Run | None:
        """The newest run that has not ended."""
        return next((run for run in self.runs if run.is_open), None)

    @property
    def evaluated(self) -> Run | None:
        """The run that says how the version does: its headline, or a sample where there is none."""
        return self.headline or self.beside

    def runs_of(self, version: PromptVersion | None) -> list[Run]:
        return [run for run in self.runs if version is not None and run.version_id == version.id]

    @property
    def query(self) -> dict[str, int]:
        """Return what an address needs to be about the same project and version."""
        found = {}
        if self.project is not None:
            found["project"] = self.project.id
        if self.version is not None:
            found["version"] = self.version.id
        return found


def number(name: str) -> int | None:
    """Return a number of the form or the query, None for what is none."""
    text = request.values.get(name, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 else None


def open_view(prompt_id: int) -> PromptView:
    """Return the view that the request is about; raises NotFound for what is not the person's."""
    caller = identity.caller()
    prompt = services().access.prompt(caller, prompt_id)
    visible = services().access.visible(caller, prompt.project_ids)
    titles = {each: services().access.title(caller, each) or str(each) for each in visible}
    run = _chosen_run(caller, prompt, number("run"))
    project_id = number("project") or (run.project_id if run else next(iter(visible), None))
    if project_id is not None and project_id not in titles:
        raise NotFound(f"The prompt is not of project {project_id}.", field="project")
    if run is not None and run.project_id != project_id:
        raise NotFound(f"Run {run.id} is of another project.", field="run")
    project = None
    if project_id is not None:
        project = services().access.project(caller, project_id)
        project = services().evaluation.reading(caller.studio).counted(project)
    _, going = services().access.going()
    versions = [
        each for each in services().store.prompts.versions(prompt.id) if each.id not in going
    ]
    # No project has the id 0: without one that the person sees there are no runs to see.
    search = partial(services().store.runs.search, project_id=project_id or 0, limit=LATEST_RUNS)
    runs = search(prompt_id=prompt.id)
    version = _chosen_version(prompt, versions, run)
    if version is not None and not any(each.version_id == version.id for each in runs):
        # Last run before all of these.
        runs += search(version_id=version.id)
    if run is None and version is not None:
        own = [each for each in runs if each.version_id == version.id and not each.options.members]
        measured = [each for each in own if each.slot is Slot.EVALUATE]
        run = next(iter(measured or own), None)
    headline, beside = _standing(version, project, runs)
    return PromptView(
        caller=caller,
        prompt=prompt,
        projects=titles,
        project=project,
        versions=versions,
        version=version,
        active=services().store.prompts.active_version(prompt.id),
        runs=runs,
        run=run,
        headline=headline,
        beside=beside,
    )


def _standing(
    version: PromptVersion | None, project: Project | None, runs: Sequence[Run]
) -> tuple[Run | None, Run | None]:
    """Return the evaluation that a version's score is of, and a lesser one that came later."""
    if version is None or project is None:
        return None, None
    found = services().store.standings.of_versions([version.id], project.id).get(version.id)
    if found is None:
        return None, None
    both = (run_of(each, runs) for each in (found.headline, found.beside))
    # Those measured in a project that had the number before are no scores of this one.
    is_another = services().project_identity.is_of_another
    headline, beside = (None if each and is_another(each, project) else each for each in both)
    return headline, beside


def run_of(score: Score | None, runs: Sequence[Run]) -> Run | None:
    """Return the run of a score, one of these where it is among them."""
    if score is None:
        return None
    known = next((each for each in runs if each.id == score.run_id), None)
    return known or services().store.runs.get(score.run_id)


def _chosen_run(caller: Caller, prompt: Prompt, run_id: int | None) -> Run | None:
    if run_id is None:
        return None
    run = services().access.run(caller, run_id)
    if run.prompt_id != prompt.id:
        raise NotFound(f"This prompt has no run {run_id}.", field="run")
    return run


def _chosen_version(
    prompt: Prompt, versions: Sequence[PromptVersion], run: Run | None
) -> PromptVersion | None:
    wanted = number("version")
    if wanted is not None:
        return services().access.version(prompt, wanted)
    if run is not None:
        found = [each for each in versions if each.id == run.version_id]
        if found:
            return found[0]
    return versions[-1] if versions else None


# Tabs

Panel = Callable[[PromptView], str]
"""Returns the HTML inside of a tab's panel."""

TABS = {
    "results": "Results",
    "alignment": "Alignment",
    "accept": "Accept",
    "versions": "Versions",
    "compare": "Compare",
    "history": "History",
}
PANELS: dict[str, Panel] = {}


def panel(tab: str) -> Callable[[Panel], Panel]:
    """Make a function fill a tab's panel."""

    def add(fill: Panel) -> Panel:
        PANELS[tab] = fill
        return fill

    return add


PARTS: dict[str, Callable[[PromptView], object]] = {}
Part = TypeVar("Part", bound=Callable[..., object])


def part(name: str) -> Callable[[Part], Part]:
    """Make a function give what the whole page shows beside its tabs, by that name."""

    def add(gather: Part) -> Part:
        PARTS[name] = gather
        return gather

    return add


def _panel(view: PromptView, tab: str) -> str:
    """Return a panel's HTML; while Label Studio is away its place says so, and the rest stays."""
    try:
        return PANELS[tab](view)
    except LabelStudioUnreachable as error:
        return render_template("parts/alert.html", message=error.message, fix=error.fix)


def answer(view: PromptView, tab: str, status: int = 200, **context: object) -> Response:
    """Return the prompt's page with a tab open, or that tab's panel alone when htmx asks for it."""
    context |= {"view": view, "tab": tab, "tabs": TABS, "panel": _panel(view, tab)}
    template = "prompt/panel.html"
    if not for_target("panel"):
        template = "prompt/page.html"
        for name, gather in PARTS.items():
            if name not in context:
                context[name] = gather(view)
    return make_response(render_template(template, **context), status)
