from __future__ import annotations

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.values import paths, resolve

RATING = '<Rating name="r" toName="o"/>'


@pytest.mark.parametrize(
    ("tag", "data", "text"),
    [
        ('<Text name="o" value="$x"/>', {"x": "a\r\nb"}, "a\r\nb"),
        ('<Text name="o" value="$x"/>', {"x": None}, ""),
        ('<Text name="o" value="$x"/>', {}, ""),
        ('<Text name="o" value="$x"/>', {"x": 5.0}, "5"),
        ('<Text name="o" value="$x"/>', {"x": True}, "true"),
        ('<Text name="o" value="$x"/>', {"x": ["a", None, 2]}, "a,,2"),
        ('<Text name="o" value="$x"/>', {"x": {"ü": 1}}, '{"ü": 1}'),
        ('<Text name="o" value="$x.y[1]"/>', {"x": {"y": ["a", "b"]}}, "b"),
        ('<Text name="o" value="$x.y[7]"/>', {"x": {"y": ["a", "b"]}}, ""),
        ('<Text name="o" value="$x.y"/>', {"x.y": "flat"}, "flat"),
        ('<HyperText name="o" value="$x"/>', {"x": "<p>a &amp; b</p><p>c</p>"}, "a & b\n\nc"),
        ('<Paragraphs name="o" value="$x"/>',
         {"x": [{"author": "Ada", "text": "hi"}, {"text": "there"}, "odd"]}, "Ada: hi\nthere\nodd"),
        ('<Paragraphs name="o" value="$x" nameKey="role" textKey="content"/>',
         {"x": [{"role": "user", "content": "hi"}]}, "user: hi"),
        ('<List name="o" value="$x"/>',
         {"x": [{"id": "1", "title": "A", "body": "b"}, {"id": 2, "title": "C"}]}, "1: A: b\n2: C"),
    ],
)  # fmt: skip
def test_objects_are_read_as_text(tag, data, text):
    config = LabelingConfig.parse(f"<View>{tag}{RATING}</View>")
    assert list(config.controls) == ["r"]
    assert config.inputs(data)[0][1] == text


def test_a_text_without_variables_is_guidance_not_input():
    config = LabelingConfig.parse(
        f'<View><Text name="o" value="Costs are in $ and EUR"/>{RATING}</View>'
    )
    assert config.inputs({}) == []
    assert config.describe({}).startswith("Shown to labelers: Costs are in $ and EUR")


def test_a_text_around_a_variable_is_resolved():
    config = LabelingConfig.parse(f'<View><Text name="o" value="Static: $b."/>{RATING}</View>')
    assert config.input_fields == ("b",)
    assert config.inputs({"b": "x"}) == [("o", "Static: x.")]


@pytest.mark.parametrize(
    ("value", "found", "resolved"),
    [
        ("$a", ("a",), [1]),
        ("$a[0]", ("a[0]",), 1),
        ("$a.b and $c.", ("a.b", "c"), " and see."),
        ("$a.x.y", ("a.x.y",), ""),
        ("none", (), "none"),
        ("$", (), "$"),
    ],
)
def test_variables_are_resolved_as_in_the_editor(value, found, resolved):
    assert paths(value) == found
    assert resolve(value, {"a": [1], "c": "see"}) == resolved
