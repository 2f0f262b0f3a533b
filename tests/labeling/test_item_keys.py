"""Items of a list under keys in another spelling, and lists in a wrapper."""

from __future__ import annotations

import json

import pytest

from support.tables import each_row

TEXT = """<View><Text name="t" value="$text"/><Labels name="c" toName="t"><Label value="A"/>
</Labels></View>"""
SHAPES = """<View><Image name="i" value="$image"/><{0}Labels name="c" toName="i"><Label value="A"/>
</{0}Labels></View>"""
DATA = {"text": "some text and some", "image": "/a.png"}
SPAN = {"quote": "some", "occurrence": 2, "label": "A"}
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "label": "A"}


@each_row(
    "given",
    [
        [{"Quote": "some", "Occurrence": 2, "Label": "A"}],
        [{"QUOTE": "some", "occurrence": 2, "LABEL": "A"}],
        [{"quote": "some", "occurrence": 2, "labels": ["A"]}],
        [{"quote": "some", "occurrence": 2, "Labels": "A"}],
        [{**SPAN, "Label": "A", "why": "it is"}],
        SPAN,
        {"Quote": "some", "Occurrence": 2, "Label": "A"},
        json.dumps([SPAN]),
        json.dumps(SPAN),
        {"spans": [SPAN]},
        {"entities": [{"Quote": "some", "Occurrence": 2, "Label": "A"}]},
        json.dumps({"spans": [SPAN]}),
    ],
)
def test_spans_are_what_they_mean(convert, given):
    made = convert(TEXT, {"c": given}, DATA)
    assert made.answer == {"c": [SPAN]}
    assert made.problems == ()


@pytest.mark.parametrize(
    ("tag", "item", "normal"),
    [
        ("Rectangle", {"X": 10, "Y": 20, "Width": 30, "Height": 40, "Label": "A"}, BOX),
        ("Rectangle", {**BOX, "x": "10%", "width": " 30 % "}, BOX),
        ("Ellipse", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "label": "A"},
         {"x": 50, "y": 50, "radius_x": 10, "radius_y": 5, "rotation": 0, "label": "A"}),
        ("Polygon", {"Points": [{"X": 1, "Y": 9}, {"X": 9, "Y": 9}, {"X": 5, "Y": 1}],
                     "label": "A"},
         {"points": [{"x": 1, "y": 9}, {"x": 9, "y": 9}, {"x": 5, "y": 1}], "label": "A"}),
    ],
)  # fmt: skip
def test_shapes_are_what_they_mean(convert, tag, item, normal):
    for given in ([item], item, {"shapes": [item]}):
        made = convert(SHAPES.replace("{0}", tag), {"c": given}, DATA)
        assert made.answer == {"c": [normal]}
        assert made.problems == ()


@each_row(
    "given",
    [
        "some",
        "[some]",
        {},
        {"spans": [SPAN], "more": [SPAN]},
        {"quote": "some"},
        {"spans": []},
        [{**SPAN, "Label": "B"}],
        [{**SPAN, "labels": ["B"]}],
        [{"Quote": "some", "quote": "text", "label": "A"}],
        [{**SPAN, "label": ["A", "B"]}],
    ],
)
def test_what_means_two_things_or_none_is_asked_again(convert, given):
    assert convert(TEXT, {"c": given}, DATA).errors


def test_pixels_under_other_keys_are_in_doubt_as_well(convert):
    item = {"X": 300, "Y": 20, "Width": 30, "Height": 40, "Label": "A"}
    made = convert(SHAPES.replace("{0}", "Rectangle"), {"c": [BOX, item]}, DATA)
    assert "not pixels" in made.errors[0]


def test_a_lone_polygon_is_a_list_of_one(convert):
    xml = '<View><Image name="i" value="$image"/><Polygon name="c" toName="i"/></View>'
    points = [{"x": 1, "y": 9}, {"x": 9, "y": 9}, {"x": 5, "y": 1}]
    assert convert(xml, {"c": {"points": points}}, DATA).answer == {"c": [{"points": points}]}
