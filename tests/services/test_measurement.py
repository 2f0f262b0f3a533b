"""What is kept of each task adds up to what a run's metrics say of all of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.records import Failure, FailureKind, Outcome, Prediction, TruthSource
from ml_backend.services.evaluation.ground_truth import GroundTruth
from ml_backend.services.evaluation.metrics import Measurement
from ml_backend.store import Cell

TEXT = "Ada met Bob in Rome"
CLASSES = """<View><Text name="t" value="$text"/>
<Choices name="c" toName="t" choice="multiple"><Choice value="X"/><Choice value="Y"/>
<Choice value="Z"/></Choices><TextArea name="why" toName="t"/></View>"""
SPANS = """<View><Text name="t" value="$text"/><Labels name="l" toName="t"><Label value="PER"/>
<Label value="LOC"/></Labels><Choices name="sure" toName="t" perRegion="true">
<Choice value="yes"/><Choice value="no"/></Choices></View>"""


def span(quote: str, label: str, sure: str | None = None) -> dict[str, Any]:
    return {"quote": quote, "occurrence": 1, "label": label, "sure": sure}


CASES: dict[str, tuple[str, list[tuple[Any, Any, bool | None]]]] = {
    "classes": (
        CLASSES,
        [
            ({"c": ["X"]}, {"c": ["X"]}, True),
            ({"c": ["X", "Y"]}, {"c": ["X", "Z"]}, False),
            ({"c": []}, {"c": ["X", "Y"]}, False),
            (None, {"c": ["Z"], "why": ["so"]}, False),
            (None, {}, None),
        ],
    ),
    "spans and what is said of each": (
        SPANS,
        [
            ({"l": [span("Ada", "PER", "yes")]}, {"l": [span("Ada", "PER", "no")]}, False),
            (
                {"l": [span("Ada", "PER"), span("Bob", "PER"), span("Rome", "PER", "no")]},
                {"l": [span("Ada", "PER"), span("Bob", "PER"), span("Rome", "LOC")]},
                False,
            ),
            ({"l": [span("Bob", "PER", "no")]}, {"l": [span("Bob", "PER", "no")]}, True),
            (None, {"l": [span("Rome", "LOC", "yes")]}, False),
        ],
    ),
}


def outcome(task_id: int, answer: Any) -> Outcome:
    if answer is None:
        return Failure(task_id, FailureKind.TIMEOUT, "late")
    return Prediction(task_id, answer, [])


@pytest.mark.parametrize(("xml", "tasks"), CASES.values(), ids=CASES)
def test_tasks_add_up_to_the_metrics_of_the_run(
    xml: str, tasks: list[tuple[Any, Any, bool | None]]
) -> None:
    measurement = Measurement(LabelingConfig.parse(xml))
    pairs: Counter[Cell] = Counter()
    for task_id, (answer, truth, right) in enumerate(tasks):
        judged = measurement.add(
            outcome(task_id, answer), GroundTruth({"text": TEXT}, [truth], people=[1])
        )
        assert (judged.task_id, judged.right) == (task_id, right)
        pairs.update(judged.pairs)
    metrics = measurement.metrics(TruthSource.GROUND_TRUTH, "")
    counted = {
        (name, cell.true, cell.given): cell.n
        for name, counts in {**metrics.controls, **metrics.per_region}.items()
        if counts.report is not None
        for cell in counts.report.confusion
    }
    assert counted == dict(pairs)
    assert len(counted) > 3
    rights = [right for _, _, right in tasks if right is not None]
    assert (metrics.overall.n, metrics.overall.correct) == (len(rights), sum(rights))
