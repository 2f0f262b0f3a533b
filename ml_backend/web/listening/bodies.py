"""The body of a request, gathered as it comes in: in memory while small, in a file beyond."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from typing import IO

IN_MEMORY = 64 << 10
BLOCK = 256 << 10
LONGEST_LINE = 4096
"""Bytes of a line that says how long a chunk is."""

LONGEST_TRAILERS = 16 << 10
FEW_CHUNKS = 1000
SMALL_CHUNK = 32
"""Bytes a chunk has on average at least, where there are many: each costs a turn of ours."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})(?:[ \t]*;[^\r]*)?")


class BadBody(Exception):
    """A body whose chunks make no sense."""


class NoRoom(Exception):
    """What is held of all bodies and answers together would be too much."""


class Room:
    """How many bytes may lie in files, of all connections of a process; safe among threads."""

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._left = most

    def take(self, size: int) -> bool:
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        with self._lock:
            self._left += size


class Held:
    """Bytes kept until they are wanted; raises NoRoom when there is none for them."""

    def __init__(self, room: Room, folder: str | None) -> None:
        self._room = room
        self._folder = folder
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self.size = 0

    def add(self, data: bytes | memoryview) -> None:
        if self._file is None and self.size + len(data) <= IN_MEMORY:
            self._memory += data
        else:
            if not self._room.take(len(data)):
                raise NoRoom
            if self._file is None:
                # Without a name: a process that dies leaves nothing behind.
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
            self._file.write(data)
        self.size += len(data)

    def read(self, at: int, most: int = BLOCK) -> bytes:
        """Return what stands at a place."""
        if at < len(self._memory):
            return bytes(self._memory[at : at + most])
        if self._file is None:
            return b""
        self._file.seek(at - len(self._memory))
        block = self._file.read(most)
        self._file.seek(0, 2)
        return block

    def blocks(self) -> Iterator[bytes]:
        at = 0
        while block := self.read(at):
            at += len(block)
            yield block

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._room.give(self.size - len(self._memory))
        self._memory = bytearray()
        self.size = 0


class Body:
    """A body on its way in: of a known ``length``, or in chunks.

    ``size`` is what has come of it; ``most`` of that are kept and the rest is seen only.
    """

    def __init__(self, length: int | None, held: Held, most: int) -> None:
        self.length = length
        self.held = held
        self.most = most
        self.size = 0
        self.is_whole = length == 0
        self._chunks = _Chunks() if length is None else None

    def take(self, data: bytes) -> bytes:
        """Take what came in; return what follows the body. Raises BadBody and NoRoom."""
        view = memoryview(data)
        if self._chunks is None:
            assert self.length is not None  # nosec B101  # for types
            wanted = self.length - self.size
            self._keep(view[:wanted])
            self.is_whole = self.size == self.length
            return bytes(view[wanted:])
        for start, end in self._chunks.parts(data):
            self._keep(view[start:end])
        self.is_whole = self._chunks.is_over
        return data[self._chunks.end :]

    def _keep(self, part: memoryview) -> None:
        room = self.most - self.held.size
        if room > 0 and len(part):
            self.held.add(part[:room])
        self.size += len(part)


class _Chunks:
    """Tells the data of chunks from what stands between them."""

    def __init__(self) -> None:
        self.is_over = False
        self.end = 0
        self._left = 0
        self._line = bytearray()
        self._is_after_data = False
        self._trailers = -1
        self._count = self._sum = 0

    def parts(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield from where to where data of chunks stands; ``end`` is where all of it ends."""
        at = 0
        while at < len(data) and not self.is_over:
            if self._left:
                end = min(len(data), at + self._left)
                yield at, end
                self._left -= end - at
                at = end
                continue
            found = data.find(b"\n", at)
            end = found + 1 if found >= 0 else len(data)
            self._line += data[at:end]
            at = end
            if len(self._line) > LONGEST_LINE:
                raise BadBody("a line of its chunks does not end")
            if found >= 0:
                line = bytes(self._line)
                self._line.clear()
                self._read(line)
        self.end = at

    def _read(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise BadBody("a line of its chunks ends in a bare newline")
        line = line[:-2]
        if self._is_after_data:
            if line:
                raise BadBody("a chunk is longer than it says")
            self._is_after_data = False
        elif self._trailers >= 0:
            self._trailers += len(line)
            if self._trailers > LONGEST_TRAILERS:
                raise BadBody("its trailers do not end")
            self.is_over = not line
        else:
            self._begin(line)

    def _begin(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line)
        if found is None:
            raise BadBody("a chunk does not say how long it is")
        self._left = int(found[1], 16)
        self._count += 1
        self._sum += self._left
        if self._count > FEW_CHUNKS and self._sum < SMALL_CHUNK * self._count:
            raise BadBody("its chunks are too small")
        if self._left:
            self._is_after_data = True
        else:
            self._trailers = 0
