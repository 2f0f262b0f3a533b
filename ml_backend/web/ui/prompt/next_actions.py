"""What to do once a run has ended, or before the first one: no page of a prompt is a dead end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, url_for

from ml_backend.labelstudio import Project
from ml_backend.records import PromptVersion, Run, RunStatus, Slot
from ml_backend.web.ui.shell.filters import plural
from ml_backend.web.ui.shell.prompt_view import PromptView


@dataclass(frozen=True, slots=True)
class Action:
    """A link to the next step; with fields a button that does it."""

    words: str
    url: str
    is_dialog: bool = False
    leaves: bool = False
    """Whether it leads to Label Studio, in a tab of its own."""
    fields: Mapping[str, str | int] = field(default_factory=dict)


def next_actions(
    view: PromptView, run: Run | None, before: PromptVersion | None
) -> Sequence[Action]:
    """Return what follows a version's last run; ``before`` is the version it can be held against.

    While a run goes on there is nothing to press but its own button.
    """
    if view.project is None or view.open_run is not None or (run is not None and run.is_open):
        return ()
    return tuple(_actions(view, view.project, run, before))


def _actions(
    view: PromptView, project: Project, run: Run | None, before: PromptVersion | None
) -> Iterator[Action]:
    if not project.tasks:
        words = "Import tasks in Label Studio"
        yield Action(words, _word("data_manager_url")(project.id), leaves=True)
        return
    if view.version is None:
        return
    if run is None:
        yield from _before_any_run(view, project)
    elif not run.totals.succeeded:
        return
    elif run.slot is Slot.ALL:
        yield from _predicted(view, project, run)
    else:
        yield from _evaluated(view, project, run, before)


def _before_any_run(view: PromptView, project: Project) -> Iterator[Action]:
    if project.annotations:
        if not project.ground_truths:
            yield _mark(project)
        return
    yield _predict(view, project)
    yield Action("Label tasks", _word("data_manager_url")(project.id), leaves=True)


def _evaluated(
    view: PromptView, project: Project, run: Run, before: PromptVersion | None
) -> Iterator[Action]:
    counts = run.correctness
    wrong = counts.n - counts.correct
    if wrong:
        words = f"See {plural(wrong, 'mismatch', 'mismatches')}"
        yield Action(words, _tab(view, "results", run=run.id, filter="mismatch"))
        yield Action("Enhance", url_for("ui.ask_enhance", **_about(view)))
    elif not counts.n:
        yield Action(
            f"See {plural(run.totals.succeeded, 'answer')}", _tab(view, "results", run=run.id)
        )
        if project.annotations:
            yield _mark(project)
    if before is not None and view.version is not None:
        both = [before.id, view.version.id]
        yield Action(f"Compare with {before.title}", _tab(view, "compare", versions=both))
    yield _predict(view, project)


def _predicted(view: PromptView, project: Project, run: Run) -> Iterator[Action]:
    yield Action(
        "Open in the Data Manager",
        _word("predictions_url")(project.id, run.label),
        leaves=True,
    )
    if project.model_version != run.label or not project.shows_predictions:
        yield Action(
            "Show in label stream",
            url_for("ui.show_in_label_stream"),
            fields={
                "project": project.id,
                "model_version": run.label,
                "back": url_for("ui.show_prompt", run=run.id, **_about(view)),
            },
        )
    yield Action(
        "Create annotations",
        url_for(
            "ui.ask_predictions", action="promote", project=project.id, of=f"version:{run.label}"
        ),
        is_dialog=True,
    )
    others = [each.id for each in view.versions if _is_predicted(view, each)]
    if len(others) > 1 and not run.is_measured:
        yield Action("Where versions disagree", _tab(view, "compare", versions=others[-2:]))
    if project.annotations and not project.ground_truths:
        yield _mark(project)


def _is_predicted(view: PromptView, version: PromptVersion) -> bool:
    return any(
        each.status is RunStatus.COMPLETED and each.totals.succeeded
        for each in view.runs_of(version)
    )


def _predict(view: PromptView, project: Project) -> Action:
    words = f"Get predictions for {plural(project.tasks, 'task')}"
    return Action(words, url_for("ui.ask_predict_all", **_about(view)), is_dialog=True)


def _mark(project: Project) -> Action:
    return Action("Mark ground truth", url_for("ui.show_ground_truth", project=project.id))


def _about(view: PromptView) -> dict[str, Any]:
    return {"prompt_id": view.prompt.id, **view.query}


def _tab(view: PromptView, tab: str, **query: Any) -> str:
    return url_for("ui.prompt_tab", tab=tab, **{**_about(view), **query})


def _word(name: str) -> Any:
    """Return what the templates call for an address in Label Studio."""
    return current_app.jinja_env.globals[name]
