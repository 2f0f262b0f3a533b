from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings, strategies as st

from ml_backend.errors import AnswerError
from ml_backend.llm.reading.answer_object import read_object
from support.tables import each_row


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b"}',
        '  \ufeff{"a": "b"}\n',
        '```json\n{"a": "b"}\n```',
        'Here you are:\n```\n{"a": "b"}\n``` Anything else?',
        'The answer is {"a": "b"}, I think.',
        'As {you} asked: {"a": "b"}',
        '<think>maybe {"a": "c"}</think>\n{"a": "b"}',
    ],
)
def test_the_object_is_found(text):
    assert read_object(text) == {"a": "b"}


@each_row("text", ["", "  ", "no", "[1]", '"a"', '{"a": ', '{"a": NaN}', "{" * 9999])
def test_anything_else_is_an_answer_error(text):
    with pytest.raises(AnswerError):
        read_object(text)


@pytest.mark.slow
def test_deep_nesting_is_refused_not_fatal():
    with pytest.raises(AnswerError):
        read_object('{"a":' + "[" * 200_000)


def test_half_a_surrogate_pair_becomes_storable():
    value = read_object('{"a": ["\\ud83d"], "\\udc00": "\\ud83d\\ude00"}')
    assert value == {"a": ["\ufffd"], "\ufffd": "😀"}
    str(value).encode()


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.text())
def test_no_text_raises_anything_else(text):
    with contextlib.suppress(AnswerError):
        assert isinstance(read_object(text), dict)
