"""Install packages and say every few seconds how far that is: `make` calls it.

    python3 scripts/installing.py "the server" .venvs/app -r requirements.txt

Makes the virtual environment where there is none yet and hands the rest to its pip, or to the uv
that the variable UV names, which takes a tenth of the time and does not read pip's settings. Their
own output is shown when it fails. Only the standard library: nothing is installed yet.
"""

from __future__ import annotations

import os
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import threading
import time
from pathlib import Path
from typing import IO

EVERY = 4.0
LOUD = 60
"""Lines of what failed that are shown."""


class Installation:
    """A program at work, and what can be told of it by its output."""

    def __init__(self, what: str, *, every: float = EVERY) -> None:
        self._what = what
        self._every = every
        self._began = self._said = time.monotonic()
        self._lines: list[str] = []
        self._doing = "making a virtual environment"
        self._collected = 0

    def run(self, *command: str | Path) -> None:
        """Run a program to its end; SystemExit with its code and output when it fails."""
        process = subprocess.Popen(  # nosec B603  # make's words
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        assert process.stdout is not None  # nosec B101  # for types: it is a pipe
        reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        while True:
            try:
                # Since the last word, whichever program was at work then.
                code = process.wait(max(0.01, self._said + self._every - time.monotonic()))
                break
            except subprocess.TimeoutExpired:
                self.say(f"  … {self._what}: {self._doing} ({self._seconds} s)")
        reader.join()
        if code != 0:
            self.say("\n".join(self._lines[-LOUD:]))
            sys.exit(code)

    def done(self) -> None:
        self.say(f"✓ Installed {self._what} ({self._seconds} s)")

    def say(self, text: str) -> None:
        print(text, flush=True)
        self._said = time.monotonic()

    @property
    def _seconds(self) -> int:
        return round(time.monotonic() - self._began)

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._lines.append(line.rstrip())
            words = line.split()
            if words[:1] == ["Collecting"]:
                self._collected += 1
                self._doing = f"fetching package {self._collected}, {words[1]}"
            elif words[:3] == ["Installing", "collected", "packages:"]:
                self._doing = f"unpacking {line.count(',') + 1} packages"
            elif words[:1] == ["Downloading"] and len(words) > 1:
                self._doing = f"fetching {words[1]}"
            elif words[:1] == ["Building"]:
                self._doing = " ".join(words[:5]).lower()


def installer(python: Path, uv: str) -> list[str | Path]:
    """Return the command that installs what follows it into a Python's environment."""
    if uv:
        return [uv, "pip", "install", "--python", python]
    options = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")
    return [python, "-m", "pip", "install", *options]


def main() -> None:
    what, folder, *arguments = sys.argv[1:]
    print(f"Installing {what} into {folder}", flush=True)
    installation = Installation(what)
    python = Path(folder, "Scripts" if os.name == "nt" else "bin", "python")
    if not python.exists():
        installation.run(sys.executable, "-m", "venv", folder)
    installation.run(*installer(python, os.environ.get("UV", "")), *arguments)
    installation.done()


if __name__ == "__main__":
    main()
