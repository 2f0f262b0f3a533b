"""The versions tab of a prompt: how each did, what changed, and which one answers Label Studio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput
from ml_backend.prompting.differences import Row, rows
from ml_backend.prompting.parameters import listed
from ml_backend.records import Correctness, JobKind, Prompt, PromptVersion, ProviderName, Run
from ml_backend.reporting import charts
from ml_backend.reporting.elements import to_markup
from ml_backend.services.callers.access import Caller
from ml_backend.store import Evaluated
from ml_backend.web.actions.deletions import begin_deletion, visible_projects
from ml_backend.web.server import identity
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.run_words import WORDS, measured_on, per_task
from ml_backend.web.ui.shell.filters import money, plural
from ml_backend.web.ui.shell.jobs import job_page
from ml_backend.web.ui.shell.pages import by_htmx, dialog, go, pages
from ml_backend.web.ui.shell.prompt_view import (
    PromptView,
    number,
    open_view,
    panel,
    run_of,
)

PAGE = 30
"""Versions in the table and the plots of a page."""

TYPED_FROM = 1_000
"""Predictions from which deleting them asks for the title to be typed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A version and its last evaluation over all that is true in the project."""

    version: PromptVersion
    run: Run | None
    is_reference: bool
    """Whether it is the one that the others are held against."""
    comparable: bool
    """Measured on the same truths of the same tasks as that one."""
    previous: PromptVersion | None
    """The version made before it."""
    refined_from: PromptVersion | None
    beside: Run | None = None
    """A later evaluation that is less: of a sample, of chosen tasks."""

    @property
    def counts(self) -> Correctness:
        return self.run.correctness if self.run else Correctness()

    @property
    def cost_per_task(self) -> float | None:
        return per_task(self.run) if self.run is not None else None


@panel("versions")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    found = standings(view)
    reference = next((each for each in found if each.is_reference), None)
    before = number("before")
    older = [each for each in found if before is None or each.version.id < before]
    shown = older[:PAGE]
    measured = [each for each in shown if each.run is not None]
    return render_template(
        "prompt/versions.html",
        view=view,
        standings=shown,
        total=len(found),
        newest=shown[:1] == found[:1],
        older=shown[-1].version.id if len(older) > PAGE else None,
        reference=reference.version if reference else None,
        accuracy=_accuracy(measured),
        cost=_cost(measured),
        **WORDS,
    )


def standings(view: PromptView) -> list[Standing]:
    """Return the versions with how they did, newest first."""
    project_id = view.project.id if view.project is not None else 0
    known_scores = services().store.standings.of_versions(
        [each.id for each in view.versions], project_id
    )
    nothing = Evaluated(None)
    scores = {each.id: known_scores.get(each.id, nothing) for each in view.versions}
    runs = {version: run_of(score.headline, view.runs) for version, score in scores.items()}
    known = {version.id: version for version in view.versions}
    shown = runs.get(view.version.id) if view.version is not None else None
    reference = shown or next((run for run in reversed(list(runs.values())) if run), None)
    found = []
    for place, version in enumerate(view.versions):
        run = runs[version.id]
        same = bool(run and reference and measured_on(run) == measured_on(reference))
        found.append(
            Standing(
                version=version,
                run=run,
                is_reference=run is not None and run is reference,
                comparable=same,
                previous=view.versions[place - 1] if place else None,
                refined_from=known.get(version.refined_from or 0),
                beside=run_of(scores[version.id].beside, view.runs),
            )
        )
    return found[::-1]


def _accuracy(found: list[Standing]) -> str:
    shown = [(_named(each), each.counts, None) for each in found]
    return to_markup(charts.intervals(shown)) if shown else ""


def _cost(found: list[Standing]) -> str:
    if not any(each.cost_per_task for each in found):
        return ""
    shown = [(_named(each), each.cost_per_task, _written(each)) for each in found]
    return to_markup(charts.amounts(shown, "Dollars a task, by version"))


def _written(each: Standing) -> str:
    if each.cost_per_task is not None:
        return money(each.cost_per_task)
    known = each.run is not None and each.run.totals.cost is not None
    return "all kept from before" if known else "unknown"


def _named(each: Standing) -> str:
    mark = "" if each.comparable else " *"
    return f"{each.version.title[:24]}{mark}"


# What changed


@pages.get("/prompts/<int:prompt_id>/diff")
def show_difference(prompt_id: int) -> Response:
    """Show the texts of two versions side by side; by default the shown one and that before it."""
    view = open_view(prompt_id)
    if not view.versions or view.version is None:
        raise InvalidInput(
            "This prompt has no version yet.", field="version", fix="Write one and save it."
        )
    new = _chosen(view, "new") or view.version
    earlier = [each for each in view.versions if each.id < new.id]
    old = _chosen(view, "old") or (earlier[-1] if earlier else view.versions[0])
    text = render_template(
        "results/difference.html",
        view=view,
        old=old,
        new=new,
        rows=rows(old.text, new.text),
        system_rows=_system_rows(old, new),
        settings=_settings(old, new),
        unread=[each.title for each in (old, new) if each.provider is ProviderName.BASELINE],
    )
    return make_response(text)


def _chosen(view: PromptView, name: str) -> PromptVersion | None:
    wanted = number(name)
    return services().access.version(view.prompt, wanted) if wanted is not None else None


def _system_rows(old: PromptVersion, new: PromptVersion) -> list[Row]:
    """Return the system texts side by side, nothing where they are the same."""
    if old.system_prompt == new.system_prompt:
        return []
    return rows(old.system_prompt, new.system_prompt)


def _settings(old: PromptVersion, new: PromptVersion) -> list[tuple[str, str, str]]:
    """Return what else differs: (name, before, after)."""
    pairs = [
        ("Provider", old.provider.value, new.provider.value),
        ("Model", old.model, new.model),
        ("Connection", _connection(old), _connection(new)),
        ("Few-shot examples", str(old.max_few_shot_examples), str(new.max_few_shot_examples)),
        ("Parameters", listed(old.parameters) or "none", listed(new.parameters) or "none"),
        ("Confidence", old.confidence.words, new.confidence.words),
    ]
    return [each for each in pairs if each[1] != each[2]]


def _connection(version: PromptVersion) -> str:
    return "the server's own" if version.connection_id is None else str(version.connection_id)


# Restoring


@pages.get("/prompts/<int:prompt_id>/versions/<int:version_id>/restore")
def ask_restore(prompt_id: int, version_id: int) -> Response:
    """Ask what the restored version is to be called."""
    _, prompt, version = _editable(prompt_id, version_id)
    return dialog(
        "prompt/restore.html",
        prompt=prompt,
        version=version,
        title=services().prompts.default_version_title(prompt),
        back=versions_page(prompt),
    )


@pages.post("/prompts/<int:prompt_id>/versions/<int:version_id>/restore")
def restore(prompt_id: int, version_id: int) -> Response:
    """Make a new version that asks what an earlier one asks."""
    caller, prompt, version = _editable(prompt_id, version_id)
    title = request.form.get("title", "")
    made = services().authoring.restore(caller, prompt, version, title)
    flash(f"{made.title} has the text and the model of {version.title}, which stays as it is.")
    return go(versions_page(prompt, version=made.id))


# Which one answers Label Studio


@pages.get("/prompts/<int:prompt_id>/versions/<int:version_id>/activate")
def ask_activate(prompt_id: int, version_id: int) -> Response:
    """Say what making a version the active one changes."""
    _, prompt, version = _editable(prompt_id, version_id)
    return _activation(prompt, version)


@pages.post("/prompts/<int:prompt_id>/versions/<int:version_id>/activate")
def activate(prompt_id: int, version_id: int) -> Response:
    """Have Label Studio's own calls answered by a version, by a model the person may use."""
    caller, prompt, version = _editable(prompt_id, version_id)
    services().authoring.activate(caller, prompt, version)
    flash(f"{version.title} answers Label Studio now.")
    return go(versions_page(prompt, version=version.id))


