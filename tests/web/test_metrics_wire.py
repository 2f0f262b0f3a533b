"""The API describes metrics field by field, and has every field that metrics have."""

from __future__ import annotations

from dataclasses import fields

import pytest
from pydantic import BaseModel

from ml_backend import records
from ml_backend.web.api.wire import metrics as wire, parts

SAME = {
    records.Correctness: wire.CorrectnessAnswer,
    records.ClassMetrics: wire.ClassMetricsAnswer,
    records.MacroMean: wire.MacroMeanAnswer,
    records.MicroMean: wire.MicroMeanAnswer,
    records.Confusion: wire.ConfusionAnswer,
    records.CharacterOverlap: wire.CharacterOverlapAnswer,
    records.SpanOverlap: wire.SpanOverlapAnswer,
    records.NumberError: wire.NumberErrorAnswer,
    records.RankCorrelation: wire.RankCorrelationAnswer,
    records.CalibrationBin: wire.CalibrationBinAnswer,
    records.Calibration: wire.CalibrationAnswer,
    records.LearnedCalibration: wire.LearnedCalibrationAnswer,
    records.Ranking: wire.RankingAnswer,
    records.AgreementRate: wire.AgreementRateAnswer,
    records.HumanAgreement: wire.HumanAgreementAnswer,
    records.Effort: wire.EffortAnswer,
    records.ExamplesLeftOut: parts.LeftOutExamples,
}
"""Those with a field more are told by the answers of the kept database."""


@pytest.mark.parametrize("record", SAME, ids=lambda each: each.__name__)
def test_an_answer_has_the_fields_of_its_record(record: type) -> None:
    answer: type[BaseModel] = SAME[record]
    assert list(answer.model_fields) == [each.name for each in fields(record)]


def test_a_part_that_is_not_there_is_left_out_and_never_null() -> None:
    schema = wire.ControlMetricsAnswer.model_json_schema(mode="serialization")
    for name in ("classes", "macro", "micro", "confusion", "overlap", "error", "order"):
        assert name not in schema["required"]
        assert "anyOf" not in schema["properties"][name]
        assert "default" not in schema["properties"][name]
    counts = {"n": 0, "correct": 0, "failed": 0, "accuracy": None, "low": None, "high": None}
    answer = wire.ControlMetricsAnswer(**counts, score=None)
    assert set(answer.model_dump()) == {*counts, "score"}
