"""The pages of a scan as pictures, for models that take no PDF: a page of one is one picture.

Nothing is drawn anew, so what a page has besides, lines and stamps, is not sent. A page of several
pictures, or of none, is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_backend.errors import AttachmentError
from ml_backend.images.document import MOST_PAGES, READ_SECONDS, opened, watch
from ml_backend.images.limits import MOST_BYTES
from ml_backend.images.picture import LARGE, MOST_DECODED, Picture, of_image, too_many_pixels

if TYPE_CHECKING:
    from pypdf import PageObject

LEAST_PART = 0.5
"""Of a page: what its picture fills. A smaller one is a figure of a page that is drawn."""
AS_PICTURES = 'Make pictures of its pages and show them with <Image valueList="$pages"/>.'
_TURNS = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
"""Signs of a placement -> degrees, counted against the clock, that the picture stands turned."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A picture where a page has it: its name there, and its placement as PDF writes it."""

    name: str
    matrix: tuple[float, ...]


def pages(
    content: bytes,
    *,
    seconds: float = READ_SECONDS,
    large: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> list[Picture]:
    """Return each page as a picture; raises AttachmentError for one that is not one picture.

    ``large`` is what is held while a large one is in memory.
    """
    deadline = time.monotonic() + seconds
    found: list[Picture] = []
    with opened(content, seconds) as reader:
        if len(reader.pages) > MOST_PAGES:
            raise too_many_pages(len(reader.pages))
        placed = [
            (page, *_turned(page, number, deadline)) for number, page in enumerate(reader.pages, 1)
        ]
        most = max((_pixels(page, name) for page, name, _ in placed), default=0)
        if most > MOST_DECODED:
            raise too_many_pixels()
        with large() if most > LARGE else nullcontext():
            for page, name, turn in placed:
                found.append(_decoded(page, name, turn))
                watch(deadline)()
    if sum(len(each.content) for each in found) > MOST_BYTES:
        raise AttachmentError("the pictures of its pages are too large", fix="Split the document.")
    return found


def too_many_pages(number: int) -> AttachmentError:
    """The error for a scan of more pages than are sent."""
    return AttachmentError(
        f"it is a scan of {number} pages; at most {MOST_PAGES} are sent", fix="Split the document."
    )


def _turned(page: PageObject, number: int, deadline: float) -> tuple[str, int]:
    """Return the name of a page's one picture, and by how much it is to be turned."""
    placed = _placed_on(page, number, deadline)
    a, b, c, d = placed.matrix[:4]
    box = page.mediabox
    if abs(a * d - b * c) < LEAST_PART * float(box.width) * float(box.height):
        raise _no_picture(number, "a picture fills only a part of it")
    near = 0.01 * max(map(abs, (a, b, c, d)))
    stands = _TURNS.get((_sign(a, near), _sign(b, near), _sign(c, near), _sign(d, near)))
    if stands is None:
        raise _no_picture(number, "its picture stands askew")
    return placed.name, (stands - page.rotation) % 360


def _decoded(page: PageObject, name: str, turn: int) -> Picture:
    image = page.images[name].image
    if image is None:
        raise AttachmentError("a picture of it is of a kind that is not read", fix=AS_PICTURES)
    lossless = image.mode in ("1", "P")
    return of_image(image.rotate(turn, expand=True) if turn else image, lossless=lossless)


def _placed_on(page: PageObject, number: int, deadline: float) -> _Placed:
    found: list[_Placed] = []
    look = watch(deadline)

    def note(operator: Any, operands: Any, matrix: Any, _: Any) -> None:
        look()
        if operator == b"Do":
            found.append(_Placed(str(operands[0]), tuple(map(float, matrix))))
        elif operator in (b"INLINE IMAGE", b"BI"):
            found.append(_Placed("", ()))

    page.extract_text(visitor_operand_before=note)
    if len(found) != 1 or not found[0].name or not _is_picture(page, found[0].name):
        made = "it is drawn" if not found else "it is made of several parts"
        raise _no_picture(number, made)
    return found[0]


def _is_picture(page: PageObject, name: str) -> bool:
    return bool(_object(page, name).get("/Subtype") == "/Image")


def _pixels(page: PageObject, name: str) -> int:
    found = _object(page, name)
    return int(found["/Width"]) * int(found["/Height"])


def _object(page: PageObject, name: str) -> Any:
    resources: Any = page["/Resources"]
    return resources["/XObject"][name]


def _sign(value: float, near: float) -> int:
    """Return -1, 0 or 1; what is next to nothing is 0."""
    return 0 if abs(value) <= near else 1 if value > 0 else -1


def _no_picture(number: int, why: str) -> AttachmentError:
    return AttachmentError(
        f"it is a scan whose page {number} is not one picture ({why}), and this provider takes no "
        "PDF files",
        fix=AS_PICTURES,
    )
