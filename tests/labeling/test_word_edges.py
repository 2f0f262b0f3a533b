"""A quote means words: it is found at the edges of words first, in whatever script it is."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.spans import INSIDE, Miss, Quotable
from ml_backend.labeling.text.word_edges import is_cut
from support.tables import each_row

FAMILY = "👨‍👩‍👧"


def found(text: str, quote: str, occurrence: int | None = 1) -> Any:
    place = Quotable(text).find(quote, occurrence)
    return place if isinstance(place, Miss) else place[0]


@each_row(
    ("text", "quote", "start"),
    [
        ("Iranian officials said in Iran that it rains.", "Iran", 26),
        ("The USA is not the US.", "US", 19),
        ("In 2015 we sold 5 items", "5", 16),
        ("The Apple Inc's first product was the Apple I, built by hand.", "Apple I", 38),
        ("At least the wind is from the east", "east", 30),
        ("Bayernpartei gewann in Bayern", "Bayern", 23),
        ("Übersee über See", "See", 13),
        ("Россиянин в России, Россия", "Россия", 20),
        ("Ελλάδας και Ελλάδα", "Ελλάδα", 12),
        ("भारतीय और भारत", "भारत", 10),
        # a number is one word with its point and comma, a date or a version is not
        ("It rose 3.5 % in 5 years", "5", 17),
        ("It cost 1,500,000 or 500", "500", 21),
        ("It rose 3,5 % in 3 years", "3", 17),
        ("Since 5.6.2020", "2020", 10),
        ("We have 5, not 15.", "5", 8),
        ("Between 2015-2020", "2020", 13),
        ("It was 3.5.", "3.5", 7),
        # what is no part of a word ends one
        ("Iran's Iran", "Iran", 0),
        ("Irani l’Iran", "Iran", 8),
        ("Trumpʼs", "Trump", 0),
        ("USA-based US-based", "US", 10),
        ("well-known knowns", "known", 5),
        ("*Iranian* _Iran_", "Iran", 11),
        ("Irans (Iran)", "Iran", 7),
        ("Iranian#Iran", "Iran", 8),
        ("Iran²", "Iran", 0),
        ("Annapurna, “Anna”", "Anna", 12),
        ("see c++ or c", "c++", 4),
        ("$50 or 50$", "$50", 0),
        ("He's from Côte d'Ivoire.", "Ivoire", 17),
        ("Iran🇮🇷", "Iran", 0),
        ("❤️Iran", "Iran", 2),
        ("😀Anna", "Anna", 1),
        # accents and joiners belong to the character before them
        ("e\u0301te\u0301 ete", "ete", 6),
        (f"{FAMILY} 👨", "👨", 6),
        ("👍🏽 👍", "👍", 3),
        ("🇩🇪🇮🇷 🇪🇮", "🇪🇮", 5),
        ("San\u00adta San", "San", 7),
        # no blanks between words
        ("東京都は京都ではない", "京都", 1),
        ("会社はABC株式会社です", "ABC", 3),
        ("会社はABCD、ABC株式会社です", "ABC", 8),
        ("私はアメリカへ行く", "アメリカ", 2),
        ("2015年に5年", "5", 6),
        ("他在北京大学工作", "北京", 2),
        ("ฉันอยู่กรุงเทพมหานคร", "กรุงเทพ", 7),
        ("ຂ້ອຍຢູ່ວຽງຈັນ", "ວຽງຈັນ", 7),
        ("ខ្ញុំនៅភ្នំពេញ", "ភ្នំពេញ", 7),
        ("ကျွန်တော်ရန်ကုန်မှာ", "ရန်ကုန်", 9),
        ("བོད་ལྗོངས་", "ལྗོངས", 4),
        # Korean particles follow their word; what precedes it makes another one
        ("대한국은 한국은 좋다", "한국", 5),
        ("삼성전자가 LG전자와", "LG", 6),
        ("삼성SDS와", "SDS", 2),
        # a word of its own goes before one with letters of Hebrew and Arabic before it
        ("בישראל ישראל", "ישראל", 7),
        ("גרנו בישראל", "ישראל", 6),
        ("والعراق وإيران", "إيران", 9),
        # what makes another word of it goes behind it
        ("US_TEAM and US", "US", 12),
        ("foo_bar bar", "bar", 8),
        ("US_TEAM", "US", 0),
        ("__init__ init", "init", 2),
        ("can't and can", "can", 10),
        ("can’t and can", "can", 10),
        ("can't", "can", 0),
        ("can's can", "can", 0),
        ("O'Brien met Brien", "Brien", 12),
        ("O’Brien", "Brien", 2),
        ("l'Iran, Iran", "Iran", 2),
        ("C++ C", "C", 4),
        ("C# and C", "C", 7),
        ("C+D C", "C", 0),
        ("#Iran Iran", "Iran", 1),
        ("C++", "C", 0),
        ("한국인 한국", "한국", 4),
        ("한국인은 한국에서", "한국", 5),
        ("한국은 한국", "한국", 0),
        ("한국에서는 한국", "한국", 0),
        ("한국인", "한국", 0),
        ("삼성SDS팀 SDS와", "SDS", 7),
        # entities are the characters they stand for
        ("caf&eacute;s and café", "café", 17),
        ("caf&eacute; caf", "caf", 12),
        ("&eacute;t&eacute; t", "t", 18),
        ("AT&amp;T AT", "AT", 0),
        ("R&amp;D, D", "D", 6),
        ("R&D; D", "D", 2),
        ("x &lt; y, lt", "lt", 10),
        ("5&nbsp;km", "km", 7),
        # a number and its unit
        ("take 500mg twice", "500", 5),
        ("take 500mg twice", "mg", 8),
        ("take 1500mg or 500 mg", "500", 15),
        ("at 5pm", "5", 3),
        ("2.5 l and 2.5kWh", "kWh", 13),
    ],
)
def test_the_first_place_is_the_first_word(text, quote, start):
    assert found(text, quote) == start


@each_row(
    ("text", "quote"),
    [
        ("Iranian officials", "Iran"),
        ("The Bayernpartei", "Bayern"),
        ("In 2015", "5"),
        ("It rose 3.5 %", "5"),
        ("It rose 3.5 %", "3"),
        ("1,500 people", "500"),
        ("house", "us"),
        ("e\u0301te\u0301", "e"),
        (FAMILY, "👨"),
        ("👍🏽", "👍"),
        ("🇩🇪🇮🇷", "🇪🇮"),
        ("San\u00adta", "San"),
        ("대한국", "한국"),
        ("हिन्दी", "हिन्"),
        ("กรุงเทพ", "กร"),
        ("ភ្នំពេញ", "នំពេញ"),
        ("H2O and CO2", "CO"),
        ("mp3", "3"),
        ("the 20th", "20"),
        ("the 5mgx", "5"),
        ("the A5mg", "5"),
        ("בלה", "לה"),
        ("caf&#233;", "caf"),
        ("&#xe9;t", "t"),
        ("AT&amp;T", "amp"),
    ],
)
def test_letters_within_a_word_are_no_place(text, quote):
    assert found(text, quote) is Miss.INSIDE
    assert found(text, quote, None) is Miss.INSIDE


@each_row(
    ("text", "quote"),
    [
        ("The house is big and old.", "US"),
        ("It told us so", "US"),
        ("He can, who knows", "WHO"),
        ("Straßenbahn", "strasse"),
        ("The houses are big", "HOUSE"),
        ("An art of its own", "part"),
        ("Part apart", "a part"),
        ("I live in Parisian streets", "paris."),
        ("The ﬁnances", "finance"),
        ("caf&eacute;s", "café"),
        ("ofﬁce", "of"),
        ("ofﬁce", "ice"),
        ("It is -5", "+5"),
        ("It is 5", "-5"),
    ],
)
def test_a_loose_search_finds_no_part_of_a_word_either(text, quote):
    assert found(text, quote) in (Miss.ABSENT, Miss.INSIDE)


@pytest.mark.parametrize(
    ("text", "quote", "starts", "inside"),
    [
        ("Iranian Iran Iranian Iran", "Iran", [8, 21], [0, 13]),
        ("Iran Iranian", "Iran", [0], [5]),
        ("US_A US USA US", "US", [5, 12], [0, 8]),
        ("can't cannot can", "can", [13], [0, 6]),
        ("Iranian", "Iran", [], [0]),
        ("500mg 5000", "500", [0], [6]),
        ("500mg 500", "500", [6], [0]),
    ],
)
def test_words_are_counted_apart_from_parts_of_words(text, quote, starts, inside):
    quotable = Quotable(text)
    size = len(quote)
    for number, start in enumerate(starts, 1):
        assert quotable.find(quote, number) == (start, start + size)
        assert quotable.occurrence(start, start + size) == number
    for number, start in enumerate(inside, 1):
        assert quotable.find(quote, INSIDE - number) == (start, start + size)
        assert quotable.occurrence(start, start + size) == INSIDE - number
    for number in (0, -1, -2, len(starts) + 1, INSIDE, INSIDE - len(inside) - 1):
        one = (starts[0], starts[0] + size) if len(starts) == 1 else Miss.INSIDE
        assert quotable.find(quote, number) == (Miss.AMBIGUOUS if len(starts) > 1 else one)


def test_a_page_ends_a_word_where_a_block_ends():
    text, breaks = "IranIraqian Iran", (4,)
    assert Quotable(text).find("Iran", 1) == (12, 16)
    quotable = Quotable(text, breaks)
    assert quotable.find("Iran", 1) == (0, 4)
    assert quotable.find("Iraqian", 1) == (4, 11)
    assert quotable.find("Iran Iraqian", 1) == (0, 11)


def test_a_place_at_the_end_of_the_text_cuts_nothing():
    assert not is_cut("Ada", 0, at_end=False)
    assert not is_cut("Ada", 3, at_end=True)


XML = '<View>{object}<{tag} name="l" toName="t"><Label value="LOC"/></{tag}>{more}</View>'
TEXT = "Iranian officials said in Iran that it rains."
OBJECTS = {
    "text": ('<Text name="t" value="$d"/>', "Labels", TEXT),
    "html": ('<HyperText name="t" value="$d"/>', "HyperTextLabels",
             f"<p><i>Iran</i>ian{TEXT[7:]}</p>"),
    "cells": ('<HyperText name="t" value="$d"/>', "Labels",
              "<td>Iranian</td><table><tr><td>Iran</td><td>Iraq</td></tr></table>"),
    "talk": ('<Paragraphs name="t" value="$d"/>', "ParagraphLabels",
             [{"text": "Iranian"}, {"text": "officials said in Iran that it rains."}]),
}  # fmt: skip


@pytest.mark.parametrize("kind", OBJECTS)
def test_every_object_that_is_quoted_counts_words(convert, kind):
    thing, tag, data = OBJECTS[kind]
    xml = XML.replace("{object}", thing).replace("{tag}", tag).replace("{more}", "")
    made = convert(xml, {"l": [{"quote": "Iran", "occurrence": 1, "label": "LOC"}]}, {"d": data})
    value = made.result[0]["value"]
    place = value.get("globalOffsets", value)
    expected = {"text": (26, 30), "html": (26, 30), "cells": (7, 11), "talk": ("1", "1")}[kind]
    assert (place["start"], place["end"]) == expected
    assert value.get("startOffset") == {"text": None, "talk": 18}.get(kind, 0)
    assert value["text"] == "Iran"


def test_what_is_refused_says_which_word_it_stands_in(convert):
    xml = XML.replace("{object}", OBJECTS["text"][0]).replace("{tag}", "Labels")
    xml = xml.replace("{more}", "<Relations/>")
    items = [
        {"id": 1, "quote": "Iran", "occurrence": 1, "label": "LOC"},
        {"id": 2, "quote": "rain", "occurrence": 1, "label": "LOC"},
        {"id": 3, "quote": "US", "occurrence": 1, "label": "LOC"},
    ]
    related = [{"from": 1, "to": 2, "direction": "right"}]
    made = convert(xml, {"l": items, "relations": related}, {"d": TEXT})
    assert [each["value"]["start"] for each in made.result] == [26]
    assert [each.message for each in made.problems] == [
        'The quote "rain" is not in "d" as a word of its own, only inside "rains": quote whole '
        "words.",
        'The quote "US" is not in "d".',
        '"to": 2 is the "id" of no item that could be used, or of two.',
    ]


def test_a_part_of_a_word_that_a_person_marked_stays_what_it_is():
    config = LabelingConfig.parse(
        XML.replace("{object}", OBJECTS["text"][0]).replace("{tag}", "Labels").replace("{more}", "")
    )
    value = {"start": 0, "end": 4, "labels": ["LOC"]}
    region = {"id": "a", "from_name": "l", "to_name": "t", "type": "labels", "value": value}
    answer = config.to_answer([region], {"d": TEXT})
    assert answer == {"l": [{"quote": "Iran", "occurrence": INSIDE - 1, "label": "LOC"}]}
    made = config.to_conversion(answer, {"d": TEXT})
    assert (made.result[0]["value"]["start"], made.answer) == (0, answer)
    said = {"l": [{"quote": "Iran", "occurrence": 1, "label": "LOC"}]}
    assert config.compare(said, answer, {"d": TEXT})["l"].score == 0.0
