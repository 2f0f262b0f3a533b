from __future__ import annotations

import time
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

XML = """<View><Text name="t" value="$text"/><Labels name="ner" toName="t" {extra}>
<Label value="PER" hint="people"/><Label value="Place" alias="LOC"/></Labels></View>"""
PLAIN = XML.replace("{extra}", "")
MULTIPLE = XML.replace("{extra}", 'choice="multiple"')
REQUIRED = XML.replace("{extra}", 'required="true"')
FAMILY = "👨‍👩‍👧"
ADA = "Ada met Ada in Zürich."


def span(quote: str, label: str = "PER", occurrence: Any = 1) -> dict[str, Any]:
    return {"quote": quote, "occurrence": occurrence, "label": label}


def region(start: int, end: int, text: str, *labels: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": list(labels), "text": text}
    return {"from_name": "ner", "to_name": "t", "type": "labels", "value": value}


@each_row(
    ("text", "spans", "regions"),
    [
        (ADA, [span("Ada")], [region(0, 3, "Ada", "PER")]),
        (ADA, [span("Ada", occurrence=2)], [region(8, 11, "Ada", "PER")]),
        (ADA, [span("Zürich", "Place")], [region(15, 21, "Zürich", "LOC")]),
        (ADA, [span("Zürich", "loc")], [region(15, 21, "Zürich", "LOC")]),
        (ADA, [span("Zürich", "LOC"), span("Ada")], [
            region(0, 3, "Ada", "PER"), region(15, 21, "Zürich", "LOC")]),
        (ADA, [span("Ada met"), span("met Ada")], [
            region(0, 7, "Ada met", "PER"), region(4, 11, "met Ada", "PER")]),
        (ADA, [span("Ada"), span("Ada", "LOC"), span("Ada")], [
            region(0, 3, "Ada", "PER"), region(0, 3, "Ada", "LOC")]),
        (f"a {FAMILY} in Rome", [span("Rome", "LOC")], [region(11, 15, "Rome", "LOC")]),
        (f"a {FAMILY} in Rome", [span(FAMILY)], [region(2, 7, FAMILY, "PER")]),
        ("one\r\ntwo\r\nthree", [span("three")], [region(10, 15, "three", "PER")]),
        ("one\r\ntwo", [span("one\ntwo")], [region(0, 8, "one\r\ntwo", "PER")]),
        ("قال عمر مرحبا", [span("عمر")], [region(4, 7, "عمر", "PER")]),
        ("İİ Ada", [span("ada")], [region(3, 6, "Ada", "PER")]),
        ("", [], []),
    ],
)  # fmt: skip
def test_quotes_become_code_point_offsets(convert, without_ids, text, spans, regions):
    made = convert(PLAIN, {"ner": spans}, {"text": text})
    assert without_ids(made) == regions
    assert (made.problems, made.errors) == ((), ())
    for item in made.result:
        value = item["value"]
        assert text[value["start"] : value["end"]] == value["text"]


def test_labels_of_one_span_share_a_region_where_a_region_may_have_several(convert, without_ids):
    made = convert(MULTIPLE, {"ner": [span("Ada", "LOC"), span("Ada")]}, {"text": ADA})
    assert without_ids(made) == [region(0, 3, "Ada", "PER", "LOC")]
    assert made.answer == {"ner": [span("Ada"), span("Ada", "Place")]}


@each_row(
    ("bad", "reason"),
    [
        (span("Grace"), 'The quote "Grace" is not in "text".'),
        (span(""), "A quote is empty."),
        (span(" \n"), "A quote is empty."),
        (span("Ada", "ORG"), 'The label of the quote "Ada": "ORG" is not one of "PER", "Place".'),
        (span("Ada", None), 'null is not one of "PER", "Place".'),
        (span("Ada", occurrence=3), "occurrence 3 tells none of them"),
        (span("Ada", occurrence=0), "occurrence 0 tells none of them"),
        (span("Ada", occurrence=None), "occurrence null tells none of them"),
        (span("ada", occurrence=3), 'The quote "ada" fits several places'),
        ("Ada", "A span must be an object"),
        (None, "A span must be an object"),
        ({"quote": 3, "occurrence": 1, "label": "PER"}, "A span must be an object"),
    ],
)
def test_a_span_that_cannot_be_placed_is_reported_and_the_others_stay(
    convert, without_ids, bad, reason
):
    made = convert(PLAIN, {"ner": [bad, span("Zürich", "LOC")]}, {"text": ADA})
    assert without_ids(made) == [region(15, 21, "Zürich", "LOC")]
    assert len(made.problems) == 1
    assert reason in made.problems[0].message
    assert made.errors == ()


def test_an_impossible_occurrence_is_overlooked_when_there_is_only_one(convert):
    for occurrence in (0, 2, -1, None, "1", 1.0, True, [], 10**30):
        made = convert(PLAIN, {"ner": [span("Zürich", "LOC", occurrence)]}, {"text": ADA})
        assert made.answer == {"ner": [span("Zürich", "Place")]}


@each_row(
    ("xml", "answer", "usable"),
    [
        (PLAIN, {"ner": []}, True),
        (PLAIN, {"ner": None}, True),
        (PLAIN, {}, False),
        (PLAIN, {"ner": "Ada"}, False),
        (PLAIN, {"ner": {}}, False),
        (PLAIN, {"ner": [span("Grace")]}, False),
        (REQUIRED, {"ner": []}, False),
        (REQUIRED, {"ner": [span("Zürich")]}, True),
    ],
)
def test_no_spans_is_an_answer_only_when_said_so(convert, xml, answer, usable):
    made = convert(xml, answer, {"text": ADA})
    assert bool(made.errors) is not usable


@pytest.mark.parametrize(
    "data", [{}, {"text": None}, {"text": ""}, {"text": {"a": "Ada"}}, {"text": 5}]
)
def test_tasks_without_text_have_no_spans(convert, data):
    made = convert(PLAIN, {"ner": [span("Ada")]}, data)
    assert made.result == []
    assert made.errors


def test_a_list_is_searched_as_the_editor_shows_it(convert, without_ids):
    made = convert(PLAIN, {"ner": [span("Ada")]}, {"text": ["Bob", "Ada"]})
    assert without_ids(made) == [region(4, 7, "Ada", "PER")]


def test_quotes_are_not_stored_where_the_config_forbids_it(convert, without_ids):
    xml = PLAIN.replace('value="$text"', 'value="$text" saveTextResult="no"')
    made = convert(xml, {"ner": [span("Zürich")]}, {"text": ADA})
    assert without_ids(made)[0]["value"] == {"start": 15, "end": 21, "labels": ["PER"]}


@each_row(
    ("values", "answer"),
    [
        ([{"start": 8, "end": 11, "labels": ["PER"]}], [span("Ada", occurrence=2)]),
        ([{"start": 8, "end": 11, "text": "wrong", "labels": ["PER"]}],
         [span("Ada", occurrence=2)]),
        ([{"start": 15, "end": 21, "labels": ["LOC", "PER"]}],
         [span("Zürich"), span("Zürich", "Place")]),
        ([{"start": 4, "end": 11, "labels": ["PER"]}, {"start": 0, "end": 7, "labels": ["PER"]}],
         [span("Ada met"), span("met Ada")]),
        ([{"start": 0, "end": 3, "labels": ["gone"]}], [span("Ada", "gone")]),
        # the editor ends it with the text
        ([{"start": 15, "end": 99, "labels": ["PER"]}], [span("Zürich.")]),
        ([{"start": 99, "end": 199, "labels": ["PER"]}, {"start": 3, "end": 3, "labels": ["PER"]}],
         []),
        ([{"start": -4, "end": 2, "labels": ["PER"]}, {"labels": ["PER"]}, {}], []),
        ([], []),
    ],
)  # fmt: skip
def test_annotations_are_quoted_from_the_task(values, answer):
    regions = [
        {"id": f"r{i}", "from_name": "ner", "to_name": "t", "type": "labels", "origin": "manual"}
        | {"value": value}
        for i, value in enumerate(values)
    ]
    assert LabelingConfig.parse(PLAIN).to_answer(regions, {"text": ADA}) == {"ner": answer}


@each_row(
    ("answer", "truth", "correct", "score"),
    [
        ([span("Ada")], [span("Ada")], True, 1.0),
        ([span("Ada"), span("Zürich", "Place")], [span("Zürich", "Place"), span("Ada")], True, 1.0),
        ([], [], True, 1.0),
        ([], [span("Ada")], False, 0.0),
        ([span("Ada", "Place")], [span("Ada")], False, 0.0),
        ([span("Ada", occurrence=2)], [span("Ada")], False, 0.0),
        ([span("Ada met")], [span("Ada")], False, pytest.approx(2 * 3 / 10)),
        ([span("Ada"), span("gone")], [span("Ada")], False, pytest.approx(2 * 3 / 10)),
    ],
)
def test_spans_agree_by_overlap(answer, truth, correct, score):
    config = LabelingConfig.parse(PLAIN)
    agreement = config.compare({"ner": answer}, {"ner": truth}, {"text": ADA})["ner"]
    assert (agreement.correct, agreement.score) == (correct, score)


def test_without_the_task_only_identical_spans_overlap():
    config = LabelingConfig.parse(PLAIN)
    answer = [span("Ada"), span("Ada met")]
    agreement = config.compare({"ner": answer}, {"ner": [span("Ada")]})["ner"]
    assert agreement.correct is False
    assert agreement.score == pytest.approx(2 * 3 / (10 + 3))


@pytest.mark.slow
def test_a_text_of_a_megabyte_is_searched_quickly(convert):
    text = "".join(f"Line {i}: Ada was here — “again”.\n" for i in range(32_000))
    assert len(text) > 1_000_000
    spans = [span(f"Line {i}: Ada") for i in range(0, 32_000, 800)]
    spans += [span("Ada", occurrence=31_000), span('line 31999: ADA was here - "again"')]
    LabelingConfig.parse(PLAIN).check([])
    started = time.process_time()
    made = convert(PLAIN, {"ner": spans}, {"text": text})
    assert time.process_time() - started < 5
    assert len(made.result) == len(spans)
    assert made.problems == ()
