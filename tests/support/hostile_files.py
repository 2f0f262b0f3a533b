"""Files that ask much of whoever reads them: small themselves, large or endless in memory."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def _pdf(objects: list[bytes]) -> bytes:
    content = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % each for each in places)
    content += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        start,
    )
    return bytes(content)


def _stream(body: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(body), more, body)


def _one_page(contents: bytes, *more: bytes, resources: bytes = b"<<>>") -> bytes:
    return _pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources %s>>"
            % resources,
            contents,
            *more,
        ]
    )


def laughing_pages(depth: int = 9, width: int = 10) -> bytes:
    """A tree whose branches are the same page again and again: 10^9 of them."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>"]
    for level in range(depth):
        kids = b" ".join([b"%d 0 R" % (level + 3)] * width)
        objects.append(b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, width ** (depth - level)))
    return _pdf([*objects, b"<</Type/Page/MediaBox[0 0 9 9]>>"])


def packed_contents(size: int = 400 << 20) -> bytes:
    """A page whose operations unpack to much more than the file."""
    packer = zlib.compressobj(9)
    piece = b"0 0 m 1 1 l S\n" * 80_000
    packed = b"".join(packer.compress(piece) for _ in range(size // len(piece))) + packer.flush()
    return _one_page(_stream(packed, b"/Filter/FlateDecode"))


def packed_twice() -> bytes:
    inner = zlib.compress(bytes(1 << 30), 9)
    return _one_page(_stream(zlib.compress(inner, 9), b"/Filter[/FlateDecode/FlateDecode]"))


def deep_arrays(depth: int = 200_000) -> bytes:
    return _one_page(b"[" * depth + b"]" * depth)


def many_objects(number: int = 300_000) -> bytes:
    """Broken references by the thousands, each of which a reader has a word about."""
    kids = b" ".join(b"%d 0 R" % (9 + n) for n in range(number))
    return _pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%s]/Count 9>>" % kids])


def endless_operations(number: int = 3_000_000) -> bytes:
    return _one_page(_stream(b"BT/F1 9 Tf(x)Tj ET\n" * number))


def forms_within_forms(depth: int = 24) -> bytes:
    """Each form draws the next one twice."""
    forms = [
        _stream(
            b"/F Do /F Do",
            b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>"
            % (6 + n),
        )
        for n in range(depth)
    ]
    last = _stream(b"BT(x)Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return _one_page(_stream(b"/F Do"), *forms, last, resources=b"<</XObject<</F 5 0 R>>>>")


PDFS = {
    "pages without end": laughing_pages,
    "operations packed": packed_contents,
    "packed twice": packed_twice,
    "arrays within arrays": deep_arrays,
    "references to nothing": many_objects,
    "operations without end": endless_operations,
    "forms within forms": forms_within_forms,
}


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, *chunks: bytes, colour: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + b"".join(chunks) + _chunk(b"IEND", b"")


def _rows(width: int, height: int, channels: int) -> bytes:
    packer = zlib.compressobj(9)
    row = bytes(1 + width * channels)
    return b"".join(packer.compress(row) for _ in range(height)) + packer.flush()


def large_png(side: int = 7_000) -> bytes:
    """49 million pixels with transparency: within what is taken, and 200 MB a copy."""
    return _png(side, side, _chunk(b"IDAT", _rows(side, side, 4)), colour=6)


def too_large_png() -> bytes:
    return _png(100_000, 100_000, _chunk(b"IDAT", b""))


def packed_text() -> bytes:
    """A PNG whose comment unpacks to half a gigabyte."""
    words = b"Comment\0\0" + zlib.compress(bytes(500 << 20), 9)
    return _png(9, 9, _chunk(b"zTXt", words), _chunk(b"IDAT", _rows(9, 9, 1)))


def packed_profile() -> bytes:
    words = b"icc\0\0" + zlib.compress(bytes(500 << 20), 9)
    return _png(9, 9, _chunk(b"iCCP", words), _chunk(b"IDAT", _rows(9, 9, 1)))


def many_frames(number: int = 20_000) -> bytes:
    buffer = io.BytesIO()
    first = Image.new("P", (64, 64))
    frames = [Image.new("P", (64, 64), n % 200) for n in range(60)]
    first.save(buffer, "GIF", save_all=True, append_images=frames)
    content = buffer.getvalue()
    return content[:-1] + content[800:-1] * (number // 60) + b";"


def long_scans(number: int = 3_000) -> bytes:
    """A progressive JPEG that repeats one scan of a large picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (6_000, 6_000)).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * number + content[-2:]


def huge_tiff() -> bytes:
    """A few bytes that say they are 80 million pixels, packed."""
    buffer = io.BytesIO()
    Image.new("L", (9_000, 5_500)).save(buffer, "TIFF", compression="tiff_lzw")
    return buffer.getvalue()


PICTURES = {
    "49 million pixels": large_png,
    "10 billion pixels": too_large_png,
    "a comment packed": packed_text,
    "a profile packed": packed_profile,
    "frames by the thousands": many_frames,
    "scan after scan": long_scans,
    "a packed TIFF": huge_tiff,
}
