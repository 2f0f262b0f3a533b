"""Quotes that were not copied to the letter: found where one place looks like them."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from ml_backend.labeling.text.lookalikes import _CHUNK, Folded
from ml_backend.labeling.text.spans import Miss, Quotable
from support.tables import each_row

DECOMPOSED = unicodedata.normalize("NFD", "한국은")


@each_row(
    ("text", "quote", "words"),
    [
        ("The ﬁnance ofﬁce in Zurich", "finance office", "ﬁnance ofﬁce"),
        ("ﬂoﬀ ſtreet Ĳssel ŉ", "floff street", "ﬂoﬀ ſtreet"),
        ("The finance office", "The ﬁnance", "The finance"),
        ("Visit New\u200bYork and San\u00adta Fe", "Santa Fe", "San\u00adta Fe"),
        ("Visit New\u200bYork and", "New York", "New\u200bYork"),
        ("Visit New\u200bYork and", "NewYork", "New\u200bYork"),
        ("Visit New York and", "New\u200bYork", None),
        ("In \ufeffZü\u2060rich.", "Zürich", "Zü\u2060rich"),
        ("\u200eZürich\u200f 5", "Zürich 5", "Zürich\u200f 5"),
        ("He went to Paris… then Rome", "Paris...", "Paris…"),
        ("He went to Paris... then", "Paris…", "Paris..."),
        ("He went to Paris… then", "Paris.", "Paris"),
        ("Shares of AT&amp;T rose", "AT&T", "AT&amp;T"),
        ("Shares of AT&T rose", "AT&amp;T", "AT&T"),
        ("Z&uuml;rich &#8211; Bern", "Zürich - Bern", "Z&uuml;rich &#8211; Bern"),
        ("He &quot;ran&quot;", '"ran"', "&quot;ran&quot;"),
        ("New&nbsp; York", "New York", "New&nbsp; York"),
        ("New&#160;York", "New York", "New&#160;York"),
        ("a &foo; b&", "a &FOO; B", "a &foo; b"),
        ("会社はＡＢＣ株式会社です", "ABC株式会社", "ＡＢＣ株式会社"),
        ("ｶﾞｽ会社", "ガス", "ｶﾞｽ"),
        ("価格は１０００円", "1000円", "１０００円"),
        ("It is 20 ℃, 5 ㎏", "20 °C", "20 ℃"),
        ("Nº 5™", "No 5TM", "Nº 5™"),
        ("I live in Paris", "Paris.", "Paris"),
        ("I live in Paris", '"Paris",', "Paris"),
        ("I live in Paris!", "(Paris)?", "Paris"),
        ("住在北京", "北京。", "北京"),
        ("cafe\u0301s in", "Cafés", "cafe\u0301s"),
        (
            unicodedata.normalize("NFD", "한국은 각"),
            "한국은",
            unicodedata.normalize("NFD", "한국은"),
        ),
        ("Zuger “Bank”", "'Bank'", "“Bank”"),
        ("``Bank'' of", '"Bank"', "``Bank''"),
        ("«Bank» of", '"Bank" of', "«Bank» of"),
        ("rock ’n’ roll", "rock 'n' roll", "rock ’n’ roll"),
        ("1990–2000", "1990-2000", "1990–2000"),
        ("yes — no", "yes -- no", "yes — no"),
        ("3 × 4", "3 x 4", "3 × 4"),
        ("line one\nline two", "one\\nline", "one\nline"),
        ('He said "no"', 'said \\"no\\"', 'said "no"'),
        ("مُحَمَّد هنا", "محمد", "مُحَمَّد"),
        ("בְּרֵאשִׁית ברא", "בראשית", "בְּרֵאשִׁית"),
        ("STRASSE 5", "Straße 5", "STRASSE 5"),
        ("Ist İstanbul schön", "istanbul", "İstanbul"),
        ("👨 ＡＢＣ", "ABC", "ＡＢＣ"),
        ("❤️ it", "❤ it", "❤️ it"),
        # exact goes first, and what has two readings is none
        ("Paris. Paris", "Paris.", "Paris."),
        ("Big  Apple, BIG  Apple", "big apple", Miss.AMBIGUOUS),
        ("us, us", "US", None),
        # no part of what is one character
        ("ofﬁce", "ofﬁ", Miss.INSIDE),
        ("1 ㎏ of", "1 k", Miss.ABSENT),
        ("so…", "so.", "so"),
        ("a&amp;b", "a&am", Miss.INSIDE),
        ("Cafe\u0301", "cafe", Miss.ABSENT),
        ("-5 degrees", "5.", "5"),
        ("5 degrees", ".5", Miss.ABSENT),
        ("5 degrees", "-5", Miss.ABSENT),
        ("Paris", "?!", Miss.ABSENT),
        ("Paris", "\u200b", Miss.ABSENT),
    ],
)
def test_what_looks_alike_is_found_where_one_place_fits(text, quote, words):
    found = Quotable(text).find(quote, 1)
    if isinstance(words, Miss) or isinstance(found, Miss):
        assert found is (words or Miss.ABSENT)
    else:
        assert text[slice(*found)] == words


def test_an_abbreviation_is_found_in_a_text_that_writes_none_in_capitals():
    found = {
        ("i live in the usa", "USA"): 14,
        ("Born in the usa, I said", "USA"): 12,
        ("he moved to the uk in may", "UK"): 16,
        ("она жила в ссср", "СССР"): 11,
        ("vive en la onu", "ONU"): 11,
        # Other words, others written in capitals, more than one place.
        ("they told us", "US"): None,
        ("wer ist der", "IST"): None,
        ("The FBI said usa", "USA"): None,
        ("usa and usa", "USA"): None,
    }
    for (text, quote), start in found.items():
        place = Quotable(text).find(quote, 1)
        assert (None if isinstance(place, Miss) else place[0]) == start, text


@each_row(
    ("text", "quote", "starts"),
    [
        ("He said don’t and don’t", "don't", [8, 18]),
        ("don't and don’t", "don't", [0, 10]),
        ("don’t, don't, don’t", "don't", [7, 7, 14]),
        ("Ada’s or Ada‘s", "Ada's", [0, 9]),
        ("“It” or “It”", '"It"', [0, 8]),
        ("ＡＢＣ and ＡＢＣ", "ABC", [0, 8]),
        ("5 € and 5 € and 5  €", "5 €", [0, 8, 16]),
        ("New\nYork, New\tYork", "New York", [0, 10]),
        ("a–b, a–b", "a-b", [0, 5]),
        ("Café, Café", "Café", [6, 6]),
        ("Paris, Paris", "Paris!", [0, 7]),
        ("AT&amp;T, AT&amp;T", "AT&T", [0, 10]),
        ("San­ta, San­ta", "Santa", [0, 8]),
        ("“No” “no”", '"no"', [5, 5]),
        ("ADA, ADA", "Ada", [0, 5]),
        ("don’ts, don’t, don’t", "don't", [8, 15]),
    ],
)
def test_what_looks_alike_is_counted_as_well(text, quote, starts):
    text = text.replace("\\n", "\n").replace("\\t", "\t")
    quotable = Quotable(text)
    for number, start in enumerate(starts, 1):
        found = quotable.find(quote, number)
        assert not isinstance(found, Miss)
        assert found[0] == start
        again = quotable.occurrence(*found)
        assert quotable.find(text[slice(*found)], again) == found
    if len(set(starts)) == len(starts):
        assert quotable.find(quote, len(starts) + 1) is Miss.AMBIGUOUS


def test_an_occurrence_that_is_none_of_several_is_said_so(convert):
    xml = """<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="A"/>
    </Labels></View>"""
    spans = [{"quote": "don't", "occurrence": 3, "label": "A"}]
    made = convert(xml, {"l": spans}, {"t": "don’t and don’t"})
    assert 'The quote "don\'t" fits several places in "t", and occurrence 3 tells' in made.errors[0]


def test_offsets_are_those_of_the_original_text(convert):
    xml = """<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="A"/>
    </Labels></View>"""
    text = "👨‍👩‍👧 in ﬁne Z&uuml;rich …"
    made = convert(
        xml, {"l": [{"quote": "fine Zürich", "occurrence": 1, "label": "A"}]}, {"t": text}
    )
    (region,) = made.result
    value = region["value"]
    assert (value["start"], value["end"]) == (9, 24)
    assert value["text"] == text[9:24] == "ﬁne Z&uuml;rich"


@pytest.mark.slow
def test_what_costs_too_much_to_search_is_said_so(convert):
    xml = """<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="A"/>
    </Labels></View>"""
    spans = [{"quote": "AB", "occurrence": 1, "label": "A"}]
    made = convert(xml, {"l": spans}, {"t": "aba" * 300_000})
    assert "was not looked for" in made.errors[0]


@pytest.mark.slow
def test_all_that_changes_is_known():
    """Every character that looks otherwise in its compatibility form, or is longer without case."""
    for code in range(0x80, sys.maxunicode):
        char = chr(code)
        changes = unicodedata.normalize("NFKC", char) != char or len(char.casefold()) != 1
        if changes and not unicodedata.category(char).startswith(("C", "M")):
            assert _CHUNK.match(char), f"U+{code:04X} {unicodedata.name(char, '')}"


def test_a_folded_text_knows_the_way_back():
    text = "aﬁb &amp; \u00a0c\u00adße…"
    folded = Folded(text, ignore_case=True)
    assert folded.text == "afib & csse..."
    whole = {(0, 1): (0, 1), (1, 3): (1, 2), (5, 6): (4, 9), (7, 11): (11, 15), (11, 14): (15, 16)}
    assert {place: folded.original(*place) for place in whole} == whole
    for start, end in ((1, 2), (2, 4), (8, 9), (11, 12)):
        assert folded.original(start, end) is None
