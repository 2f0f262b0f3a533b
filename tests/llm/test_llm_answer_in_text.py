"""Which object of a model's text is its answer: after reasoning, among drafts, not quite JSON."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import example, given, settings, strategies as st

from ml_backend.errors import AnswerError
from ml_backend.llm.reading import lenient_json
from ml_backend.llm.reading.answer_object import read_object
from support.tables import each_row

NAMES = ("sentiment",)
YES, NO = '{"sentiment": "Positive"}', '{"sentiment": "Negative"}'
POSITIVE = {"sentiment": "Positive"}

REASONED = {
    "harmony": f"<|channel|>analysis<|message|>Perhaps {NO}? No, it is kind.<|end|>"
    f"<|start|>assistant<|channel|>final<|message|>{YES}",
    "harmony, ended": f"<|channel|>analysis<|message|>{NO}<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{YES}<|return|>",
    "harmony, a call": f"<|channel|>analysis<|message|>{NO}<|end|><|start|>assistant<|channel|>"
    f"commentary to=functions.answer <|constrain|>json<|message|>{YES}<|call|>",
    "harmony, constrained": f"<|start|>assistant<|channel|>final <|constrain|>json<|message|>{YES}",
    "harmony, the final in no channel": f"<|channel|>analysis<|message|>{NO}<|end|>{YES}",
    "harmony without its tokens": f"analysisPerhaps {NO}? It is kind.assistantfinal{YES}",
    "thinking": f"<thinking>Could be {NO}.</thinking>\n{YES}",
    "think with attributes": f'<think type="deep">Could be {NO}.</think>\n{YES}',
    "upper case": f"<THINKING>{NO}</THINKING>{YES}",
    "begun in the prompt": f"perhaps {NO}\n</think>\n\n{YES}",
    "magistral": f"[THINK]perhaps {NO}[/THINK]{YES}",
    "kimi": f"◁think▷perhaps {NO}◁/think▷{YES}",
    "command a": f"<|START_THINKING|>{NO}<|END_THINKING|><|START_RESPONSE|>{YES}<|END_RESPONSE|>",
    "seed": f"<seed:think>{NO}</seed:think>{YES}",
    "open thoughts": f"<|begin_of_thought|>{NO}<|end_of_thought|>\n<|begin_of_solution|>{YES}"
    "<|end_of_solution|>",
    "deepseek": f"<｜begin▁of▁thinking｜>{NO}<｜end▁of▁thinking｜>{YES}",
    "gemma": f"<|channel>thought\nperhaps {NO}\n<channel|>{YES}",
    "scratchpad": f"<scratchpad>{NO}</scratchpad><answer>{YES}</answer>",
    "nested": f"<reasoning>a <think>{NO}</think> b {NO}</reasoning>{YES}",
    "another language": f"<Überlegung>{NO}</Überlegung>{YES}",
    "another script": f"<思考>{NO}</思考>\n{YES}",
    "tags nobody knows": f"<ponderings>{NO}</ponderings>\n{YES}",
    "explained afterwards": f"{YES}\n<explanation>It is not {NO}.</explanation>",
    "unclosed after the answer": f"{YES}\n<think>or is it {NO}",
    "braces in thinking": f"<think>{{ {{x}} : {{'a': ['}} {NO}</think>{YES}",
    "a mark of thinking in a quote": '{"sentiment": "Positive", "why": "a </think> tag"}',
    "thinking alone": f"<think>{YES}</think>",
    "thinking alone, at its end": f"<think>It is kind.\n\n{YES}",
}

SEVERAL = {
    "two fences": f"Format:\n```json\n{NO}\n```\nMy answer:\n```json\n{YES}\n```",
    "corrected": f"{NO}\n\nWait, corrected:\n{YES}",
    "corrected, and why": f"{NO}\n\nCorrection:\n{YES}\nThe second sentence is kind.",
    "on second thoughts": f"{NO}\n\nReading it again, the tone is warm after all.\n{YES}",
    "draft and final": f"Draft: {NO}\nFinal answer: {YES}",
    "overall": f"Sentence 1: {NO}\nSentence 2: {NO}\nOverall: {YES}",
    "ReAct": f"Thought: perhaps {NO}\nFinal Answer: {YES}",
    "in a sentence": f"I first thought {NO} but the answer is {YES}.",
    "headings": f"**Reasoning:** not {NO}\n\n**Answer:** {YES}",
    "German": f"{NO}\n\nMoment, korrigiert:\n{YES}",
    "Spanish": f"{NO}\n\nCorrección:\n{YES}",
    "Russian": f"{NO}\n\nИсправленный ответ:\n{YES}",
    "Chinese": f"{NO}\n\n更正：\n{YES}",
    "Japanese": f"{NO}\n\n訂正します。\n{YES}",
    "said twice": f"{YES}\nThat is:\n{YES}",
    "a template before": f'{{"sentiment": "Positive" | "Negative" | "Neutral"}}\n\n{YES}',
    "another object before": f'Input: {{"text": "a kind letter"}}\nOutput: {YES}',
    "the schema before": f'{{"type": "object", "properties": {{}}}}\n{YES}',
    "the whole schema before": '{"type": "object", "properties": {"sentiment": {"enum": '
    f'["Positive", "Negative"]}}}}}}\n{YES}',
    "another object after": f'{YES}\nUsage: {{"tokens": 12}}',
    "went on with another task": f"{YES}<|im_end|>\n<|im_start|>user\nI hate it<|im_end|>\n{NO}",
    "ended its turn": f"{YES}</s>",
    "in a call of a tool": f'<tool_call>{{"name": "answer", "arguments": {YES}}}</tool_call>',
    "alone in a list": f"[{YES}]",
    "prose around": f"Sure, {{here}} you are: {YES}. Anything else?",
}  # fmt: skip

LENIENT = {
    "trailing comma": '{"sentiment": "Positive",}',
    "single quotes": "{'sentiment': 'Positive'}",
    "comment": '{"sentiment": "Positive" // clear\n}',
    "comments": '{ # one\n "sentiment": /* two */ "Positive" }',
    "in a string": '"{\\"sentiment\\": \\"Positive\\"}"',
    "in a string of a string": '"\\"{\\\\\\"sentiment\\\\\\": \\\\\\"Positive\\\\\\"}\\""',
    "escaped in a fence": '```json\n{\\"sentiment\\": \\"Positive\\"}\n```',
    "in a string in a fence": '```json\n"{\\"sentiment\\": \\"Positive\\"}"\n```',
    "doubled braces": '{{"sentiment": "Positive"}}',
    "a brace too many": '{"sentiment": "Positive"}}',
    "escaped": '{\\"sentiment\\": \\"Positive\\"}',
    "a string that is not strict": "\"{'sentiment': 'Positive',}\"",
    "bare key": '{sentiment: "Positive"}',
    "typographic quotes": "{“sentiment”: “Positive”}",
    "German quotes": "{„sentiment“: „Positive“}",
    "French quotes": "{«sentiment»: «Positive»}",
    "full width": "{“sentiment”：“Positive”，}",
    "fenced, single quotes": "```python\n{'sentiment': 'Positive'}\n```",
    "no last brace": '{"sentiment": "Positive"',
    "no last brace in a fence": '```json\n{"sentiment": "Positive"\n```',
    "after prose": "My answer: {'sentiment': 'Positive'} – as asked.",
    "blanks nobody sees": '\u200b{"sentiment":\u2060 "Positive"}\ufeff',
}

REFUSED = {
    "two in a row": f"{NO}\n{YES}",
    "either or": f"Either {NO} or {YES}",
    "an alternative": f"{YES}\n\nAn alternative would be:\n{NO}",
    "an example": f"{YES}\n\nFor example, a rude one:\n{NO}",
    "or, in German": f"{YES}\noder\n{NO}",
    "a reason afterwards": f"{YES}\nExplanation: not {NO} because it is kind.",
    "another task": f"{YES}\n\nText: I hate it.\n{NO}",
    "options": f"Option A: {NO}\nOption B: {YES}",
    "possibilities": f"Possible answers:\n1. {NO}\n2. {YES}",
    "sentence by sentence": f"Sentence 1: {NO}\nSentence 2: {YES}",
    "on a condition": f"{YES}\nIf that was sarcasm:\n{NO}",
    "options in Chinese": f"选项一：\n{NO}\n选项二：\n{YES}",
    "a list of answers": f"[{YES}, {NO}]",
    "the last one is broken": f'{NO}\nFinal: {{"sentiment": Positive or so}}',
    "within a broken one": f'{{"sentiment": ?, "before": {NO}}}',
    "within a broken one of another key": f'{{"note": ?, "before": {NO}}}',
    "within one that is never closed": f'{{"note": ?, "before": {NO}',
    "a key twice": '{"sentiment": "Negative", "sentiment": "Positive"}',
    "a key twice, leniently": "{'sentiment': 'Negative', 'sentiment': 'Positive'}",
    "cut after a comma": '{"sentiment": "Positive",',
    "cut in a string": '{"sentiment": "Pos',
    "a bare word": "{sentiment: Positive}",
    "an apostrophe": "{'sentiment': 'it's'}",
    "a placeholder": '{"sentiment": ...}',
    "an escape of no meaning": '{"sentiment": "\\d"}',
    "thinking alone, in doubt": f"<think>Perhaps {NO}",
    "thinking alone, in doubt, closed": f"<think>Perhaps {NO}? Hm.</think>",
    "harmony without a final": f"<|channel|>analysis<|message|>Perhaps {NO}",
    "drafts and no answer": f"<think>{NO} or {YES}?</think>I cannot say.",
    "NaN": '{"sentiment": NaN}',
    "a number with marks": '{"sentiment": 1,000}',
}


@each_row("text", [pytest.param(text, id=name) for name, text in {
    **REASONED, **SEVERAL, **LENIENT}.items()])  # fmt: skip
def test_the_answer_is_found(text):
    found = read_object(text, NAMES)
    while "sentiment" not in found:  # a wrapper, which is for the labeling config to open
        found = found["arguments"]
    assert found["sentiment"] == "Positive"


@each_row("text", [pytest.param(text, id=name) for name, text in REFUSED.items()])
def test_what_has_two_readings_is_refused(text):
    with pytest.raises(AnswerError):
        read_object(text, NAMES)


@each_row(
    ("text", "value"),
    [
        ("{'a': True, 'b': None, 'c': FALSE}", {"a": True, "b": None, "c": False}),
        ("{a: [1, -2.5, .5, 1e3,], b: {},}", {"a": [1, -2.5, 0.5, 1000.0], "b": {}}),
        ('{"a": "one\ntwo\t", \'b\': \'say "x"\'}', {"a": "one\ntwo\t", "b": 'say "x"'}),
        ("{'a': 'it\\'s', 'b': '\\x41\\u00e4\\ud83d\\ude00'}", {"a": "it's", "b": "Aä😀"}),
        ("{'a': '\\ud83d'}", {"a": "\ufffd"}),
        ("{'a': 'http://x/#y', /* ' */ 'b': '/* z */'}", {"a": "http://x/#y", "b": "/* z */"}),
        ("{`a`: “b's”, ‘c’: ‘d’}", {"a": "b's", "c": "d"}),
        ("{'a': 1, 'a': 1}", {"a": 1}),
        ("{größe: 'x', 名前: 'y'}", {"größe": "x", "名前": "y"}),
    ],
)
def test_what_means_one_thing_is_read(text, value):
    assert read_object(text) == value


@each_row(
    "text",
    [
        "{'a': 007}",
        "{'a': 1_000}",
        "{'a': 1 2}",
        "{'a': 1,, 'b': 2}",
        "{, 'a': 1}",
        "{'a' 1}",
        "{'a': (1, 2)}",
        "{'a': yes}",
        "{'a': 1e}",
        "{'a': -}",
        "{'a': 1e999}",
        "{'a': " + "9" * 5000 + "}",
        "{'a': 'b' 'c'}",
        "{'a': [1, 2}",
        "{'a': 1 /* never ended }",
        "{a b: 1}",
    ],
)
def test_what_means_nothing_for_certain_is_refused(text):
    with pytest.raises(AnswerError):
        read_object(text)


@pytest.mark.parametrize(
    ("text", "finished", "taken"),
    [
        ('{"sentiment": "Positive", "stars": [1]', True, True),
        ('{"sentiment": "Positive", "stars": null', True, True),
        ('{"sentiment": "Positive", "stars": [1]', False, False),
        ('{"sentiment": "Positive", "stars": [1', True, False),
        ('{"sentiment": "Positive", "stars": 4', True, False),
        ('{"sentiment": "Positive"', True, False),
    ],
    ids=["finished", "a word", "cut off", "two are missing", "half a number", "half an answer"],
)
def test_a_missing_last_brace_is_forgotten_only_by_a_model_that_had_finished(text, finished, taken):
    try:
        found = read_object(text, ("sentiment", "stars"), finished=finished)
    except AnswerError:
        found = {}
    assert bool(found) is taken


def test_an_answer_in_two_halves_is_refused_not_halved():
    with pytest.raises(AnswerError):
        read_object('First:\n{"a": 1}\nSecond:\n{"b": 2}', ("a", "b"))


def test_objects_that_were_not_asked_for_are_kept_for_the_message_about_them():
    assert read_object('Here: {"label": "Positive"}', NAMES) == {"label": "Positive"}


def test_what_differs_is_quoted():
    with pytest.raises(AnswerError) as caught:
        read_object(f"{NO}\n{YES}", NAMES)
    assert caught.value.message == f"The answer holds several objects that differ: {NO} and {YES}."
    with pytest.raises(AnswerError) as caught:
        read_object('{"sentiment": 1, "sentiment": 2}', NAMES)
    assert caught.value.message == 'The answer gives "sentiment" twice, with different values.'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=3))
@example({"}": {}, "": 0})
@pytest.mark.slow
def test_what_python_or_javascript_writes_is_read_as_it_was_or_refused(value):
    assert lenient_json.read(json.dumps(value), 0).value == value
    for text in (repr(value), json.dumps(value, ensure_ascii=False)[:-1]):
        with contextlib.suppress(AnswerError):
            assert read_object(text) == value


@settings(max_examples=100, deadline=None)
@given(st.text(" \n\t`*#|>-.,;:!?()[]</~=+_'\"0123456789", max_size=20))
@pytest.mark.slow
def test_of_two_answers_without_a_word_between_none_is_taken(glue):
    with pytest.raises(AnswerError):
        read_object(f"{NO}{glue}{YES}", NAMES)


LONG = 60_000


@pytest.mark.slow
@each_row(
    "piece",
    [
        "{",
        '{"sentiment":',
        "{a:1,",
        '{"',
        "{'",
        "{“",
        "{/*",
        "{#\n",
        '{\\"',
        "```{",
        "</s>{",
        "<think>",
        "<think></think>",
        "<",
        "[",
        "<|channel|>final<|message|>",
        "<|channel|>analysis",
        "assistant ",
        "{a:}",
    ],
)
def test_hostile_text_is_refused_in_bounded_steps(piece):
    # Sixty kilobytes each: what is not bounded would take minutes here.
    with pytest.raises(AnswerError):
        read_object(piece * (LONG // len(piece)), NAMES)
