"""Quotes of what is shown to a model beside the words themselves: bullets, numbers, speakers."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.dom_text import dom_text, read_dom
from ml_backend.labeling.text.html_text import to_text, to_text_and_bullets
from ml_backend.labeling.text.shown_text import beside
from support.tables import each_row

PAGE = """<View><HyperText name="h" value="$html"/><HyperTextLabels name="l" toName="h">
<Label value="P"/></HyperTextLabels></View>"""
TALK = PAGE.replace("HyperTextLabels", "ParagraphLabels").replace("HyperText", "Paragraphs")
LISTS = """<p>Paris is nice</p>
<ul><li>Paris</li> <li>London</li></ul><ol><li>Paris<li>Rome <ul><li>Oslo<li>Paris</ul></ol>"""
SAID = [
    {"author": "Al", "text": "Paris 😀 is Al"},
    {"author": "Bo Lee", "text": "Paris"},
    {"author": "Al", "text": "Paris is big"},
    {"author": "Al"},
    {"text": "alone"},
    "no object",
]


def place(xml: str, data: Any, quote: str, occurrence: int | None) -> Any:
    """Where a quote was put, as text; or why it was not."""
    config = LabelingConfig.parse(xml)
    task = {"html": data}
    item = {"quote": quote, "occurrence": occurrence, "label": "P"}
    made = config.to_conversion({"l": [item]}, task)
    if not made.result:
        return made.problems[0].message
    assert made.problems == ()
    [region] = made.result
    assert config.to_conversion(made.answer, task).result == made.result
    value = region["value"]
    if "globalOffsets" in value:
        start, end = value["globalOffsets"]["start"], value["globalOffsets"]["end"]
        assert dom_text(data)[start:end].split() == value["text"].split() or "\n" in quote
        return start, value["text"]
    return value["start"], value["startOffset"], value["end"], value["text"]


def assert_placed(said: Any, found: Any) -> None:
    """A place is the very one; words are a part of why there is none."""
    assert found in said if isinstance(found, str) else said == found


@each_row(
    ("quote", "occurrence", "found"),
    [
        ("- Paris", 1, (14, "Paris")),
        ("- Paris", 2, (40, "Paris")),
        ("- Paris", 3, "fits several places"),
        ("- Paris", None, "fits several places"),
        ("• Paris", 1, (14, "Paris")),
        ("* london", 1, (20, "London")),
        ("– London", 1, (20, "London")),
        ("1. Paris", 1, (26, "Paris")),
        ("1. Paris", 7, (26, "Paris")),
        ("2. Rome", 1, (31, "Rome")),
        ("- Paris\n- London", 1, (14, "Paris London")),
        ("Paris\n- London", 1, (14, "Paris London")),
        ("  - Oslo", 1, (36, "Oslo")),
        ("Paris", 1, (0, "Paris")),
        ("Paris", 2, (14, "Paris")),
        # what is not shown, and what has no word of the page
        ("3. Rome", 1, "is not in"),
        ("2. Paris", 1, "is not in"),
        ("- Lon", 1, "is not in"),
        ("-", 1, "is not in"),
        ("1.", 1, "is not in"),
    ],
)
def test_items_of_a_list_are_found_with_their_marks(quote, occurrence, found):
    assert_placed(place(PAGE, LISTS, quote, occurrence), found)


@each_row(
    ("quote", "occurrence", "found"),
    [
        ("Al: Paris", 1, ("0", 0, "0", "Paris")),
        ("Al: Paris", 2, ("2", 0, "2", "Paris")),
        ("Al: Paris", 3, "fits several places"),
        ("Bo Lee: Paris", 1, ("1", 0, "1", "Paris")),
        ("Lee: Paris", 9, ("1", 0, "1", "Paris")),
        ("al: paris is big", 1, ("2", 0, "2", "Paris is big")),
        ("“Bo Lee: Paris”", 1, ("1", 0, "1", "Paris")),
        ("Bo Lee: Paris\nAl: Paris", 1, ("1", 0, "2", "ParisParis")),
        ("Paris\nAl: Paris", 1, ("1", 0, "2", "ParisParis")),
        ("Al: Paris 😀 is Al\nBo Lee:", 1, ("0", 0, "0", "Paris 😀 is Al")),
        ("Paris", 2, ("1", 0, "1", "Paris")),
        ("Al", 1, ("0", 12, "0", "Al")),
        # a speaker alone, one who said something else, and part of a word
        ("Bo Lee", 1, "is not in"),
        ("Bo Lee:", 1, "is not in"),
        ("Bo Lee: Paris is", 1, "is not in"),
        ("Al: Par", 1, "is not in"),
        ("no object", 1, "is not in"),
    ],
)
def test_lines_of_a_dialogue_are_found_with_their_speakers(quote, occurrence, found):
    assert_placed(place(TALK, SAID, quote, occurrence), found)


def test_a_dialogue_under_other_keys_has_its_own_speakers():
    xml = TALK.replace('value="$html"', 'value="$html" nameKey="who" textKey="said"')
    assert place(xml, [{"who": "Al", "said": "Oslo"}], "Al: Oslo", 1) == ("0", 0, "0", "Oslo")


@pytest.mark.parametrize(
    "html",
    [
        LISTS,
        "<ul><li>  a  <li><p>b c</p></ul>",
        "<title>no</title><style>x</style><ol><li>a&nbsp;b<script>c</script><li>d<!-- e --></ol>",
        "<table><tr><td><ul><li>a</ul><td>b</table>",
        "<ul><li></ul>x",
        "<ul><li><pre> a\n  b</pre><li>é😀</ul>",
    ],
)
def test_what_is_shown_lies_beside_the_page(html):
    for text in (dom_text(html), dom_text(html, inline=True)):
        shown, bullets = to_text_and_bullets(html)
        found = beside(shown, bullets, text)
        assert found is not None
        for place, char in zip(found._places, shown, strict=True):
            assert place == -1 or text[place] == char
        assert sum(place != -1 for place in found._places) == len("".join(text.split()))


def test_a_page_whose_words_are_others_than_shown_has_no_such_places():
    shown, bullets = to_text_and_bullets("<ul><li>a</ul>")
    assert beside(shown, bullets, "b") is None
    assert beside(to_text("<p>a</p>"), [], "a") is None


@each_row(
    ("html", "quote", "start"),
    [
        ("Paris<sup>1</sup> is", "Paris", 0),
        ("in Paris<sup>12</sup>.", "Paris", 3),
        ("Paris<sup><a href='#n'>a</a></sup>", "Paris", 0),
        ("Paris<a><sup>1,2</sup></a>", "Paris", 0),
        ("Paris<sup>[4]</sup>", "Paris", 0),
        ("Paris<sup>iv</sup>", "paris", 0),
        ("US<sup>3</sup>", "US", 0),
        ("Acme<sup>TM</sup>", "Acme", 0),
        ("Paris<sub>1</sub>", "Paris", 0),
        ("<sup>1</sup>Paris", "Paris", 1),
        ("New York<sup>2</sup>", "New York", 0),
        ("Paris<sup>1</sup> is", "Paris1", 0),
        ("Paris<sup>1</sup> is", "Paris1 is", 0),
        ("Z&uuml;rich<sup>†</sup>", "Zürich", 0),
        # no marks of notes: a part of what they stand at
        ("5 km<sup>2</sup>", "km", None),
        ("5 km<sup>2</sup>", "5 km", None),
        ("x<sup>2</sup>", "x", None),
        ("10<sup>3</sup>", "10", None),
        ("CO<sub>2</sub>", "CO", None),
        ("H<sub>2</sub>O", "O", None),
        ("M<sup>me</sup>", "M", None),
        ("4<sup>th</sup>", "4", None),
        ("Paris<sup>1</sup>", "1", None),
        ("Paris<sup>1</sup>", "Par", None),
        ("wave<sup>length</sup>", "wave", None),
        ("Paris<b>1</b>", "Paris", None),
    ],
)
def test_a_word_ends_before_the_mark_of_a_note(html, quote, start):
    said = place(PAGE, html, quote, 1)
    assert said == (start, said[1]) if start is not None else "only inside" in said, said


def test_words_with_and_without_a_mark_are_counted_alike():
    html = "Paris<sup>1</sup> or Paris, x<sup>2</sup> and Paris<sup>2</sup>"
    assert [place(PAGE, html, "Paris", n)[0] for n in (1, 2, 3)] == [0, 10, 24]
    assert read_dom(html).breaks == ()
