"""The first figure of the demo is one that who leads the labeling understands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ml_backend.cli.output.demo_words import outcome_lines
from ml_backend.records import Correctness, Totals


def run(metrics: Any = None, failed: int = 0) -> Any:
    return SimpleNamespace(totals=Totals(60, 60 - failed, failed), metrics=metrics)


def test_each_question_comes_before_all_of_them_at_once() -> None:
    controls = {
        "never asked": Correctness(),
        "entities": Correctness(60, 29),
        "topic": Correctness(60, 43),
    }
    measured = SimpleNamespace(overall=Correctness(60, 11), controls=controls)
    assert outcome_lines(run(measured)) == [
        "topic right in 43 of 60 messages (72%)",
        "entities right in 29 of 60 messages (48%)",
        "all of these at once in 11 of 60",
    ]


def test_without_a_measure_the_predictions_are_counted() -> None:
    assert outcome_lines(run()) == ["60 predictions"]
    assert outcome_lines(run(failed=2)) == ["58 predictions, 2 failed"]
