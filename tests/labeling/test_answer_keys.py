"""Which control a key means, and what is said of those that mean none."""

from __future__ import annotations

import pytest

from ml_backend.labeling.answer_keys import by_control
from support.tables import each_row

XML = """<View><Text name="text" value="$text"/><Choices name="main_topic" toName="text">
<Choice value="A"/><Choice value="B"/></Choices><Rating name="stars" toName="text"/></View>"""
ONE = """<View><Text name="text" value="$text"/><Choices name="main_topic" toName="text">
<Choice value="A"/><Choice value="B"/></Choices></View>"""
RIGHT = {"main_topic": "A", "stars": 3}


@each_row(
    "answer",
    [
        {"Main_Topic": "A", "STARS": 3},
        {"main topic": "A", "stars ": 3},
        {"main-topic": "A", "stars": 3},
        {"mainTopic": "A", "Stars": 3},
        {"ｍａｉｎ＿ｔｏｐｉｃ": "A", "stars": 3},
        {"answer": RIGHT},
        {"properties": RIGHT},
        {"type": "object", "properties": RIGHT},
        {"name": "answer", "arguments": RIGHT},
        {"name": "answer", "arguments": '{"main_topic": "A", "stars": 3}'},
        {"result": [RIGHT]},
        {"output": {"Main Topic": "A", "Stars": 3}, "confidence": 0.9},
        {"main_topic": "A", "Main Topic": "A", "stars": 3},
        {**RIGHT, "why": "It is."},
    ],
)
def test_a_key_that_is_written_otherwise_or_wrapped_is_taken(convert, answer):
    made = convert(XML, answer)
    assert (made.answer, made.problems, made.errors) == (RIGHT, (), ())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"label": "A"}, 'The answer has no "main_topic"; it has "label".'),
        ({"topic": "A", "x": 1}, 'The answer has no "main_topic"; it has "topic", "x".'),
        ({}, 'The answer has no "main_topic"; it has nothing in it.'),
        ({"a": {"main_topic": "A"}, "b": {"main_topic": "B"}},
         'The answer has no "main_topic"; it has "a", "b".'),
        ({"a": {"b": {"main_topic": "A"}}}, 'The answer has no "main_topic"; it has "a".'),
        ({"a": [{"main_topic": "A"}, {"main_topic": "B"}]},
         'The answer has no "main_topic"; it has "a".'),
        ({"main_topic": "A", "Main Topic": "B"},
         'The answer gives "main_topic" twice, with different values.'),
    ],
)  # fmt: skip
def test_what_fits_no_control_or_two_ways_is_said(convert, answer, said):
    made = convert(ONE, answer)
    assert made.result == []
    assert said in " ".join(made.errors)


@each_row(
    "answer",
    [
        {"example": {"main_topic": "A"}, "topic_final": "B"},
        {"example": {"main_topic": "A"}},
        {"previous_answer": {"main_topic": "A"}, "new": "B"},
        {"previousAnswer": {"main_topic": "A"}},
        {"input": {"main_topic": "A"}, "label": "B"},
        {"old": {"main_topic": "A"}},
        {"initial-answer": {"main_topic": "A"}},
        {"alternatives": [{"main_topic": "A"}]},
        {"draft": '{"main_topic": "A"}'},
        {"answer": {"main_topic": "A"}, "corrected": "b"},
        {"main_topic": "A", "answer": {"main_topic": "B"}},
        {"main_topic": "A", "result": [{"Main Topic": "B"}]},
    ],
)
def test_an_answer_that_another_part_contradicts_is_refused(convert, answer):
    made = convert(ONE, answer)
    assert made.result == []
    assert made.errors


@pytest.mark.parametrize(
    "answer",
    [
        {"main_topic": "A", "confidence": {"main_topic": 0.9}},
        {"main_topic": "A", "reasons": {"main_topic": "It is."}},
        {"main_topic": "A", "previous_answer": {"main_topic": "B"}},
        {"main_topic": "A", "answer": {"main_topic": "A"}},
        {"label": "A", "answer": {"main_topic": "A"}},
        {"previous_answer": {"main_topic": "B"}, "answer": {"main_topic": "A"}},
    ],
)
def test_what_stands_beside_an_answer_and_contradicts_nothing_is_passed_over(convert, answer):
    assert convert(ONE, answer).answer == {"main_topic": "A"}


def test_a_part_that_came_under_another_key_is_reported_and_the_rest_stands(convert):
    made = convert(XML, {"main_topic": "A", "rating": 3})
    assert made.answer == {"main_topic": "A", "stars": None}
    [problem] = made.problems
    assert problem.control == "stars"
    assert problem.message == 'The answer has no "stars"; it has "rating".'


def test_a_required_control_that_is_missing_says_what_came(convert):
    required = ONE.replace('name="main_topic"', 'name="main_topic" required="true"')
    [error] = convert(required, {"label": "A"}).errors
    assert 'it is required. The answer has no "main_topic"; it has "label".' in error


def test_a_schema_that_is_given_back_is_no_answer(convert):
    made = convert(ONE, {"type": "object", "properties": {"main_topic": {"enum": ["A"]}}})
    assert made.result == []
    assert made.errors


@pytest.mark.parametrize("key", ["a b", "A-B", "a_b"])
def test_a_key_that_could_mean_two_controls_means_none(key):
    keyed = by_control({key.upper(): 1}, ["a_b", "ab"])
    assert (keyed.answer, keyed.missing) == ({}, ("a_b", "ab"))


def test_only_spacing_is_passed_over():
    # What is no letter tells words of some scripts apart.
    assert by_control({"का": 1}, ["की"]).answer == {}
    assert by_control({"c": 1}, ["c#"]).answer == {}


def test_many_keys_are_counted():
    said = by_control({f"key {n}": n for n in range(20)}, ["topic"]).without("topic")
    assert said.endswith('"key 7" and 12 more.')


def test_a_control_called_as_its_wrapper_is_found(convert):
    xml = ONE.replace("main_topic", "answer")
    assert convert(xml, {"answer": {"answer": "B"}}).answer == {"answer": "B"}
