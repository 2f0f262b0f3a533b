from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

XML = """<View><Paragraphs name="p" value="$talk" {extra}/><{tag} name="n" toName="p">
<Label value="PER"/></{tag}></View>"""
FAMILY = "👨‍👩‍👧"


def config(extra: str = "", tag: str = "ParagraphLabels") -> str:
    return XML.replace("{extra}", extra).replace("{tag}", tag)


def talk(*words: str) -> dict[str, Any]:
    return {"talk": [{"author": "A", "text": each} for each in words]}


def span(quote: str, occurrence: int = 1) -> dict[str, Any]:
    return {"quote": quote, "occurrence": occurrence, "label": "PER"}


def place(made: Any) -> tuple[Any, ...]:
    value = made.result[0]["value"]
    return tuple(value[key] for key in ("start", "startOffset", "end", "endOffset", "text"))


@pytest.mark.slow
@each_row(
    ("data", "given", "found"),
    [
        (talk("Hi Ada", "Hi Bob"), span("Ada"), ("0", 3, "0", 6, "Ada")),
        (talk("Hi Ada", "Hi Bob"), span("Hi", 2), ("1", 0, "1", 2, "Hi")),
        (talk(f"{FAMILY} Ada"), span("Ada"), ("0", 9, "0", 12, "Ada")),
        (talk(f"a {FAMILY}"), span(FAMILY), ("0", 2, "0", 10, FAMILY)),
        (talk("Hi Ada", "how are you", "Bob"), span("Ada how are you Bob"),
         ("0", 3, "2", 3, "Adahow are youBob")),
        (talk("one", "two"), span("one\n"), ("0", 0, "0", 3, "one")),
        (talk("one", "", "two"), span("\n\ntwo"), ("2", 0, "2", 3, "two")),
        (talk("a\nAda"), span("Ada"), ("0", 2, "0", 5, "Ada")),
        ({"talk": [{"author": "A"}, "odd", None, {"text": "Ada"}]}, span("Ada"),
         ("3", 0, "3", 3, "Ada")),
        (talk("e\u0301té Ada"), span("été"), ("0", 0, "0", 4, "e\u0301té")),
        (talk("it’s Ada"), span("it's ada"), ("0", 0, "0", 8, "it’s Ada")),
    ],
)  # fmt: skip
@each_row("tag", ["ParagraphLabels", "Labels"])
def test_offsets_are_utf_16_units_within_a_paragraph(convert, data, given, found, tag):
    made = convert(config(tag=tag), {"n": [given]}, data)
    assert place(made) == found
    assert made.result[0]["type"] == tag.lower()
    assert made.problems == ()


def test_words_under_another_key_are_found(convert):
    data = {"talk": [{"role": "a", "content": "Ada", "text": "Bob"}]}
    xml = config('nameKey="role" textKey="content"')
    assert place(convert(xml, {"n": [span("Ada")]}, data)) == ("0", 0, "0", 3, "Ada")
    assert convert(xml, {"n": [span("Bob")]}, data).errors


def test_paragraphs_are_numbered_in_the_order_of_their_times(convert):
    data = {
        "talk": [
            {"text": "late", "start": 9},
            {"text": "none"},
            {"text": "zero", "start": 0},
            {"text": "early", "start": "1.5", "duration": 2},
        ]
    }
    found = {
        word: place(convert(config('contextScroll="true"'), {"n": [span(word)]}, data))[0]
        for word in ("early", "late", "none", "zero")
    }
    assert found == {"early": "0", "late": "1", "none": "2", "zero": "3"}


@pytest.mark.parametrize(
    ("granularity", "found"),
    [("symbol", ("1", 0, "1", 3, "Bob")), ("word", ("1", 0, "1", 4, "Bob_")),
     ("paragraph", ("1", 0, "1", 8, "Bob_ Eve"))],
)  # fmt: skip
def test_spans_are_widened_as_the_tag_says(convert, granularity, found):
    xml = config(f'granularity="{granularity}"')
    assert place(convert(xml, {"n": [span("Bob", 2)]}, talk("Bob Bob", "Bob Eve")))[0] == "0"
    assert place(convert(xml, {"n": [span("Bob")]}, talk("Bobby", "Bob_ Eve"))) == found


@each_row(
    ("value", "answer"),
    [
        ({"start": "1", "end": "1", "startOffset": 3, "endOffset": 6}, [span("Bob")]),
        ({"start": 1, "end": 1, "startOffset": 3, "endOffset": 6}, [span("Bob")]),
        ({"start": "0", "end": "1", "startOffset": 9, "endOffset": 2}, [span("Ada\nHi")]),
        ({"start": "0", "end": "0", "startOffset": 9, "endOffset": 12}, [span("Ada")]),
        ({"start": "1", "end": "0", "startOffset": 0, "endOffset": 1}, []),
        ({"start": "7", "end": "7", "startOffset": 0, "endOffset": 1}, []),
        ({"start": "0", "end": "0", "startOffset": 0, "endOffset": 99}, []),
        ({"start": "0", "end": "0"}, []),
    ],
)
def test_annotations_become_answers(value, answer):
    region = {"id": "a", "from_name": "n", "to_name": "p", "type": "paragraphlabels"}
    regions = [{**region, "value": {**value, "paragraphlabels": ["PER"]}}]
    data = talk(f"{FAMILY} Ada", "Hi Bob")
    assert LabelingConfig.parse(config()).to_answer(regions, data) == {"n": answer}


def test_only_a_dialogue_has_paragraphs():
    xml = config().replace("Paragraphs name", "Text name")
    assert "<Paragraphs>" in LabelingConfig.parse(xml).unanswerable["n"]
