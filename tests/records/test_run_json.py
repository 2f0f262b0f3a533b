"""What a run keeps, as JSON and back; and rows of versions that did not keep all of it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from ml_backend.kinds import Origin, ProviderName, RunStatus, TruthSource
from ml_backend.records import (
    AskedAgain,
    Cascade,
    ConfidenceWay,
    ExamplesLeftOut,
    ExampleSource,
    Member,
    PlannedWrites,
    ProjectState,
    PublishPlan,
    RunMetrics,
    RunOptions,
    RunSnapshot,
    Stopped,
    Usage,
    Vote,
)
from ml_backend.records.metrics_json import metrics_json, metrics_of
from ml_backend.records.run_json import (
    again_json,
    again_of,
    options_json,
    options_of,
    plan_json,
    plan_of,
    snapshot_json,
    snapshot_of,
)
from ml_backend.scoring import summarize
from support.tables import each_row
from support.whole_metrics import measured

POOL = ExampleSource(
    revision=3,
    examples=12,
    most=4,
    left_out=ExamplesLeftOut(1, 2, 3, 4, 5),
    source="tasks not evaluated",
    revisions=(2, 3),
)
SNAPSHOT = RunSnapshot(
    version_title="Version 1",
    text="Which? {text}",
    provider=ProviderName.OPENAI,
    model="a-model",
    connection_id=4,
    parameters={"temperature": 0},
    max_few_shot_examples=4,
    origin=Origin.INSTRUCTIONS,
    prompt_title="Topics",
    few_shot=POOL,
    system_prompt="You are a clerk.",
    confidence=ConfidenceWay.AUTO,
    confidence_asked=ConfidenceWay.RATED,
)
CASCADE = Cascade(
    (Member(1, SNAPSHOT), Member(2, replace(SNAPSHOT, model="a-dear-model"))),
    min_score=0.75,
    max_error=0.05,
    certainty=0.9,
    judged=40,
    is_promise=True,
    why="It was tested.",
    goes_on=0.25,
    seen=80,
)
OPTIONS = RunOptions(
    task_ids=(3, 1),
    only_missing=True,
    budget=2.5,
    fresh=True,
    truth=TruthSource.ANNOTATIONS,
    truth_by_default=True,
    activate=False,
    follow=True,
    samples=3,
    sample_size=2,
    sample_seed=0,
    filters={"items": []},
    held_out=True,
    caution="Flattered.",
    worker_job="worker-1",
    estimated=0.0,
    continues="/predict",
    vote=Vote((Member(1, SNAPSHOT), Member(2, replace(SNAPSHOT, version_title="Version 2")))),
    cascade=CASCADE,
)
PLAN = PublishPlan(
    project=ProjectState((9, "2026-01-01T00:00:00Z"), "digest"),
    stopped=Stopped(RunStatus.FAILED, "Quota."),
    ask_again=True,
    writes=PlannedWrites(watermark=7, clear=(5, 6), skip=(1,), model_version="v"),
    note="A note.",
)


@each_row(
    ("record", "write", "read"),
    [
        (OPTIONS, options_json, options_of),
        (RunOptions(), options_json, options_of),
        (SNAPSHOT, snapshot_json, snapshot_of),
        (replace(SNAPSHOT, few_shot=ExampleSource(3, 12)), snapshot_json, snapshot_of),
        (RunSnapshot(), snapshot_json, snapshot_of),
        (PLAN, plan_json, plan_of),
        (replace(PLAN, project=ProjectState((), "d"), writes=None), plan_json, plan_of),
        (PublishPlan(), plan_json, plan_of),
        (measured(), metrics_json, metrics_of),
        (RunMetrics(summarize([]).overall), metrics_json, metrics_of),
        (None, metrics_json, metrics_of),
    ],
)
def test_what_is_kept_is_read_as_it_was(record: Any, write: Any, read: Any) -> None:
    assert read(json.loads(json.dumps(write(record)))) == record


@pytest.mark.parametrize("record", [OPTIONS, CASCADE, SNAPSHOT, POOL, PLAN, measured()])
def test_the_examples_above_leave_no_field_at_its_default(record: Any) -> None:
    plain = type(record)(**{f.name: getattr(record, f.name) for f in fields(record)[:2]})
    for each in fields(record)[2:]:
        assert getattr(record, each.name) != getattr(plain, each.name), each.name


@pytest.mark.parametrize("row", [None, {}])
def test_an_empty_row_is_a_run_that_kept_nothing(row: Any) -> None:
    assert options_of(row) == RunOptions()
    assert snapshot_of(row) == RunSnapshot()
    assert plan_of(row) == PublishPlan()
    assert metrics_of(row) is None


def test_rows_of_earlier_versions_are_read_without_what_they_did_not_keep() -> None:
    # Before intervals of F1, means of all classes, sources of truth and fingerprints were kept.
    rates = {"precision": 1.0, "recall": 0.5, "f1": 0.7}
    control = {
        **{"n": 2, "correct": 1, "failed": 0, "accuracy": 0.5, "score": 0.5},
        "classes": [{"class": "a", "support": 2, "given": 1, "correct": 1, **rates}],
        **{"macro": rates, "micro": rates, "confusion": [{"true": "a", "given": None, "n": 1}]},
        "newer": "is passed over",
    }
    found = metrics_of(
        {"overall": {"n": 2, "correct": 1, "accuracy": 0.5}, "controls": {"c": control}}
    )
    assert found is not None
    assert (found.overall.n, found.overall.failed, found.overall.low) == (2, 0, None)
    assert (found.truth, found.fingerprint) == (TruthSource.GROUND_TRUTH, "")
    report = found.controls["c"].report
    assert report is not None
    assert (report.macro.f1, report.macro.f1_low, report.micro.support) == (0.7, None, 0)
    assert (report.classes[0].recall_low, report.classes_left_out) == (None, 0)
    asked = snapshot_of({"text": "t", "provider": "Custom", "parameters": None})
    assert (asked.text, asked.origin, asked.parameters) == ("t", Origin.BY_HAND, {})
    assert plan_of({"newest_task": [4, "then"], "later": 1}).project == ProjectState(
        (4, "then"), ""
    )


def test_what_a_run_writes_is_not_known_before_it_was_planned() -> None:
    assert PLAN.planned.watermark == 7
    with pytest.raises(LookupError, match="no plan"):
        PublishPlan(project=PLAN.project).planned  # noqa: B018


@pytest.mark.parametrize("cost", [0.25, None])
def test_what_was_asked_again_comes_back_as_it_was(cost: float | None) -> None:
    again = AskedAgain(answers=3, unfitting=2, paid=1, usage=Usage(10, 2), cost=cost)
    assert again_of(json.loads(json.dumps(again_json(again)))) == again
    assert again_of(None) == again_of({}) == AskedAgain()
