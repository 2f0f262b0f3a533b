from __future__ import annotations

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.task_data.values import paths, resolve
from ml_backend.records import Attachment
from support.tables import each_row

RATING = '<Rating name="r" toName="o"/>'


@each_row(
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
        ('<Table name="o" value="$x"/>', {"x": {"a": 1, "b": [2, "ü"], "c": None}},
         'a: 1\nb: [2, "ü"]\nc: '),
        ('<Table name="o" value="$x"/>', {"x": [{"a": 1}, {"a": 2, "b": True}, "odd"]},
         "a: 1\n\na: 2\nb: true\n\nodd"),
        ('<Table name="o" value="$x"/>', {"x": '{"a": "text"}'}, "a: text"),
        ('<Table name="o" value="$x"/>', {"x": "[" * 100_000}, "[" * 100_000),
        ('<Table name="o" value="$x"/>', {}, ""),
        ('<Image name="o" value="$x"/>', {"x": "/data/upload/1/a.png"}, ""),
        ('<Image name="o" valueList="$x"/>', {"x": ["/data/upload/1/a.png"]}, ""),
        ('<Pdf name="o" value="$x"/>', {"x": "/data/upload/1/a.pdf"}, ""),
    ],
)  # fmt: skip
def test_objects_are_read_as_text(tag, data, text):
    config = LabelingConfig.parse(f"<View>{tag}{RATING}</View>")
    assert list(config.controls) == ["r"]
    assert config.inputs(data)[0][1] == text


@each_row(
    ("tags", "data", "found"),
    [
        ('<Image name="o" value="$x"/>', {"x": " https://e.org/a.png "},
         [("image", "https://e.org/a.png", "x")]),
        ('<Image name="o" value="$x[1].url"/>', {"x": [0, {"url": "b"}]},
         [("image", "b", "x[1].url")]),
        ('<Image name="o" value="https://e.org/$x?w=9"/>', {"x": "a"},
         [("image", "https://e.org/a?w=9", "o")]),
        ('<Image name="o" valueList="$x"/>', {"x": ["a", None, "", 3, "b"]},
         [("image", "a", "x[0]"), ("image", "b", "x[4]")]),
        ('<Image name="o" valuelist="$x"/>', {"x": "a"}, [("image", "a", "x")]),
        ('<Image name="o" value="$y" valueList="$x"/>', {"x": ["a"], "y": "b"},
         [("image", "a", "x[0]")]),
        ('<Image name="o" value="$x"/>', {"x": ["a", "b"]},
         [("image", "a", "x[0]"), ("image", "b", "x[1]")]),
        ('<Pdf name="o" value="$x"/>', {"x": "a"}, [("pdf", "a", "x")]),
        ('<Pdf name="p" value="$y"/><Image name="o" value="$x"/>', {"x": "a", "y": "b"},
         [("pdf", "b", "y"), ("image", "a", "x")]),
        ('<Image name="p" value="$y"/><Image name="o" value="$x"/>', {"x": "a", "y": "a"},
         [("image", "a", "y"), ("image", "a", "x")]),
        ('<Image name="p" value="$x"/><Image name="o" value="$x"/>', {"x": "a"},
         [("image", "a", "x")]),
        ('<Image name="o" value="$x"/>', {"x": {"odd": 1}}, []),
        ('<Image name="o" value="$x"/>', {}, []),
        ('<Text name="o" value="$x"/>', {"x": "https://e.org/a.png"}, []),
    ],
)  # fmt: skip
def test_files_are_attached_in_document_order_each_once(tags, data, found):
    config = LabelingConfig.parse(f"<View>{tags}{RATING}</View>")
    assert config.attachments(data) == [Attachment(*item) for item in found]


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
