"""Each control says how much room its answers take: enough for every sensible one, and bounded."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.answer_room import room_of_answer
from ml_backend.labeling.bases.room import room_of
from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.documentation import TASK, example_of
from support.labeling_answers import answers
from support.labeling_configs import EVERY
from support.tables import each_row

REVIEW = "The battery died after two days. I want my money back."
CLASSES = '<Choice value="Positive"/><Choice value="Negative"/>'


def room(controls: str, text: str = REVIEW, objects: str = "") -> int:
    objects = objects or '<Text name="t" value="$text"/>'
    config = LabelingConfig.parse(f"<View>{objects}{controls}</View>")
    assert list(config.controls), controls
    data = {"text": text, "image": "https://example.com/a.png", "items": []}
    return room_of_answer(config, data, [text])


@each_row(
    ("controls", "least", "most"),
    [
        ('<Choices name="c" toName="t">' + CLASSES + "</Choices>", 70, 110),
        ('<Choices name="c" toName="t" choice="multiple">' + CLASSES + "</Choices>", 75, 120),
        ('<Number name="n" toName="t"/>', 70, 100),
        ('<Rating name="r" toName="t"/>', 70, 100),
        ('<DateTime name="d" toName="t" only="date"/>', 70, 100),
        ('<TextArea name="w" toName="t" maxSubmissions="1"/>', 400, 800),
        ('<TextArea name="w" toName="t" maxSubmissions="3"/>', 1_200, 2_400),
        ('<Labels name="l" toName="t"><Label value="PER"/></Labels>', 300, 700),
        (
            '<Labels name="l" toName="t"><Label value="PER"/></Labels>'
            '<TextArea name="why" toName="t" perRegion="true"/>',
            700,
            1_400,
        ),
    ],
)
def test_what_is_asked_says_how_long_an_answer_may_be(controls, least, most):
    assert least <= room(controls) <= most


@pytest.mark.parametrize(
    "controls",
    [
        '<TextArea name="w" toName="t" maxSubmissions="1"/>',
        '<Labels name="l" toName="t"><Label value="PER"/></Labels>',
    ],
)
def test_spans_and_texts_may_be_longer_of_a_longer_task(controls):
    assert room(controls, REVIEW * 40) > 3 * room(controls)


@pytest.mark.parametrize(
    "controls",
    [
        '<Choices name="c" toName="t">' + CLASSES + "</Choices>",
        '<Number name="n" toName="t"/>',
        '<Rating name="r" toName="t"/>',
        '<DateTime name="d" toName="t"/>',
    ],
)
def test_classes_and_numbers_take_no_more_of_a_longer_task(controls):
    assert room(controls, REVIEW * 400) == room(controls)


def test_a_longer_class_name_takes_more_room_whatever_its_script():
    name = "возврат денег за испорченный товар"
    long = f'<Choices name="c" toName="t"><Choice value="{name}"/><Choice value="b"/></Choices>'
    assert room(long) > room('<Choices name="c" toName="t">' + CLASSES + "</Choices>") + len(name)


@pytest.mark.slow
def test_a_thousand_classes_take_room_for_a_reasonable_choice_of_them():
    many = "".join(f'<Choice value="class number {n}"/>' for n in range(1_000))
    one = room(f'<Choices name="c" toName="t">{many}</Choices>')
    several = room(f'<Choices name="c" toName="t" choice="multiple">{many}</Choices>')
    assert one < 110 < several < 1_500


def test_shapes_are_bounded_by_the_pictures_of_the_task():
    image = '<Image name="i" value="$image"/>'
    boxes = room(
        '<RectangleLabels name="b" toName="i"><Label value="Car"/></RectangleLabels>', objects=image
    )
    outlines = room(
        '<PolygonLabels name="p" toName="i"><Label value="Car"/></PolygonLabels>', objects=image
    )
    assert 3_000 < boxes < outlines


IMAGE = '<Image name="t" value="$image"/>'
PAGES = '<Image name="t" valueList="$pages"/>'
PDF = '<Pdf name="t" value="$image"/>'
WRITE = '<TextArea name="w" toName="t" maxSubmissions="1"/>'
BESIDE = '<Text name="t" value="$text"/><Image name="i" value="$image"/>'


@pytest.mark.parametrize(
    ("objects", "controls", "least"),
    [
        (IMAGE, WRITE, 4_000),
        (IMAGE, '<TextArea name="w" toName="t"/>', 4_000),
        (BESIDE, WRITE, 4_000),
        (PDF, WRITE, 12_000),
        (PAGES, WRITE, 12_000),
        (PAGES, '<TextArea name="w" toName="t" perItem="true"/>', 12_000),
        (
            IMAGE,
            '<RectangleLabels name="b" toName="t"><Label value="Line"/></RectangleLabels>'
            '<TextArea name="w" toName="t" perRegion="true"/>',
            11_000,
        ),
    ],
)
def test_what_is_read_from_pictures_and_pages_has_room(objects, controls, least):
    config = LabelingConfig.parse(f"<View>{objects}{controls}</View>")
    data = {"text": "Read it.", "image": "https://example.com/a", "pages": ["a", "b", "c"]}
    assert room_of_answer(config, data, []) > least


def test_classes_of_a_picture_take_no_more_than_of_a_text():
    controls = '<Choices name="c" toName="t">' + CLASSES + "</Choices>"
    assert room(controls, objects=IMAGE) == room(controls)


@pytest.mark.parametrize("text", ["2024-11-30T12:34:56", "4111 1111 1111 1111", "9" * 50])
def test_each_digit_may_be_a_token_of_its_own(text):
    assert room_of(text) >= sum(map(str.isdigit, text))
    assert room_of("№ " + text) > sum(map(str.isdigit, text))


@each_row("kind", CONTROLS.values())
def test_the_documented_answer_of_each_tag_fits_in_its_room(kind):
    config, answer = example_of(kind)
    texts = [text for _, text in config.inputs(TASK)]
    assert room_of_answer(config, TASK, texts) > room_of(json.dumps(answer, indent=2))


@pytest.mark.slow
@given(st.sampled_from(EVERY), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_of_every_config_fit_in_their_room(sample, data):
    made = sample.config.to_conversion(data.draw(answers(sample)), sample.data)
    if not made.errors:
        texts = [text for _, text in sample.config.inputs(sample.data)]
        written = json.dumps(made.answer, ensure_ascii=False)
        assert room_of_answer(sample.config, sample.data, texts) > room_of(written)