@pages.get("/prompts/<int:prompt_id>/versions/automatic")
def ask_automatic(prompt_id: int) -> Response:
    """Say what leaving the choice to the server changes."""
    prompt = services().access.editable(identity.caller(), prompt_id)
    return _activation(prompt, None)


@pages.post("/prompts/<int:prompt_id>/versions/automatic")
def choose_automatically(prompt_id: int) -> Response:
    """Leave it to the server which version answers."""
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    services().authoring.activate(caller, prompt, None)
    now = services().store.prompts.active_version(prompt.id)
    flash(f"{now.title if now else 'The first version'} answers Label Studio now.")
    return go(versions_page(prompt))


def _activation(prompt: Prompt, version: PromptVersion | None) -> Response:
    return dialog(
        "prompt/activate.html",
        prompt=prompt,
        version=version,
        now=services().store.prompts.active_version(prompt.id),
        back=versions_page(prompt),
    )


# Deleting


@pages.get("/prompts/<int:prompt_id>/versions/<int:version_id>/delete")
def ask_delete_version(prompt_id: int, version_id: int) -> Response:
    """Say what goes with a version; its predictions are counted once the dialog is there."""
    _, prompt, version = _editable(prompt_id, version_id)
    if by_htmx() and "count" not in request.args:
        return dialog(
            "prompt/delete_version.html",
            prompt=prompt,
            version=version,
            plan=None,
            back=versions_page(prompt),
        )
    return _deletion(prompt, version)


