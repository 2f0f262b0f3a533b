"""Errors as HTTP: a status that fits, and a reason phrase that reaches a person."""

from __future__ import annotations

import pytest

from ml_backend import errors
from ml_backend.records import FailureKind
from ml_backend.services.reviewing.task_tabs import TabLost, TabState
from ml_backend.store.cipher import UnreadableSecret
from ml_backend.web.server.errors import REASON_LENGTH, reason_phrase, status_of


def every_error(kind: type[errors.PromptsError]) -> list[type[errors.PromptsError]]:
    return [kind, *(found for each in kind.__subclasses__() for found in every_error(each))]


@pytest.mark.parametrize("kind", every_error(errors.PromptsError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_of_its_own_fault(kind: type[errors.PromptsError]) -> None:
    if issubclass(kind, errors.ModelError):
        error: errors.PromptsError = kind("no", kind=FailureKind.QUOTA)
    elif issubclass(kind, errors.TooManyTries):
        error = kind("no", retry_after=3)
    elif issubclass(kind, UnreadableSecret):
        error = kind()
    elif issubclass(kind, TabLost):
        error = kind("no", next(iter(TabState)))
    else:
        error = kind("no")
    status = status_of(error)
    refused = errors.Conflict | errors.Forbidden | errors.AnswerError | errors.TooManyTries
    ours = isinstance(error, errors.InvalidInput | refused)
    assert (400 <= status < 500) is (
        ours or isinstance(error, errors.LabelStudioNotFound | errors.BudgetReached)
    )


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("plain", "plain"),
        ("two\r\nlines\tand  spaces", "two lines and spaces"),
        ("‘quoted’ “text” – and so on…", "'quoted' \"text\" - and so on..."),
        ("größer", "größer"),
        ("项目 🦄", "?? ?"),
        ("nul\0 and \x85 next line", "nul and next line"),
    ],
)
def test_a_reason_phrase_is_one_printable_latin_line(text: str, phrase: str) -> None:
    assert reason_phrase(text) == phrase


def test_a_reason_phrase_is_bounded() -> None:
    phrase = reason_phrase("word " * 500)
    assert len(phrase) == REASON_LENGTH
    assert phrase.endswith("...")
