"""What a run would take: dollars, tokens and time, as far as anybody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ml_backend.errors import PromptsError
from ml_backend.labelstudio import Project
from ml_backend.records import PromptVersion, Slot, Subset
from ml_backend.services.runs.estimates import Estimate
from ml_backend.services.runs.progress import pace_of
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.web.server.services import services
from ml_backend.web.ui.prompt.editor_form import EditorForm
from ml_backend.web.ui.settings.prices import Unpriced, unpriced
from ml_backend.web.ui.shell.prompt_view import PromptView


@dataclass(frozen=True, slots=True)
class Forecast:
    """An estimate, or the problem that keeps it from being made; ``seconds`` None is unknown."""

    estimate: Estimate | None = None
    seconds: float | None = None
    problem: PromptsError | None = None
    unpriced: Unpriced | None = None
    """The model whose price is missed."""


def forecast(view: PromptView, form: EditorForm) -> Forecast:
    """Return what the run would take that a form describes; what is wrong is its problem."""
    if view.project is None:
        return Forecast()
    try:
        options = form.options(view.caller, view.project, view.version)
        draft = form.unsaved(view.caller, view.prompt.id, view.version)
        if options.only_missing:
            return _forecast_missing(view, view.project, draft, options)
        task_ids = _tasks(view, view.project, draft, options)
        return forecast_run(view, view.project, draft, options, task_ids)
    except PromptsError as error:
        return Forecast(problem=error)


def forecast_run(
    view: PromptView,
    project: Project,
    version: PromptVersion,
    options: RunRequest,
    task_ids: Sequence[int] | None = None,
    count: int | None = None,
) -> Forecast:
    """Return what a run would take; ``task_ids`` are its tasks where they are known."""
    opinions = services().runs.opinions
    members = opinions.members(view.prompt, version, options)
    found = services().estimates_together.estimate(
        view.caller.studio,
        project,
        members,
        opinions.settle(members, project, options),
        options.subset,
        task_ids=task_ids,
        count=count,
        samples=options.samples,
        sample_size=options.sample_size,
        sample_seed=options.sample_seed,
        truth=options.truth,
    )
    rate = _rate(view, version) if len(members) == 1 else None
    calls = found.tasks * options.samples
    lacking = next((each for each in members if each.model == found.model), version)
    missing = None if found.price is not None else unpriced(view.caller, lacking)
    return Forecast(found, calls / rate if rate and calls else None, unpriced=missing)


def _forecast_missing(
    view: PromptView, project: Project, version: PromptVersion, options: RunRequest
) -> Forecast:
    """Count by the predictions there are: which tasks have none takes reading all of them."""
    ownership = services().ownership
    label = ownership.expected(view.prompt, version, Slot.ALL, project.id)
    have = 0
    if label in ownership.ours(project.id):
        have = view.caller.studio.model_versions(project.id).get(label, 0)
    return forecast_run(view, project, version, options, count=max(0, project.tasks - have))


def _tasks(
    view: PromptView, project: Project, version: PromptVersion, options: RunRequest
) -> Sequence[int] | None:
    """Return a run's tasks where the estimate does not find them by itself, and quicker."""
    by_itself = options.subset in (Subset.ALL, Subset.SAMPLE) or (
        options.subset is Subset.HAS_GT
        and bool(options.held_out) == (version.refined_from is not None)
    )
    if by_itself:
        return None
    return services().runs.tasks.choose(view.prompt, version, project, options)


def _rate(view: PromptView, version: PromptVersion) -> float | None:
    """Return the tasks per second of the last run that asked the same model for most of them."""
    for run in view.runs:
        same = (run.snapshot.model, run.snapshot.connection_id)
        asked = run.totals.done - run.totals.cached
        if same == (version.model, version.connection_id) and asked * 2 > run.totals.done:
            return pace_of(run, datetime.now(UTC)).tasks_per_second
    return None
