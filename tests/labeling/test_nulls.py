"""Null's relatives, where one value is asked for."""

from __future__ import annotations

import pytest

from ml_backend.labeling import LabelingConfig
from support.tables import each_row

TEXT = '<Text name="t" value="$text"/><Image name="i" value="$image"/>'
DATA = {"text": "some text", "image": "/a.png", "pages": ["/a.png", "/b.png"]}
TAGS = {
    "choices": '<Choices name="c" toName="t"{0}><Choice value="A"/></Choices>',
    "number": '<Number name="c" toName="t"{0}/>',
    "rating": '<Rating name="c" toName="t"{0}/>',
    "datetime": '<DateTime name="c" toName="t"{0}/>',
    "pairwise": '<Text name="u" value="$text"/><Pairwise name="c" toName="t,u"{0}/>',
}
NULLS = [None, [], [None], "", " ", "null", "NULL", ["null"], [""], [[]]]


@pytest.mark.slow
@each_row("kind", TAGS)
@each_row("given", NULLS)
def test_they_are_null_where_it_was_offered(convert, kind, given):
    made = convert(f"<View>{TEXT}{TAGS[kind].format('')}</View>", {"c": given}, DATA)
    assert (made.result, made.problems, made.errors) == ([], (), ())
    assert made.answer == {"c": None}


@each_row("kind", [kind for kind in TAGS if kind != "pairwise"])
@each_row("given", NULLS)
def test_they_are_no_answer_where_one_is_required(convert, kind, given):
    xml = f"<View>{TEXT}{TAGS[kind].format(' required=' + chr(34) + 'true' + chr(34))}</View>"
    assert '"c" must be answered' in convert(xml, {"c": given}, DATA).errors[0]


@each_row("given", ["none", "n/a", [None, None], {}, "undefined", "-", [[], []]])
@each_row("kind", ["choices", "number", "rating"])
def test_what_may_mean_something_else_is_asked_again(convert, kind, given):
    assert convert(f"<View>{TEXT}{TAGS[kind].format('')}</View>", {"c": given}, DATA).errors


def test_a_class_called_null_is_one(convert):
    xml = f"<View>{TEXT}{TAGS['choices'].format('')}</View>".replace('"A"', '"Null"')
    for given in ("null", ["null"], "Null"):
        assert convert(xml, {"c": given}, DATA).answer == {"c": "Null"}
    assert convert(xml, {"c": []}, DATA).answer == {"c": None}


def test_what_is_asked_about_a_region_or_a_page_may_be_null_as_well(convert):
    shape = (
        '<Rectangle name="r" toName="i"/><Labels name="c" toName="i"><Label value="A"/></Labels>'
    )
    box = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}
    made = convert(f"<View>{TEXT}{shape}</View>", {"r": [{**box, "c": "null"}]}, DATA)
    assert (len(made.result), made.problems) == (1, ())
    pages = """<View><Image name="p" valueList="$pages"/><Rating name="c" toName="p"
    perItem="true"/></View>"""
    made = convert(pages, {"c": [3, "null"]}, DATA)
    assert (made.answer, made.problems) == ({"c": [3, None]}, ())


def test_a_rating_between_two_is_named(convert):
    made = convert(f"<View>{TEXT}{TAGS['rating'].format('')}</View>", {"c": 4.5}, DATA)
    assert "4.5 is not a whole number from 1 to 5" in made.errors[0]


def test_what_a_page_is_said_to_be_may_be_blank_as_well():
    pages = """<View><Image name="p" valueList="$pages"/><Choices name="c" toName="p"
    perItem="true"><Choice value="A"/></Choices></View>"""
    config = LabelingConfig.parse(pages)
    for given in (["", "null"], [None, ""], [[], " "], "", "null"):
        made = config.to_conversion({"c": given}, DATA)
        assert (made.result, made.problems, made.errors) == ([], (), ()), given
    made = config.to_conversion({"c": ["A", "none"]}, DATA)
    assert made.answer == {"c": ["A", None]}
    assert "Page 2" in made.problems[0].message


def test_the_word_null_is_no_text_in_silence(convert):
    for xml in (
        '<TextArea name="c" toName="t" maxSubmissions="1"/>',
        '<TextArea name="c" toName="t"/>',
        '<TextArea name="c" toName="t" required="true"/>',
    ):
        for given in ("null", "Null ", ["null"]):
            assert convert(f"<View>{TEXT}{xml}</View>", {"c": given}, DATA).errors
    both = convert(
        f'<View>{TEXT}<TextArea name="c" toName="t"/></View>', {"c": ["a", "null"]}, DATA
    )
    assert (both.answer, len(both.problems)) == ({"c": ["a"]}, 1)
    assert convert(f"<View>{TEXT}{xml}</View>", {"c": "null and void"}, DATA).errors == ()


def test_a_rating_and_a_class_that_are_both_nothing_cost_no_second_call(convert):
    xml = f"""<View>{TEXT}<Rating name="rating" toName="t"/><Choices name="choices" toName="t">
    <Choice value="A"/></Choices></View>"""
    for choices in ("", "  ", "null", [], [""], None):
        made = convert(xml, {"rating": None, "choices": choices}, DATA)
        assert (made.result, made.problems, made.errors) == ([], (), ())
    for choices in ("none", {}, "N/A", ["", ""]):
        assert convert(xml, {"rating": None, "choices": choices}, DATA).errors
