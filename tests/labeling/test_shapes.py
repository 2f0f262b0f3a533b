"""RectangleLabels, EllipseLabels, KeyPointLabels, PolygonLabels, and the same without labels."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

XML = """<View><Image name="i" {source}/><{tag} name="s" toName="i" {extra}>
<Label value="Cat"/><Label value="Dog" alias="dg"/></{tag}></View>"""
DATA = {"image": "/a.png", "pages": ["/a.png", "/b.png"]}


def config(tag: str, extra: str = "", source: str = 'value="$image"') -> str:
    return XML.replace("{tag}", tag).replace("{extra}", extra).replace("{source}", source)


def box(x: Any, y: Any, width: Any, height: Any, rotation: Any = 0, **more: Any) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "rotation": rotation, **more}


def ellipse(x: Any, y: Any, rx: Any, ry: Any, rotation: Any = 0) -> dict[str, Any]:
    return {"x": x, "y": y, "radius_x": rx, "radius_y": ry, "rotation": rotation}


def stored_ellipse(x: Any, y: Any, rx: Any, ry: Any, rotation: Any = 0) -> dict[str, Any]:
    return {"x": x, "y": y, "radiusX": rx, "radiusY": ry, "rotation": rotation}


def corners(*points: tuple[Any, Any]) -> dict[str, Any]:
    return {"points": [{"x": x, "y": y} for x, y in points]}


def stored_corners(*points: tuple[Any, Any]) -> dict[str, Any]:
    return {"points": [list(point) for point in points], "closed": True}


SHAPES = [
    ("Rectangle", box(10, 20, 30, 40), box(10, 20, 30, 40)),
    ("Rectangle", box(30.123456789, 20, 30.5, 40.0), box(30.123456789, 20, 30.5, 40)),
    ("Rectangle", box("10", "20", "30", "40", None), box(10, 20, 30, 40)),
    # off by rounding
    ("Rectangle", box(90, -0.5, 10.25, 40), box(90, 0, 10, 39.5)),
    ("Rectangle", box(-1, 95, 20, 6), box(0, 95, 19, 5)),
    ("Rectangle", box(-0.5, 50, 100.5, 10, 45), box(0, 50, 100, 10, 45)),
    ("Rectangle", box(0, 0, 2, 1.5), box(0, 0, 2, 1.5)),
    ("Rectangle", box(10, 20, 1, 1), box(10, 20, 1, 1)),
    ("Rectangle", box(40, 40, 30, 30, 180), box(40, 40, 30, 30, 180)),
    ("Rectangle", box(100, 10, 40, 30, 90), box(100, 10, 40, 30, 90)),
    ("Rectangle", box(0, 0, 100, 100), box(0, 0, 100, 100)),
    ("Rectangle", box(50, 50, 20, 10, 45), box(50, 50, 20, 10, 45)),
    ("Rectangle", box(50, 50, 20, 10, -90), box(50, 50, 20, 10, 270)),
    ("Rectangle", box(50, 50, 20, 10, 360), box(50, 50, 20, 10, 0)),
    ("Rectangle", {"x": 1, "y": 2, "width": 3, "height": 4}, box(1, 2, 3, 4)),
    ("Ellipse", ellipse(50, 50, 10, 5), stored_ellipse(50, 50, 10, 5)),
    ("Ellipse", ellipse(100.5, -1, 50.25, 50, 400), stored_ellipse(100, 0, 50, 50, 40)),
    ("Ellipse", ellipse(95, 50, 10, 5), stored_ellipse(95, 50, 10, 5)),
    ("KeyPoint", {"x": 5, "y": 99.5}, {"x": 5, "y": 99.5, "width": 0.75}),
    ("KeyPoint", {"x": 0, "y": 100}, {"x": 0, "y": 100, "width": 0.75}),
    ("KeyPoint", {"x": 0, "y": 0}, {"x": 0, "y": 0, "width": 0.75}),
    ("KeyPoint", {"x": -1, "y": 101}, {"x": 0, "y": 100, "width": 0.75}),
    ("Polygon", corners((10, 10), (30, 10), (20, 30)),
     stored_corners((10, 10), (30, 10), (20, 30))),
    ("Polygon", corners((10, 10), (30, 10), (20, 30), (10, 10)),
     stored_corners((10, 10), (30, 10), (20, 30))),
    ("Polygon", corners((-0.5, 10), (100.5, 10), (20, 30), (20, 30)),
     stored_corners((0, 10), (100, 10), (20, 30))),
    ("Polygon", {"points": [[10, 10], [30, 10], [20, 30]]},
     stored_corners((10, 10), (30, 10), (20, 30))),
]  # fmt: skip


@pytest.mark.slow
@each_row(("tag", "item", "place"), SHAPES)
def test_shapes_are_stored_in_percent_within_the_image(convert, without_ids, tag, item, place):
    made = convert(config(f"{tag}Labels"), {"s": [{**item, "label": "dg"}]}, DATA)
    kind = f"{tag}Labels".lower()
    assert without_ids(made) == [
        {"from_name": "s", "to_name": "i", "type": kind, "value": {**place, kind: ["dg"]}}
    ]
    assert made.answer["s"][0]["label"] == "Dog"
    bare = f'<View><Image name="i" value="$image"/><{tag} name="s" toName="i"/></View>'
    made = convert(bare, {"s": [item]}, DATA)
    assert without_ids(made) == [
        {"from_name": "s", "to_name": "i", "type": tag.lower(), "value": place}
    ]


@pytest.mark.slow
@each_row(
    ("tag", "item", "reason"),
    [
        ("Rectangle", {"x": 1, "y": 2, "width": 3}, 'must have the numbers "x", "y", "width"'),
        ("Rectangle", box(1, 2, "wide", 4), "must have the numbers"),
        ("Rectangle", box(1, 2, float("inf"), 4), "must have the numbers"),
        ("Rectangle", box(1, 2, float("nan"), 4), "must have the numbers"),
        ("Rectangle", box(1, 2, 3, 4, "left"), '"rotation" must be a number of degrees'),
        ("Rectangle", box(1, 2, 3, 4, float("inf")), '"rotation" must be a number of degrees'),
        ("Rectangle", box(1, 2, 0, 4), "has no size"),
        ("Rectangle", box(1, 2, -3, 4), "has no size"),
        ("Rectangle", box(100, 2, 0.5, 4), "lies outside of the picture"),
        ("Rectangle", box(0.1, 0.2, 0.3, 0.4), "as if they were fractions"),
        ("Rectangle", box(0, 0, 1, 1), "as if they were fractions"),
        ("Rectangle", box(0.1, 0.2, 0.3, 0.4, 90), "as if they were fractions"),
        ("Rectangle", box(0.1, 0.1, 0.5, 1.004), "as if they were fractions"),
        ("Rectangle", box(-0.02, 0.1, 0.5, 0.5), "as if they were fractions"),
        ("Rectangle", box(0.1, 0.1, 1.2, 0.5), "as if they were fractions"),
        ("Rectangle", box(0, 0, 1.5, 1), "as if they were fractions"),
        ("KeyPoint", {"x": 0.2, "y": 1.01}, "as if they were fractions"),
        ("Ellipse", ellipse(1.04, 0.5, 0.2, 0.2), "as if they were fractions"),
        ("Polygon", corners((0, 0), (0.5, 0), (1.1, 1)), "as if they were fractions"),
        ("Ellipse", ellipse(5, 5, 0, 5), "has no size"),
        ("Ellipse", ellipse(5, 5, 60, 5), "larger than the picture"),
        ("Ellipse", ellipse(0.5, 0.5, 0.1, 0.1), "as if they were fractions"),
        ("Ellipse", ellipse(5, 5, 6, 5, [1]), '"rotation" must be a number of degrees'),
        ("Ellipse", ellipse(5, None, 3, 5), 'must have the numbers "x", "y", "radius_x"'),
        ("KeyPoint", {"x": 0.4, "y": 0.6}, "as if they were fractions"),
        ("KeyPoint", {"x": 1, "y": 1}, "as if they were fractions"),
        ("KeyPoint", {"x": [5], "y": 5}, 'must have the numbers "x" and "y"'),
        ("Polygon", corners((0, 0), (0.5, 0), (1, 1)), "as if they were fractions"),
        ("Polygon", corners((1, 1), (2, 2)), 'at least three different "points"'),
        ("Polygon", corners((1, 1), (2, 2), (1, 1)), 'at least three different "points"'),
        ("Polygon", {"points": [1, 2, 3]}, 'must have the numbers "x" and "y"'),
        ("Polygon", {"points": None}, 'at least three different "points"'),
        ("Polygon", [1, 2], "each must be an object"),
    ],
)
def test_what_is_no_shape_is_reported_and_the_others_stay(convert, tag, item, reason):
    good = next(item for name, item, _ in SHAPES if name == tag)
    bad = {**item, "label": "Cat"} if isinstance(item, dict) else item
    made = convert(config(f"{tag}Labels"), {"s": [bad, {**good, "label": "Cat"}]}, DATA)
    assert len(made.result) == 1
    assert len(made.problems) == 1
    assert reason in made.problems[0].message


PIXELS = [
    ("Rectangle", box(60, 40, 200, 90)),
    ("Rectangle", box(90, 80, 500, 300)),
    ("Rectangle", box(110, 2, 5, 4)),
    ("Rectangle", box(110, 2, 5, 4, 45)),
    ("Rectangle", box(320, 240, 64, 48)),
    ("Rectangle", box("250", "400", "300", "200")),
    ("Ellipse", ellipse(320, 240, 30, 20)),
    ("Ellipse", ellipse(50, 40, 130, 20)),
    ("KeyPoint", {"x": 320, "y": 5}),
    ("Polygon", corners((10, 10), (300, 10), (20, 30))),
    ("Polygon", {"points": [[10, 10], [300, 10], [20, 30]]}),
]


@pytest.mark.slow
@each_row(("tag", "item"), PIXELS)
def test_a_number_above_100_puts_all_shapes_in_doubt(convert, tag, item):
    """Of an answer in pixels some shapes look like percent by chance: those are wrong as well."""
    good = next(item for name, item, _ in SHAPES if name == tag)
    made = convert(config(f"{tag}Labels"), {"s": [{**good, "label": "Cat"}, item]}, DATA)
    assert made.result == []
    assert "percent from 0 to 100 of the picture's width and height, not pixels" in made.errors[0]
    bare = f'<View><Image name="i" value="$image"/><{tag} name="s" toName="i"/></View>'
    assert convert(bare, {"s": [item]}, DATA).errors


OUTSIDE = [
    ("Rectangle", box(60, 40, 60, 40)),
    ("Rectangle", box(-10, 40, 20, 40)),
    ("Rectangle", box(-10, 40, 20, 40, 45)),
    ("Rectangle", box(90, 80, 95, 90)),
    ("Rectangle", box("90", "80", "95", "90")),
    ("Rectangle", box(10, 10, 30, 95)),
    ("Rectangle", box(90, 80, 95, 90, 1)),
    ("Rectangle", box(10, 10, 30, 30, 180)),
    ("Rectangle", box(60, 60, 90, 90, -30)),
    ("Rectangle", box(50, 60, 40, 90, 359)),
    ("Ellipse", ellipse(-5, 5, 6, 5)),
    ("Ellipse", ellipse(95, 80, 40, 30)),
    ("Ellipse", ellipse(50, 10, 5, 30, 0)),
    ("Ellipse", ellipse(50, 10, 5, 30, 360)),
    ("KeyPoint", {"x": -3, "y": 5}),
    ("KeyPoint", {"x": 3, "y": -1.5}),
    ("Polygon", corners((-5, 10), (30, 10), (20, 30))),
]


@each_row(("tag", "item"), OUTSIDE)
def test_a_shape_that_reaches_out_puts_all_shapes_in_doubt(convert, tag, item):
    """Corners for sizes or sizes for radii look right by chance beside one that cannot be."""
    good = next(item for name, item, _ in SHAPES if name == tag)
    made = convert(config(f"{tag}Labels"), {"s": [{**good, "label": "Cat"}, item]}, DATA)
    assert made.result == []
    assert "reaches out of the picture, so none of them is taken" in made.errors[0]


TWO = """<View><Image name="i" value="$image"/><Image name="j" value="$other"/>
<RectangleLabels name="s" toName="i"><Label value="Cat"/></RectangleLabels>
<{tag} name="r" toName="{thing}"/></View>"""
CAT = box(10, 10, 20, 20, label="Cat")


@pytest.mark.slow
@each_row(("tag", "item"), [*PIXELS, *OUTSIDE])
def test_shapes_of_another_tag_on_the_image_are_in_doubt_as_well(convert, tag, item):
    xml = TWO.replace("{tag}", tag)
    for answer in ({"s": [CAT], "r": [item]}, {"r": [item], "s": [CAT]}):
        made = convert(xml.replace("{thing}", "i"), answer, DATA)
        assert made.result == []
        assert {each.control for each in made.problems} == {"s", "r"}
        made = convert(xml.replace("{thing}", "j"), answer, {**DATA, "other": "/b.png"})
        assert [each["from_name"] for each in made.result] == ["s"]
        assert {each.control for each in made.problems} == {"r"}


def test_nothing_drawn_is_in_no_doubt(convert):
    made = convert(TWO.replace("{tag}", "Ellipse").replace("{thing}", "i"),
                   {"s": [], "r": [ellipse(320, 240, 30, 20)]}, DATA)  # fmt: skip
    assert {each.control for each in made.problems} == {"r"}


def test_a_shape_without_a_known_label_is_reported(convert):
    made = convert(config("RectangleLabels"), {"s": [box(1, 1, 5, 5, label="Cow")]}, DATA)
    assert 'The label of one of the boxes: "Cow" is not one of "Cat", "Dog".' in made.errors[0]


def test_shapes_stay_in_the_order_given_and_doubles_are_one(convert):
    items = [box(9, 1, 5, 5, label="Dog"), box(1, 1, 5, 5, label="Cat")]
    made = convert(config("RectangleLabels"), {"s": [*items, items[0]]}, DATA)
    assert made.answer["s"] == items
    assert len(made.result) == 2


def test_labels_of_one_shape_share_a_region_where_a_region_may_have_several(convert):
    xml = config("RectangleLabels", 'choice="multiple"')
    items = [box(1, 1, 5, 5, label="Dog"), box(1, 1, 5, 5, label="Cat")]
    made = convert(xml, {"s": items}, DATA)
    assert [each["value"]["rectanglelabels"] for each in made.result] == [["Cat", "dg"]]
    elsewhere = [items[0], box(50, 1, 5, 5, label="Cat"), items[1]]
    assert len(convert(xml, {"s": elsewhere}, DATA).result) == 2


def test_a_shape_is_on_a_page(convert):
    xml = config("RectangleLabels", source='valueList="$pages"')
    items = [box(1, 1, 5, 5, label="Cat", page=2), box(1, 1, 5, 5, label="Cat", page=1)]
    made = convert(xml, {"s": items}, DATA)
    assert [each["item_index"] for each in made.result] == [0, 1]
    assert [each["page"] for each in made.answer["s"]] == [1, 2]
    for page in (0, 3, None, "two", 1.5):
        made = convert(xml, {"s": [box(1, 1, 5, 5, label="Cat", page=page)]}, DATA)
        assert '"page" must be a whole number from 1 to 2.' in made.errors[0]


def test_an_annotation_without_a_page_is_on_the_first():
    parsed = LabelingConfig.parse(config("RectangleLabels", source='valueList="$pages"'))
    value = {**box(1, 1, 5, 5), "rectanglelabels": ["dg"]}
    region = {"id": "a", "from_name": "s", "to_name": "i", "original_width": 9, "value": value}
    (item,) = parsed.to_answer([region], DATA)["s"]
    assert item == {"page": 1, **box(1, 1, 5, 5), "label": "Dog"}


@pytest.mark.parametrize(
    ("answer", "truth", "correct", "score"),
    [
        ([box(0, 0, 10, 10, label="Cat")], [box(0, 0, 10, 10, label="Cat")], True, 1.0),
        ([box(0, 0, 10, 10, label="Cat")], [box(0, 0, 10, 9, label="Cat")], True, 1.0),
        ([box(0, 0, 10, 10, label="Cat")], [box(0, 0, 10, 4, label="Cat")], False, 0.0),
        ([box(0, 0, 10, 10, label="Cat")], [box(0, 0, 10, 10, label="Dog")], False, 0.0),
        ([box(0, 0, 10, 10, label="Cat")], [], False, 0.0),
        ([], [], True, 1.0),
        ([box(0, 0, 9, 9, label="Cat")] * 2, [box(0, 0, 9, 9, label="Cat")], False,
         pytest.approx(2 / 3)),
    ],
)  # fmt: skip
def test_shapes_agree_when_they_overlap_by_half(answer, truth, correct, score):
    parsed = LabelingConfig.parse(config("RectangleLabels"))
    agreement = parsed.compare({"s": answer}, {"s": truth}, DATA)["s"]
    assert (agreement.correct, agreement.score) == (correct, score)


def test_words_on_a_document_are_boxes_on_its_pages(convert, without_ids):
    xml = """<View><Pdf name="pdf" value="$pdf"/><OcrLabels name="o" toName="pdf">
    <Label value="Sum"/></OcrLabels></View>"""
    item = {"page": 2, **box(1, 2, 3, 4), "text": "9 €", "label": "Sum"}
    bad = [{**item, "page": 0}, {**item, "text": ["9"]}, {**item, "x": 0.1, "y": 0, "width": 0.5}]
    bad[2]["height"] = 0.1
    made = convert(xml, {"o": [item, *bad]}, {"pdf": "/a.pdf"})
    value = {**box(1, 2, 3, 4), "pageIndex": 1, "ocrtext": "9 €", "ocrlabels": ["Sum"]}
    assert without_ids(made) == [
        {"from_name": "o", "to_name": "pdf", "type": "ocrlabels", "value": value}
    ]
    assert made.answer == {"o": [item]}
    assert len(made.problems) == 3
    assert (
        convert(xml, {"o": [{**item, "text": 9}]}, {"pdf": "/a.pdf"}).answer["o"][0]["text"] == "9"
    )
    assert convert(xml, {"o": [{**item, "width": 640}]}, {"pdf": "/a.pdf"}).errors
