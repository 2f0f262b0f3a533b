from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from ml_backend.labeling.text.spans import Miss, Quotable, overlap
from support.tables import each_row


@each_row(
    ("text", "quote", "occurrence", "found"),
    [
        ("abc abc", "abc", 1, (0, 3)),
        ("abc abc", "abc", 2, (4, 7)),
        ("abc abc", "abc", 3, Miss.AMBIGUOUS),
        ("abc abc", "abc", None, Miss.AMBIGUOUS),
        ("abc abc abc", "abc", 2, (4, 7)),
        ("abc abc abc", "abc", 3, (8, 11)),
        ("abc", "abc", 9, (0, 3)),
        ("abc", "abc", None, (0, 3)),
        ("***", "**", 2, (1, 3)),
        ("abc", "", 1, Miss.EMPTY),
        ("abc", " \t", 1, Miss.EMPTY),
        ("abc", "abd", 1, Miss.ABSENT),
        ("", "a", 1, Miss.ABSENT),
        # exact wins over what would fit loosely
        ("ABC abc", "abc", 1, (4, 7)),
        ("New\n  York", "New York", 1, (0, 10)),
        ("New\u00a0York", " New York ", 1, (0, 8)),
        ("“It’s”", '"It\'s"', 1, (0, 6)),
        ("a – b", "a - b", 1, (0, 5)),
        ("in cafe\u0301s", "cafés", 1, (3, 9)),
        ("in cafés", "cafe\u0301s", 1, (3, 8)),
        ("각", unicodedata.normalize("NFD", "각"), 1, (0, 1)),
        (unicodedata.normalize("NFD", "각"), "각", 1, (0, 3)),
        ("ADA Lovelace", "Ada lovelace", 1, (0, 12)),
        ("İstanbul İzmir ada", "Ada", 1, (15, 18)),
        # case decides when it can
        ("Big  Apple, big  apple", "big apple", 1, (12, 22)),
        ("BIG  apple, Big  Apple", "big apple", 1, Miss.AMBIGUOUS),
        # of several that look alike the occurrence decides
        ("don’t, don’t", "don't", 2, (7, 12)),
        ("don’t, don’t", "don't", 3, Miss.AMBIGUOUS),
        ("don’t, don’t", "don't", None, Miss.AMBIGUOUS),
        # no part of a composed character
        ("Cafe\u0301", "cafe", 1, Miss.ABSENT),
        ("(.*)+ [a]", "(.*)+  [A]", 1, (0, 9)),
    ],
)
def test_quotes_are_found(text, quote, occurrence, found):
    assert Quotable(text).find(quote, occurrence) == found


words = st.text(alphabet="ab é\u0301İ’👨\u200d\r\n", min_size=1, max_size=40)


@pytest.mark.slow
@given(words, st.integers(0, 39), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_every_span_is_found_again_by_its_quote_and_occurrence(text, start, length):
    start %= len(text)
    end = min(len(text), start + length)
    quotable = Quotable(text)
    if text[start:end].strip():
        assert quotable.find(text[start:end], quotable.occurrence(start, end)) == (start, end)


@pytest.mark.slow
@given(words, words, st.none() | st.integers(-2, 5))
@settings(max_examples=200, deadline=None)
def test_whatever_is_found_lies_in_the_text(text, quote, occurrence):
    found = Quotable(text).find(quote, occurrence)
    if not isinstance(found, Miss):
        assert 0 <= found[0] < found[1] <= len(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("a" * 1_000_000, "a" * 500_000),
        ("a" * 1_000_000, "a" * 4000 + "b"),
        ("a " * 500_000, "a  a  a b"),
        (" " * 1_000_000, "a b"),
        ("é" * 1_000_000, "É" * 900),
    ],
)
def test_hostile_texts_cost_little(text, quote):
    quotable = Counted(text)
    started = time.process_time()
    for occurrence in range(5):
        quotable.find(quote, occurrence)
    assert quotable.looks <= MOST_LOOKS
    assert time.process_time() - started < GROWS_BY_THE_SQUARE


MOST_LOOKS = 60_000
"""Places that are looked at of one text: each costs some microseconds, ten times that if traced."""
GROWS_BY_THE_SQUARE = 60
"""Seconds that no machine takes for what grows with the text, however busy it is."""


class Counted(Quotable):
    """A text that counts the looks at places in it."""

    looks = 0

    def _is_word(self, start, end):
        self.looks += 1
        return super()._is_word(start, end)


@pytest.mark.slow
def test_many_missing_quotes_in_a_long_text_cost_little():
    quotable = Quotable("word " * 200_000)
    started = time.process_time()
    assert {quotable.find(f"missing {i}", 1) for i in range(500)} == {Miss.ABSENT}
    assert time.process_time() - started < GROWS_BY_THE_SQUARE


@each_row(
    ("spans", "others", "expected"),
    [
        ([], [], (0, 0, 0)),
        ([(0, 5)], [(3, 8)], (2, 5, 5)),
        ([(0, 5), (3, 8)], [(0, 8)], (8, 8, 8)),
        ([(0, 2), (4, 6)], [(1, 5)], (2, 4, 4)),
        ([(0, 10)], [(1, 2), (3, 4), (20, 30)], (2, 10, 12)),
        ([(0, 1)], [(1, 2)], (0, 1, 1)),
        # a gap of one character, as between two words; of two; of none; one character shared
        ([(0, 3)], [(4, 7)], (0, 3, 3)),
        ([(4, 7)], [(0, 3)], (0, 3, 3)),
        ([(0, 3)], [(5, 7)], (0, 3, 2)),
        ([(0, 3)], [(3, 7)], (0, 3, 4)),
        ([(0, 4)], [(3, 7)], (1, 4, 4)),
        ([(0, 3), (4, 7)], [(3, 4)], (0, 6, 1)),
        ([(0, 3), (8, 9)], [(4, 7)], (0, 4, 3)),
        ([(0, 3), (4, 7)], [(0, 7)], (6, 6, 7)),
    ],
)
def test_overlap_counts_each_character_once(spans, others, expected):
    assert overlap(spans, others) == expected
    assert overlap(others, spans) == (expected[0], expected[2], expected[1])
