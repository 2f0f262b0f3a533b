"""The process that reads files of tasks: decoders of pictures and PDFs cannot be trusted to end.

It gets files on its standard input and answers on its standard output. It has no key and no
network of ours, as much memory and CPU time as a file may take, and ends with the server.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from ml_backend.errors import AttachmentError

PICTURE, DOCUMENT, SCAN = b"I", b"D", b"S"
IS_READY, WANTS_ROOM, HAS_ROOM, ANSWERS = b"R", b"L", b"G", b"A"
HEAD = struct.Struct(">cdQ")
"""What is asked, seconds it may take, bytes that follow."""

ANSWER_HEAD = struct.Struct(">cIQ")
"""What it is; bytes of JSON, bytes of content that follow."""

MOST_MEMORY = 1 << 30
"""Bytes of addresses: what a picture of 50 million pixels needs, with the libraries."""

DOCUMENT_MEMORY = 640 << 20
SPARE_SECONDS = 5
NICENESS = 5
"""Whoever waits for a page of ours comes first."""

TOO_MUCH_MEMORY = "it takes more memory than a file may"


def main() -> None:
    """Read files until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints
    questions = os.fdopen(os.dup(0), "rb")
    # What libraries have to say of a file is what its sender wrote: thousands of lines of it.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with suppress(OSError, AttributeError):
        os.nice(NICENESS)
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_AS", MOST_MEMORY, MOST_MEMORY)
    _get_ready(answers)
    while head := questions.read(HEAD.size):
        kind, seconds, size = HEAD.unpack(head)
        content = questions.read(size)
        _limit("RLIMIT_CPU", _used_seconds() + int(seconds) + SPARE_SECONDS)
        _answer(kind, content, seconds, questions, answers)
        del content


def _get_ready(answers: IO[bytes]) -> None:
    """Load what reads files, and say so: that takes longer than most files."""
    import PIL.Image
    import pypdf  # noqa: F401

    PIL.Image.preinit()
    answers.write(ANSWER_HEAD.pack(IS_READY, 0, 0))
    answers.flush()


def _answer(
    kind: bytes, content: bytes, seconds: float, questions: IO[bytes], answers: IO[bytes]
) -> None:
    try:
        with _watched(questions, answers) as large:
            if kind == PICTURE:
                found, made = _picture(content, large)
            elif kind == SCAN:
                found, made = _scan(content, seconds, large)
            else:
                found, made = _document(content, seconds)
    except AttachmentError as error:
        found, made = {"error": error.message, "fix": error.fix, "kind": error.kind.value}, b""
    except MemoryError:
        found, made = {"error": TOO_MUCH_MEMORY, "is_sick": True}, b""
    said = json.dumps(found).encode()
    answers.write(ANSWER_HEAD.pack(ANSWERS, len(said), len(made)) + said)
    answers.write(made)
    answers.flush()


def _picture(content: bytes, large: Any) -> tuple[dict[str, Any], bytes]:
    from ml_backend.images import picture

    made = picture.shrink(content, large=large)
    size = {"width": made.width, "height": made.height}
    return {"media_type": made.media_type, **size}, made.content


def _document(content: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
    from ml_backend.images import document

    _limit("RLIMIT_AS", DOCUMENT_MEMORY)
    try:
        found = document.read(content, seconds=seconds)
    finally:
        _limit("RLIMIT_AS", MOST_MEMORY)
    text = found.text.encode("utf-8", "surrogatepass")
    return {"pages": found.pages, "pages_read": found.pages_read}, text


def _scan(content: bytes, seconds: float, large: Any) -> tuple[dict[str, Any], bytes]:
    from ml_backend.images import scan

    found = scan.pages(content, seconds=seconds, large=large)
    told = [[each.media_type, each.width, each.height, len(each.content)] for each in found]
    return {"pages": told}, b"".join(each.content for each in found)


@contextmanager
def _watched(questions: IO[bytes], answers: IO[bytes]) -> Iterator[Any]:
    """What a large picture waits for: the server has room for one at a time."""

    @contextmanager
    def large() -> Iterator[None]:
        answers.write(ANSWER_HEAD.pack(WANTS_ROOM, 0, 0))
        answers.flush()
        if questions.read(1) != HAS_ROOM:
            os._exit(0)
        yield

    yield large


def _limit(name: str, soft: int, hard: int | None = None) -> None:
    """Bound what this process takes, where the system knows such bounds."""
    try:
        import resource
    except ImportError:  # Windows: time is bounded by the server alone
        return
    kind = getattr(resource, name, None)
    if kind is None:
        return
    with suppress(OSError, ValueError):
        most = resource.getrlimit(kind)[1] if hard is None else hard
        resource.setrlimit(kind, (soft, most))


def _used_seconds() -> int:
    used = os.times()
    return int(used.user + used.system) + 1


def end_with(parent: int) -> None:
    """End this process within a second of its parent, however that ended."""

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
