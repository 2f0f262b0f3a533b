"""What of a person's annotation cannot be read, tag by tag: it never passes for "nothing there"."""

from __future__ import annotations

from typing import Any

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.documentation import TASK, example_of
from ml_backend.labeling.unreadable import ALONE, unreadable
from support.tables import each_row

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
SORTED = """<List name="t" value="$items"/><Ranker name="c" toName="t"><Bucket name="yes"/>
<Bucket name="no"/></Ranker>"""

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
    (SPANS, {**PLACE, "text": " PARIS\\n", "labels": ["LOC"]}, "Paris", ""),
    (SPANS, {**PLACE, "text": "“Paris”", "labels": ["LOC"]}, "Paris", ""),
    (SPANS, {**PLACE, "text": "Pari&#115;", "labels": ["LOC"]}, "Paris", ""),
    (SPANS, {**PLACE, "text": None, "labels": ["LOC"]}, "Paris", ""),
    (SPANS, {"start": 14, "end": 500, "text": "Lyon", "labels": ["LOC"]}, "Lyon", ""),
    (SPANS, {**PLACE, "text": "Lyon", "labels": ["LOC"]}, "", 'at its place stands "Paris"'),
    (SPANS, {"start": 1, "end": 6, "text": "Paris", "labels": ["LOC"]}, "", 'stands "aris "'),
    (TALKS, {**SAID, "text": "Lyon", "paragraphlabels": ["LOC"]}, "", "at its place stands"),
    (PAGES, {**GLOBAL, "text": "Lyon", "hypertextlabels": ["LOC"]}, "", "at its place stands"),
    (PAGES, {**GLOBAL, "text": "Paris", "hypertextlabels": ["LOC"]}, "Paris", ""),
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
    (BOXES, {**BOX, "x": 300, "rectanglelabels": ["LOC"]}, "", "300 where percent"),
    (BOXES, {**BOX, "height": 640, "rectanglelabels": ["LOC"]}, "", "640 where percent"),
    (BOXES, {**BOX, "y": -20, "rotation": 45, "rectanglelabels": ["LOC"]}, "LOC", ""),
    (BOXES, {**BOX, "x": 300, "rotation": 45, "rectanglelabels": ["LOC"]}, "", "300 where percent"),
    (labels("EllipseLabels", IMAGE),
     {"x": 320, "y": 9, "radiusX": 5, "radiusY": 5, "ellipselabels": ["LOC"]}, "", "320 where"),
    (labels("KeyPointLabels", IMAGE), {"x": 1, "y": 480, "keypointlabels": ["LOC"]}, "", "480 wh"),
    (labels("PolygonLabels", IMAGE),
     {"points": [[1, 2], [300, 3], [5, 5]], "polygonlabels": ["LOC"]}, "", "300 where percent"),
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
    (CHOICES, {"choices": ["Positive", "Positive"]}, "Positive", ""),
    (CHOICES, {"choices": ["Positive", "neg"]}, "Pos", "2 classes are chosen where one may be"),
    (CHOICES, {"choices": "Positive"}, "", 'has no list "choices", but "Positive"'),
    (CHOICES, {"choices": None}, "", 'has no list "choices"'),
    (CHOICES, {"choices": ["gone"]}, "", '"gone" is no class'),
    (CHOICES, {"choices": [3]}, "", "no class"),
    (CHOICES, {"choice": ["Positive"]}, "", 'has no list "choices"'),
    (CHOICES, {"labels": ["Positive"]}, "", 'has no list "choices"'),
    (NESTED, {"choices": [["A", "B"]]}, "A > B", ""),
    (NESTED, {"choices": [["A"], ["A", "B"]]}, "A > B", ""),
    (NESTED, {"choices": [["A"], ["A", "B"], ["A", "d"]]}, "A > B", "2 classes are chosen"),
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
    (f'{TEXT}<Number name="c" toName="t" min="0" max="10"/>', {"number": 10}, "10", ""),
    (f'{TEXT}<Number name="c" toName="t" min="0" max="10"/>', {"number": 300}, "", "300 is not a"),
    (f'{TEXT}<Number name="c" toName="t" min="0" max="10"/>', {"number": -1}, "", "from 0 to 10"),
    (f'{TEXT}<Number name="c" toName="t" step="2"/>', {"number": "3"}, "", "in steps of 2"),
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
    ('<List name="t" value="$items"/><Ranker name="c" toName="t"/>', {"ranker": {"c": ["b", "b"]}},
     "", '"b" is there twice'),
    (SORTED, {"ranker": {"_": ["a"], "yes": ["b"], "no": []}}, "b", ""),
    (SORTED, {"ranker": {"yes": ["b"], "old": []}}, "b", ""),
    (SORTED, {"ranker": {"yes": ["b"], "old": ["a"]}}, "", '"old" is no bucket'),
    (SORTED, {"ranker": {"yes": ["b", "a"], "no": ["a"]}}, "", '"a" is there twice'),
    ('<Pdf name="t" value="$pdf"/><OcrLabels name="c" toName="t"><Label value="LOC"/></OcrLabels>',
     {**BOX, "labels": ["LOC"]}, "", 'has no list "ocrlabels"'),
]  # fmt: skip


