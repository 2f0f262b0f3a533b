"""What of a person's annotation cannot be read, tag by tag: it never passes for "nothing there"."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.documentation import TASK, example_of
from ml_backend.labeling.unreadable import unreadable

CLASSES = '<Choice value="Positive"/><Choice value="Negative" alias="neg"/>'
LABELS = '<Label value="LOC"/><Label value="Org" alias="ORG"/>'
TEXT = '<Text name="t" value="$text"/>'
IMAGE = '<Image name="t" value="$image"/>'
DATA: dict[str, Any] = {
    "text": "Paris is near Lyon",
    "html": "<p>Paris is</p>",
    "talk": [{"text": "Paris"}, {"text": "Lyon"}],
    "image": "/a.png",
    "pages": ["/a.png", "/b.png"],
    "items": [{"id": "a"}, {"id": "b"}],
    "pdf": "/a.pdf",
}

BOX = {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 0}
PLACE = {"start": 0, "end": 5, "text": "Paris"}
SAID = {"start": "0", "end": "0", "startOffset": 0, "endOffset": 5, "text": "Paris"}
SEEN = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 0, "endOffset": 5}
GLOBAL = {**SEEN, "globalOffsets": {"start": 0, "end": 5}}

Rows = list[tuple[str, dict[str, Any], str, str]]


def labels(tag: str, thing: str) -> str:
    return f'{thing}<{tag} name="c" toName="t">{LABELS}</{tag}>'


SPANS = labels("Labels", TEXT)
TALKS = labels("ParagraphLabels", '<Paragraphs name="t" value="$talk"/>')
PAGES = labels("HyperTextLabels", '<HyperText name="t" value="$html"/>')
BOXES = labels("RectangleLabels", IMAGE)
CHOICES = f'{TEXT}<Choices name="c" toName="t">{CLASSES}</Choices>'
TREE = (
    '<Choice value="A"><Choice value="B"/><Choice value="D" alias="d"/></Choice><Choice value="C"/>'
)
NESTED = f'{TEXT}<Choices name="c" toName="t" allowNested="true">{TREE}</Choices>'
TAXONOMY = f'{TEXT}<Taxonomy name="c" toName="t">{TREE}</Taxonomy>'

ROWS: Rows = [
    # (tags, value, what it is read as, or "" and why not)
    (SPANS, {**PLACE, "labels": ["LOC"]}, "Paris", ""),
    (SPANS, {**PLACE, "labels": ["ORG"]}, "Org", ""),
    (SPANS, {"start": 14, "end": 500, "labels": ["LOC"]}, "Lyon", ""),
    (SPANS, {"start": "0", "end": "5", "labels": ["LOC"]}, "Paris", ""),
    (SPANS, PLACE, "", 'has no list "labels"'),
    (SPANS, {**PLACE, "labels": "LOC"}, "", 'has no list "labels", but "LOC"'),
    (SPANS, {**PLACE, "labels": None}, "", 'has no list "labels"'),
    (SPANS, {**PLACE, "labels": []}, "", "has no label"),
    (SPANS, {**PLACE, "labels": [None]}, "", "null is no class"),
    (SPANS, {**PLACE, "labels": ["gone"]}, "", '"gone" is no class'),
    (SPANS, {**PLACE, "labels": ["LOC", "gone"]}, "", '"gone" is no class'),
    (SPANS, {**PLACE, "choices": ["LOC"]}, "", 'has no list "labels"'),
    (SPANS, {"labels": ["LOC"]}, "", "no place"),
    (SPANS, {"start": 0, "labels": ["LOC"]}, "", "no place"),
    (SPANS, {"start": None, "end": 5, "labels": ["LOC"]}, "", "no place"),
    (SPANS, {"start": 18, "end": 500, "labels": ["LOC"]}, "", "no place"),
    (SPANS, {"start": 5, "end": 5, "labels": ["LOC"]}, "", "no place"),
    (SPANS, {"start": -1, "end": 5, "labels": ["LOC"]}, "", "no place"),
    (SPANS, {"start": float("nan"), "end": 5, "labels": ["LOC"]}, "", "no place"),
    (TALKS, {**SAID, "paragraphlabels": ["LOC"]}, "Paris", ""),
    (TALKS, {**SAID, "labels": ["LOC"]}, "", 'has no list "paragraphlabels"'),
    (TALKS, {**SAID, "endOffset": 50, "paragraphlabels": ["LOC"]}, "", "no place"),
    (TALKS, {**SAID, "end": "9", "paragraphlabels": ["LOC"]}, "", "no place"),
    (TALKS, {"start": "0", "end": "0", "paragraphlabels": ["LOC"]}, "", "no place"),
    (PAGES, {**GLOBAL, "hypertextlabels": ["LOC"]}, "Paris", ""),
    (PAGES, {**SEEN, "hypertextlabels": ["LOC"]}, "", "no place"),
    (PAGES, {**GLOBAL, "globalOffsets": None, "hypertextlabels": ["LOC"]}, "", "no place"),
    (PAGES, {**GLOBAL, "labels": ["LOC"]}, "", 'has no list "hypertextlabels"'),
    (BOXES, {**BOX, "rectanglelabels": ["LOC"]}, "LOC", ""),
    (BOXES, {**BOX, "labels": ["LOC"]}, "", 'has no list "rectanglelabels"'),
    (BOXES, {**BOX, "rectanglelabels": "LOC"}, "", 'but "LOC"'),
    (BOXES, {**BOX, "width": "wide", "rectanglelabels": ["LOC"]}, "", "no place"),
    (BOXES, {**BOX, "width": 0, "rectanglelabels": ["LOC"]}, "", "no place"),
    (BOXES, {"x": 1, "y": 2, "rectanglelabels": ["LOC"]}, "", "no place"),
    (labels("EllipseLabels", IMAGE), {**BOX, "ellipselabels": ["LOC"]}, "", "no place"),
    (labels("KeyPointLabels", IMAGE), {"x": 1, "keypointlabels": ["LOC"]}, "", "no place"),
    (labels("PolygonLabels", IMAGE), {"points": [[1, 2], [3]], "polygonlabels": ["LOC"]}, "",
     "no place"),
    (f'{IMAGE}<Rectangle name="c" toName="t"/>', BOX, "30", ""),
    (f'{IMAGE}<Rectangle name="c" toName="t"/>', {}, "", "no place"),
    (CHOICES, {"choices": ["Positive"]}, "Positive", ""),
    (CHOICES, {"choices": ["neg"]}, "Negative", ""),
    (CHOICES, {"choices": "Positive"}, "", 'has no list "choices", but "Positive"'),
    (CHOICES, {"choices": None}, "", 'has no list "choices"'),
    (CHOICES, {"choices": ["gone"]}, "", '"gone" is no class'),
    (CHOICES, {"choices": [3]}, "", "no class"),
    (CHOICES, {"choice": ["Positive"]}, "", 'has no list "choices"'),
    (CHOICES, {"labels": ["Positive"]}, "", 'has no list "choices"'),
    (NESTED, {"choices": [["A", "B"]]}, "A > B", ""),
    (NESTED, {"choices": [["A"], ["A", "B"], ["A", "d"]]}, "A > B", ""),
    (NESTED, {"choices": ["A", "B"]}, "", "one path or several classes"),
    (TAXONOMY, {"taxonomy": [["A", "B"], ["C"]]}, "A > B", ""),
    (TAXONOMY, {"taxonomy": ["A"]}, "A", ""),
    (TAXONOMY, {"taxonomy": ["A", "B"]}, "", "one path or several classes"),
    (TAXONOMY, {"taxonomy": [["A", "gone"]]}, "", '"A > gone" is no class'),
    (TAXONOMY, {"taxonomy": "A"}, "", "has no list"),
    (TAXONOMY, {"taxonomy": [[]]}, "", "no class"),
    (f'{TEXT}<TextArea name="c" toName="t"/>', {"text": ["x"]}, "x", ""),
    (f'{TEXT}<TextArea name="c" toName="t"/>', {"text": "x"}, "x", ""),
    (f'{TEXT}<TextArea name="c" toName="t"/>', {"text": None}, "", 'list of texts "text"'),
    (f'{TEXT}<TextArea name="c" toName="t"/>', {"text": ["x", 3]}, "", 'list of texts "text"'),
    (f'{TEXT}<TextArea name="c" toName="t"/>', {"textarea": ["x"]}, "", 'list of texts "text"'),
    (f'{TEXT}<Number name="c" toName="t"/>', {"number": 5}, "5", ""),
    (f'{TEXT}<Number name="c" toName="t"/>', {"number": "five"}, "", "says nothing here"),
    (f'{TEXT}<Number name="c" toName="t"/>', {"number": [5]}, "", "says nothing here"),
    (f'{TEXT}<Number name="c" toName="t"/>', {"value": 5}, "", 'has no "number"'),
    (f'{TEXT}<Rating name="c" toName="t"/>', {"rating": 5}, "5", ""),
    (f'{TEXT}<Rating name="c" toName="t"/>', {"rating": 9}, "", "from 1 to 5"),
    (f'{TEXT}<Rating name="c" toName="t"/>', {"rating": "good"}, "", "from 1 to 5"),
    (f'{TEXT}<Rating name="c" toName="t"/>', {}, "", "from 1 to 5"),
    (f'{TEXT}<DateTime name="c" toName="t"/>', {"datetime": "2024-05-01T10:00"}, "2024", ""),
    (f'{TEXT}<DateTime name="c" toName="t"/>', {"datetime": "soon"}, "", "says nothing here"),
    (f'{TEXT}<Text name="u" value="$text"/><Pairwise name="c" toName="t,u"/>',
     {"selected": "left"}, "left", ""),
    (f'{TEXT}<Text name="u" value="$text"/><Pairwise name="c" toName="t,u"/>',
     {"selected": "up"}, "", "says nothing here"),
    ('<List name="t" value="$items"/><Ranker name="c" toName="t"/>', {"ranker": {"c": ["b", "a"]}},
     "b", ""),
    ('<List name="t" value="$items"/><Ranker name="c" toName="t"/>', {"ranker": ["b", "a"]},
     "", "says nothing here"),
    ('<Pdf name="t" value="$pdf"/><OcrLabels name="c" toName="t"><Label value="LOC"/></OcrLabels>',
     {**BOX, "labels": ["LOC"]}, "", 'has no list "ocrlabels"'),
]  # fmt: skip


def region(value: object, name: str = "c", **more: Any) -> dict[str, Any]:
    return {"id": "r", "from_name": name, "to_name": "t", "type": "?", "value": value, **more}


@pytest.mark.parametrize(("tags", "value", "read", "why"), ROWS)
def test_what_cannot_be_read_is_said(tags, value, read, why):
    config = LabelingConfig.parse(f"<View>{tags}</View>")
    assert config.controls, config.unanswerable
    problems = unreadable(config, [region(value)], DATA)
    assert read in str(config.to_answer([region(value)], DATA)["c"])
    if read:
        assert problems == ()
    else:
        (problem,) = problems
        assert problem.control == "c"
        assert why in problem.message


@pytest.mark.parametrize("kind", sorted(CONTROLS))
@pytest.mark.parametrize("value", [None, [], "x", {}], ids=repr)
def test_every_tag_says_so_where_a_value_is_none(kind, value):
    config, answer = example_of(CONTROLS[kind])
    made = config.to_conversion(answer, TASK)
    assert unreadable(config, made.result, TASK) == ()
    name = next(iter(config.controls))
    if kind == "relations":
        broken = [{**each, "to_id": "x"} if "to_id" in each else each for each in made.result]
    else:
        broken = [region(value, name)]
    assert unreadable(config, broken, TASK)


def test_what_is_asked_about_a_region_is_read_as_well():
    config = LabelingConfig.parse(
        f"""<View>{IMAGE}<Rectangle name="c" toName="t"/><Labels name="l" toName="t">{LABELS}
        </Labels><Choices name="k" toName="t" perRegion="true">{CLASSES}</Choices></View>"""
    )
    box, label = region(BOX), region({**BOX, "labels": ["LOC"]}, "l")
    assert unreadable(config, [box, label], DATA) == ()
    for wrong in (region({**BOX, "rectanglelabels": ["LOC"]}, "l"), region(BOX, "k")):
        assert [each.control for each in unreadable(config, [box, wrong], DATA)] == [
            wrong["from_name"]
        ]


def test_a_page_that_is_not_there_cannot_be_read():
    config = LabelingConfig.parse(
        f"""<View><Image name="t" valueList="$pages"/>
        <Choices name="c" toName="t" perItem="true">{CLASSES}</Choices></View>"""
    )
    said = {"choices": ["Positive"]}
    assert unreadable(config, [region(said, item_index=1)], DATA) == ()
    for page in (2, -1, "x", [1]):
        assert "no page" in unreadable(config, [region(said, item_index=page)], DATA)[0].message
    assert "but a number" in unreadable(config, [region({"choices": 1})], DATA)[0].message


def test_relations_that_lead_nowhere_cannot_be_read():
    config = LabelingConfig.parse(
        f'<View>{SPANS}<Relations><Relation value="near"/></Relations></View>'
    )
    spans = [region({"start": n, "end": n + 4, "labels": ["LOC"]}) for n in (0, 9)]
    spans[1]["id"] = "s"
    arrow = {"type": "relation", "from_id": "r", "to_id": "s", "direction": "right"}
    for labels, why in [(["near"], ""), (None, ""), ([], ""), ("near", "not a list"),
                        (["far"], '"far" is no class'), ([None], "null is no class")]:  # fmt: skip
        problems = unreadable(config, [*spans, {**arrow, "labels": labels}], DATA)
        assert [why in each.message for each in problems] == [True] * bool(why)
    assert "not there" in unreadable(config, [*spans, {**arrow, "to_id": "x"}], DATA)[0].message


def test_other_tags_and_what_they_say_are_nobodys_matter():
    config = LabelingConfig.parse(
        f'<View>{SPANS}<Brush name="b" toName="t"/><TextArea name="prompt" toName="t"/></View>'
    )
    fine = region({**PLACE, "labels": ["LOC"]})
    others = [region({"format": "rle"}, "b"), region({"text": ["do it"]}, "prompt")]
    assert unreadable(config, [fine, *others, region({}, "left", type="rating")], DATA) == ()
    assert unreadable(config, [fine, region({}, "old", type="labels")], DATA) == ()
    # the control was renamed: what stands under the old name is not "nothing there"
    renamed = region({**PLACE, "labels": ["LOC"]}, "old", type="labels")
    assert "no tag of this name" in unreadable(config, [renamed], DATA)[0].message
    assert unreadable(config, ["x", None], DATA)
