"""`versions compare`: versions on the same tasks, and what their difference proves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.app import App, Command, pass_app
from ml_backend.cli.output.details import number, percent
from ml_backend.cli.output.grid import show_grid
from ml_backend.records import TruthSource
from ml_backend.services.jobs import documents

if TYPE_CHECKING:
    from ml_backend.records import PromptVersion
    from ml_backend.services.evaluation.comparison import (
        Comparison,
        Measure,
        VersionPair,
        VersionScore,
    )

SHOWN_TASKS = 20


@click.command("compare", cls=Command)
@click.argument("prompt")
@click.argument("versions", nargs=-1, metavar="VERSION…")
@click.option("--project", required=True, help="Id or exact title.")
@click.option(
    "--with",
    "others",
    nargs=2,
    multiple=True,
    metavar="PROMPT VERSION",
    help="Also this version of another prompt; may be repeated.",
)
@click.option("--control", help="Compare on this control alone.")
@click.option("--common", is_flag=True, help="Compare on the tasks all have, and say how many.")
@click.option(
    "--truth",
    type=click.Choice([each.value for each in TruthSource]),
    help="What to measure on; by default what all the runs were measured on.",
)
@click.option(
    "--show",
    type=click.Choice(["flips", "disagree", "wrong", "all"]),
    help="Which tasks are listed side by side: right by some and wrong by others; answered "
    "differently; wrong by all; all. By default the first of these there are any of.",
)
@click.option("--rows", type=click.IntRange(1, 500), default=20, help="Tasks a page of the list.")
@click.option("--page", type=click.IntRange(1), default=1, help="Which page of the list.")
@pass_app
def compare_versions(
    app: App,
    prompt: str,
    versions: tuple[str, ...],
    project: str,
    others: tuple[tuple[str, str], ...],
    control: str | None,
    common: bool,
    truth: str | None,
    show: str | None,
    rows: int,
    page: int,
) -> None:
    """Compare the last runs of two versions or more on the tasks with ground truth.

    All are held against the same truths: those that all their runs were measured on, else ground
    truth, or what people submitted where no annotation is marked as that. Each two are compared
    task by task: McNemar's exact test, corrected by Holm where there are several. Runs of
    different tasks are refused unless --common says to take those they share.

    Then the tasks are listed side by side, the worst first; without any truth those on which the
    versions disagree.

    \b
    Examples:
      ls-prompts versions compare Topic "Version 1" "Version 2" --project 3
      ls-prompts versions compare Topic 4 5 6 --project 3 --show disagree --page 2
      ls-prompts versions compare Topic "Version 2" --with Other "Version 1" --project 3
    """
    prompts = app.container.prompts
    found = prompts.find(prompt)
    chosen = [prompts.find_version(found, each) for each in versions]
    for title, version in others:
        chosen.append(prompts.find_version(prompts.find(title), version))
    if len(chosen) < 2:
        raise click.UsageError("Name two versions or more.")
    from ml_backend.services.evaluation.comparison_grid import GridFilter, GridQuery

    where = app.project(project)
    source = TruthSource(truth) if truth else None
    grid = app.container.comparison_grids.page(
        app.container.studio,
        where,
        chosen,
        GridQuery(GridFilter(show) if show else None, page, rows, control, source),
    )
    comparison = None
    if grid.with_truth:
        comparison = app.container.comparisons.compare(
            app.container.studio,
            where,
            chosen,
            common_only=common,
            control=control,
            truth=source,
        )
    if app.as_json:
        figures = documents.of_comparison(comparison) if comparison else {}
        app.document({**figures, "grid": documents.of_grid(grid)})
        return
    names = _names(app, chosen)
    if comparison is not None:
        _show(app, comparison, names)
    else:
        app.note(
            "None of these tasks has a truth to measure on: listed is where the versions disagree."
        )
    show_grid(app, grid, names)


def _names(app: App, versions: list[PromptVersion]) -> dict[int, str]:
    """Return version -> what it is called; with its prompt where there are several."""
    if len({each.prompt_id for each in versions}) == 1:
        return {each.id: each.title for each in versions}
    titles = {each: app.container.store.prompts.get(each).title for each in _prompts(versions)}
    return {each.id: f"{titles[each.prompt_id]} · {each.title}" for each in versions}


def _prompts(versions: list[PromptVersion]) -> set[int]:
    return {each.prompt_id for each in versions}


def _show(app: App, found: Comparison, names: dict[int, str]) -> None:
    left_out = f"; {found.left_out} that not all have are left out" if found.left_out else ""
    app.table(
        ("Version", "Run", "Correct", "Failed", "Accuracy", "95% interval", "Score", *EFFORT),
        [(names[each.version.id], *_row(each)) for each in found.versions],
        title=f"{found.tasks} tasks with {found.truth.words}{left_out}",
        numbers=("Run", "Correct", "Failed", "Accuracy", "Score", *EFFORT),
    )
    if found.measured_on != found.truth.words:
        app.note(f"Measured on {found.measured_on}.")
    for each in found.versions:
        if each.run.truth is not found.truth:
            app.note(
                f"{names[each.version.id]!r}: its run {each.run.id} was measured on "
                f"{each.run.truth.words}; here all are held against {found.truth.words}."
            )
        if each.changed:
            app.note(f"{names[each.version.id]!r} was edited after its run {each.run.id}.")
        if each.effort.cached:
            app.note(
                f"{names[each.version.id]!r}: {each.effort.cached} answers came from the cache; "
                "they cost nothing again and have no time."
            )
    for pair in found.pairs:
        _show_pair(app, pair, names, found.project_id)


EFFORT = ("Cost", "A task", "Seconds", "p95")


def _row(each: VersionScore) -> tuple[object, ...]:
    counts, effort = each.summary.overall, each.effort
    return (
        each.run.id,
        f"{counts.correct} of {counts.n}",
        counts.failed,
        percent(counts.accuracy),
        f"{percent(counts.low)} to {percent(counts.high)}",
        number(counts.score),
        _dollars(effort.cost),
        "-" if effort.cached == counts.n else _dollars(effort.cost_per_task),
        _seconds(effort.latency),
        _seconds(effort.latency_p95),
    )


def _show_pair(app: App, pair: VersionPair, names: dict[int, str], project_id: int) -> None:
    first, second = names[pair.first], names[pair.second]
    click.secho(f"\n{first} → {second}: {verdict(pair.overall, first, second)}", bold=True)
    only = (f"Only {first}", f"Only {second}")
    rows = [(name, *_measure(each)) for name, each in pair.controls.items()]
    if len(rows) != 1:
        rows.append(("all", *_measure(pair.overall)))
    app.table(("Control", *only, "Accuracy", "95%", "p", "Score", "95% ", "p "), rows, numbers=only)
    for version, name in ((pair.first, first), (pair.second, second)):
        tasks = [task for task, right in pair.changed if right == version]
        if tasks:
            url = f"{app.container.studio.url}/projects/{project_id}/data?task={tasks[0]}"
            more = f" … {len(tasks)} in all" if len(tasks) > SHOWN_TASKS else ""
            click.echo(f"Right only by {name}: tasks {_listed(tasks)}{more}")
            click.echo(f"  the first: {url}")


def verdict(measure: Measure, first: str, second: str) -> str:
    """Say in words what a comparison has shown."""
    paired = measure.paired
    if paired.difference is None or paired.low is None or paired.high is None:
        return "nothing to compare"
    moved = f"{_points(paired.difference)} points ({_points(paired.low)} to {_points(paired.high)})"
    p = f"p = {measure.p_holm:.3f}" if measure.p_holm >= 0.001 else "p < 0.001"
    if not measure.better:
        return f"no significant difference: {moved}, {p}"
    return f"{(first, second)[measure.better - 1]} is better: {moved}, {p}"


def _measure(measure: Measure) -> tuple[object, ...]:
    paired, score = measure.paired, measure.score
    return (
        paired.only_first,
        paired.only_second,
        _signed(paired.difference),
        f"{_signed(paired.low)} to {_signed(paired.high)}",
        f"{measure.p_holm:.3g}",
        _signed(score.difference),
        f"{_signed(score.low)} to {_signed(score.high)}",
        f"{measure.score_p_holm:.3g}",
    )


def _listed(tasks: list[int]) -> str:
    return ", ".join(map(str, tasks[:SHOWN_TASKS]))


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"


def _dollars(value: float | None) -> str:
    return "unknown" if value is None else f"${value:.4f}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
