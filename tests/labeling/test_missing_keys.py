"""A control whose key did not come is missing; it is no control that says nothing."""

from __future__ import annotations

import pytest

XML = """<View><Text name="text" value="$text"/><Choices name="s" toName="text">
<Choice value="A"/><Choice value="B"/></Choices><Labels name="l" toName="text">
<Label value="X"/></Labels></View>"""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"l": []}, 'The answer has no "s"; it has "l".'),
        ({"s": None}, 'The answer has no "l"; it has "s".'),
        ({"s": "Z", "l": []}, '"s": '),
        ({"s": None, "l": [], "label": "A"}, 'gives null for "s", and beside it "label": "A".'),
        ({"s": None, "l": [], "Sentiment": " a "}, 'beside it "Sentiment": " a ".'),
    ],
)
def test_an_answer_that_leaves_a_control_out_says_nothing(convert, answer, said):
    made = convert(XML, answer)
    assert made.result == []
    assert said in " ".join(made.errors)


@pytest.mark.parametrize("answer", [{"s": "A"}, {"S": "A", "note": "so"}])
def test_a_control_that_is_left_out_is_reported_and_the_rest_stands(convert, answer):
    made = convert(XML, answer)
    assert (made.answer, made.errors) == ({"s": "A", "l": []}, ())
    [problem] = made.problems
    assert problem.control == "l"
    assert problem.message.startswith('The answer has no "l"; it has ')


@pytest.mark.parametrize(
    "answer", [{"s": None, "l": []}, {"s": None, "l": None, "note": "neither"}]
)
def test_null_that_was_said_is_an_answer(convert, answer):
    made = convert(XML, answer)
    assert (made.result, made.problems, made.errors) == ([], (), ())
