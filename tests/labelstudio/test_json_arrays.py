from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from ml_backend.labelstudio.json_bodies import iter_array

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    items=st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=6),
    size=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
)
def test_items_are_the_same_however_the_text_is_cut(items, size, indent):
    text = " \n" + json.dumps(items, indent=indent, ensure_ascii=False) + "\n"
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    assert list(iter_array(chunks)) == items


@pytest.mark.parametrize(
    "text", ["", "{}", "<html>", "[1]", '["a"]', '[{"a": 1}', '[{"a": ]', "[,"]
)
def test_what_is_no_whole_array_of_objects_is_a_value_error(text):
    with pytest.raises(ValueError, match="array"):
        list(iter_array([text]))


def test_items_come_before_the_array_ends():
    def chunks():
        yield '[{"a": 1}, {"a"'
        raise ConnectionError

    items = iter_array(chunks())
    assert next(items) == {"a": 1}
    with pytest.raises(ConnectionError):
        next(items)
