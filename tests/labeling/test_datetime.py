from __future__ import annotations

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

XML = '<View><Text name="t" value="$text"/><DateTime name="d" toName="t" {extra}/></View>'


def xml(extra: str = "") -> str:
    return XML.replace("{extra}", extra)


@each_row(
    ("extra", "answer", "stored", "normal"),
    [
        ("", "2024-05-01T10:30", "2024-05-01T10:30", "2024-05-01T10:30"),
        ("", "2024-05-01 10:30:59", "2024-05-01T10:30", "2024-05-01T10:30"),
        ("", "2024-05-01T10:30:00.5Z", "2024-05-01T10:30", "2024-05-01T10:30"),
        ("", "2024-05-01", "2024-05-01T00:00", "2024-05-01T00:00"),
        ('only="date,time"', "2024-05-01T10:30+02:00", "2024-05-01T10:30", "2024-05-01T10:30"),
        ('only="date"', "2024-05-01", "2024-05-01", "2024-05-01"),
        ('only="date"', "2024-05-01T10:30", "2024-05-01", "2024-05-01"),
        ('only="time"', "10:30", "10:30", "10:30"),
        ('only="time"', "9:05:10", "09:05", "09:05"),
        ('only="time" format="%I:%M %p"', "21:30", "21:30", "21:30"),
        ('only="year"', "2024", "2024-01-01", "2024"),
        ('only="year"', 2024, "2024-01-01", "2024"),
        ('only="year"', "2024-05-17", "2024-01-01", "2024"),
        ('only="year" format="%Y"', "2024", "2024", "2024"),
        ('only="month,year"', "2024-05", "2024-05-01", "2024-05"),
        ('only="month" format="%B"', "2024-05", "May", "1900-05"),
        ('only="date" format="%d.%m.%Y"', "2024-05-01", "01.05.2024", "2024-05-01"),
        ('format="%d.%m.%Y %H:%M"', "2024-05-01T10:30", "01.05.2024 10:30", "2024-05-01T10:30"),
        ('format="%-d/%-m/%Y" only="date"', "2024-05-01", "01/05/2024", "2024-05-01"),
    ],
)
def test_moments_are_stored_in_the_form_the_editor_reads(
    convert, without_ids, extra, answer, stored, normal
):
    made = convert(xml(extra), {"d": answer})
    assert [region["value"] for region in without_ids(made)] == [{"datetime": stored}]
    assert made.answer == {"d": normal}


@each_row(
    ("extra", "answer", "lost"),
    [
        ("", "2024-05-01 10:30:59", "what is finer than minutes"),
        ("", "2024-05-01 10:30:00.5Z", "what is finer than minutes"),
        ("", "2024-05-01T10:30+02:00", "the time zone"),
        ("", "2024-05-01T10:30:00-0500", "the time zone"),
        ('only="date"', "2024-05-01T10:30", "the time"),
        ('only="time"', "9:05:10", "what is finer than minutes"),
        ('only="time"', "2024-05-01T09:05", "the date"),
        ('only="year"', "2024-05-17", "month and day"),
        ('only="year"', "2024-05", "month and day"),
        ('only="month,year"', "2024-05-17", "the day"),
        ("", "2024-05-01T10:30:00.000Z", ""),
        ("", "2024-05-01T10:30+00:00", ""),
        ('only="date"', "2024-05-01T00:00:00Z", ""),
        ('only="date"', "2024-05-01", ""),
        ('only="year"', "2024-01-01", ""),
        ('only="month,year"', "2024-05-01", ""),
        ('only="year"', 2024, ""),
        ('only="time"', "09:05:00", ""),
    ],
)
def test_what_is_not_asked_for_is_left_out_and_reported(convert, extra, answer, lost):
    made = convert(xml(extra), {"d": answer})
    assert len(made.result) == 1
    assert [f" {lost} is left out" in each.message for each in made.problems] == [True] * bool(lost)


@each_row(
    ("extra", "answer", "reason"),
    [
        ("", "tomorrow", '"tomorrow" is not of the form YYYY-MM-DDTHH:MM.'),
        ("", "2024-13-01T10:30", "is not of the form"),
        ("", "2024-02-30T10:30", "is not of the form"),
        ("", "2024-05-01T25:00", "is not of the form"),
        ("", 5, "is not of the form"),
        ("", ["2024-05-01T10:30"], "a list is not of the form"),
        ('only="time"', "25:30", "is not of the form HH:MM"),
        ('only="date"', "01.05.2024", "is not of the form YYYY-MM-DD"),
        ('only="date"', "0999-05-01", "is not of the form YYYY-MM-DD"),
        ('only="date" min="2024-01-01"', "2023-12-31", "before 2024-01-01, the earliest allowed"),
        ('max="2024-12-31"', "2025-01-01T00:00", "after 2024-12-31, the latest allowed"),
        ('only="year" max="2024"', "2025", "after 2024"),
    ],
)
def test_what_the_editor_would_not_take_is_reported(convert, extra, answer, reason):
    made = convert(xml(extra), {"d": answer})
    assert made.result == []
    assert reason in made.problems[0].message


def test_the_bounds_are_told():
    described = LabelingConfig.parse(xml('only="date" min="2024-01-01" required="true"'))
    assert described.describe({}) == '"d": a date in the form YYYY-MM-DD, 2024-01-01 or later'


@pytest.mark.parametrize(
    ("extra", "stored", "answer"),
    [
        ("", "2024-05-01T10:30", "2024-05-01T10:30"),
        ("", "2024-05-01T10:30:00.000Z", "2024-05-01T10:30"),
        ('only="date" format="%d.%m.%Y"', "01.05.2024", "2024-05-01"),
        ('only="time"', "10.30", None),
        ("", None, None),
        ("", ["x"], None),
    ],
)
def test_annotations_become_answers(extra, stored, answer):
    region = {"id": "x", "from_name": "d", "to_name": "t", "type": "datetime"}
    config = LabelingConfig.parse(xml(extra))
    assert config.to_answer([{**region, "value": {"datetime": stored}}], {}) == {"d": answer}
