"""Files of tasks are read in processes of their own, bounded in time and memory."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ml_backend.errors import AttachmentError
from ml_backend.images import document, picture
from ml_backend.images.file_reader import MOST_MEMORY
from ml_backend.images.file_readers import FileReaders
from support.files import image, pdf
from support.hostile_files import PDFS, PICTURES, laughing_pages, long_scans

LINE = "The quick brown fox jumps over the lazy dog."
SOON = 20.0


@pytest.fixture
def readers() -> Iterator[FileReaders]:
    # Nothing is slow here but what takes seconds: the machine may be busy.
    made = FileReaders(slow_seconds=SOON)
    yield made
    made.close()


def children() -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process().children()
        if "ml_backend.images.file_reader" in " ".join(each.cmdline())
    ]


@pytest.mark.slow
def test_files_are_read_as_by_the_readers_themselves_and_by_one_process(
    readers: FileReaders,
) -> None:
    assert readers.picture(image()) == picture.shrink(image())
    found = readers.document(pdf(LINE, "", "The second page with text"))
    assert (found.pages, found.pages_read, found.is_scan) == (3, 3, False)
    assert found.text.startswith(LINE)
    [pid] = readers.pids
    for content in (b"", b"%PDF-1.4 and then nothing", image()[:40], b"<svg/>"):
        for ask, plain in (
            (readers.picture, picture.shrink),
            (readers.document, document.read),
        ):
            with pytest.raises(AttachmentError) as there:
                ask(content)
            with pytest.raises(AttachmentError) as here:
                plain(content)
            assert (there.value.message, there.value.kind) == (here.value.message, here.value.kind)
    assert readers.pids == [pid]


@pytest.mark.slow
def test_no_file_takes_longer_or_more_than_it_may(readers: FileReaders) -> None:
    """Each hostile file ends within its time; nothing of it reaches this process or its log."""
    before = psutil.Process().memory_info().rss
    wrong = []
    for ask, files in ((readers.document, PDFS), (readers.picture, PICTURES)):
        for name, make in files.items():
            content = make()
            started = time.monotonic()
            try:
                ask(content, seconds=4.0)
            except AttachmentError as error:
                if not error.fix:
                    wrong.append(f"{name}: {error.message} without a next step")
            took = time.monotonic() - started
            if took > 30:  # a start of the process on a busy machine included
                wrong.append(f"{name} took {took:.1f} s")
            del content
    assert wrong == []
    assert psutil.Process().memory_info().rss - before < 300 << 20
    assert readers.picture(image()).width, "and others are read as ever"


@pytest.mark.slow
def test_what_takes_too_long_is_ended_and_said_so(
    readers: FileReaders, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    readers.picture(image())  # started
    # Far less than either takes: a reader that has a bound of its own may come to that first.
    for ask, content, seconds in (
        (readers.document, laughing_pages(), 0.1),
        (readers.picture, long_scans(1_000), 0.5),
    ):
        started = time.monotonic()
        with pytest.raises(AttachmentError, match=rf"within {seconds} s") as caught:
            ask(content, seconds=seconds)
        assert time.monotonic() - started < SOON
        assert caught.value.fix
    assert len(caplog.records) < 10


@pytest.mark.slow
def test_a_process_that_ends_costs_its_file_and_nothing_else(readers: FileReaders) -> None:
    readers.picture(image())
    [pid] = readers.pids
    os.kill(pid, signal.SIGSTOP)  # so that it ends while it is asked
    killer = subprocess.Popen(
        [sys.executable, "-c", f"import os,time; time.sleep(1); os.kill({pid}, 9)"]
    )
    with pytest.raises(AttachmentError, match="ended the process that read it"):
        readers.picture(image())
    killer.wait(60)
    assert readers.picture(image()).width
    [other] = readers.pids
    os.kill(other, signal.SIGKILL)
    psutil.Process(other).wait(60)
    assert readers.picture(image()).width, "one that ended meanwhile is not asked"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells of a process")
def test_the_process_has_no_key_little_memory_and_the_least_right_of_way(
    readers: FileReaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-told-to-nobody")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "told-to-nobody")
    readers.picture(image())
    [pid] = readers.pids
    told = psutil.Process(pid)
    assert not [name for name in told.environ() if "KEY" in name or "SECRET" in name]
    assert told.rlimit(psutil.RLIMIT_AS)[1] == MOST_MEMORY
    assert told.rlimit(psutil.RLIMIT_CORE)[0] == 0
    assert told.nice() > psutil.Process().nice() or told.nice() == 19


@pytest.mark.slow
def test_it_ends_with_the_server_however_that_ends(tmp_path: Path) -> None:
    program = (
        "import os,sys\n"
        "sys.path[:] = sys.argv[1:]\n"
        "from ml_backend.images.file_readers import READERS\n"
        "from support.files import image\n"
        "READERS.picture(image())\n"
        "print(READERS.pids[0], flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = [str(Path(each).absolute()) for each in sys.path]
    done = subprocess.run(
        [sys.executable, "-c", program, *path], capture_output=True, timeout=120, check=False
    )
    pid = int(done.stdout)
    until = time.monotonic() + 60
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not psutil.pid_exists(pid)


def test_nothing_is_started_before_there_is_a_file() -> None:
    before = children()  # of whoever read a file in this process
    made = FileReaders()
    assert made.pids == []
    assert children() == before
    made.close()
