"""What Google's models answer in other shapes than documented is an answer of nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml_backend.llm.dialects.google_answers import as_completion


@pytest.mark.parametrize("parts", [5, True, 1e308, "text", {"text": "x"}, [None, 5, "x"], None])
def test_parts_of_any_type_break_nothing(parts: Any) -> None:
    found = as_completion({"candidates": [{"content": {"parts": parts}}]}, {})
    assert found["choices"][0]["message"] == {"role": "assistant", "content": None}


def test_a_call_too_deep_to_be_written_is_none() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    call = {"functionCall": {"name": "answer", "args": deep}}
    found = as_completion({"candidates": [{"content": {"parts": [call]}}]}, {})
    [made] = found["choices"][0]["message"]["tool_calls"]
    assert made["function"] == {"name": "answer", "arguments": ""}
    assert json.dumps(found)
