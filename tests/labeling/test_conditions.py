"""visibleWhen and what narrows it down: what Label Studio would hide is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

MAIN = """<Choices name="a" toName="t"><Choice value="Yes!" alias="yes"/><Choice value="no"/>
<Choice value="maybe, later"/></Choices>"""
STARS = '<Rating name="r" toName="t" {extra}/>'
DATA = {"text": "Ada met Bob in Rome"}


def config(*tags: str) -> str:
    return f'<View><Text name="t" value="$text"/>{"".join(tags)}</View>'


def when(kind: str, **narrower: str) -> str:
    names = {"tag": "whenTagName", "choice": "whenChoiceValue", "label": "whenLabelValue",
             "role": "whenRole"}  # fmt: skip
    parts = [f'visibleWhen="{kind}"', *(f'{names[k]}="{v}"' for k, v in narrower.items())]
    return " ".join(parts)


@pytest.mark.slow
@each_row(
    ("condition", "choice", "shows"),
    [
        (when("choice-selected", tag="a", choice="yes"), "Yes!", True),
        (when("choice-selected", tag="a", choice="Yes!"), "Yes!", True),
        (when("choice-selected", tag="a", choice="yes"), "no", False),
        (when("choice-selected", tag="a", choice="yes"), None, False),
        (when("choice-selected", tag="a", choice="no,yes"), "Yes!", True),
        (when("choice-selected", tag="a", choice="maybe, later"), "maybe, later", True),
        (when("choice-selected", tag="a"), "no", True),
        (when("choice-selected", tag="a"), None, False),
        (when("choice-selected"), "no", True),
        (when("choice-selected", tag="gone"), "no", False),
        (when("choice-unselected", tag="a", choice="yes"), "no", True),
        (when("choice-unselected", tag="a", choice="yes"), "Yes!", False),
        (when("choice-unselected", tag="a", choice="yes"), None, True),
        (when("choice-unselected", tag="a"), None, True),
        (when("choice-unselected", tag="a"), "no", False),
        (when("no-region-selected"), None, True),
        ('whenChoiceValue="no"', "no", True),
        ('whenChoiceValue="no"', "Yes!", False),
        (when("CHOICE-SELECTED", tag="a", choice="yes").lower(), "Yes!", True),
    ],
)
@each_row("around", [False, True])
def test_a_control_shows_by_the_choices_made(convert, condition, choice, shows, around):
    stars = STARS.replace("{extra}", "" if around else condition)
    if around:
        stars = f"<View {condition}><View>{stars}</View></View>"
    made = convert(config(MAIN, stars), {"a": choice, "r": 3}, DATA)
    assert made.answer.get("r") == (3 if shows else None)


@pytest.mark.parametrize(("choice", "usable"), [("Yes!", False), ("no", True)])
def test_what_is_hidden_need_not_be_answered(convert, choice, usable):
    extra = f'required="true" {when("choice-selected", tag="a", choice="yes")}'
    made = convert(config(MAIN, STARS.replace("{extra}", extra)), {"a": choice, "r": None}, DATA)
    assert bool(made.errors) is not usable
    if not usable:
        assert '"r" must be answered: it is required.' in made.errors[0]


def test_one_hidden_control_hides_the_next(convert):
    chain = """<Choices name="b" toName="t" visibleWhen="choice-selected" whenTagName="a"
    whenChoiceValue="yes"><Choice value="x"/></Choices><Choices name="c" toName="t"
    visibleWhen="choice-selected" whenTagName="b"><Choice value="y"/></Choices>"""
    said = {"b": "x", "c": "y"}
    assert convert(config(MAIN, chain), {"a": "yes", **said}, DATA).answer["c"] == "y"
    made = convert(config(MAIN, chain), {"a": "no", **said}, DATA)
    assert made.answer == {"a": "no", "b": None, "c": None}
    assert [each.control for each in made.problems] == ["b", "c"]
    assert made.problems[0].message == (
        'It is asked only when "a" is "yes": what was answered is left out.'
    )


LABELS = """<Labels name="l" toName="t"><Label value="PER"/><Label value="Place" alias="LOC"/>
</Labels><Text name="u" value="$other"/><Labels name="m" toName="u"><Label value="PER"/></Labels>"""


def span(quote: str, label: str, stars: Any = 3) -> dict[str, Any]:
    return {"quote": quote, "occurrence": 1, "label": label, "r": stars}


@pytest.mark.slow
@each_row(
    ("condition", "shows"),
    [
        (when("region-selected"), [3, 3]),
        (when("region-selected", label="PER"), [3, None]),
        (when("region-selected", label="LOC"), [None, 3]),
        (when("region-selected", label="Place"), [None, 3]),
        (when("region-selected", label="PER,LOC"), [3, 3]),
        (when("region-selected", tag="l"), [3, 3]),
        (when("region-selected", tag="t"), [3, 3]),
        (when("region-selected", tag="m"), [None, None]),
        ('whenLabelValue="PER"', [3, None]),
    ],
)
def test_a_question_about_a_region_shows_by_its_label(convert, condition, shows):
    stars = STARS.replace("{extra}", f'perRegion="true" {condition}')
    answer = {"l": [span("Ada", "PER"), span("Rome", "Place")], "m": []}
    made = convert(config(LABELS, stars), answer, DATA)
    assert [item["r"] for item in made.answer["l"]] == shows
    assert [each.control for each in made.problems] == ["r"] * (None in shows)


def test_a_question_about_a_region_shows_by_what_else_is_said_of_it(convert):
    sure = """<Choices name="sure" toName="t" perRegion="true"><Choice value="yes"/>
    <Choice value="no"/></Choices>"""
    condition = when("choice-selected", tag="sure", choice="no")
    stars = STARS.replace("{extra}", f'perRegion="true" {condition}')
    answer = {"l": [{**span("Ada", "PER"), "sure": "no"}, {**span("Rome", "Place"), "sure": "yes"}]}
    made = convert(config(LABELS, sure, stars), answer, DATA)
    assert [item["r"] for item in made.answer["l"]] == [3, None]


def test_a_question_about_the_task_shows_when_there_is_a_region(convert):
    stars = STARS.replace("{extra}", when("region-selected", tag="l", label="PER"))
    item = {"quote": "Ada", "occurrence": 1, "label": "PER"}
    for label, shown in (("PER", 3), ("Place", None)):
        made = convert(config(LABELS, stars), {"l": [{**item, "label": label}], "r": 3}, DATA)
        assert made.answer["r"] == shown


def test_what_is_hidden_makes_no_failure_of_an_answer_that_is_whole_without_it(convert):
    stars = STARS.replace("{extra}", when("region-selected"))
    made = convert(config(LABELS, stars), {"l": [], "m": [], "r": 3}, DATA)
    assert made.errors == ()
    assert [each.control for each in made.problems] == ["r"]


@pytest.mark.parametrize("role", ["assistant", "assistant,tool"])
def test_a_question_about_a_message_shows_by_its_role(convert, role):
    xml = f"""<View><Chat name="chat" value="$chat" toName="chat"/><Rating name="r" toName="chat"
    perRegion="true" {when("region-selected", role=role)}/></View>"""
    messages = [
        {"role": role, "content": "Hi", "r": 4} for role in ("user", "assistant", "assistant")
    ]
    made = convert(xml, {"chat": messages}, {"chat": []})
    assert [item["r"] for item in made.answer["chat"]] == [None, 4, 4]
    assert len({each["id"] for each in made.result}) == 3


@pytest.mark.parametrize(
    "labels",
    ['<Label value="PER" maxUsages="2"/>', '<Label value="PER"/>'],
    ids=["of the label", "of all labels"],
)
def test_labels_used_too_often_are_left_out_and_reported(convert, labels):
    outer = "" if "maxUsages" in labels else 'maxUsages="2"'
    xml = config(f'<Labels name="l" toName="t" {outer}>{labels}</Labels>')
    spans = [{"quote": q, "occurrence": 1, "label": "PER"} for q in ("Ada", "Bob", "Rome")]
    made = convert(xml, {"l": spans}, DATA)
    assert [item["quote"] for item in made.answer["l"]] == ["Ada", "Bob"]
    assert made.problems[0].message == 'The label "PER" may be used 2 times: the rest is left out.'


def test_the_model_is_told_when_a_control_shows():
    stars = STARS.replace("{extra}", when("choice-selected", tag="a", choice="yes"))
    told = LabelingConfig.parse(config(MAIN, stars)).describe(DATA)
    assert '"r" (only when "a" is "yes"; else null): a rating' in told
