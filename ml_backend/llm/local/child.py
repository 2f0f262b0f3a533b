"""The process a local model answers in, as the server sees it: started, watched, stopped.

One for each model file with its settings, shared by all connections and prompts that name both.
It listens on 127.0.0.1 at a port and with a key that nobody else knows, is given none of our
environment's secrets, and holds one end of a pipe whose other end is ours: however this process
ends, that one does.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import secrets
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm.local import serving
from ml_backend.llm.local.confined import environment, without_places
from ml_backend.llm.local.model_file import LocalModelFile
from ml_backend.records import FailureKind, JsonObject

log = logging.getLogger(__name__)

START_SECONDS = 600.0
"""A large model is read from a slow disk."""
STOP_SECONDS = 5.0
END_SECONDS = 2.0
"""Its connections break a moment before a process that crashed is gone."""
LAST_WORDS, LONGEST_WORD = 12, 2_000
DEATHS = 4
"""Ends of the process without an answer in between, after which nothing is started again …"""
FORGIVEN_SECONDS = 300.0
"""… for so long, or until somebody checks the connection or its last holder lets go."""
GIVEN_UP = "It is started again after five minutes, or at once when its connection is checked."
MEND = (
    "Check that the file is whole and of a kind this llama.cpp knows, and that there is memory for "
    "it; a smaller context takes less."
)


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
        self._starting = threading.Lock()
        """Held as long as a start takes, which may be minutes: only by who waits for it."""
        self._lock = threading.Lock()
        """Held for a moment, for what is below."""
        self._process: subprocess.Popen[bytes] | None = None
        self._address: Address | None = None
        self._words: deque[str] = deque(maxlen=LAST_WORDS)
        self._deaths = 0
        self._died_at = 0.0
        self._holders = 0
        self._stops = 0

    @property
    def pid(self) -> int | None:
        """The process that runs now, None for none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def running(self) -> Address | None:
        """Return where it answers, None where it does not yet or no more; never blocks."""
        with self._lock:
            return self._address if self.pid is not None else None

    def ensure(self, *, anew: bool = False) -> Address:
        """Return where it answers, starting it where it does not run; blocks until it is ready.

        Raises RunStopper when it does not start, or ended again and again, which ``anew`` passes
        over; ModelError when it is stopped meanwhile.
        """
        stops = self._stops
        with self._starting:
            address = self.running()
            if address is not None:
                return address
            self._note_end()
            if not anew and self._is_given_up():
                raise self._failed("ended again and again", fix=f"{GIVEN_UP} {MEND}")
            return self._start(stops)

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
        """Note that one asks it no more; with the last of them it ends, and what it did with it."""
        with self._lock:
            self._holders -= 1
            is_held = self._holders > 0
            if not is_held:
                self._deaths = 0
        if not is_held:
            self.stop()

    def answered(self) -> None:
        """Note that it works: an end later on is no habit."""
        with self._lock:
            self._deaths = 0

    def stop(self) -> None:
        """End the process, one that starts as well; the next question starts it anew."""
        with self._lock:
            self._stops += 1
            process, self._process = self._process, None
            address, self._address = self._address, None
        if process is None:
            return
        if address is None:
            process.kill()  # whoever waits for it to be ready closes its pipes
        else:
            _close(process)  # which tells it to end
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self, stops: int) -> Address:
        """Start it unless it was stopped since so many stops."""
        started = time.monotonic()
        key = secrets.token_urlsafe(32)
        self._words.clear()
        with self._lock:
            if self._stops != stops:
                raise self._stopped()
            process = self._process = self._open()
        given, said, log_of_it = process.stdin, process.stdout, process.stderr
        if given is None or said is None or log_of_it is None:
            raise TypeError("the process was started without pipes")
        reader = threading.Thread(target=self._listen, args=(log_of_it,), daemon=True)
        reader.start()
        try:
            given.write(json.dumps(self._wanted(key)).encode() + b"\n")
            given.flush()
            url = json.loads(_first_line(process, said))["url"]
            address: Address | None = Address(str(url), key)
        except (OSError, ValueError, KeyError, TypeError):
            address = None
        with self._lock:
            is_stopped = self._stops != stops
            if address is not None and not is_stopped:
                self._address = address
                took = time.monotonic() - started
                log.info("local model %s: ready after %.1f s", self.file.path.name, took)
                return address
            if self._process is process:
                self._process = None
        process.kill()
        process.wait()
        _close(process)
        reader.join(STOP_SECONDS)
        if is_stopped:
            raise self._stopped()
        self._note_death()
        raise self._failed("did not start", fix=MEND)

    def _open(self) -> subprocess.Popen[bytes]:
        # -P: beside the file are modules of ours, which are not to be found by their bare names.
        return subprocess.Popen(  # noqa: S603  # nosec B603  # our own file, by our Python
            [sys.executable, "-P", str(self._program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(os.environ),
            start_new_session=True,
        )

    def _wanted(self, key: str) -> JsonObject:
        file = self.file
        return {
            "model": str(file.path),
            "key": key,
            "threads": file.threads,
            "slots": file.slots,
            "context": file.context,
        }

    def _note_end(self) -> None:
        """Take down a process that ended by itself."""
        with self._lock:
            process, self._process = self._process, None
            self._address = None
        if process is None:
            return
        self._note_death()
        log.warning("local model %s: its process ended (%s)", self.file.path, process.poll())
        _close(process)

    def _note_death(self) -> None:
        with self._lock:
            self._deaths += 1
            self._died_at = time.monotonic()

    def _is_given_up(self) -> bool:
        with self._lock:
            if time.monotonic() - self._died_at >= FORGIVEN_SECONDS:
                self._deaths = 0
            return self._deaths >= DEATHS

    def _stopped(self) -> ModelError:
        return ModelError(
            f"The local model {self.file.path.name} was stopped while it started.",
            kind=FailureKind.SERVER_ERROR,
        )

    def _failed(self, what: str, *, fix: str) -> RunStopper:
        """Return the error to raise; callers read it, the log alone has where the file is."""
        words = [without_places(each, self.file.path) for each in self._words]
        last = f" Its last words: {words[-1][:300]}" if words else ""
        log.warning("local model %s %s: %s", self.file.path, what, "\n".join(self._words))
        return RunStopper(
            f"The process of the local model {self.file.path.name} {what}.{last}",
            kind=FailureKind.SERVER_ERROR,
            raw="\n".join(words)[:2_000],
            fix=fix,
        )

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                said = line[:LONGEST_WORD].decode("utf-8", "replace").rstrip()
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


def _first_line(process: subprocess.Popen[bytes], said: IO[bytes]) -> bytes:
    """Return what a process says when it is ready, "" from one that ended or took too long."""
    # By a timer: waiting for a descriptor is not to be had above 1,023, nor for pipes everywhere.
    late = threading.Timer(START_SECONDS, process.kill)
    late.daemon = True
    late.start()
    try:
        return said.readline()
    finally:
        late.cancel()


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # what was not written yet has nobody to read it
                stream.close()


PROCESSES = ModelProcesses()
atexit.register(PROCESSES.stop)
