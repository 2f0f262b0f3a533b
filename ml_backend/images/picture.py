"""A picture of any common format -> a small JPEG or PNG as a model takes it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_backend.errors import AttachmentError

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_SIDE = 2048
MOST_PIXELS = 89_000_000
"""As the file says; beyond it nothing is decoded, and Pillow begins to warn."""
MOST_DECODED = 50_000_000
"""After JPEG's own coarse scaling: 200 MB at most."""
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
_LOSSLESS = frozenset({"PNG", "GIF", "BMP", "TIFF"})
# A drawing stays sharp as PNG; a photograph would become several megabytes.
_LARGEST_PNG = 1_500_000
_QUALITY = 90
LARGE = 12_000_000
"""Pixels of one that takes so much memory that there is room for one at a time."""
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_MARKUP = re.compile(rb"<(\?xml|!doctype|!--|[a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to send; without the metadata of the original."""

    media_type: str
    content: bytes
    width: int
    height: int


def shrink(
    content: bytes, *, large: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Picture:
    """The picture upright, at most 2048 pixels long, on white; raises AttachmentError for others.

    Of several frames the first. ``large`` is what is held while a large one is in memory.
    """
    import PIL.Image

    try:
        image = PIL.Image.open(io.BytesIO(content), formats=_FORMATS)
    except PIL.UnidentifiedImageError:
        raise _no_picture(content) from None
    except PIL.Image.DecompressionBombError:
        raise too_many_pixels() from None
    except Exception as error:
        raise _damaged(error) from None
    with image:
        pixels = image.width * image.height
        if pixels > MOST_PIXELS:
            raise too_many_pixels()
        with large() if pixels > LARGE else nullcontext():
            try:
                return _encode(_render(image), lossless=image.format in _LOSSLESS)
            except (AttachmentError, MemoryError):
                raise
            except Exception as error:  # hostile files provoke whatever a decoder can raise
                raise _damaged(error) from None


def of_image(image: Image, *, lossless: bool) -> Picture:
    """Return a picture that is decoded already as one to send."""
    rendered = _in_colour(image)
    rendered.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return _encode(rendered, lossless=lossless)


def _render(image: Image) -> Image:
    import PIL.Image

    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    if image.width * image.height > MOST_DECODED:
        raise too_many_pixels()
    image.load()
    # Not before: to find it, a PNG is decoded whole.
    turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    rendered = _in_colour(image)
    rendered.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # As browsers do it, and with them the editor.
    return rendered.transpose(PIL.Image.Transpose[turn]) if turn else rendered


def _in_colour(image: Image) -> Image:
    """The picture as grey or RGB, whatever was transparent on white."""
    import PIL.Image

    if image.mode in ("L", "RGB"):
        if "transparency" not in image.info:
            return image
    elif image.mode.startswith(("I", "F")):
        return _grey(image)
    elif image.mode in ("1", "CMYK", "YCbCr", "LAB", "HSV"):
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = PIL.Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer.getchannel("A"))
    return white


def _grey(image: Image) -> Image:
    """Scientific pictures have more than 256 steps, and mostly use a few of them: stretched."""
    values = image.convert("F")
    low, high = values.getextrema()
    scale = 255.0 / ((high - low) or 1.0)  # type: ignore[operator]
    return values.point(lambda value: value * scale - low * scale).convert("L")  # type: ignore[operator]


def _encode(image: Image, *, lossless: bool) -> Picture:
    buffer = io.BytesIO()
    if lossless:
        image.save(buffer, "PNG", icc_profile=None)
        if buffer.tell() <= _LARGEST_PNG:
            return Picture("image/png", buffer.getvalue(), *image.size)
        buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return Picture("image/jpeg", buffer.getvalue(), *image.size)


def _no_picture(content: bytes) -> AttachmentError:
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000]
    if not content:
        return AttachmentError("the file is empty")
    if _MARKUP.match(start) and b"<svg" in start.lower():
        return AttachmentError(
            "it is an SVG, which is a program to draw a picture and no picture",
            fix="Save it as PNG.",
        )
    if _MARKUP.match(start):
        return AttachmentError(
            "there is a web page at its address, not a picture",
            fix="Give the address of the picture itself; a page may also be a sign-in in between.",
        )
    if start.startswith(b"%PDF"):
        return AttachmentError(
            "it is a PDF, not a picture", fix="Show it with <Pdf>, or its pages as pictures."
        )
    return AttachmentError(
        "it is no picture we can read", fix="JPEG, PNG, WebP, GIF, BMP and TIFF are read."
    )


def too_many_pixels() -> AttachmentError:
    """The error for a picture that is not decoded."""
    return AttachmentError(
        f"it has more than {MOST_DECODED // 1_000_000} million pixels", fix="Scale it down."
    )


def _damaged(error: Exception) -> AttachmentError:
    said = " ".join(str(error).split())[:100] or type(error).__name__
    return AttachmentError(f"the picture is damaged or cut off ({said})", fix="Save it anew.")
