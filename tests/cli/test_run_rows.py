"""`runs list`: a line a run at 100 columns, whatever it is called and says."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ml_backend.cli.app import App
from ml_backend.cli.output.run_rows import show_runs
from ml_backend.records import (
    Correctness,
    PublishPlan,
    Run,
    RunMetrics,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Stage,
    Subset,
    Totals,
)

NOW = datetime(2025, 11, 30, 12, 0, tzinfo=UTC)


def run(number: int, **more: object) -> Run:
    made = Run(
        id=number,
        prompt_id=1,
        version_id=1,
        project_id=3,
        label="Topic__Version 1",
        slot=Slot.ALL,
        subset=Subset.ALL,
        status=RunStatus.COMPLETED,
        stage=Stage.DONE,
        snapshot=RunSnapshot(),
        options=RunOptions(),
        totals=Totals(total=300, succeeded=300, cost=0.0123),
        message="",
        plan=PublishPlan(),
        metrics=None,
        cancel_requested=False,
        created_at=NOW,
        started_at=None,
        asked_at=None,
        completed_at=None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def measured(n: int, correct: int) -> RunMetrics:
    counts = Correctness(n=n, correct=correct, accuracy=correct / n)
    return RunMetrics(overall=counts, controls={})


def wide(line: str) -> int:
    """How many columns a line takes, by Unicode's own tables."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in line
    )


HOSTILE = "Nö\n\x1b[31mred\x1b[0m\r\n" + "it failed because of this and that. " * 30
RUNS = [
    run(1, metrics=measured(150, 116)),
    run(100_000, label="🍏🍎" * 60 + "__Version 1", subset=Subset.HAS_GT),
    run(3, label="日本語のとても長い名前" * 9, metrics=measured(100_000, 99_999)),
    run(4, status=RunStatus.FAILED, message=HOSTILE, totals=Totals(total=300, cost=None)),
    run(5, status=RunStatus.CANCELED, totals=Totals(total=300, succeeded=40)),
    run(6, status=RunStatus.IN_PROGRESS, stage=Stage.CLEARING),
    run(7, status=RunStatus.IN_PROGRESS, stage=Stage.ASKING, totals=Totals(total=9, succeeded=4)),
    run(8, status=RunStatus.PENDING, created_at=datetime(2024, 2, 3, tzinfo=UTC)),
    run(9, stale="x" * 400, totals=Totals(total=300, succeeded=297, failed=3, cost=12.5)),
]


def test_every_run_is_one_line_of_at_most_100_columns(capsys: pytest.CaptureFixture[str]) -> None:
    show_runs(App(), RUNS, {7, 8}, NOW)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(RUNS)
    assert max(map(wide, lines)) <= 100
    assert not any("\x1b" in line for line in lines)
    heading = "Run Time Version Project Subset Accuracy Cost State"
    assert " ".join(lines[0].split()) == heading
    by_run = {line.split()[0]: line for line in lines[1:]}
    for number, said in {
        "1": ("…Version 1", "11-30", "All", "77.3% of 150", "$0.0123", "Completed"),
        "100000": ("🍏…Version 1", "HasGT"),
        "3": ("100.0% of 100000",),
        "4": ("unknown", "Failed: Nö", "…"),
        "5": ("Canceled, 40 of 300",),
        "6": ("publishing",),
        "7": ("interrupted, 4 of 9",),
        "8": ("2024-02-03", "waiting for a server"),
        "9": ("$12.5000", "Completed, 3 failed"),
    }.items():
        for each in said:
            assert each in by_run[number], by_run[number]


def test_an_interrupted_run_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    show_runs(App(), RUNS, {7, 8}, NOW)
    said = capsys.readouterr().err
    assert "`ls-prompts runs resume 7`" in said
    assert "resume 8" not in said
    assert "resume 6" not in said


def test_no_run_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show_runs(App(), [], (), NOW)
    assert capsys.readouterr().out == "There are no runs.\n"
