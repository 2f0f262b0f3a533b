"""The field in which a model rates its own answer: in the schema, in words, and out again."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.rating import (
    describe_rating,
    rating_key,
    take_rating,
    with_rating,
)

CONFIG = LabelingConfig.parse("""<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices></View>""")


def test_it_is_the_last_key_of_a_strict_schema_which_stays_as_it_was() -> None:
    schema = CONFIG.schema({})
    rated = with_rating(schema, "confidence")
    assert list(rated["properties"]) == ["topic", "confidence"]
    assert rated["required"] == ["topic", "confidence"]
    assert rated["additionalProperties"] is False
    assert list(schema["properties"]) == ["topic"]


@pytest.mark.parametrize(
    ("controls", "key"),
    [
        (["topic"], "confidence"),
        (["confidence"], "confidence_2"),
        (["Confidence", "confidence 2"], "confidence_3"),
    ],
)
def test_it_is_called_as_no_control_is(controls: list[str], key: str) -> None:
    assert rating_key(controls) == key
    assert f'"{key}"' in describe_rating(key)


@pytest.mark.parametrize(
    ("said", "share"),
    [
        (87, 0.87), (0, 0.0), (100, 1.0), (87.0, 0.87), ("87", 0.87), (" 87 % ", 0.87),
        (None, None), (True, None), (101, None), (-1, None), (0.87, None), ("high", None),
        ("", None), ([87], None), ({"a": 1}, None), (float("nan"), None), (10**400, None),
        ("8" * 5000, None), ("٨٧", None),
    ],
)  # fmt: skip
def test_a_percent_is_read_and_anything_else_is_none(said: Any, share: float | None) -> None:
    assert take_rating({"topic": "A", "confidence": said}, "confidence", ["topic"]) == (
        {"topic": "A"},
        share,
    )


@pytest.mark.parametrize(
    ("answer", "kept", "share"),
    [
        pytest.param({"topic": "A"}, {"topic": "A"}, None, id="missing"),
        pytest.param({"topic": "A", "Confidence": 80}, {"topic": "A"}, 0.8, id="another case"),
        pytest.param(
            {"answer": {"topic": "A", "confidence": 80}},
            {"answer": {"topic": "A"}},
            0.8,
            id="in a wrapper",
        ),
        pytest.param(
            {"answer": {"topic": "A"}, "confidence": 80},
            {"answer": {"topic": "A"}},
            0.8,
            id="beside a wrapper",
        ),
        pytest.param(
            {"topic": "A", "confidence ": 80, "CONFIDENCE": 20},
            {"topic": "A"},
            None,
            id="two that differ",
        ),
        pytest.param(
            {"topic": {"confidence": 80}},
            {"topic": {"confidence": 80}},
            None,
            id="within a control's answer",
        ),
    ],
)
def test_it_is_taken_out_of_the_answer(answer: Any, kept: Any, share: float | None) -> None:
    assert take_rating(answer, "confidence", ["topic"]) == (kept, share)
