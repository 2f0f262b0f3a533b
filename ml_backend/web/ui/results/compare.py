"""The compare tab of a prompt: versions on the same tasks, and what their difference proves.

Reading the ground truth takes its time in big projects, so that the page is there first and asks
for the figures; without script ``go=1`` has them computed with the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.labelstudio import Project
from ml_backend.records import PromptVersion, TruthSource
from ml_backend.reporting import charts
from ml_backend.reporting.elements import to_markup
from ml_backend.services.evaluation.comparison import (
    MOST_VERSIONS,
    Comparison,
    DifferentTasks,
    Measure,
    NotRun,
    VersionPair,
    VersionScore,
)
from ml_backend.services.evaluation.ground_truth import NoGroundTruth
from ml_backend.web.server.services import services
from ml_backend.web.ui.results.compare_query import Asked, names_of
from ml_backend.web.ui.results.grid import side_by_side
from ml_backend.web.ui.shell.pages import pages
from ml_backend.web.ui.shell.prompt_view import PromptView, open_view, panel

OTHERS_SHOWN = 100
"""Versions of other prompts to choose from: those chosen, then those of the newest prompts."""

LONGEST_LIST = 3_000
"""Characters of task numbers in an address: servers and browsers take a few thousand."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A version that can be chosen."""

    id: int
    name: str
    chosen: bool


@panel("compare")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    asked = Asked.read()
    if not asked.versions:
        asked = Asked(_usual(view), asked.common, asked.control, asked.truth)
    ready = len(asked.versions) >= 2 and view.project is not None
    result = compared(view, asked) if ready and "go" in request.args else ""
    return render_template(
        "results/compare.html",
        view=view,
        asked=asked,
        own=_own(view, asked),
        others=_others(view, asked),
        controls=_controls(view),
        truths={
            TruthSource.GROUND_TRUTH.value: "Ground truths",
            TruthSource.ANNOTATIONS.value: "All submitted annotations",
        },
        ready=ready,
        result=result,
        grid=side_by_side(view, asked) if result else "",
        query={**view.query, **asked.query},
        most=MOST_VERSIONS,
    )


@pages.get("/prompts/<int:prompt_id>/compare/result")
def comparison_result(prompt_id: int) -> Response:
    """Return the figures of a comparison, a part of the page."""
    return make_response(compared(open_view(prompt_id), Asked.read()))


def _usual(view: PromptView) -> tuple[int, ...]:
    """Return the shown version and the evaluated one before it, or where none was, one that ran."""
    if view.version is None:
        return ()
    alone = [run for run in view.runs if not run.options.members]
    measured = {run.version_id for run in alone if run.metrics is not None}
    ran = measured or {run.version_id for run in alone if run.totals.succeeded}
    earlier = [each.id for each in view.versions if each.id < view.version.id and each.id in ran]
    return (*earlier[-1:], view.version.id)


def _own(view: PromptView, asked: Asked) -> list[Choice]:
    return [Choice(each.id, each.title, each.id in asked.versions) for each in view.versions[::-1]]


def _others(view: PromptView, asked: Asked) -> list[Choice]:
    """Return versions of other prompts of the project: all of them are the person's to see."""
    if view.project is None:
        return []
    gone, going = services().access.going()
    prompts = services().store.prompts.of_project(view.project.id)
    others = {each.id: each for each in prompts if each.id != view.prompt.id}
    found: dict[int, Choice] = {}

    def add(version: PromptVersion) -> None:
        prompt = others.get(version.prompt_id)
        if prompt is not None and prompt.id not in gone and version.id not in going:
            name = f"{prompt.title} · {version.title}"
            found[version.id] = Choice(version.id, name, version.id in asked.versions)

    for version_id in asked.versions:
        with suppress(NotFound):
            add(services().store.prompts.get_version(version_id))
    for prompt_id in reversed(others):
        if len(found) >= OTHERS_SHOWN:
            break
        for version in reversed(services().store.prompts.versions(prompt_id)):
            add(version)
    return list(found.values())[:OTHERS_SHOWN]


def _controls(view: PromptView) -> list[str]:
    """Return the controls a comparison can be narrowed to."""
    if view.project is None:
        return []
    try:
        return list(services().predictor_factory.config_of(view.project).controls)
    except InvalidInput:
        return []


# The figures


