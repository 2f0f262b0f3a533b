from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

NUMBER = """<View><Text name="t" value="$text"/><Number name="n" toName="t" {extra}/></View>"""
FREE = NUMBER.replace("{extra}", "")
BOUND = NUMBER.replace("{extra}", 'min="-1" max="10" step="0.5"')
RATING = """<View><Text name="t" value="$text"/><Rating name="r" toName="t" {extra}/></View>"""
FIVE = RATING.replace("{extra}", "")
TEN = RATING.replace("{extra}", 'maxRating="10" required="true"')
PAIRWISE = """<View><Pairwise name="p" toName="one,two"/><Text name="one" value="$a"/>
<Text name="two" value="$b"/></View>"""


def region(name: str, to_name: str, kind: str, **value: Any) -> list[dict[str, Any]]:
    return [{"from_name": name, "to_name": to_name, "type": kind, "value": value}]


@each_row(
    ("xml", "answer", "regions", "normal"),
    [
        (FREE, {"n": 4}, region("n", "t", "number", number=4), {"n": 4}),
        (FREE, {"n": 0}, region("n", "t", "number", number=0), {"n": 0}),
        (FREE, {"n": -2.5}, region("n", "t", "number", number=-2.5), {"n": -2.5}),
        (FREE, {"n": "4"}, region("n", "t", "number", number=4), {"n": 4}),
        (FREE, {"n": 4.0}, region("n", "t", "number", number=4), {"n": 4}),
        (FREE, {"n": 1e30}, region("n", "t", "number", number=int(1e30)), {"n": int(1e30)}),
        (BOUND, {"n": 9.5}, region("n", "t", "number", number=9.5), {"n": 9.5}),
        (BOUND, {"n": -1}, region("n", "t", "number", number=-1), {"n": -1}),
        (FIVE, {"r": 5}, region("r", "t", "rating", rating=5), {"r": 5}),
        (FIVE, {"r": "3"}, region("r", "t", "rating", rating=3), {"r": 3}),
        (FIVE, {"r": 3.0}, region("r", "t", "rating", rating=3), {"r": 3}),
        (TEN, {"r": 10}, region("r", "t", "rating", rating=10), {"r": 10}),
        (PAIRWISE, {"p": "left"}, region("p", "one", "pairwise", selected="left"), {"p": "left"}),
        (PAIRWISE, {"p": " Right"}, region("p", "one", "pairwise", selected="right"),
         {"p": "right"}),
    ],
)  # fmt: skip
def test_values_become_regions(convert, without_ids, xml, answer, regions, normal):
    made = convert(xml, answer, {"text": "x", "a": "A", "b": "B"})
    assert (without_ids(made), made.answer) == (regions, normal)
    assert (made.problems, made.errors) == ((), ())


@pytest.mark.parametrize(
    ("xml", "name", "answers"),
    [
        (FREE, "n", ["four", "nan", "1_000", True, [4], {}, float("nan"), 10**400]),
        (BOUND, "n", [-2, 11, 9.7, 10.000001, "1e9"]),
        (FIVE, "r", [0, 6, -1, 2.5, "many", False, [1, 2], 10**400]),
        (TEN, "r", [11]),
        (PAIRWISE, "p", ["one", "none", 1, ["left"], True]),
    ],
)
def test_values_that_do_not_fit_are_problems_not_guesses(convert, xml, name, answers):
    for answer in answers:
        made = convert(xml, {name: answer})
        assert made.result == []
        assert [problem.control for problem in made.problems] == [name]
        assert made.errors


@pytest.mark.parametrize(("xml", "name"), [(FREE, "n"), (FIVE, "r"), (PAIRWISE, "p")])
def test_null_everywhere_says_that_there_is_nothing_to_tell(convert, xml, name):
    made = convert(xml, {name: None})
    assert (made.result, made.errors, made.problems) == ([], (), ())


def test_steps_too_fine_for_floats_still_fit(convert):
    xml = NUMBER.replace("{extra}", 'step="0.1"')
    assert convert(xml, {"n": 0.3}).errors == ()
    assert convert(xml, {"n": 0.35}).errors


def test_schemas_leave_bounds_to_the_description():
    number, rating, pairwise = (LabelingConfig.parse(xml) for xml in (BOUND, TEN, PAIRWISE))
    assert number.schema({})["properties"]["n"] == {"type": ["number", "null"]}
    assert "a number from -1 to 10 in steps of 0.5" in number.describe({})
    assert rating.schema({})["properties"]["r"] == {"type": "integer", "enum": [*range(1, 11)]}
    assert "from 1 to 10" in rating.describe({})
    sides = {"type": ["string", "null"], "enum": ["left", "right", None]}
    assert pairwise.schema({})["properties"]["p"] == sides
    assert '"left" for "a", "right" for "b"' in pairwise.describe({})


@pytest.mark.parametrize(
    ("extra", "words"), [('min="3"', "a number, 3 or more"), ('max="3"', "a number, 3 or less")]
)
def test_one_sided_bounds_are_described(extra, words):
    assert words in LabelingConfig.parse(NUMBER.replace("{extra}", extra)).describe({})


@pytest.mark.parametrize(
    ("xml", "name", "value", "answer"),
    [
        (FREE, "n", {"number": 3.0}, 3),
        (FREE, "n", {"number": None}, None),
        (FIVE, "r", {"rating": 4}, 4),
        (FIVE, "r", {"rating": 0}, None),
        (PAIRWISE, "p", {"selected": "right"}, "right"),
        (PAIRWISE, "p", {"selected": "none"}, None),
        (PAIRWISE, "p", "left", None),
    ],
)
def test_annotations_become_values(xml, name, value, answer):
    # The editor points a Pairwise result at the control itself.
    regions = [{"id": "x", "from_name": name, "to_name": name, "type": "x", "value": value}]
    assert LabelingConfig.parse(xml).to_answer(regions, {}) == {name: answer}


@pytest.mark.parametrize(
    ("xml", "name", "answer", "truth", "correct"),
    [
        (FREE, "n", 0.1 + 0.2, 0.3, True),
        (FREE, "n", 0.31, 0.3, False),
        (FREE, "n", "x", 0.3, False),
        (FIVE, "r", 4, 4, True),
        (FIVE, "r", 4, 5, False),
        (PAIRWISE, "p", "left", "right", False),
        (PAIRWISE, "p", None, "right", False),
    ],
)
def test_values_agree_exactly(xml, name, answer, truth, correct):
    agreement = LabelingConfig.parse(xml).compare({name: answer}, {name: truth})[name]
    assert (agreement.correct, agreement.score) == (correct, float(correct))


@pytest.mark.parametrize(
    ("xml", "name"),
    [
        (RATING.replace("{extra}", 'maxRating="0"'), "r"),
        (RATING.replace("{extra}", 'maxRating="many"'), "r"),
        (PAIRWISE.replace("one,two", "one"), "p"),
        (PAIRWISE.replace("one,two", "one,one"), "p"),
    ],
)
def test_controls_that_make_no_sense_cannot_be_answered(xml, name):
    assert list(LabelingConfig.parse(xml).unanswerable) == [name]
