"""Whether an evaluation passed what was asked of it, said for a log of CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ml_backend.cli.output.details import percent

if TYPE_CHECKING:
    from ml_backend.services.evaluation.gate import Judgement, Regression

MISSED = 3
CANNOT_TELL = 4
"""Exit codes besides 0 (passed), 1 (the run itself failed) and 2 (wrong options)."""


def exit_code(found: Judgement) -> int:
    """Return 0, or what was missed, or that it cannot be told."""
    if found.is_missed:
        return MISSED
    return CANNOT_TELL if found.is_open else 0


def show_judgement(found: Judgement) -> None:
    """Print which figure was asked for, which there is, and what was missed."""
    wanted = found.demands.fail_under
    if wanted is not None:
        _say(not found.is_under and found.counts.n > 0, _floor(found, wanted))
    if found.untold:
        _say(False, found.untold)
    if found.regression is not None:
        _say(not found.is_worse and not found.is_open, _regression(found.regression))
        if found.regression.is_changed:
            click.echo(
                f"{found.regression.version.title!r} was edited after its run "
                f"{found.regression.run.id}, which is what is compared with."
            )


def _say(passed: bool, text: str) -> None:
    click.secho(f"{'Passed' if passed else 'Missed'}: {text}", fg="green" if passed else "red")


def _floor(found: Judgement, wanted: float) -> str:
    counts = found.counts
    if not counts.n:
        return f"no task has a truth to measure on; {wanted:.1%} was asked for."
    failed = f", {counts.failed} without a prediction counted as wrong" if counts.failed else ""
    return (
        f"accuracy {percent(counts.accuracy)} on {counts.n} tasks ({counts.correct} right{failed}; "
        f"95% interval {percent(counts.low)} to {percent(counts.high)}), "
        f"{'under' if found.is_under else 'not under'} {_share(wanted)}."
    )


def _regression(found: Regression) -> str:
    from ml_backend.scoring.regression import Finding

    paired, name = found.paired, repr(found.version.title)
    low, high = (paired.low or 0.0) * 100, (paired.high or 0.0) * 100
    figures = (
        f"{(paired.difference or 0.0) * 100:+.1f} points ({low:+.1f} to {high:+.1f}), "
        f"{paired.only_second} tasks right only now and {paired.only_first} only before, "
        f"of {paired.n} in common with run {found.run.id}; McNemar p = {paired.p:.3g}"
    )
    if found.finding is Finding.TOO_FEW:
        return f"too few tasks in common to show that it is worse than {name}: {figures}."
    if found.finding is Finding.WORSE:
        return f"worse than {name}: {figures}."
    if found.margin is None:
        left = f" A loss of up to {-low:.1f} points is not ruled out." if low < 0 else ""
        return f"not shown to be worse than {name}: {figures}.{left}"
    at_most = f"at most {found.margin * 100:g} points worse than {name}"
    if found.finding is Finding.OPEN:
        return f"not shown to be {at_most}: {figures}."
    return f"shown to be {at_most}: {figures}."


def _share(value: float) -> str:
    return f"{value * 100:.4g}%"
