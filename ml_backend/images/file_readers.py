"""Reads files of tasks in processes of their own, bounded in time, memory and number.

They are started when first needed and end when unused for a while. A file that ends its process,
by a fault of a decoder or by what it takes, costs its task an error and nobody else anything.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ml_backend.errors import AttachmentError
from ml_backend.images import file_reader as protocol
from ml_backend.images.document import READ_SECONDS, Document
from ml_backend.images.limits import MOST_BYTES
from ml_backend.images.picture import Picture
from ml_backend.kinds import FailureKind

log = logging.getLogger(__name__)

MOST = 4
"""Processes at a time."""
PICTURE_SECONDS = 20.0
SLOW_SECONDS = 1.0
"""What takes longer goes on with the least priority: others' files come first."""
LEAST_PRIORITY = 19
IDLE_SECONDS = 60.0
START_SECONDS = 60.0
MOST_SAID = 100_000
NAMES = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("SYSTEMROOT", "TEMP", "TMP"),  # Windows starts no Python without them
)
PROGRAM = """
import sys
parent, sys.path[:] = int(sys.argv[1]), sys.argv[2:]
from ml_backend.images.file_reader import end_with, main
end_with(parent)
main()
"""
SMALLER = "Make the file smaller, or save it anew."

# Memory is what large pictures take: one of them at a time.
_one_large = threading.Semaphore(1)


