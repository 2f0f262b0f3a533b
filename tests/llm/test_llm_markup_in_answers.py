"""Markup of thinking and turns that an answer quotes is its data, and ends nothing."""

from __future__ import annotations

import json

import pytest

from ml_backend.errors import AnswerError
from ml_backend.llm.reading.answer_object import read_object
from support.tables import each_row

QUOTES = [
    *("[Thinking] well", "[Analysis]", "[Reflection]", "</s>", "<|im_end|>", "<think>", "</think>"),
    *(
        "【思考】x",
        "a </reasoning> b",
        "<|channel|>final<|message|>no",
        "<end_of_turn>",
        "◁/think▷",
    ),
    *("x </analysis> {'t': 'no'}", "<|end|>", "assistantfinal{'t': 'no'}", "</s>{'t': 'no'}"),
    *("\\<think>", "[think] {'t': 'no'} [/think] {'t': 'yes'}", "<|start|>assistant<|return|>"),
]


@each_row("quote", QUOTES)
def test_what_an_answer_quotes_is_kept(quote):
    answer = {"t": quote}
    strict = json.dumps(answer, ensure_ascii=False)
    lenient = strict[:-1] + ",}"
    for text in (strict, lenient):
        for whole in (
            text,
            f"```json\n{text}\n```",
            f"```\n{text}```",
            f"~~~json\n{text}\n~~~",
            f"Here is my answer:\n{text}\nDone.",
            f"Here is my answer:\n```json\n{text}\n```\nDone.",
            f"<think>Perhaps {{'t': 'maybe'}}?</think>\n{text}",
            f"Perhaps {{'t': 'maybe'}}?</think>\n{text}",
            f"{text}</s>",
            f"{text}<|im_end|>\n<|im_start|>user",
        ):
            assert read_object(whole, ("t",)) == answer


def test_what_is_thought_is_still_no_answer():
    with pytest.raises(AnswerError):
        read_object("<think>Perhaps {'t': 'a </s> b'}? Or {'t': 'c'}", ("t",))
    with pytest.raises(AnswerError):
        read_object("```json\n{'t': 'a'}\n```\n```json\n{'t': 'b'}\n```", ("t",))
