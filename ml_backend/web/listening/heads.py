"""The head of a request as far as it says where its body ends; gunicorn reads all of it later."""

from __future__ import annotations

import re
from dataclasses import dataclass

END = b"\r\n\r\n"
LONGEST = 64 << 10
"""Bytes; gunicorn's own limits, of a line and of a field, are within."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_FIELD = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.I)
_LENGTH = re.compile(rb"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Head:
    """``length`` is None for a body in chunks, 0 for none; ``doubt`` is why it is not believed."""

    raw: bytes
    path: str
    length: int | None
    expects: bool = False
    doubt: str = ""

    @property
    def has_body(self) -> bool:
        return self.length != 0

    def with_length(self, length: int) -> bytes:
        """Return the head of the same request with a body of so many bytes, in one piece."""
        plain = _FIELD.sub(b"", self.raw.removesuffix(END))
        return b"%s\r\nContent-Length: %d%s" % (plain, length, END)


def read(raw: bytes) -> Head:
    """Return what a whole head says; of two lengths none is believed."""
    words = raw.partition(b"\r\n")[0].split(b" ")
    path = words[1].partition(b"?")[0].decode("latin-1") if len(words) > 1 else ""
    fields: dict[bytes, list[bytes]] = {}
    for name, value in _FIELD.findall(raw):
        fields.setdefault(name.lower(), []).append(value.strip(b" \t").lower())
    lengths = fields.get(b"content-length", [])
    codings = fields.get(b"transfer-encoding", [])
    expects = fields.get(b"expect", [])
    doubt = ""
    if len(lengths) + len(codings) > 1:
        doubt = "it says more than once how long its body is"
    elif lengths and not _LENGTH.fullmatch(lengths[0]):
        doubt = "its Content-Length is no number"
    elif codings and (codings[0] != b"chunked" or words[-1] == b"HTTP/1.0"):
        doubt = "its Transfer-Encoding is not chunked"
    elif expects and expects != [b"100-continue"]:
        doubt = "it expects what this server does not know"
    if doubt:
        return Head(raw, path, 0, doubt=doubt)
    length = None if codings else int(lengths[0]) if lengths else 0
    return Head(raw, path, length, expects=bool(expects) and length != 0)
