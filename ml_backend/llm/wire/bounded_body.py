"""The body of an answer, bounded in bytes as it was sent and as it unpacks."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp

from ml_backend.llm.reading import streams

MOST_BYTES = 16 << 20
"""Many times the longest answer: 30,000 tokens, each an event of a stream by itself, are 10 MB."""

LARGE_BYTES = 4 << 20
"""Beyond that a connection's bodies are read one at a time …"""
LARGE_SECONDS = 2.0
"""… and so long apart: reading one takes a fifth of a second from all others on this loop."""
FREE_BYTES = 2 << 20
"""What is larger holds its connection up, ten times as long as reading it takes."""
SECONDS_A_BYTE = 0.1 / (1 << 20)

MOST_PARTS = 2_000_000
"""Of JSON: each takes twenty times its bytes once it is read. Probabilities of 30,000 tokens have
half of that."""

STEP_BYTES = 256 << 10
"""Unpacked at a time: so much of a bomb is in memory before it is found out."""

ACCEPTED = "gzip, deflate"
PLAIN = frozenset({"", "identity"})
PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class BodyRefused(Exception):
    """A body that is not read: too large, packed in an unknown way, or damaged."""


def seconds_held_up(size: int) -> float:
    """Return how long a connection waits with its next call, after a body of so many bytes."""
    return max(0, size - FREE_BYTES) * SECONDS_A_BYTE


async def read_bounded(response: aiohttp.ClientResponse, turn: asyncio.Lock) -> bytes:
    """Return a body; of a stream what comes before its end is told, since some stay open.

    Raises BodyRefused. The session must not unpack by itself. ``turn`` is held from where a body
    is large on.
    """
    async with AsyncExitStack() as held:
        content, is_large = bytearray(), False
        async for piece in _pieces(response):
            seen = max(0, len(content) - streams.LONGEST_LAST_LINE)
            content += piece
            if len(content) > LARGE_BYTES and not is_large:
                is_large = True
                await held.enter_async_context(turn)
            if len(content) > MOST_BYTES:
                await asyncio.sleep(LARGE_SECONDS)
                raise _too_large()
            is_end = streams.LAST_LINE.search(content, seen) is not None
            if is_end and streams.is_stream(content, response.content_type):
                break
        if is_large:
            await asyncio.sleep(LARGE_SECONDS)
            if content.count(b",") > MOST_PARTS:
                raise BodyRefused(f"its answer has more than {MOST_PARTS:,} parts")
        return bytes(content)


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    if (response.content_length or 0) > MOST_BYTES:
        raise _too_large()
    async for piece in _unpacked(response):
        yield piece


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
        rest, has_more = piece, False
        while rest or has_more:
            try:
                # Whether it is gzip, zlib or bare deflate is told by how it begins.
                unpacker = unpacker or zlib.decompressobj(_window(packing, rest))
                part = unpacker.decompress(rest, STEP_BYTES)
            except zlib.error as error:
                raise BodyRefused(f"its answer cannot be unpacked: {error}") from None
            yield part
            has_more = len(part) == STEP_BYTES
            rest = unpacker.unconsumed_tail
            if unpacker.eof:
                rest, unpacker, has_more = unpacker.unused_data, None, False
            if rest or has_more:
                await asyncio.sleep(0)  # one piece of the network may be 64 MB: others' turn


def _window(packing: str, start: bytes) -> int:
    is_bare = packing == "deflate" and start[0] & 0x0F != zlib.DEFLATED
    return -zlib.MAX_WBITS if is_bare else zlib.MAX_WBITS | 32


def _too_large() -> BodyRefused:
    return BodyRefused(f"its answer is larger than {MOST_BYTES >> 20} MB, unpacked")
