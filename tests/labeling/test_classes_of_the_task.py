"""Classes that say what the task says: stored as read, unknown to the import of Label Studio."""

from __future__ import annotations

import pytest

from ml_backend.labeling import LabelingConfig

DATA = {
    "text": "some text", "one": "Sport", "two": "Art", "image": "/a.png",
    "more": [{"value": "Added"}], "pages": ["/a.png", "/b.png"],
}  # fmt: skip
SPAN = {"quote": "some", "occurrence": 1}
BOX = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}


def choices(*values: str, more: str = "") -> str:
    inner = "".join(f"<Choice {value}/>" for value in values)
    return f'<Choices name="c" toName="t" {more}>{inner}</Choices>'


def labels(*values: str, tag: str = "Labels", thing: str = "t", more: str = "") -> str:
    inner = "".join(f"<Label {value}/>" for value in values)
    return f'<{tag} name="c" toName="{thing}" {more}>{inner}</{tag}>'


def taxonomy(outer: str, inner: str, more: str = "") -> str:
    return (
        f'<Taxonomy name="c" toName="t" {more}><Choice {outer}><Choice {inner}/></Choice>'
        "</Taxonomy>"
    )


READ = [
    (choices('value="$one"', 'value="$two"'), "Sport"),
    (choices('value="$one"', 'value="$two"', more='choice="multiple"'), ["Sport", "Art"]),
    (choices('value="$one"', 'value="x"', more='choice="multiple"'), ["x", "Sport"]),
    (choices('value="about $one"', 'value="x"'), "about Sport"),
    (choices('value="x"', more='value="$more"'), "Added"),
    (choices('value="$one"', more='value="$more"'), "Added"),
    (choices('value="$one"', 'value="x"', more='perRegion="false"'), "Sport"),
    (labels('value="$one"'), [{**SPAN, "label": "Sport"}]),
    (labels('value="x"', more='value="$more"'), [{**SPAN, "label": "Added"}]),
    (labels('value="$one"', tag="RectangleLabels", thing="i"), [{**BOX, "label": "Sport"}]),
    (taxonomy('value="$one"', 'value="B"'), ["Sport > B"]),
    (taxonomy('value="A"', 'value="$one"'), ["A > Sport"]),
    (taxonomy('value="A"', 'value="B"', 'value="$more"'), ["Added"]),
    ('<Rectangle name="r" toName="i"/>' + labels('value="$one"', thing="i"), None),
    ('<Image name="p" valueList="$pages"/>'
     + choices('value="$one"', more='perItem="true"').replace('"t"', '"p"'), ["Sport", "Sport"]),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "answer"), READ)
def test_they_pass_the_check_and_are_created_one_by_one(convert, tags, answer):
    xml = f'<View><Text name="t" value="$text"/><Image name="i" value="$image"/>{tags}</View>'
    given = {"r": [{**BOX, "c": "Sport"}]} if answer is None else {"c": answer}
    made = convert(xml, given, DATA)
    assert made.result
    assert not made.problems
    assert not LabelingConfig.parse(xml).may_be_imported(made.result)


def test_fields_that_no_task_has_are_named(convert):
    tag = choices('value="$USD"', 'value="$EUR"')
    xml = f'<View><Text name="t" value="$text"/>{tag}</View>'
    assert 'brings no classes in "USD, EUR"' in convert(xml, {"c": "$USD"}, DATA).errors[0]


@pytest.mark.parametrize(
    ("tags", "answer"),
    [
        (choices('value="$one"', 'value="x"'), "x"),
        (choices('value="$one" alias="first"', 'value="x"'), "Sport"),
        (choices('value="x"', more='value="$more"'), "x"),
        (choices(more='value="$more"'), "Added"),
        (choices('value="$none"', 'value="$50"'), "$50"),
        (labels('value="$one"', 'value="x"'), [{**SPAN, "label": "x"}]),
        (labels(more='value="$more"'), [{**SPAN, "label": "Added"}]),
        (taxonomy('value="A"', 'value="$one"'), ["A"]),
    ],
)
def test_names_as_the_config_writes_them_go_by_the_import(convert, tags, answer):
    xml = f'<View><Text name="t" value="$text"/>{tags}</View>'
    made = convert(xml, {"c": answer}, DATA)
    assert made.result
    assert not made.errors
    assert LabelingConfig.parse(xml).may_be_imported(made.result)
