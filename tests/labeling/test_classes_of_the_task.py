"""Classes that say what the task says: stored as read, unknown to the import of Label Studio."""

from __future__ import annotations

import pytest

from ml_backend.errors import ConfigError
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.bases.class_source import DEEPEST
from ml_backend.labelstudio import Annotation
from ml_backend.records import FailureKind, Task
from ml_backend.services.inference.annotations import read_annotation
from ml_backend.services.inference.model_requests import RequestTemplate, build_request
from support.tables import each_row

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


@each_row(("tags", "answer"), READ)
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


@each_row(
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


def nest(depth):
    options = []
    for level in range(depth, 0, -1):
        options = [{"value": f"c{level}", "children": options}, {"value": f"d{level}"}]
    return {"text": "x", "options": options}


def deep(tag):
    return f"""<View><Text name="t" value="$text"/>
    <{tag} name="c" toName="t" value="$options" allowNested="true"/></View>"""


@pytest.mark.parametrize("tag", ["Choices", "Taxonomy"])
def test_classes_of_many_levels_are_all_there_or_the_task_is_refused(tag):
    config = LabelingConfig.parse(deep(tag))
    last = " > ".join(f"c{level}" for level in range(1, DEEPEST)) + f" > d{DEEPEST}"
    given = last if tag == "Choices" else [last]
    made = config.to_conversion({"c": given}, nest(DEEPEST))
    assert (made.answer, made.problems) == ({"c": given}, ())
    assert made.result[0]["value"][tag.lower()][0][-1] == f"d{DEEPEST}"
    data = nest(DEEPEST + 1)
    refused = config.to_conversion({"c": given}, data)
    assert f"nested more than {DEEPEST} levels deep" in refused.errors[0]
    template = RequestTemplate(config, "Label {text}", frozenset(data), False)
    failure = build_request(template, Task(1, data)).failure
    assert failure is not None
    assert failure.kind is FailureKind.NO_INPUT
    assert f"nested more than {DEEPEST} levels deep" in failure.message
    annotation = Annotation(1, made.result, True, False, None, None)
    assert "levels deep" in read_annotation(annotation, data, config).why


def test_levels_that_are_no_classes_refuse_nothing():
    config = LabelingConfig.parse(deep("Choices").replace(' allowNested="true"', ""))
    assert config.to_conversion({"c": "d1"}, nest(300)).answer == {"c": "d1"}


def test_classes_of_a_config_are_read_as_deep_as_xml_goes():
    inner = '<Choice value="leaf"/>'
    for level in range(200, 0, -1):
        inner = f'<Choice value="c{level}">{inner}</Choice>'
    config = LabelingConfig.parse(f"""<View><Text name="t" value="$text"/>
    <Taxonomy name="c" toName="t">{inner}</Taxonomy></View>""")
    given = [" > ".join([*(f"c{level}" for level in range(1, 201)), "leaf"])]
    assert config.to_conversion({"c": given}, {"text": "x"}).answer == {"c": given}
    with pytest.raises(ConfigError, match="not valid XML"):
        LabelingConfig.parse(f"<View>{'<Choice>' * 300}{'</Choice>' * 300}</View>")
