from __future__ import annotations

import json
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig

XML = """<View><Text name="t" value="$text"/><Relations><Relation value="knows"/>
<Relation value="lives in" alias="lives"/></Relations>
<Labels name="who" toName="t"><Label value="PER"/></Labels>
<Labels name="where" toName="t"><Label value="LOC"/></Labels></View>"""
BARE = XML.replace('<Relation value="knows"/>', "").replace(
    '<Relation value="lives in" alias="lives"/>', ""
)
DATA = {"text": "Ada met Bob in Rome"}
WHO = [
    {"id": 7, "quote": "Ada", "occurrence": 1, "label": "PER"},
    {"id": 9, "quote": "Bob", "occurrence": 1, "label": "PER"},
]
WHERE = [{"id": 3, "quote": "Rome", "occurrence": 1, "label": "LOC"}]


def answer(*relations: Any) -> dict[str, Any]:
    return {"who": WHO, "where": WHERE, "relations": list(relations)}


def related(made: Any) -> list[tuple[Any, ...]]:
    words = {each["id"]: each["value"]["text"] for each in made.result if "id" in each}
    return [
        (words[each["from_id"]], words[each["to_id"]], each["direction"], each["labels"])
        for each in made.result
        if each["type"] == "relation"
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([{"from": 7, "to": 9, "direction": "right", "labels": ["knows"]}],
         [("Ada", "Bob", "right", ["knows"])]),
        ([{"from": 9, "to": 3, "direction": "bi", "labels": ["lives in", "KNOWS"]}],
         [("Bob", "Rome", "bi", ["knows", "lives"])]),
        ([{"from": "7", "to": 3.0, "direction": "right"}], [("Ada", "Rome", "right", [])]),
        ([{"from": 7, "to": 9, "labels": ["knows"]}, {"from": 7, "to": 9, "labels": ["lives"]},
          {"from": 9, "to": 7, "labels": []}],
         [("Ada", "Bob", "right", ["knows", "lives"]), ("Bob", "Ada", "right", [])]),
        ([], []),
    ],
)  # fmt: skip
def test_relations_join_the_regions_of_the_numbered_items(convert, given, found):
    made = convert(XML, answer(*given), DATA)
    assert related(made) == found
    assert made.problems == ()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"from": 7, "to": 8, "labels": []}, '"to": 8 is the "id" of no item'),
        ({"from": None, "to": 7}, '"from": null is the "id" of no item'),
        ({"from": 7, "to": 7}, "must lead to another item"),
        ({"from": 7, "to": 3, "direction": "up"}, '"direction": "up" is not one of right, left'),
        ({"from": 7, "to": 9, "direction": "left", "labels": []}, "differ in direction"),
        ("7-9", "must be an object"),
    ],
)
def test_a_relation_without_both_ends_is_reported_and_the_others_stay(convert, bad, reason):
    made = convert(XML, answer({"from": 7, "to": 9, "labels": ["knows"]}, bad), DATA)
    assert related(made) == [("Ada", "Bob", "right", ["knows"])]
    assert [problem.control for problem in made.problems] == ["relations"]
    assert reason in made.problems[0].message


def test_a_number_of_two_items_names_neither(convert):
    items = {"who": [*WHO, {**WHO[1], "id": 7}], "where": [{**WHERE[0], "id": 9}]}
    relations = [{"from": 7, "to": 3}, {"from": 9, "to": 7}]
    for same in ({"who": WHO, "where": [{**WHERE[0], "id": 7}]}, items):
        made = convert(XML, {**same, "relations": relations}, DATA)
        assert related(made) == []
        assert "or of two" in str(made.problems)


def test_an_item_that_cannot_be_placed_takes_its_relations_with_it(convert):
    lost = {"id": 1, "quote": "Eve", "occurrence": 1, "label": "PER"}
    said = {"who": [*WHO, lost], "where": [], "relations": [{"from": 1, "to": 7}]}
    made = convert(XML, said, DATA)
    assert related(made) == []
    assert len(made.problems) == 2


def test_in_normal_form_items_are_numbered_in_order(convert):
    made = convert(XML, answer({"from": 3, "to": 9, "labels": []}), DATA)
    assert [item["id"] for item in [*made.answer["who"], *made.answer["where"]]] == [1, 2, 3]
    assert made.answer["relations"] == [{"from": 3, "to": 2, "direction": "right", "labels": []}]


def test_relations_without_classes_have_no_labels(convert):
    made = convert(BARE, answer({"from": 7, "to": 9, "labels": ["knows"]}), DATA)
    assert made.answer["relations"] == [{"from": 1, "to": 2, "direction": "right"}]


def test_relations_agree_whatever_the_items_are_numbered():
    config = LabelingConfig.parse(XML)
    ours = config.to_conversion(answer({"from": 7, "to": 9, "labels": ["knows"]}), DATA).answer
    theirs = {**ours, "who": [{**item, "id": 9 - item["id"]} for item in ours["who"]]}
    theirs["relations"] = [{**ours["relations"][0], "from": 8, "to": 7}]
    assert config.compare(ours, theirs, DATA)["relations"].correct
    theirs["relations"] = [{**ours["relations"][0], "from": 7, "to": 8}]
    assert not config.compare(ours, theirs, DATA)["relations"].correct


def test_keys_of_relations_are_read_as_those_of_other_items(convert):
    for said in (
        {"From": 7, "To": 3, "Direction": "left", "Labels": ["knows"]},
        {"FROM": 7, "TO": 3, "DIRECTION": "left", "label": "knows"},
    ):
        made = convert(XML, answer(said), DATA)
        assert made.answer["relations"][0]["direction"] == "left"
        assert made.answer["relations"][0]["labels"] == ["knows"]
    one = {"from": 7, "to": 3, "direction": "left", "labels": ["knows"]}
    for given in (one, json.dumps([one])):
        made = convert(XML, {**answer(), "relations": given}, DATA)
        assert made.answer["relations"][0]["direction"] == "left"
