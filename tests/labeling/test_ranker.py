from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig

LIST = '<View><List name="li" value="$items"/><Ranker name="best" toName="li"/></View>'
BUCKETS = """<View><List name="li" value="$items"/><Ranker name="r" toName="li">
<Bucket name="good" title="Good ones"/><Bucket name="bad" {extra}/></Ranker></View>"""
PLAIN = BUCKETS.replace("{extra}", "")
DEFAULT = BUCKETS.replace("{extra}", 'default="true"')
DATA = {"items": [{"id": "a"}, {"id": 2}, {"id": "c"}, {"title": "nameless"}, {"id": "a"}]}


def stored(made: Any) -> Any:
    return [region["value"]["ranker"] for region in made.result]


@pytest.mark.parametrize(
    ("answer", "ranked", "problems"),
    [
        (["c", "2", "a"], ["c", "2", "a"], 0),
        ([2, "c", "a"], ["2", "c", "a"], 0),
        ({"best": ["c", "a", "2"]}, ["c", "a", "2"], 0),
        # what is not ranked, or twice, is reported
        (["c"], ["c", "a", "2"], 1),
        (["c", "c", "a", "2"], ["c", "a", "2"], 1),
        (["zz", "c"], ["c", "a", "2"], 2),
    ],
)
def test_a_ranking_names_every_item_once(convert, answer, ranked, problems):
    made = convert(LIST, {"best": answer}, DATA)
    assert stored(made) == [{"best": ranked}]
    assert made.answer == {"best": ranked}
    assert len(made.problems) == problems


@pytest.mark.parametrize("answer", [[], "a", ["zz"], {}, [None], 3])
def test_a_ranking_of_nothing_is_no_answer(convert, answer):
    assert convert(LIST, {"best": answer}, DATA).errors


@pytest.mark.parametrize(
    ("xml", "answer", "columns", "normal"),
    [
        (PLAIN, {"good": ["c"], "bad": ["a"]}, {"_": ["2"], "good": ["c"], "bad": ["a"]},
         {"good": ["c"], "bad": ["a"]}),
        (PLAIN, {"good": ["c"]}, {"_": ["a", "2"], "good": ["c"], "bad": []},
         {"good": ["c"], "bad": []}),
        (DEFAULT, {"good": ["c"], "bad": ["2"]}, {"good": ["c"], "bad": ["2", "a"]},
         {"good": ["c"], "bad": ["2", "a"]}),
        (PLAIN, {"good": [], "bad": []}, {"_": ["a", "2", "c"], "good": [], "bad": []},
         {"good": [], "bad": []}),
    ],
)  # fmt: skip
def test_items_are_put_into_buckets_once_and_the_rest_stays(convert, xml, answer, columns, normal):
    made = convert(xml, {"r": answer}, DATA)
    assert stored(made) == [columns]
    assert made.answer == {"r": normal}
    assert made.problems == ()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"good": ["c", "a"], "bad": ["a"]}, '"a" is there twice'),
        ({"good": ["c", "a"], "bad": [], "worse": ["2"]}, '"worse" is no bucket'),
    ],
)
def test_an_item_in_two_buckets_or_in_none_there_is_is_reported(convert, answer, why):
    made = convert(PLAIN, {"r": answer}, DATA)
    assert made.answer == {"r": {"good": ["c", "a"], "bad": []}}
    assert [why in each.message for each in made.problems] == [True]


def test_buckets_that_are_no_object_of_lists_are_reported(convert):
    assert "An object of lists" in convert(PLAIN, {"r": ["a"]}, DATA).errors[0]
    made = convert(PLAIN, {"r": {"good": "a", "bad": ["c"]}}, DATA)
    assert made.answer == {"r": {"good": [], "bad": ["c"]}}
    assert len(made.problems) == 1


def test_a_task_without_items_has_nothing_to_rank(check_strict):
    for data in ({}, {"items": "x"}, {"items": [1, None]}):
        for xml in (LIST, PLAIN):
            config = LabelingConfig.parse(xml)
            check_strict(config.schema(data))
            assert 'brings no ids in "items"' in config.describe(data)
            assert config.to_conversion({"r": {"good": []}, "best": ["a"]}, data).errors


@pytest.mark.parametrize(
    ("xml", "value", "answer"),
    [
        (LIST, {"best": ["c", "a", "2"]}, ["c", "a", "2"]),
        (LIST, {"other": ["c"]}, None),
        (LIST, ["c"], None),
        (PLAIN, {"_": ["a"], "good": ["c"]}, {"good": ["c"], "bad": []}),
        (PLAIN, None, None),
    ],
)
def test_annotations_become_answers(xml, value, answer):
    config = LabelingConfig.parse(xml)
    (name,) = config.controls
    region = {"id": "x", "from_name": name, "to_name": "li", "type": "ranker"}
    assert config.to_answer([{**region, "value": {"ranker": value}}], DATA) == {name: answer}


@pytest.mark.parametrize(
    ("answer", "truth", "correct", "score"),
    [
        (["a", "2", "c"], ["a", "2", "c"], True, 1.0),
        (["c", "2", "a"], ["a", "2", "c"], False, 0.0),
        (["a", "c", "2"], ["a", "2", "c"], False, pytest.approx(2 / 3)),
    ],
)
def test_rankings_agree_by_pairs(answer, truth, correct, score):
    config = LabelingConfig.parse(LIST)
    agreement = config.compare({"best": answer}, {"best": truth})["best"]
    assert (agreement.correct, agreement.score) == (correct, score)