def compared(view: PromptView, asked: Asked) -> str:
    """Return the figures, or why there are none and what to do, as HTML."""
    try:
        if not 2 <= len(asked.versions) <= MOST_VERSIONS:
            raise InvalidInput(f"Choose two to {MOST_VERSIONS} versions.", field="versions")
        if view.project is None:
            raise InvalidInput("The prompt has no project.", field="project")
        return _figures(view, view.project, asked)
    except (DifferentTasks, NotRun) as error:
        return render_template(
            "results/compare_refused.html",
            view=view,
            error=error,
            common=getattr(error, "common", 0),
            query={**view.query, **asked.query, "common": 1},
            unrun=_unrun(view, asked) if isinstance(error, NotRun) else [],
        )
    except InvalidInput as error:
        return render_template(
            "results/compare_refused.html",
            view=view,
            error=error,
            common=0,
            query={**view.query, **asked.query, "truth": TruthSource.ANNOTATIONS.value},
            annotations=isinstance(error, NoGroundTruth)
            and asked.truth is TruthSource.GROUND_TRUTH,
            unrun=[],
            no_truth=isinstance(error, NoGroundTruth) and asked.truth is None,
        )


def _unrun(view: PromptView, asked: Asked) -> list[PromptVersion]:
    """Return the versions of this prompt that were never run here."""
    ran = {run.version_id for run in view.runs if not run.options.members}
    return [each for each in view.versions if each.id in asked.versions and each.id not in ran]


def _figures(view: PromptView, project: Project, asked: Asked) -> str:
    versions = [services().access.any_version(view.caller, each) for each in asked.versions]
    found = services().comparisons.compare(
        view.caller.studio,
        project,
        versions,
        common_only=asked.common,
        control=asked.control,
        truth=asked.truth,
    )
    names = names_of(versions)
    rows = [(names[each.version.id], each.summary.overall, None) for each in found.versions]
    return render_template(
        "results/compare_result.html",
        view=view,
        found=found,
        names=names,
        differences=[_difference(found, pair, names) for pair in found.pairs],
        several=len(found.pairs) > 1,
        plot=to_markup(charts.intervals(rows)),
        notes=list(_notes(found, names)),
        control=asked.control,
    )


@dataclass(frozen=True, slots=True)
class Tasks:
    """How many tasks changed, and the address of Results with as many of them as it can name."""

    count: int
    linked: int
    url: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions as they are shown."""

    first: VersionScore
    second: VersionScore
    pair: VersionPair
    sentence: str
    better: int
    fixed: Tasks
    broken: Tasks


def _difference(found: Comparison, pair: VersionPair, names: Mapping[int, str]) -> Difference:
    scores = {each.version.id: each for each in found.versions}
    first, second = scores[pair.first], scores[pair.second]
    paired = pair.overall.paired
    return Difference(
        first=first,
        second=second,
        pair=pair,
        sentence=sentence(pair.overall, names[pair.first], names[pair.second]),
        better=pair.overall.better,
        fixed=_tasks(found, pair, second, paired.only_second),
        broken=_tasks(found, pair, second, paired.only_first, by=pair.first),
    )


def _tasks(
    found: Comparison, pair: VersionPair, shown: VersionScore, count: int, by: int | None = None
) -> Tasks:
    """Return the tasks that the second, or the first for ``by``, alone got right."""
    winner = pair.second if by is None else by
    tasks = [task for task, right in pair.changed if right == winner]
    linked = _as_many(tasks)
    url = url_for(
        "ui.prompt_tab",
        prompt_id=shown.version.prompt_id,
        tab="results",
        project=found.project_id,
        version=shown.version.id,
        run=shown.run.id,
        tasks=",".join(map(str, linked)),
    )
    return Tasks(count, len(linked), url)


def _as_many(tasks: Iterable[int]) -> list[int]:
    found, length = [], 0
    for task in tasks:
        length += len(str(task)) + 3  # a comma is three characters in an address
        if length > LONGEST_LIST:
            break
        found.append(task)
    return found


def sentence(measure: Measure, first: str, second: str) -> str:
    """Say in words what a comparison has shown."""
    paired = measure.paired
    p = f"p = {measure.p_holm:.2g}" if measure.p_holm >= 0.001 else "p < 0.001"
    if not paired.only_first and not paired.only_second:
        return "No difference: each is right and wrong on the same tasks."
    if not paired.difference:
        return f"No difference: as many fixed as broken ({p})."
    if not measure.better:
        return f"Difference may be chance ({p})."
    return f"{(first, second)[measure.better - 1]} is better ({p})."


def _notes(found: Comparison, names: Mapping[int, str]) -> Iterable[str]:
    for each in found.versions:
        name = names[each.version.id]
        if each.run.truth is not found.truth:
            yield (
                f"{name}: its run {each.run.id} was measured on {each.run.truth.words}; here all "
                f"are held against {found.truth.words}."
            )
        if each.changed:
            yield f"{name} was edited after its run {each.run.id}."
        if each.effort.cached:
            yield (
                f"{name}: {each.effort.cached:,} answers came from the cache; they cost nothing "
                "again and have no time."
            )
        if each.run.options.caution:
            yield f"{name}: {each.run.options.caution}"
