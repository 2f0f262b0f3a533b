"""Annotations, as Label Studio's editor stores them, survive the way to an answer and back.

Up to ids and to what the editor derives by itself: xpaths and words, sizes of pictures, geometry
that it repeats in what is said about a shape.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.dom_text import dom_text
from support.labeling_configs import HTML, TALK, TEXT

LAWFUL = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
DERIVED = {"x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "closed"}
DERIVED |= {"start", "end", "startOffset", "endOffset", "globalOffsets", "text", "pageIndex"}
DERIVED |= {"ocrtext"}
LABELS = '<Label value="PER"/><Label value="Place" alias="LOC"/>'

percent = st.floats(0, 100, width=32) | st.integers(0, 100)
size = st.floats(1, 40, width=32) | st.integers(1, 40)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
# The word "null" as a text of its own has two readings, and is asked again.
texts = st.lists(
    words.filter(lambda word: word.strip().casefold() not in ("", "null")), min_size=1, max_size=2
)


def labels(several: bool = False) -> st.SearchStrategy[list[str]]:
    return st.lists(
        st.sampled_from(["PER", "LOC"]), min_size=1, max_size=2 if several else 1, unique=True
    )


def told(region: dict[str, Any], places: dict[str, Any]) -> Any:
    """What a region says, its id replaced by what it stands for."""
    if region["type"] == "relation":
        ends = (places[region["from_id"]], places[region["to_id"]])
        return repr(("relation", *ends, region["direction"], sorted(region.get("labels", []))))
    kind, value = region["type"], region["value"]
    own = {"textarea": "text", "chatmessage": "chatmessage", "pairwise": "selected"}.get(kind, kind)
    said = value.get(own)
    if isinstance(said, list):
        said = sorted(map(str, said)) if kind not in ("ranker", "textarea") else said
    return repr((region["from_name"], kind, said, places.get(region["id"])))


def place(region: dict[str, Any]) -> str:
    """Where a region is, xpaths left out."""
    value = dict(region["value"])
    offsets = value.get("globalOffsets")
    if offsets:
        return repr((offsets["start"], offsets["end"]))
    kept = {key: value[key] for key in sorted(DERIVED & value.keys()) if key != "text"}
    if "keypointlabels" in value:
        del kept["width"]
    return repr((kept, region.get("item_index", 0)))


def all_told(result: list[dict[str, Any]], marking: set[str]) -> list[str]:
    main = [each for each in result if each.get("from_name") in marking]
    places = {each["id"]: place(each) + each["from_name"] for each in main}
    return sorted({told(each, places) for each in result})


def survives(xml: str, result: list[dict[str, Any]], data: dict[str, Any], *marking: str) -> None:
    config = LabelingConfig.parse(xml)
    result = _whole(result)
    answer = config.to_answer(result, data)
    made = config.to_conversion(answer, data)
    assert made.problems == ()
    assert all_told(made.result, set(marking)) == all_told(result, set(marking))
    assert config.to_answer(made.result, data) == answer


def stored(
    name: str, to: str, kind: str, value: dict[str, Any], region_id: str = "", **more: Any
) -> dict[str, Any]:
    common = {"from_name": name, "to_name": to, "type": kind, "origin": "manual"}
    return {"id": region_id or name, **common, "value": value, **more}


PLAIN = """<View><Text name="t" value="$text"/><Text name="u" value="$text"/>
<List name="li" value="$items"/><Choices name="c" toName="t" choice="multiple">
<Choice value="A" alias="a"/><Choice value="B"/></Choices>
<Choices name="n" toName="t" allowNested="true"><Choice value="A" alias="a"><Choice value="B"/>
</Choice></Choices><Taxonomy name="x" toName="t"><Choice value="A" alias="a"><Choice value="B"/>
</Choice></Taxonomy><TextArea name="w" toName="t"/><Number name="f" toName="t"/>
<Rating name="s" toName="t"/><Pairwise name="p" toName="t,u"/><Ranker name="k" toName="li"/>
<DateTime name="d" toName="t" only="date" format="%d.%m.%Y"/></View>"""
values = {
    "c": ("choices", st.lists(st.sampled_from(["a", "B"]), min_size=1, unique=True)),
    "n": ("choices", st.just([["a", "B"]])),
    "x": ("taxonomy", st.lists(st.sampled_from([["a"], ["a", "B"]]), min_size=1, unique_by=str)),
    "w": ("textarea", texts),
    "f": ("number", st.integers(-99, 99) | st.floats(-1e6, 1e6)),
    "s": ("rating", st.integers(1, 5)),
    "p": ("pairwise", st.sampled_from(["left", "right"])),
    "k": ("ranker", st.permutations(["a", "2"]).map(lambda ids: {"k": ids})),
    "d": ("datetime", st.dates().filter(lambda day: day.year > 999).map("{:%d.%m.%Y}".format)),
}


@pytest.mark.slow
@given(st.fixed_dictionaries({}, optional={name: value for name, (_, value) in values.items()}))
@LAWFUL
def test_classifications_survive(chosen: dict[str, Any]) -> None:
    keys = {"textarea": "text", "pairwise": "selected"}
    result = []
    for name, said in chosen.items():
        kind = values[name][0]
        to = "li" if name == "k" else "t"
        result.append(stored(name, to, kind, {keys.get(kind, kind): said}))
    data = {**TEXT, "items": [{"id": "a"}, {"id": 2}]}
    if result:
        survives(PLAIN, result, data)


SPANS = f"""<View><Text name="t" value="$text"/><Labels name="l" toName="t">{LABELS}</Labels>
<Labels name="m" toName="t" choice="multiple">{LABELS}</Labels>
<Choices name="c" toName="t" perRegion="true"><Choice value="A" alias="a"/><Choice value="B"/>
</Choices><TextArea name="w" toName="t" perRegion="true"/>
<Relations><Relation value="is"/><Relation value="has"/></Relations></View>"""
spans = st.tuples(
    st.sampled_from(["l", "m"]),
    st.integers(0, len(TEXT["text"]) - 1),
    st.integers(1, 9),
    labels(True),
    st.none() | st.sampled_from(["a", "B"]),
    st.none() | texts,
)
relations = st.tuples(
    st.integers(0, 3), st.integers(0, 3), st.sampled_from(["left", "right", "bi"]),
    st.lists(st.sampled_from(["is", "has"]), unique=True),
)  # fmt: skip


@pytest.mark.slow
@given(
    st.lists(spans, max_size=4, unique_by=lambda span: span[:3]),
    st.lists(relations, max_size=3, unique_by=lambda each: each[:2]),
)
@LAWFUL
def test_spans_with_what_is_said_of_them_and_relations_survive(found: Any, related: Any) -> None:
    text = TEXT["text"]
    result: list[dict[str, Any]] = []
    places = set()
    for number, (name, start, length, names, choice, said) in enumerate(found):
        end = min(len(text), start + length)
        if not text[start:end].strip() or (name, start, end) in places:
            continue
        places.add((name, start, end))
        where = {"start": start, "end": end, "text": text[start:end]}
        own = names if name == "m" else names[:1]
        result.append(stored(name, "t", "labels", {**where, "labels": own}, f"r{number}"))
        if choice:
            result.append(stored("c", "t", "choices", {**where, "choices": [choice]}, f"r{number}"))
        if said:
            result.append(stored("w", "t", "textarea", {**where, "text": said}, f"r{number}"))
    ids = {each["id"] for each in result}
    for start, end, direction, names in related:
        if f"r{start}" in ids and f"r{end}" in ids and start != end:
            ends = {"from_id": f"r{start}", "to_id": f"r{end}"}
            result.append({"type": "relation", **ends, "direction": direction, "labels": names})
    if ids:
        survives(SPANS, result, TEXT, "l", "m")


DOM = dom_text(HTML["html"])
PAGE = f"""<View><HyperText name="h" value="$html"/><HyperTextLabels name="n" toName="h">{LABELS}
</HyperTextLabels></View>"""


@given(st.lists(st.tuples(st.integers(0, len(DOM) - 1), st.integers(1, 12), labels()), max_size=4))
@LAWFUL
@pytest.mark.slow
def test_spans_of_a_page_survive(found: Any) -> None:
    result = []
    for number, (start, length, names) in enumerate(found):
        end = min(len(DOM), start + length)
        if DOM[start:end].strip():
            where = {"start": "/h1[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 0}
            where |= {"endOffset": 3, "globalOffsets": {"start": start, "end": end}}
            value = {**where, "text": "as shown", "hypertextlabels": names}
            result.append(stored("n", "h", "hypertextlabels", value, f"r{number}"))
    if result:
        survives(PAGE, result, HTML, "n")


TALKED = f"""<View><Paragraphs name="p" value="$talk"/><ParagraphLabels name="n" toName="p">{LABELS}
</ParagraphLabels></View>"""
SAID = [str(each.get("text", "")) for each in TALK["talk"]]
ends = st.tuples(st.sampled_from([0, 1, 4]), st.integers(0, 18))


@given(st.lists(st.tuples(ends, ends, labels()), max_size=4))
@LAWFUL
@pytest.mark.slow
def test_spans_of_a_dialogue_survive(found: Any) -> None:
    result = []
    for number, (one, other, names) in enumerate(found):
        (first, start), (last, end) = sorted([one, other])
        start, end = min(start, len(SAID[first])), min(end, len(SAID[last]))
        before, until = SAID[first][:start], SAID[last][:end]
        inside = SAID[first][start:] + until if first < last else SAID[first][start:end]
        # Nobody can select from where a paragraph ends, or up to where one begins.
        if not inside.strip() or start == len(SAID[first]) or end == 0:
            continue
        where = {"start": str(first), "end": str(last)}
        where |= {"startOffset": len(before.encode("utf-16-le")) // 2}
        where |= {"endOffset": len(until.encode("utf-16-le")) // 2}
        value = {**where, "text": inside, "paragraphlabels": names}
        result.append(stored("n", "p", "paragraphlabels", value, f"r{number}"))
    if result:
        survives(TALKED, result, TALK, "n")


SHAPES = f"""<View><Image name="i" valueList="$pages"/>
<RectangleLabels name="r" toName="i" choice="multiple">{LABELS}</RectangleLabels>
<EllipseLabels name="e" toName="i">{LABELS}</EllipseLabels>
<KeyPointLabels name="k" toName="i">{LABELS}</KeyPointLabels>
<PolygonLabels name="p" toName="i">{LABELS}</PolygonLabels>
<TextArea name="w" toName="i" perRegion="true"/></View>"""
# What has no number of 2 and more is taken for fractions.
inner = st.floats(2.5, 60, width=32) | st.integers(3, 60)
# Of which no ellipse reaches out of the picture by more than half its radius.
middle = st.floats(20, 60, width=32) | st.integers(20, 60)
# From which a box turns to any side without leaving the picture.
centre = st.floats(40, 60, width=32) | st.integers(40, 60)
corner = st.tuples(percent, inner).map(list)
turn = st.integers(0, 359) | st.floats(0, 359, width=32)
geometry = {
    "r": st.fixed_dictionaries({"x": inner, "y": inner, "width": size, "height": size})
    | st.fixed_dictionaries(
        {"x": centre, "y": centre, "width": size, "height": size, "rotation": turn}
    ),
    "e": st.fixed_dictionaries(
        {"x": middle, "y": middle, "radiusX": size, "radiusY": size, "rotation": turn}
    ),
    "k": st.fixed_dictionaries({"x": percent, "y": inner, "width": st.just(0.75)}),
    "p": st.lists(corner, min_size=3, max_size=5, unique_by=tuple).map(
        lambda points: {"points": points, "closed": True}
    ),
}
kinds = {"r": "rectangle", "e": "ellipse", "k": "keypoint", "p": "polygon"}
drawn = st.sampled_from(sorted(geometry)).flatmap(
    lambda name: st.tuples(
        st.just(name), geometry[name], labels(name == "r"), st.integers(0, 1), st.none() | texts
    )
)


@pytest.mark.slow
@given(st.lists(drawn, min_size=1, max_size=4, unique_by=lambda each: repr(each[:2])))
@LAWFUL
def test_shapes_survive(found: Any) -> None:
    result = []
    for number, (name, where, names, page, said) in enumerate(found):
        where = {**where, "rotation": where.get("rotation", 0)} if name == "r" else where
        kind = f"{kinds[name]}labels"
        image = {"original_width": 640, "original_height": 480, "image_rotation": 0}
        more = {**image, "item_index": page}
        own = stored(name, "i", kind, {**where, kind: names}, f"r{number}", **more)
        result.append(own)
        if said:
            value = {**where, "text": said}
            result.append(stored("w", "i", "textarea", value, f"r{number}", **more))
    data = {"pages": ["/a.png", "/b.png"]}
    survives(SHAPES, result, data, "r", "e", "k", "p")


def _whole(value: Any) -> Any:
    """Whole numbers as JavaScript writes them: without a point."""
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
