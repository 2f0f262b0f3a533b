from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from ml_backend.errors import TemplateError
from ml_backend.prompting import template
from support.tables import each_row

DATA = {
    "text": "hello {other} {{x}}",
    "other": "OTHER",
    "user": {"name": "Ada", "tags": ["a", "b"]},
    "images": ["one.png", "two.png"],
    "none": None,
    "number": 3,
    "First Name": "Grace",
    "a.b": "flat",
    "ключ": "ü",
}


@each_row(
    ("text", "rendered"),
    [
        ("", ""),
        ("Say {other}.", "Say OTHER."),
        ("{ other }", "OTHER"),
        ("{text}", "hello {other} {{x}}"),
        ("{user.name} {images[1]} {user.tags[0]}", "Ada two.png a"),
        ("{user}", '{"name": "Ada", "tags": ["a", "b"]}'),
        ("{user.missing}|{images[9]}|{user.name.first}|{none}", "|||"),
        ("{images[0]} {images[1]} {images[2]}|{user.tags[2]}", "one.png two.png |"),
        ("{number} {ключ} {First Name} {a.b}", "3 ü Grace flat"),
        ("{{other}} {{{other}}}", "{other} {OTHER}"),
        ('Like {"a": 1} or {"a": {"b": {}}} or {} or {1}', None),
        ('{"label": "{other}"}', '{"label": "OTHER"}'),
        ('{{"a": {{"b": 1}}}}', '{"a": {"b": 1}}'),
        ("open { or, } close {\nother}", None),
    ],
)
def test_variables_are_put_in(text, rendered):
    assert template.render(text, DATA, known=DATA) == (text if rendered is None else rendered)


def test_values_are_never_read_as_templates():
    assert template.render("{text}{text}", DATA, known=DATA) == DATA["text"] * 2


@pytest.mark.parametrize("text", ["{typo}", "a {typo.name}", "{typo[0]} {text}"])
def test_an_unknown_variable_is_an_error_that_names_the_known_ones(text):
    for call in (
        lambda: template.render(text, DATA, known=("text", "typos")),
        lambda: template.check(text, ("text", "typos")),
    ):
        with pytest.raises(TemplateError, match=r"\{typo.*Known fields: \{text\}, \{typos\}") as e:
            call()
        assert e.value.field.startswith("typo")
        assert "{typos}" in e.value.fix


def test_lenient_rendering_leaves_unknown_braces_as_text():
    text = "Mark {curly things} and {typo}, see {other}."
    assert template.render(text, DATA, known=DATA, lenient=True) == text.replace("{other}", "OTHER")


def test_a_known_field_missing_from_a_task_is_empty():
    assert template.render("<{gone}>", {}, known=("gone",)) == "<>"


def test_variables_are_listed_once_in_order():
    text = '{b} {a.x} {b} {{c}} {"d": 1} {e[0]}'
    assert template.variables(text) == ("b", "a.x", "e[0]")


@each_row(
    ("text", "names", "used"),
    [
        ("{text}", ["text"], True),
        ("{user.name}", ["user"], True),
        ("{user}", ["user.name"], True),
        ("{First Name}", ["First Name"], True),
        ("{{text}}", ["text"], False),
        ("text", ["text"], False),
        ("{texts}", ["text"], False),
        ("{text}", [], False),
    ],
)
def test_use_of_names_is_seen(text, names, used):
    assert template.uses_any(text, names) is used


def test_check_accepts_known_fields_and_json():
    template.check('{text} {user.name} {"a": 1}', DATA)


@pytest.mark.slow
@given(st.text(alphabet='{}ab.[0] "\n', max_size=40), st.text(alphabet="{}ab", max_size=10))
@settings(max_examples=300, deadline=None)
def test_lenient_rendering_never_fails(text, value):
    template.render(text, {"a": value, "b": [value]}, known=("a", "b"), lenient=True)
