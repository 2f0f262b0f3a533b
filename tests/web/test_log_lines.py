"""Log lines are bounded: in length, in number, and to one line each."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from ml_backend.web.server.logs import LONGEST, PER_MINUTE, JsonFormatter, Libraries, TextFormatter


def record(
    name: str, message: str, *values: object, level: int = logging.WARNING, error: object = None
) -> logging.LogRecord:
    return logging.LogRecord(name, level, "", 1, message, values, error)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_library_that_goes_on_and_on_is_cut_short_whatever_it_is_called() -> None:
    kept = Libraries()
    for library in ("fontTools.subset", "never_heard_of", "PIL.TiffImagePlugin", "py.warnings"):
        lines = [record(library, "object %d is broken", n) for n in range(10_081)]
        said = [each.getMessage() for each in lines if kept.filter(each)]
        assert len(said) == PER_MINUTE, library
        assert said[0] == "object 0 is broken"
        assert "no more of" in said[-1]
    others = [record(f"library{n}.part", "hello") for n in range(5_000)]
    assert sum(bool(kept.filter(each)) for each in others) < 300


def test_lines_of_ours_and_of_requests_are_all_kept_and_lower_ones_of_libraries_are_not() -> None:
    kept = Libraries()
    ours = [record("ml_backend.services.runs", "%d", n, level=logging.INFO) for n in range(200)]
    assert all(kept.filter(each) for each in ours)
    assert all(
        kept.filter(record("gunicorn.access", "GET /", level=logging.INFO)) for _ in range(99)
    )
    assert not kept.filter(record("some.client", "body: secret", level=logging.INFO))


def test_a_line_is_one_line_and_not_long_whatever_it_quotes() -> None:
    hostile = [
        "a\r\n2027-01-01 ERROR ml_backend: all keys were told",
        "a\x1b[2Jb\x00\x07\x85",
        "a\u2028b\u2029c\u202egnp.exe",
        "half \ud800 of a character",
        "x" * 3_000_000,
        "\n" * 100_000,
    ]
    for text in hostile:
        for formatter in (TextFormatter("%(levelname)s %(message)s"), JsonFormatter()):
            line = formatter.format(record("ml_backend.x", "task says %s", text))
            assert len(line.splitlines()) == 1, repr(text[:40])
            assert len(line) < 7 * LONGEST
            line.encode()
            assert not set("\x1b\u202e\u2028\x85\x00") & set(line)


def test_an_errors_own_words_look_like_no_line_of_ours() -> None:
    try:
        raise ValueError("a\n2027-01-01 ERROR ml_backend: forged\n" + "y" * 1_000_000)
    except ValueError:
        error = sys.exc_info()
    line = TextFormatter("%(message)s").format(record("ml_backend.x", "failed", error=error))
    assert not [each for each in line.splitlines()[1:] if not each.startswith("  ")]
    assert len(line) < 60_000
    told = json.loads(JsonFormatter().format(record("ml_backend.x", "failed", error=error)))
    assert len(told["traceback"]) < 30_000


def test_a_line_that_cannot_be_put_together_costs_no_more_than_itself() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    for made in (
        record("a.b", "%d", "x"),
        record("a.b", "%s", Broken()),
        record("a.b", "%s %s", 1),
    ):
        assert "in its arguments" in TextFormatter("%(message)s").format(made)
        assert Libraries(1).filter(made)