@pages.post("/prompts/<int:prompt_id>/versions/<int:version_id>/delete")
def delete_version(prompt_id: int, version_id: int) -> Response:
    """Delete a version and its predictions, if they still are as many as was said."""
    caller, prompt, version = _editable(prompt_id, version_id)
    projects = visible_projects(services(), caller, prompt, version)
    plan = services().deletions.plan(prompt, version, projects=projects)
    said = request.form.get("count", "")
    if said != str(plan.predictions):
        message = f"There are {plural(plan.predictions, 'prediction')} by now; {said or 'none'} "
        return _deletion(prompt, version, f"{message}had been counted. Nothing was deleted.", 422)
    typed = " ".join(request.form.get("typed", "").split())
    if plan.predictions >= TYPED_FROM and typed != version.title:
        message = f"Type the version's title, {version.title}. Nothing was deleted."
        return _deletion(prompt, version, message, 422)
    job = begin_deletion(services(), caller, JobKind.DELETE_VERSION, prompt, version)
    back = versions_page(prompt)
    if not job.status.is_final:
        return go(job_page(job, back))
    gone = int(job.result.get("deleted", plan.predictions))
    taken = f" and {plural(gone, 'prediction')} of it" if gone else ""
    flash(f"{version.title}{taken} deleted.")
    return go(back)


def _deletion(
    prompt: Prompt, version: PromptVersion, problem: str = "", status: int = 200
) -> Response:
    projects = visible_projects(services(), identity.caller(), prompt, version)
    plan = services().deletions.plan(prompt, version, projects=projects)
    typed = plan.predictions >= TYPED_FROM
    found = {
        "prompt": prompt,
        "version": version,
        "plan": plan,
        "problem": problem,
        "typed": typed,
        "titles": services().access.titles(identity.caller()),
        "back": versions_page(prompt),
        "is_last": len(services().store.prompts.versions(prompt.id)) == 1,
    }
    if by_htmx():
        return make_response(render_template("prompt/delete_version_form.html", **found), status)
    return dialog("prompt/delete_version.html", status=status, **found)


def _editable(prompt_id: int, version_id: int) -> tuple[Caller, Prompt, PromptVersion]:
    caller = identity.caller()
    prompt = services().access.editable(caller, prompt_id)
    return caller, prompt, services().access.version(prompt, version_id)


def versions_page(prompt: Prompt, **query: Any) -> str:
    """Return the address of the tab, of the project the request names."""
    project = number("project")
    if project is not None:
        query["project"] = project
    return url_for("ui.prompt_tab", prompt_id=prompt.id, tab="versions", **query)
