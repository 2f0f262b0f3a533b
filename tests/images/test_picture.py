from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from ml_backend.errors import AttachmentError
from ml_backend.images import inline
from ml_backend.images.picture import LONGEST_SIDE, shrink
from support.files import image, pdf, png_claiming
from support.tables import each_row


def opened(content):
    made = shrink(content)
    picture = Image.open(io.BytesIO(made.content))
    picture.load()
    assert made.media_type == f"image/{picture.format.lower()}"
    assert picture.mode in ("RGB", "L")
    return picture


@pytest.mark.parametrize(
    ("kind", "sent"),
    [("PNG", "PNG"), ("GIF", "PNG"), ("BMP", "PNG"), ("TIFF", "PNG"), ("JPEG", "JPEG"),
     ("WEBP", "JPEG")],
)  # fmt: skip
def test_common_formats_are_sent_as_png_or_jpeg(kind, sent):
    picture = opened(image(kind, (20, 10)))
    assert (picture.format, picture.size) == (sent, (20, 10))
    red, green, blue = picture.convert("RGB").getpixel((5, 5))
    assert red > 240
    assert green < 15
    assert blue < 15


@pytest.mark.parametrize(
    ("size", "sent"),
    [((4096, 1024), (2048, 512)), ((100, 5000), (41, 2048)), ((2048, 2048), (2048, 2048)),
     ((1, 1), (1, 1)), ((20000, 1), (2048, 1))],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.slow
def test_the_longer_side_is_bounded_and_small_pictures_stay(size, sent, kind):
    assert opened(image(kind, size)).size == sent


@each_row("orientation", range(1, 9))
def test_pictures_are_turned_as_their_camera_says(orientation):
    upright = Image.new("RGB", (40, 20), "white")
    upright.paste("black", (0, 0, 10, 10))
    back = {
        1: None, 2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
        6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270",
    }[orientation]  # fmt: skip
    stored = upright.transpose(Image.Transpose[back]) if back else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, "PNG", exif=exif)
    picture = opened(buffer.getvalue())
    assert picture.size == (40, 20)
    assert picture.getpixel((3, 3)) == (0, 0, 0)
    assert picture.getpixel((35, 15)) == (255, 255, 255)


@pytest.mark.parametrize(
    "content",
    [
        image("PNG", mode="RGBA", colour=(255, 0, 0, 0)),
        image("PNG", mode="LA", colour=(0, 0)),
        image("GIF", mode="P", colour=3, transparency=3),
        image("WEBP", mode="RGBA", colour=(255, 0, 0, 0)),
        image("PNG", mode="RGB", colour=(1, 2, 3), transparency=(1, 2, 3)),
    ],
    ids=["rgba", "la", "gif", "webp", "colour-key"],
)
def test_what_is_transparent_becomes_white(content):
    assert opened(content).convert("L").getpixel((2, 2)) >= 254


@each_row("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "I", "CMYK", "F"])
def test_pictures_of_every_mode_are_taken(mode):
    colour = {"RGB": (9, 9, 9), "RGBA": (9, 9, 9, 255), "LA": (9, 255), "CMYK": (9, 9, 9, 9)}
    assert opened(image("TIFF", mode=mode, colour=colour.get(mode, 1))).size == (8, 4)


def test_scientific_greys_are_stretched_to_what_can_be_seen():
    grey = Image.new("I;16", (2, 1))
    grey.putpixel((0, 0), 1000)
    grey.putpixel((1, 0), 1200)
    buffer = io.BytesIO()
    grey.save(buffer, "TIFF")
    picture = opened(buffer.getvalue()).convert("L")
    assert (picture.getpixel((0, 0)), picture.getpixel((1, 0))) == (0, 255)


def test_of_an_animation_the_first_frame_is_sent():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert opened(buffer.getvalue()).getpixel((4, 4))[0] > 240


@pytest.mark.slow
def test_a_photograph_saved_as_png_becomes_jpeg_and_loses_its_metadata():
    noise = random.Random(1).randbytes(1000 * 1000 * 3)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.frombytes("RGB", (1000, 1000), noise).save(buffer, "PNG", exif=exif)
    made = shrink(buffer.getvalue())
    assert made.media_type == "image/jpeg"
    assert len(made.content) < len(buffer.getvalue()) / 2
    assert b"taken at home" not in made.content


@each_row(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "no picture we can read"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?><!DOCTYPE svg><svg/>', "SVG"),
        (b"<!DOCTYPE html><html>Sign in</html>", "web page"),
        (pdf("text"), "PDF"),
        (b"\x00\x00\x01\x00\x01\x00" + bytes(40), "no picture we can read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture we can read"),
        (png_claiming(50_000, 50_000), "million pixels"),
        (png_claiming(9_400, 9_400), "million pixels"),
        (png_claiming(7_200, 7_200), "million pixels"),
        (png_claiming(2_000, 2_000), "damaged or cut off"),
        (image("PNG", (300, 300))[:150], "damaged or cut off"),
        (image("JPEG", (300, 300))[:400], "damaged or cut off"),
        (image("GIF", (300, 300))[:60], "damaged or cut off"),
        (image("WEBP", (300, 300))[:40], "."),
        (image("TIFF", (300, 300))[:1000], "."),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 100, "."),
        (b"II*\x00" + b"\xff" * 100, "."),
        (b"\xff\xd8\xff" + b"\x00" * 100, "."),
    ],
)
def test_what_is_no_picture_or_a_hostile_one_says_so(content, words):
    with pytest.raises(AttachmentError) as caught:
        shrink(content)
    assert words in str(caught.value)


@pytest.mark.slow
def test_bytes_changed_at_random_never_raise_anything_else():
    dice = random.Random(3)
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"):
        whole = bytearray(image(kind, (64, 64)))
        for _ in range(150):
            broken = bytearray(whole)
            for _ in range(dice.randint(1, 8)):
                broken[dice.randrange(len(broken))] = dice.randrange(256)
            try:
                assert max(opened(bytes(broken)).size) <= LONGEST_SIDE
            except AttachmentError:
                continue


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("data:image/png;base64,aGFsbG8=", b"hallo"),
        ("data:;base64,aGFs bG8", b"hallo"),
        ("data:image/png;base64,aGFsbG8%3D", b"hallo"),
        ("DATA:image/png;charset=x;BASE64,aGFsbG8=", b"hallo"),
        ("data:text/plain,ha%6Clo", b"hallo"),
    ],
)
def test_files_in_the_task_itself_are_decoded(url, content):
    assert inline.decode(url) == content


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("data:image/png;base64", "no data"),
        ("data:image/png;base64,a?b", "no valid base64"),
        ("data:image/png;base64,a", "no valid base64"),
        ("data:image/png;base64," + "QUJD" * 10, "larger than"),
        ("data:image/png," + "x" * 40, "larger than"),
    ],
)
def test_files_in_the_task_that_do_not_fit_say_so(url, words):
    with pytest.raises(AttachmentError, match=words):
        inline.decode(url, most_bytes=20)
