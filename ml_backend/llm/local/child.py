"""The process a local model answers in, as the server sees it: started, watched, stopped.

One for each model file, shared by all connections and prompts that name it. It listens on
127.0.0.1 at a port and with a key that nobody else knows, and holds one end of a pipe whose other
end is ours: however this process ends, that one does.
"""

from __future__ import annotations

import atexit
import json
import logging
import secrets
import select
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ml_backend.errors import RunStopper
from ml_backend.llm.local import serving
from ml_backend.llm.local.model_file import LocalModelFile
from ml_backend.records import FailureKind

log = logging.getLogger(__name__)

START_SECONDS = 600.0
"""A large model is read from a slow disk."""
STOP_SECONDS = 5.0
END_SECONDS = 2.0
"""Its connections break a moment before a process that crashed is gone."""
LAST_WORDS = 12
DEATHS = 4
"""Ends of the process without an answer in between, after which nothing is started again."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running process answers; another after each start."""

    url: str
    key: str


class ModelProcess:
    """The process of one model file; used from any thread."""

    def __init__(self, file: LocalModelFile, program: Path = Path(serving.__file__)) -> None:
        self.file = file
        self._program = program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._address: Address | None = None
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self._deaths = 0
        self._holders = 0

    @property
    def pid(self) -> int | None:
        """The process that runs now, None for none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ensure(self) -> Address:
        """Return where it answers, starting it where it does not run; blocks until it is ready.

        Raises RunStopper when it does not start, or ended again and again.
        """
        with self._lock:
            if self.pid is not None and self._address is not None:
                return self._address
            if self._process is not None:
                self._note_end()
            if self._deaths >= DEATHS:
                raise self._failed("ended again and again")
            self._address = self._start()
            return self._address

    def has_ended(self) -> bool:
        """Whether it runs no more; one that is about to end is waited for."""
        process = self._process
        if process is None:
            return True
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def hold(self) -> None:
        """Note one more who asks it."""
        with self._lock:
            self._holders += 1

    def release(self) -> None:
        """Note that one asks it no more; with the last of them it ends."""
        with self._lock:
            self._holders -= 1
            is_held = self._holders > 0
        if not is_held:
            self.stop()

    def answered(self) -> None:
        """Note that it works: an end later on is no habit."""
        self._deaths = 0

    def stop(self) -> None:
        """End the process; the next question starts it anew."""
        with self._lock:
            process, self._process, self._address = self._process, None, None
        if process is None:
            return
        _close(process)  # which tells it to end
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> Address:
        started = time.monotonic()
        key = secrets.token_urlsafe(32)
        self._words.clear()
        # -P: beside the file are modules of ours, which are not to be found by their bare names.
        self._process = process = subprocess.Popen(  # noqa: S603 - our own file, by our Python
            [sys.executable, "-P", str(self._program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        given, said, log_of_it = process.stdin, process.stdout, process.stderr
        if given is None or said is None or log_of_it is None:
            raise TypeError("the process was started without pipes")
        reader = threading.Thread(target=self._listen, args=(log_of_it,), daemon=True)
        reader.start()
        file = self.file
        wanted = {
            "model": str(file.path),
            "key": key,
            "threads": file.threads,
            "slots": file.slots,
            "context": file.context,
        }
        try:
            given.write(json.dumps(wanted).encode() + b"\n")
            given.flush()
            ready, _, _ = select.select([said], [], [], START_SECONDS)
            line = said.readline() if ready else b""
            url = str(json.loads(line)["url"])
        except (OSError, ValueError, KeyError):
            process.kill()
            process.wait()
            _close(process)
            self._process = None
            reader.join(STOP_SECONDS)
            self._deaths += 1
            raise self._failed("did not start") from None
        log.info("local model %s: ready after %.1f s", file.path.name, time.monotonic() - started)
        return Address(url, key)

    def _note_end(self) -> None:
        """Take down a process that ended by itself."""
        self._deaths += 1
        process, self._process = self._process, None
        if process is None:
            return
        log.warning("local model %s: its process ended (%s)", self.file.path.name, process.poll())
        _close(process)

    def _failed(self, what: str) -> RunStopper:
        words = "\n".join(self._words)
        last = f" Its last words: {self._words[-1][:300]}" if self._words else ""
        return RunStopper(
            f"The process of the local model {self.file.path.name} {what}.{last}",
            kind=FailureKind.SERVER_ERROR,
            raw=words[:2_000],
            fix="Check that the file is whole and of a kind this llama.cpp knows, and that there "
            "is memory for it; a smaller context takes less.",
        )

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                said = line.decode("utf-8", "replace").rstrip()
                if said:
                    self._words.append(said)
                    log.debug("local model: %s", said)


class ModelProcesses:
    """All processes of local models that this one has started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[LocalModelFile, ModelProcess] = {}

    def of(self, file: LocalModelFile) -> ModelProcess:
        """Return the process of a model file, which need not run yet."""
        with self._lock:
            if file not in self._of:
                self._of[file] = ModelProcess(file)
            return self._of[file]

    def stop(self) -> None:
        """End all of them."""
        with self._lock:
            processes, self._of = list(self._of.values()), {}
        for process in processes:
            process.stop()


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # what was not written yet has nobody to read it
                stream.close()


PROCESSES = ModelProcesses()
atexit.register(PROCESSES.stop)
