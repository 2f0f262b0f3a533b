"""Null's relatives, where one value is asked for."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("kind", TAGS)
@pytest.mark.parametrize("given", NULLS, ids=repr)
def test_they_are_null_where_it_was_offered(convert, kind, given):
    made = convert(f"<View>{TEXT}{TAGS[kind].format('')}</View>", {"c": given}, DATA)
    assert (made.result, made.problems, made.errors) == ([], (), ())
    assert made.answer == {"c": None}


@pytest.mark.parametrize("kind", [kind for kind in TAGS if kind != "pairwise"])
@pytest.mark.parametrize("given", NULLS, ids=repr)
def test_they_are_no_answer_where_one_is_required(convert, kind, given):
    xml = f"<View>{TEXT}{TAGS[kind].format(' required=' + chr(34) + 'true' + chr(34))}</View>"
    assert '"c" must be answered' in convert(xml, {"c": given}, DATA).errors[0]


@pytest.mark.parametrize("given", ["none", "n/a", [None, None], {}, "undefined", "-", [[], []]])
@pytest.mark.parametrize("kind", ["choices", "number", "rating"])
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