def region(value: object, name: str = "c", **more: Any) -> dict[str, Any]:
    more = {"id": "r", **more}
    return {"from_name": name, "to_name": "t", "type": "?", "value": value, **more}


@each_row(("tags", "value", "read", "why"), ROWS)
def test_what_cannot_be_read_is_said(tags, value, read, why):
    config = LabelingConfig.parse(f"<View>{tags}</View>")
    assert config.controls, config.unanswerable
    problems = unreadable(config, [region(value)], DATA)
    assert read in str(config.to_answer([region(value)], DATA)["c"])
    if not why:
        assert problems == ()
    else:
        (problem,) = problems
        assert problem.control == "c"
        assert why in problem.message


@each_row("kind", sorted(CONTROLS))
@each_row("value", [None, [], "x", {}])
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


def test_one_class_is_one_whatever_the_regions():
    config = LabelingConfig.parse(f"<View>{CHOICES}</View>")
    both = [region({"choices": [name]}, id=name) for name in ("Positive", "neg")]
    (problem,) = unreadable(config, both, DATA)
    assert problem.message == "2 classes are chosen where one may be"
    assert unreadable(config, [both[0], {**both[0], "id": "s"}], DATA) == ()
    several = LabelingConfig.parse(
        f"<View>{CHOICES}</View>".replace("toName", 'choice="multiple" toName')
    )
    assert unreadable(several, both, DATA) == ()
    pages = LabelingConfig.parse(
        f"""<View><Image name="t" valueList="$pages"/>
        <Choices name="c" toName="t" perItem="true">{CLASSES}</Choices></View>"""
    )
    assert unreadable(pages, [{**each, "item_index": n} for n, each in enumerate(both)], DATA) == ()
    assert unreadable(pages, [{**each, "item_index": 1} for each in both], DATA)


def test_what_is_said_of_no_region_is_not_dropped_in_silence():
    config = LabelingConfig.parse(
        f"""<View>{IMAGE}<Rectangle name="c" toName="t"/><Choices name="k" toName="t"
        perRegion="true">{CLASSES}</Choices></View>"""
    )
    box, other = region(BOX), region({**BOX, "x": 9}, id="s")
    said = region({**BOX, "choices": ["Positive"]}, "k")
    assert unreadable(config, [box, other, said, {**said, "id": "s"}], DATA) == ()
    unlike = region({**BOX, "choices": ["neg"]}, "k", id="s")
    assert unreadable(config, [box, other, said, unlike], DATA) == ()
    (problem,) = unreadable(config, [box, {**said, "id": "gone"}], DATA)
    assert (problem.control, problem.message) == ("k", ALONE)
    brush = region({"rle": []}, "b")
    assert unreadable(config, [brush, said], DATA) == ()


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
    for direction, why in [("left", ""), (None, ""), ("up", '"up", which is none'), (3, "none")]:
        problems = unreadable(config, [*spans, {**arrow, "direction": direction}], DATA)
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
