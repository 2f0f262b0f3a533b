"""A table that one test walks tells of each row what a test of its own would have told."""

from __future__ import annotations

import pytest

from support.tables import each_row


def test_all_rows_are_walked_and_those_that_fail_are_shown() -> None:
    seen = []

    @each_row("number", [1, 2])
    @each_row(("word", "length"), [("ab", 2), pytest.param("", 1, id="none"), ("abc", 2)])
    def walked(number: int, word: str, length: int) -> None:
        seen.append((number, word))
        assert len(word) == length

    with pytest.raises(AssertionError, match="2 of 2 rows failed") as caught:
        walked()
    assert len(seen) == 6
    assert "number=1" in str(caught.value)
    assert "2 of 3 rows failed" in str(caught.value)
    assert "word='abc', length=2" in str(caught.value)
    assert "word='ab'," not in str(caught.value)


def test_what_pytest_says_of_a_row_counts_too() -> None:
    @each_row("bad", [ValueError])
    def walked(bad: type[Exception]) -> None:
        with pytest.raises(bad):
            pass

    with pytest.raises(AssertionError, match="1 of 1 rows failed"):
        walked()


def test_fixtures_are_what_no_column_names(tmp_path: object) -> None:
    @each_row("row", [(1, 2)])
    def walked(row: tuple[int, int], given: object) -> None:
        assert (row, given) == ((1, 2), tmp_path)

    walked(given=tmp_path)  # type: ignore[call-arg]
