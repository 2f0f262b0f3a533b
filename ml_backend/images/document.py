"""The text of a PDF, as far as there is any."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_backend.errors import AttachmentError

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 50
MOST_CHARACTERS = 100_000
READ_SECONDS = 20.0
# A scan may carry a page number or a stamp as text.
LEAST_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class Document:
    """What a PDF says; ``text`` "" when its pages are pictures."""

    text: str
    pages: int
    pages_read: int

    @property
    def is_scan(self) -> bool:
        return not self.text


def read(content: bytes, *, seconds: float = READ_SECONDS) -> Document:
    """The text of the first pages; raises AttachmentError for what is no PDF one can read."""
    deadline = time.monotonic() + seconds
    with opened(content, seconds) as reader:
        pages, number, length = [], len(reader.pages), 0
        for page in reader.pages[:MOST_PAGES]:
            pages.append(page.extract_text(visitor_operand_before=watch(deadline)).strip())
            length += len(pages[-1])
            if length > MOST_CHARACTERS:
                break
    text = "\n\n".join(filter(None, pages))
    if len("".join(text.split())) < LEAST_CHARACTERS:
        text = ""
    return Document(text[:MOST_CHARACTERS], number, len(pages))


@contextmanager
def opened(content: bytes, seconds: float) -> Iterator[PdfReader]:
    """Yield a PDF to read; whatever is wrong with it is an AttachmentError."""
    if b"%PDF-" not in content[:1024]:
        raise AttachmentError("it is no PDF")
    # It takes a while to import, and few configs have documents.
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise AttachmentError("the PDF asks for a password", fix="Save it without one.")
        yield reader
    except (AttachmentError, MemoryError):
        raise
    except TimeoutError:
        raise AttachmentError(f"the PDF cannot be read within {seconds:g} s") from None
    except Exception as error:  # hostile files provoke whatever a parser can raise
        said = " ".join(str(error).split())[:100] or type(error).__name__
        raise AttachmentError(f"the PDF is damaged ({said})", fix="Save it anew.") from None


def watch(deadline: float) -> Any:
    """What pypdf calls before each operation of a page: a page of millions of them ends too."""

    def check(*_: Any) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError

    return check
