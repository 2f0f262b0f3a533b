"""How fast a run is and how long it will take, from what is known of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ml_backend.records import (
    PublishPlan,
    Run,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Stage,
    Subset,
    Totals,
)
from ml_backend.services.runs.progress import RunProgress, pace_of

START = datetime(2026, 1, 1, tzinfo=UTC)
RUN = Run(
    id=1, prompt_id=1, version_id=1, project_id=1, label="", slot=Slot.ALL, subset=Subset.ALL,
    status=RunStatus.IN_PROGRESS, stage=Stage.ASKING, snapshot=RunSnapshot(), options=RunOptions(),
    totals=Totals(total=100, succeeded=15, failed=5), message="", plan=PublishPlan(), metrics=None,
    cancel_requested=False, created_at=START, started_at=START, asked_at=None, completed_at=None,
)  # fmt: skip


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("changed", "pace"),
    [
        ({}, RunProgress(10, 2.0, 40)),
        ({"started_at": None}, RunProgress(None, None, None)),
        ({"totals": Totals(total=100)}, RunProgress(10, None, None)),
        ({"asked_at": after(5)}, RunProgress(10, 4.0, 20)),
        ({"status": RunStatus.CANCELED, "completed_at": after(8)}, RunProgress(8, 2.5, None)),
    ],
    ids=["asking", "waiting", "nothing done", "publishing", "ended"],
)
def test_pace_is_of_asking_alone(changed: dict[str, object], pace: RunProgress) -> None:
    assert pace_of(replace(RUN, **changed), after(10)) == pace  # type: ignore[arg-type]
