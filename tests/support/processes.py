"""Child processes of tests: started one way, and gone when the process that started them is.

Each of them, and whatever they start, inherits a mark in its environment. A warden, one for each
process of pytest, waits for that to end in any way, kill -9 too, and then kills all with the mark.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import psutil

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
MARK = "PROMPTS_TESTS_MARK"
START_SECONDS = 120.0
STOP_SECONDS = 60.0
GRACE_SECONDS = 0.5
"""Time for what ends by itself together with the tests."""

LOG_LINES = 40


def eventually(what: Callable[[], T], *, seconds: float = START_SECONDS, every: float = 0.05) -> T:
    """Return the first truthy value of ``what``; AssertionError when there is none in time.

    The time is generous: on a busy machine everything comes late, and no test measures speed.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(every)


class _Warden:
    """The process that outlives this one; the pipe between them ends when this one does."""

    def __init__(self) -> None:
        self.mark = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._of = 0

    def watch(self) -> str:
        """Begin to watch, once a process; return its mark."""
        if self._of != os.getpid():
            self.mark = uuid.uuid4().hex
            outside = {name: value for name, value in os.environ.items() if name != MARK}
            self._process = subprocess.Popen(
                [sys.executable, __file__, self.mark],
                env=outside,
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
            self._of = os.getpid()
            os.environ[MARK] = self.mark
        return self.mark


_WARDEN = _Warden()
watch = _WARDEN.watch


def marked(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment, this process's own by default, whose processes end with this one."""
    return {**(os.environ if environment is None else environment), MARK: watch()}


class Child:
    """A process with a log, which is shown when it does not start as it should.

    ``options`` are those of Popen; ``stdout`` and ``stderr`` go into the log unless they are named.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        **options: Any,
    ) -> None:
        self.command = [str(word) for word in command]
        self._log = tempfile.TemporaryFile() if log is None else log.open("ab+")  # noqa: SIM115
        self._from = os.fstat(self._log.fileno()).st_size
        given: dict[str, Any] = {
            "cwd": ROOT,
            "stdin": subprocess.DEVNULL,
            "stdout": self._log,
            "stderr": subprocess.STDOUT,
            "start_new_session": True,
            **options,
        }
        self.process: subprocess.Popen[Any] = subprocess.Popen(
            self.command, env=marked(env), **given
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def stdin(self) -> IO[Any]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[Any]:
        assert self.process.stdout is not None
        return self.process.stdout

    def said(self) -> str:
        """Return what this process wrote into its log."""
        length = os.fstat(self._log.fileno()).st_size - self._from
        # Without moving the place the process writes at, which both share.
        return os.pread(self._log.fileno(), length, self._from).decode(errors="replace")

    def wait_until(self, ready: Callable[[], T], *, seconds: float = START_SECONDS) -> T:
        """Return what says that it is ready; AssertionError with its log when there is none."""
        deadline = time.monotonic() + seconds
        while True:
            value = ready()
            if value:
                return value
            if not self.is_running or time.monotonic() > deadline:
                what = f"is not ready in {seconds:g} s" if self.is_running else "ended"
                log = "\n".join(self.said().splitlines()[-LOG_LINES:])
                self.kill()
                raise AssertionError(f"{' '.join(self.command)} {what}:\n{log}")
            time.sleep(0.01)

    def word_after(self, start: str) -> str:
        """Return the last word of the line of its log that starts so, once it is written."""

        def found() -> str:
            lines = self.said().splitlines(keepends=True)
            whole = (line for line in lines if line.startswith(start) and line.endswith("\n"))
            return next((line.split()[-1] for line in whole), "")

        return self.wait_until(found)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Return its exit code once it has ended."""
        return int(self.process.wait(seconds))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and all of its group; with SIGKILL where it takes its time."""
        for signum in (how, signal.SIGKILL):
            if self.is_running:
                with suppress(ProcessLookupError):
                    self._signal(signum)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(STOP_SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self._log):
            if stream is not None:
                stream.close()

    def kill(self) -> None:
        """kill -9, its group as well: what a power cut leaves is what is on disk."""
        self.stop(signal.SIGKILL)

    def _signal(self, signum: signal.Signals) -> None:
        if os.getpgid(self.pid) == self.pid:
            os.killpg(self.pid, signum)
        else:
            self.process.send_signal(signum)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


# The warden, a process of its own


def _marked_processes(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def _guard(mark: str) -> None:
    parent = os.getppid()
    while os.getppid() == parent and not select.select([sys.stdin], [], [], 0.5)[0]:
        pass
    quiet = 0
    while quiet < 2:  # what was just being started has its mark a moment later
        time.sleep(GRACE_SECONDS)
        found = _marked_processes(mark)
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        quiet = 0 if found else quiet + 1


if __name__ == "__main__":
    _guard(sys.argv[1])
