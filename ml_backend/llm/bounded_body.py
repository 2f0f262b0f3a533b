"""The body of an answer, bounded in bytes as it was sent and as it unpacks."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import aiohttp

from ml_backend.llm.reading import streams

MOST_BYTES = 16 << 20
"""Many times the longest answer: 30,000 tokens, each an event of a stream by itself, are 10 MB."""

ACCEPTED = "gzip, deflate"
PLAIN = frozenset({"", "identity"})
PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class BodyRefused(Exception):
    """A body that is not read: too large, packed in an unknown way, or damaged."""


async def read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """Return a body; of a stream what comes before its end is told, since some stay open.

    Raises BodyRefused. The session must not unpack by itself.
    """
    if (response.content_length or 0) > MOST_BYTES:
        raise _too_large()
    content = bytearray()
    async for piece in _unpacked(response):
        seen = max(0, len(content) - streams.LONGEST_LAST_LINE)
        content += piece
        if len(content) > MOST_BYTES:
            raise _too_large()
        is_end = streams.LAST_LINE.search(content, seen) is not None
        if is_end and streams.is_stream(content, response.content_type):
            break
    return bytes(content)


async def _unpacked(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The pieces of a body, none of them larger than may be."""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing in PLAIN:
        async for piece in response.content.iter_any():
            yield piece
        return
    if packing not in PACKED:
        raise BodyRefused(f"its answer is packed as {packing[:30]!r}, which nobody asked for")
    unpacker = None
    async for piece in response.content.iter_any():
        rest = piece
        while rest:
            try:
                # Whether it is gzip, zlib or bare deflate is told by how it begins.
                unpacker = unpacker or zlib.decompressobj(_window(packing, rest))
                yield unpacker.decompress(rest, MOST_BYTES + 1)
            except zlib.error as error:
                raise BodyRefused(f"its answer cannot be unpacked: {error}") from None
            if unpacker.unconsumed_tail:
                raise _too_large()
            rest, unpacker = (unpacker.unused_data, None) if unpacker.eof else (b"", unpacker)


def _window(packing: str, start: bytes) -> int:
    is_bare = packing == "deflate" and start[0] & 0x0F != zlib.DEFLATED
    return -zlib.MAX_WBITS if is_bare else zlib.MAX_WBITS | 32


def _too_large() -> BodyRefused:
    return BodyRefused(f"its answer is larger than {MOST_BYTES >> 20} MB, unpacked")
