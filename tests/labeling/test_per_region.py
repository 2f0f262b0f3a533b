"""What is asked about each region: part of its item, regions of one id."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig

SPANS = """<View><Text name="t" value="$text"/><Labels name="l" toName="t"><Label value="PER"/>
<Label value="LOC"/></Labels><Choices name="sure" toName="t" perRegion="true" {extra}>
<Choice value="yes"/><Choice value="no"/></Choices>
<TextArea name="quote" toName="t" perRegion="true"/></View>"""
OPTIONAL = SPANS.replace("{extra}", "")
REQUIRED = SPANS.replace("{extra}", 'required="true"')
ONLY_PER = SPANS.replace(
    "{extra}", 'required="true" visibleWhen="region-selected" whenLabelValue="PER"'
)
DATA = {"text": "Ada met Bob in Rome"}
OCR = """<View><Image name="i" value="$image"/><Labels name="l" toName="i"><Label value="Text"/>
<Label value="Sum" alias="S"/></Labels><Rectangle name="b" toName="i"/>
<Polygon name="p" toName="i"/>
<TextArea name="tr" toName="i" perRegion="true" required="true"/></View>"""
BOX = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}
CORNERS = [[10, 10], [30, 10], [20, 30]]


def span(quote: str, label: str = "PER", sure: Any = None, said: Any = None) -> dict[str, Any]:
    item = {"quote": quote, "occurrence": 1, "label": label}
    return {**item, "sure": sure, "quote_": said}


def test_regions_of_what_is_asked_share_the_id_and_the_place(convert):
    made = convert(OPTIONAL, {"l": [span("Bob", sure="no", said="a man")]}, DATA)
    place = {"start": 8, "end": 11}
    assert {region["id"] for region in made.result} == {made.result[0]["id"]}
    assert [(each["from_name"], each["value"]) for each in made.result] == [
        ("l", {**place, "text": "Bob", "labels": ["PER"]}),
        ("sure", {**place, "text": "Bob", "choices": ["no"]}),
        ("quote", {**place, "text": ["a man"]}),
    ]
    assert made.answer == {"l": [span("Bob", sure="no", said=["a man"])]}


def test_what_cannot_be_used_about_a_region_is_reported_and_the_region_stays(convert):
    made = convert(OPTIONAL, {"l": [span("Bob", sure="perhaps")]}, DATA)
    assert made.answer == {"l": [span("Bob")]}
    assert made.problems[0].control == "l"
    assert '"sure" of the quote "Bob": "perhaps" is not one of' in made.problems[0].message


@pytest.mark.parametrize(
    ("xml", "spans", "stay"),
    [
        (REQUIRED, [span("Ada"), span("Bob", sure="no")], ["Bob"]),
        (REQUIRED, [span("Ada", sure="perhaps"), span("Bob", sure="no")], ["Bob"]),
        (ONLY_PER, [span("Ada"), span("Rome", "LOC"), span("Bob", sure="no")], ["Bob", "Rome"]),
    ],
)
def test_a_region_that_lacks_a_required_answer_is_left_out_and_reported(convert, xml, spans, stay):
    made = convert(xml, {"l": spans}, DATA)
    assert [item["quote"] for item in made.answer["l"]] == stay
    assert 'A region without "sure" cannot be submitted' in made.problems[-1].message
    assert made.errors == ()


def test_an_answer_about_a_region_it_does_not_show_for_is_dropped(convert):
    made = convert(ONLY_PER, {"l": [span("Rome", "LOC", sure="yes")]}, DATA)
    assert made.answer == {"l": [span("Rome", "LOC")]}
    assert [each.control for each in made.problems] == ["sure"]


def test_regions_that_differ_in_something_hidden_are_one(convert):
    spans = [span("Rome", "LOC", sure="yes"), span("Rome", "LOC", sure="no")]
    made = convert(ONLY_PER, {"l": spans}, DATA)
    assert made.answer == {"l": [span("Rome", "LOC")]}
    assert len(made.result) == 1


def test_the_same_span_said_differently_is_two_regions(convert):
    made = convert(OPTIONAL, {"l": [span("Bob", sure="no"), span("Bob", sure="yes")]}, DATA)
    assert len({region["id"] for region in made.result}) == 2
    assert [item["sure"] for item in made.answer["l"]] == ["no", "yes"]


def test_what_is_asked_of_regions_on_one_object_is_not_asked_of_those_on_another():
    xml = OPTIONAL.replace("</View>", '<Text name="u" value="$other"/><Labels name="m" toName="u">'
                           '<Label value="X"/></Labels></View>')  # fmt: skip
    properties = LabelingConfig.parse(xml).schema({})["properties"]
    assert "sure" in properties["l"]["items"]["properties"]
    assert "sure" not in properties["m"]["items"]["properties"]


def test_shapes_take_their_labels_and_words_along(convert):
    box = {**BOX, "l": "S", "tr": ["9 €"]}
    polygon = {"points": [{"x": x, "y": y} for x, y in CORNERS], "l": "Text", "tr": "abc"}
    made = convert(OCR, {"b": [box], "p": [polygon]}, {"image": "/a.png"})
    shape = {"points": CORNERS, "closed": True}
    assert [(each["from_name"], each["type"], each["value"]) for each in made.result] == [
        ("b", "rectangle", BOX),
        ("l", "labels", {**BOX, "labels": ["S"]}),
        ("tr", "textarea", {**BOX, "text": ["9 €"]}),
        ("p", "polygon", shape),
        ("l", "labels", {**shape, "labels": ["Text"]}),
        ("tr", "textarea", {**shape, "text": ["abc"]}),
    ]
    assert len({each["id"] for each in made.result}) == 2
    assert made.answer["b"] == [{**box, "l": "Sum"}]


@pytest.mark.parametrize("bare", [True, False])
def test_annotations_of_shapes_are_joined_by_their_id(bare):
    place = {} if bare else BOX
    image = {"to_name": "i", "original_width": 640, "original_height": 480, "image_rotation": 0}
    regions = [
        {**image, "id": "o", "from_name": "tr", "type": "textarea",
         "value": {**place, "text": ["abc"]}},
        {**image, "id": "o", "from_name": "l", "type": "labels",
         "value": {**place, "labels": ["Text"]}},
        {**image, "id": "o", "from_name": "b", "type": "rectangle", "value": BOX},
        {**image, "id": "other", "from_name": "tr", "type": "textarea",
         "value": {"text": ["lost"]}},
    ]  # fmt: skip
    answer = LabelingConfig.parse(OCR).to_answer(regions, {"image": "/a.png"})
    assert answer == {"b": [{**BOX, "l": "Text", "tr": ["abc"]}], "p": []}


def test_nothing_that_marks_regions_leaves_the_question_unanswerable():
    xml = (
        '<View><Text name="t" value="$text"/><Rating name="r" toName="t" perRegion="true"/></View>'
    )
    assert "marks regions" in LabelingConfig.parse(xml).unanswerable["r"]
