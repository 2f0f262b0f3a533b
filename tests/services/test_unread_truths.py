"""Truths that cannot be read: left out of the score and of the examples, counted, and said why."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.cli.next_steps import WORDS as COMMAND_LINE
from ml_backend.labeling import LabelingConfig
from ml_backend.records import Run, Slot, Subset, TruthSource
from ml_backend.records.metrics_json import metrics_json, metrics_of
from ml_backend.reporting import run_page
from ml_backend.web.api.wire.metrics import metrics_answer
from support.house import House

CONFIG = """<View><Labels name="label" toName="text"><Label value="LOC"/>
<Label value="ORG"/></Labels><Text name="text" value="$text"/></View>"""
PLACE = {"start": 0, "end": 5}
RIGHT = '{"label": [{"quote": "Paris", "occurrence": 1, "label": "LOC"}]}'


def annotation(*values: Any, by: int = 1, **more: Any) -> dict[str, Any]:
    result = [
        {"id": f"r{n}", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
        for n, value in enumerate(values)
    ]
    return {"result": result, "ground_truth": True, "completed_by": by, "lead_time": 2.0, **more}


FINE = {**PLACE, "labels": ["LOC"]}
MISSING = {**PLACE, "text": "Paris"}
STRING = {**PLACE, "labels": "LOC"}


def evaluated(house: House, *annotated: list[dict[str, Any]]) -> Run:
    tasks = [
        {"data": {"text": f"Paris is near Lyon {n}"}, "annotations": found}
        for n, found in enumerate(annotated)
    ]
    project, _ = house.fake.seed(CONFIG, tasks)
    house.model.answer = lambda request: RIGHT
    return house.run(*house.prompt(project), project, subset=Subset.HAS_GT, slot=Slot.EVALUATE)


@pytest.mark.slow
def test_they_are_no_wrong_answers_and_every_face_says_so(house: House) -> None:
    run = evaluated(
        house,
        [annotation(FINE)],
        [annotation(MISSING)],
        [annotation(STRING)],
        [annotation(FINE, STRING)],  # the right answer beside an unreadable region
        [annotation(FINE), annotation(MISSING, by=2)],
    )
    metrics = run.metrics
    assert metrics is not None
    assert (metrics.overall.n, metrics.overall.correct) == (2, 2)
    unread = metrics.unread
    assert unread is not None
    assert (unread.annotations, unread.tasks) == (4, 3)
    string = '"label": the value of a region has no list "labels", but "LOC"'
    missing = '"label": the value of a region has no list "labels"'
    assert unread.reasons == {string: 2, missing: 2}
    assert metrics_of(metrics_json(metrics)) == metrics
    said = metrics_answer(metrics).model_dump(mode="json")["unread"]
    assert said == {"annotations": 4, "tasks": 3, "reasons": unread.reasons}
    words = "4 annotations cannot be read; 3 tasks are left out of the score: 2 × "
    assert unread.words.startswith(words)
    report = house.container.run_reports.report(run, house.container.studio)
    assert words in run_page(report, COMMAND_LINE)


@pytest.mark.slow
def test_what_cannot_be_read_is_no_example(house: House) -> None:
    run = evaluated(house, [annotation(FINE)], [annotation(MISSING)], [annotation(FINE, STRING)])
    pool = house.container.examples.refresh(run.project_id, LabelingConfig.parse(CONFIG))
    assert [each.answer["label"][0]["quote"] for each in pool] == ["Paris"]


@pytest.mark.slow
def test_nothing_is_said_where_all_can_be_read_and_ends_beyond_the_text_are_clipped(
    house: House,
) -> None:
    run = evaluated(house, [annotation(FINE)], [annotation({**FINE, "start": 14, "end": 500})])
    metrics = run.metrics
    assert metrics is not None
    assert metrics.unread is None
    assert "unread" not in metrics_json(metrics)
    assert (metrics.overall.n, metrics.overall.correct) == (2, 1)
    truths = house.container.evaluation.truths(
        run.project_id, LabelingConfig.parse(CONFIG), source=TruthSource.GROUND_TRUTH
    )
    quotes = [each.answers[0]["label"][0]["quote"] for each in truths.values()]
    assert quotes == ["Paris", "Lyon 1"]