class FileReaders:
    """The processes of this server; safe to share among threads."""

    def __init__(self, most: int = MOST, *, slow_seconds: float = SLOW_SECONDS) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._sweep: threading.Timer | None = None

    def picture(self, content: bytes, *, seconds: float = PICTURE_SECONDS) -> Picture:
        """The picture as a model takes it; raises AttachmentError, see ``picture.shrink``."""
        found, made = self._ask(protocol.PICTURE, content, seconds, "picture")
        return Picture(str(found["media_type"]), made, int(found["width"]), int(found["height"]))

    def document(self, content: bytes, *, seconds: float = READ_SECONDS) -> Document:
        """The text of a PDF; raises AttachmentError, see ``document.read``."""
        found, text = self._ask(protocol.DOCUMENT, content, seconds, "PDF")
        said = text.decode("utf-8", "surrogatepass")
        return Document(said, int(found["pages"]), int(found["pages_read"]))

    def scan(self, content: bytes, *, seconds: float = READ_SECONDS) -> list[Picture]:
        """The pages of a scan as pictures; raises AttachmentError, see ``scan.pages``."""
        found, made = self._ask(protocol.SCAN, content, seconds, "PDF")
        pages, start = [], 0
        for media_type, width, height, size in found["pages"]:
            pages.append(Picture(str(media_type), made[start : start + size], width, height))
            start += size
        return pages

    def close(self) -> None:
        """End the processes that nobody uses; the others end with their file."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    @property
    def pids(self) -> list[int]:
        """The processes that wait for a file."""
        with self._lock:
            return [each.pid for each in self._idle]

    def _ask(
        self, kind: bytes, content: bytes, seconds: float, noun: str
    ) -> tuple[dict[str, Any], bytes]:
        with self._free:
            process = self._take()
            found, made = process.ask(kind, content, seconds, self._slow_seconds)
            if found is None or process.is_slow or "is_sick" in found:
                process.end()  # one in doubt reads no other's file
            else:
                self._give_back(process)
        if found is None:
            raise AttachmentError(
                f"the {noun} cannot be read within {seconds:g} s"
                if process.is_late
                else f"the {noun} cannot be read: it ended the process that read it",
                fix=SMALLER,
            )
        if "error" in found:
            kind_said = FailureKind(found.get("kind", FailureKind.NO_INPUT.value))
            fix = found.get("fix") or SMALLER
            raise AttachmentError(str(found["error"]), kind_said, fix=str(fix))
        return found, made

    def _take(self) -> _Process:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.is_alive:
                    return process
                process.end()
        return _Process()

    def _give_back(self, process: _Process) -> None:
        process.since = time.monotonic()
        with self._lock:
            self._idle.append(process)
            if self._sweep is None:
                self._sweep = self._timer()

    def _timer(self) -> threading.Timer:
        timer = threading.Timer(IDLE_SECONDS, self._end_unused)
        timer.daemon = True
        timer.start()
        return timer

    def _end_unused(self) -> None:
        before = time.monotonic() - IDLE_SECONDS / 2
        with self._lock:
            unused = [each for each in self._idle if each.since < before]
            self._idle = [each for each in self._idle if each.since >= before]
            self._sweep = self._timer() if self._idle else None
        for process in unused:
            process.end()


class _Process:
    """One process, which reads one file after another; used by one thread at a time."""

    def __init__(self) -> None:
        self.is_slow = self.is_late = self._is_ready = False
        self.since = 0.0
        path = [str(Path(each).absolute()) for each in sys.path]
        self._process = subprocess.Popen(  # noqa: S603  # nosec B603  # our own program
            [sys.executable, "-c", PROGRAM, str(os.getpid()), *path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in NAMES if name in os.environ},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, kind: bytes, content: bytes, seconds: float, slow_seconds: float
    ) -> tuple[dict[str, Any] | None, bytes]:
        """Return what it says of a file and made of it; None when it ended over that."""
        if not self._get_ready():
            return None, b""
        try:
            with self._watched(seconds, slow_seconds):
                said, found, made = self._talk(
                    protocol.HEAD.pack(kind, seconds, len(content)), content
                )
            if said == protocol.WANTS_ROOM:
                with _one_large, self._watched(seconds, slow_seconds):
                    said, found, made = self._talk(protocol.HAS_ROOM)
            if said != protocol.ANSWERS:
                raise ValueError("no answer")
        except (OSError, EOFError, ValueError) as error:
            log.debug("the process that reads files ended: %s", type(error).__name__)
            return None, b""
        return found, made

    def end(self) -> None:
        """End it at once."""
        with suppress(OSError):
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()

    def _get_ready(self) -> bool:
        """Whether it has loaded what reads files; once, and within its own limit of time."""
        if self._is_ready:
            return True
        timer = threading.Timer(START_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            answers = self._process.stdout
            self._is_ready = answers is not None and _receive(answers)[0] == protocol.IS_READY
        except (OSError, EOFError, ValueError):
            log.warning("the process that reads files of tasks does not start")
        finally:
            timer.cancel()
        return self._is_ready

    def _talk(self, *parts: bytes) -> tuple[bytes, dict[str, Any], bytes]:
        to, answers = self._process.stdin, self._process.stdout
        if to is None or answers is None:
            raise EOFError
        for part in parts:
            to.write(part)
        to.flush()
        return _receive(answers)

    @contextmanager
    def _watched(self, seconds: float, slow_seconds: float) -> Iterator[None]:
        """Bound what is done meanwhile in time; waiting for room is not."""
        done = threading.Event()
        watch = threading.Thread(
            target=self._watch, args=(done, seconds, slow_seconds), daemon=True
        )
        watch.start()
        try:
            yield
        finally:
            done.set()
            watch.join()

    def _watch(self, done: threading.Event, seconds: float, slow_seconds: float) -> None:
        if done.wait(min(slow_seconds, seconds)):
            return
        self.is_slow = True
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, self.pid, LEAST_PRIORITY)
        if done.wait(max(0.0, seconds - slow_seconds)):
            return
        self.is_late = True
        with suppress(OSError):
            self._process.kill()


def _receive(answers: IO[bytes]) -> tuple[bytes, dict[str, Any], bytes]:
    said, told, size = protocol.ANSWER_HEAD.unpack(_exactly(answers, protocol.ANSWER_HEAD.size))
    if told > MOST_SAID or size > MOST_BYTES:
        raise ValueError("an answer out of bounds")
    found = json.loads(_exactly(answers, told)) if told else {}
    if not isinstance(found, dict):
        raise ValueError("no answer")
    return said, found, _exactly(answers, size)


def _exactly(answers: IO[bytes], size: int) -> bytes:
    content = answers.read(size)
    if len(content) != size:
        raise EOFError
    return content


READERS = FileReaders()
"""Those of this process of ours."""

atexit.register(READERS.close)
