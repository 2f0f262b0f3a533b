"""The pages of a scan as pictures, upright, and what is refused because it is none."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image
from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from pypdf.generic import NameObject, NumberObject

from ml_backend.errors import AttachmentError
from ml_backend.images import document, scan as scans
from ml_backend.images.file_readers import FileReaders
from support.files import pdf, scan


def changed(content: bytes, change: Callable[[PageObject], object]) -> bytes:
    """The same with its first page changed."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    change(writer.pages[0])
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def corner_of(content: bytes) -> str:
    """Where the blue is: upper or lower, left or right."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    width, height = picture.size
    for name, place in {
        "upper left": (width // 4, height // 4),
        "upper right": (3 * width // 4, height // 4),
        "lower left": (width // 4, 3 * height // 4),
        "lower right": (3 * width // 4, 3 * height // 4),
    }.items():
        red, _, blue = picture.getpixel(place)  # type: ignore[misc]
        if blue > red:
            return name
    return "nowhere"


def test_each_page_is_a_picture_in_order() -> None:
    content = scan((40, 60), (50, 30))
    assert document.read(content).is_scan
    found = scans.pages(content)
    assert [(each.width, each.height) for each in found] == [(40, 60), (50, 30)]
    assert [corner_of(each.content) for each in found] == ["upper left"] * 2
    [black_and_white] = scans.pages(scan((40, 60), mode="1"))
    assert black_and_white.media_type == "image/png"


def placed(turn: int, x: float, y: float) -> Callable[[PageObject], object]:
    """A page drawn turned about its corner and moved back, as some scanners write it."""

    def change(page: PageObject) -> None:
        page.add_transformation(Transformation().rotate(turn).translate(x, y))

    return change


@pytest.mark.parametrize(
    ("change", "corner"),
    [
        (lambda page: page.rotate(90), "upper right"),
        (lambda page: page.rotate(180), "lower right"),
        (lambda page: page.rotate(270), "lower left"),
        (placed(90, 60, 0), "lower left"),
        (placed(180, 60, 60), "lower right"),
        (placed(270, 0, 60), "upper right"),
    ],
    ids=["page 90", "page 180", "page 270", "picture 90", "picture 180", "picture 270"],
)
def test_it_is_upright_as_a_reader_shows_it(
    change: Callable[[PageObject], object], corner: str
) -> None:
    [found] = scans.pages(changed(scan((60, 60)), change))
    assert corner_of(found.content) == corner


def beside_another(page: PageObject) -> None:
    page.merge_page(PdfReader(io.BytesIO(scan((60, 60)))).pages[0])


def three_times_as_large(page: PageObject) -> None:
    page.mediabox.upper_right = (float(page.mediabox.right) * 3, float(page.mediabox.top) * 3)


def claims_to_be_huge(page: PageObject) -> None:
    objects = page["/Resources"]["/XObject"]  # type: ignore[index]
    for each in objects.values():
        each.get_object()[NameObject("/Width")] = NumberObject(60_000)
        each.get_object()[NameObject("/Height")] = NumberObject(60_000)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pdf(""), "page 1 is not one picture .it is drawn"),
        (changed(scan((60, 60)), beside_another), "made of several parts"),
        (changed(scan((60, 60)), placed(30, 30, 0)), "stands askew"),
        (changed(scan((60, 60)), three_times_as_large), "fills only a part"),
        (changed(scan((60, 60)), claims_to_be_huge), "million pixels"),
        (b"no PDF at all", "no PDF"),
        (scan((60, 60))[:400], "damaged"),
    ],
    ids=["drawn", "two", "askew", "figure", "bomb", "other", "cut off"],
)
def test_what_is_no_picture_a_page_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(AttachmentError, match=words) as caught:
        scans.pages(content)
    assert caught.value.message


def test_a_drawn_page_among_scanned_ones_is_named() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scan((60, 60)))))
    writer.append(PdfReader(io.BytesIO(pdf(""))))
    buffer = io.BytesIO()
    writer.write(buffer)
    with pytest.raises(AttachmentError, match="page 2 is not one picture"):
        scans.pages(buffer.getvalue())


def test_pages_are_bounded() -> None:
    assert len(scans.pages(scan(*[(8, 8)] * 50))) == 50
    with pytest.raises(AttachmentError, match="scan of 51 pages"):
        scans.pages(scan(*[(8, 8)] * 51))


@pytest.mark.slow
def test_pages_come_whole_from_the_process_that_reads_them() -> None:
    readers = FileReaders(slow_seconds=20.0)
    try:
        content = scan((40, 60), (50, 30), (1500, 1000))
        assert readers.scan(content) == scans.pages(content)
        with pytest.raises(AttachmentError, match="not one picture"):
            readers.scan(pdf(""))
        assert len(readers.pids) == 1
    finally:
        readers.close()
