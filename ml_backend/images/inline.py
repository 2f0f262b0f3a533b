"""``data:`` URLs: files that are written into the task itself."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from ml_backend.errors import AttachmentError
from ml_backend.images.limits import MOST_BYTES, too_large

# A third more in base64, and up to three times as much in percent signs.
_LONGEST = 4 * MOST_BYTES


def decode(url: str, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The content of a ``data:`` URL; raises AttachmentError when it holds none that fits."""
    head, comma, body = url.partition(",")
    if not comma:
        raise AttachmentError("its data: address holds no data")
    if len(body) > _LONGEST:
        raise too_large(most_bytes)
    content = unquote_to_bytes(body)
    if head.lower().rstrip().endswith(";base64"):
        packed = b"".join(content.split())
        try:
            content = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error:
            raise AttachmentError("its data: address is no valid base64") from None
    if len(content) > most_bytes:
        raise too_large(most_bytes)
    return content
