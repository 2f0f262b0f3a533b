from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

XML = """<View><Text name="t" value="$text"/><TextArea name="a" toName="t" {extra}/></View>"""
MANY = XML.replace("{extra}", 'placeholder="One fact each"')
ONE = XML.replace("{extra}", 'MAXSUBMISSIONS="1"')
TWO = XML.replace("{extra}", 'maxSubmissions="2"')


def region(*texts: str) -> list[dict[str, Any]]:
    value = {"text": list(texts)}
    return [{"from_name": "a", "to_name": "t", "type": "textarea", "value": value}]


@each_row(
    ("xml", "answer", "regions", "normal"),
    [
        (ONE, "hello", region("hello"), "hello"),
        (ONE, ["hello"], region("hello"), "hello"),
        (ONE, 5, region("5"), "5"),
        (MANY, "hello", region("hello"), ["hello"]),
        (MANY, ["a", "", " ", None, "b"], region("a", "b"), ["a", "b"]),
        (MANY, [" a\r\nb "], region(" a\r\nb "), [" a\r\nb "]),
        (MANY, ["👨‍👩‍👧 عمر"], region("👨‍👩‍👧 عمر"), ["👨‍👩‍👧 عمر"]),
        (TWO, ["a", "b"], region("a", "b"), ["a", "b"]),
    ],
)
def test_texts_become_one_region(convert, without_ids, xml, answer, regions, normal):
    made = convert(xml, {"a": answer})
    assert (without_ids(made), made.answer) == (regions, {"a": normal})
    assert (made.problems, made.errors) == ((), ())


def test_characters_that_cannot_be_stored_are_left_out_and_reported(convert, without_ids):
    made = convert(MANY, {"a": ["a\0b\ud800c"]})
    assert without_ids(made) == region("abc")
    assert ["cannot be stored" in each.message for each in made.problems] == [True]


@pytest.mark.parametrize("answer", ["", " \n", [""], ["\0"], {"text": "x"}, [[]]])
def test_no_text_is_no_answer(convert, answer):
    assert convert(ONE, {"a": answer}).errors
    assert convert(MANY, {"a": answer}).errors


@pytest.mark.parametrize("answer", [None, []])
def test_null_that_was_offered_is_an_answer(convert, answer):
    assert convert(ONE, {"a": answer}).errors == ()
    assert convert(MANY, {"a": answer}).errors == ()


@pytest.mark.parametrize(("xml", "kept"), [(ONE, ["a"]), (TWO, ["a", "b"])])
def test_more_texts_than_may_be_submitted_are_left_out(convert, without_ids, xml, kept):
    made = convert(xml, {"a": ["a", "b", "c"]})
    assert without_ids(made) == region(*kept)
    assert len(made.problems) == 1


def test_the_schema_is_one_string_or_a_list():
    def schema(xml: str) -> dict[str, Any]:
        return LabelingConfig.parse(xml).schema({})["properties"]["a"]

    assert schema(ONE) == {"type": ["string", "null"]}
    assert schema(MANY) == {"type": ["array", "null"], "items": {"type": "string"}}
    assert schema(XML.replace("{extra}", 'required="true"'))["type"] == "array"


def test_the_placeholder_is_told_to_the_model():
    assert "One fact each" in LabelingConfig.parse(MANY).describe({})


def test_a_box_for_the_labelers_prompt_is_not_answered():
    config = LabelingConfig.parse(MANY.replace('name="a"', 'name="prompt-box"'))
    assert list(config.unanswerable) == ["prompt-box"]


@pytest.mark.parametrize(
    ("xml", "values", "answer"),
    [
        (ONE, [{"text": ["a"]}], "a"),
        (ONE, [{"text": "a"}], "a"),
        (ONE, [{"text": ["a", "b"]}], ["a", "b"]),
        (MANY, [{"text": ["a"]}, {"text": ["b"]}], ["a", "b"]),
        (MANY, [{"text": [""]}, {}], None),
        (MANY, [], None),
    ],
)
def test_annotations_become_texts(xml, values, answer):
    regions = [
        {"from_name": "a", "to_name": "t", "type": "textarea", "value": value} for value in values
    ]
    assert LabelingConfig.parse(xml).to_answer(regions, {}) == {"a": answer}


@pytest.mark.parametrize(
    ("answer", "truth", "correct"),
    [
        (["a  b\n"], ["a b"], True),
        (["cafe\u0301"], ["café"], True),
        (["A"], ["a"], False),
        (["a", "b"], ["a"], False),
    ],
)
def test_texts_agree_up_to_white_space_and_composition(answer, truth, correct):
    agreement = LabelingConfig.parse(MANY).compare({"a": answer}, {"a": truth})["a"]
    assert (agreement.correct, agreement.score) == (correct, float(correct))
