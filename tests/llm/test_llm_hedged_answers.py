"""A hedge and then a conclusion, full-width brackets, schemas said back, answers within strings."""

from __future__ import annotations

import json

from ml_backend.errors import AnswerError
from ml_backend.labeling.answer_keys import by_control
from ml_backend.llm.reading.answer_object import read_object
from ml_backend.llm.reading.replies import read_reply
from ml_backend.records import JsonObject

NAMES = ("sentiment",)
P, N = '{"sentiment": "Positive"}', '{"sentiment": "Negative"}'
NODE = '{"type": "string", "enum": ["Positive", "Negative"]}'

TAKEN = (
    f"Maybe {N}. So $\\boxed{{{P}}}$",
    f"Maybe {N}. So \\boxed{{{P}}}.",
    f"Perhaps {N}?\n\n$$\\boxed{{\\text{{{P}}}}}$$",
    f"It could be {N}, hence I read it again. Thus {P}.",
    f"Maybe {N}. I'll go with {P}.",
    f"Vielleicht {N}. Somit {P}.",
    f"Peut-être {N}. Donc {P}.",
    f"也许 {N}。所以 {P}。",
    "｛“sentiment”：“Positive”｝",
    '｛"sentiment": "Positive"}',
    '答案：｛"sentiment"："Positive"｝',
    '```json\n｛"sentiment"："Positive"，｝\n```',
    f'<think>｛"sentiment"："Negative"｝</think>{P}',
    f'{{"sentiment": {NODE}}}\n{P}',
    f'{{"properties": {{"sentiment": {NODE}}}}}\n\n{P}',
    f'{{"type": "json_schema", "json_schema": {{"name": "answer", "schema": {{"type": "object",'
    f' "properties": {{"sentiment": {NODE}}}}}}}}}\n{P}',
    f'{{"sentiment": {{"anyOf": [{NODE}, {{"type": "null"}}]}}}}\n{P}',
    f"{P}\n\nSchema: " + f'{{"sentiment": {NODE}}}',
    json.dumps({"final_answer": f"```json\n{P}\n```"}),
    json.dumps({"final_answer": "{'sentiment': 'Positive'}"}),
    json.dumps({"final_answer": "｛“sentiment”：“Positive”｝", "confidence": 0.9}),
    f"Sure: {json.dumps({'answer': f'~~~{P}~~~'})}",
)
TWO_READINGS = (
    f"Maybe {P}. So maybe {N}",
    f"Perhaps {P}, so it may be {N}",
    f"Maybe {P}. For example \\boxed{{{N}}}",
    f"Maybe {P}. Or \\boxed{{{N}}}",
    f"{P}\n\nSo a rude letter is {N}",
    f"{P} so {N}",
    f"{P}\n\n\\boxed{{{N}}}",
    f"\\boxed{{{P}}} or \\boxed{{{N}}}",
    f"Maybe \\boxed{{{P}}}. So {N}",
    f"Maybe {P}, so not {N}",
    f"Maybe {P}, so I ruled out {N}",
    f"Maybe {P}. So far {N}",
    f"Maybe {P}, so if it is sarcasm {N}",
    f'Draft? {P} ｛"sentiment"："Negative"｝',
    json.dumps({"final_answer": f"{P} or {N}"}),
    json.dumps({"thought": N, "final_answer": P}),
    json.dumps({"draft": "{'sentiment': 'Negative'}"}),
)


def _read(text: str) -> JsonObject:
    try:
        return dict(by_control(read_object(text, NAMES), NAMES).answer)
    except AnswerError:
        return {}


def test_what_has_one_reading_is_taken():
    assert not [text for text in TAKEN if _read(text) != {"sentiment": "Positive"}]


def test_what_has_two_is_refused():
    assert not [(text, _read(text)) for text in TWO_READINGS if _read(text)]


def test_full_width_brackets_within_strings_stay_as_they_are():
    text = '｛"quote"： "a ｛b｝ ［c］"， "list"： ［1， ［2］］｝'
    assert read_object(text) == {"quote": "a ｛b｝ ［c］", "list": [1, [2]]}
    assert read_object("{'quote': '｛a'}") == {"quote": "｛a"}


def test_what_a_string_holds_is_left_alone_where_it_is_the_answer():
    assert read_object('{"text": "{\\"a\\": 1}"}', ("text",)) == {"text": '{"a": 1}'}


def test_a_call_of_nothing_hides_no_answer():
    for nothing in ("{}", " { } ", {}, "null", "[]", '"{}"', "", None):
        call = {"function": {"name": "answer", "arguments": nothing}}
        message = {"content": P, "tool_calls": [call]}
        for tool in (True, False):
            said = read_reply({"choices": [{"message": message}]}, tool=tool)
            assert said.text == P, (nothing, tool)
