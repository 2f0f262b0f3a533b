"""Indicators are described figure by figure, and are answered as they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime

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
    Usage,
)
from ml_backend.services.evaluation.indicators import indicators_of
from ml_backend.web.api.wire.indicators import _OF_CONTROL, _WHOLE, Indicator
from support.whole_metrics import measured


def run(stale: str = "") -> Run:
    totals = Totals(4, 2, 1, 1, Usage(5, 1), 0.25, {"timeout": 1})
    return Run(
        id=7, prompt_id=1, version_id=1, project_id=1, label="P__v1", slot=Slot.EVALUATE,
        subset=Subset.HAS_GT, status=RunStatus.COMPLETED, stage=Stage.DONE, snapshot=RunSnapshot(),
        options=RunOptions(), totals=totals, message="", plan=PublishPlan(), metrics=measured(),
        cancel_requested=False, created_at=datetime.now(UTC), started_at=None, asked_at=None,
        completed_at=None, stale=stale,
    )  # fmt: skip


@pytest.mark.parametrize("stale", ["", "The ground truth changed."])
def test_a_figure_is_answered_as_it_is(stale: str) -> None:
    found = indicators_of(run(stale))
    for each in found:
        answer = json.loads(Indicator.of(each).model_dump_json(by_alias=True))
        wanted = {"key": each.key, "title": each.title, "values": each.values}
        assert json.dumps(answer) == json.dumps(wanted)
    keys = {each.key.partition("-")[:2] for each in found}
    assert {name for name, dash in keys if not dash} == set(_WHOLE)
    assert {name for name, dash in keys if dash} == set(_OF_CONTROL)


def test_every_figure_is_described_field_by_field() -> None:
    schema = Indicator.model_json_schema(mode="serialization")
    figures = [ref["$ref"].split("/")[-1] for ref in schema["properties"]["values"]["anyOf"]]
    assert len(figures) == len({*_WHOLE.values(), *_OF_CONTROL.values()})
    for name in figures:
        figure = schema["$defs"][name]
        assert figure["properties"], name
        assert figure["additionalProperties"] in (False, {"type": "integer"}), name
