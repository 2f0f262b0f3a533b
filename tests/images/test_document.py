from __future__ import annotations

import io
import random

import pytest
from pypdf import PdfReader, PdfWriter

from ml_backend.errors import AttachmentError
from ml_backend.images import document
from support.files import image, pdf

LINE = "The quick brown fox jumps over the lazy dog."


def written(content, **options):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(**options)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_the_text_of_all_pages_is_read_in_order():
    found = document.read(pdf(LINE, "", "The second page with text"))
    assert found.text == f"{LINE}\n\nThe second page with text"
    assert (found.pages, found.pages_read, found.is_scan) == (3, 3, False)


@pytest.mark.parametrize("pages", [("",), ("", ""), ("1", "2", "3")])
def test_a_document_without_words_is_a_scan(pages):
    assert document.read(pdf(*pages)).is_scan


@pytest.mark.slow
def test_pages_and_characters_are_bounded():
    found = document.read(pdf(*[LINE] * 60))
    assert (found.pages, found.pages_read) == (60, document.MOST_PAGES)
    long = document.read(pdf("x" * 60_000, "y" * 60_000, LINE))
    assert len(long.text) == document.MOST_CHARACTERS
    assert long.pages_read == 2


def test_a_document_with_an_owners_password_is_read():
    assert document.read(written(pdf(LINE), user_password="", owner_password="x")).text == LINE


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no PDF"),
        (image(), "no PDF"),
        (b"%PDF-1.4 and then nothing", "damaged"),
        (written(pdf(LINE), user_password="secret"), "password"),
    ],
    ids=["empty", "picture", "cut-off", "locked"],
)
def test_what_cannot_be_read_says_so(content, words):
    with pytest.raises(AttachmentError, match=words):
        document.read(content)


def test_a_page_that_takes_too_long_ends_the_reading():
    with pytest.raises(AttachmentError, match="within"):
        document.read(pdf(LINE), seconds=-1)


@pytest.mark.slow
def test_bytes_changed_at_random_never_raise_anything_else():
    dice, whole = random.Random(4), pdf(LINE, LINE)
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        try:
            document.read(bytes(broken))
        except AttachmentError:
            continue
