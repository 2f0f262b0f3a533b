"""A real Label Studio started for the purpose: SQLite, a known token, nothing from the internet."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess  # nosec B404  # no shell; each call says what it starts
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

TOKEN = "abcdef0123456789abcdef0123456789abcdef01"  # noqa: S105  # nosec B105  # of a throw-away trial
EMAIL = "labeler@example.com"
PASSWORD = "a-password-for-trials"  # noqa: S105  # nosec B105  # of a throw-away trial
DATABASE = "label_studio.sqlite3"
LEGACY = "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN"
# Label Studio reads each of these with or without the prefix LABEL_STUDIO_.
ENVIRONMENT = {
    "LABEL_STUDIO_USERNAME": EMAIL,
    "LABEL_STUDIO_PASSWORD": PASSWORD,
    "LABEL_STUDIO_USER_TOKEN": TOKEN,
    LEGACY: "true",
    # ML backends on loopback and private addresses.
    "USE_DEFAULT_BANNED_SUBNETS": "false",
    "ML_BLOCK_LOCAL_IP": "false",
    "SSRF_PROTECTION_ENABLED": "false",
    # Nothing that reaches for the internet.
    "LATEST_VERSION_CHECK": "false",
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}


class LabelStudioDidNotStart(Exception):
    """It is not there, went away or stayed silent; the message says so or ends with its log."""


class LocalLabelStudio:
    """A Label Studio process; ``start`` after ``stop`` or ``kill`` has the same data and port.

    ``environment`` goes before ENVIRONMENT; a value of "" still counts as set. ``template`` is a
    directory that keeps a freshly made database: the first start fills it, later ones begin with a
    copy, in 6 s instead of nearly a minute.
    """

    token = TOKEN

    def __init__(
        self,
        *,
        executable: str,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
        data_dir: Path | None = None,
        template: Path | None = None,
        start_timeout: float = 180.0,
    ) -> None:
        self.executable = executable
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._keep_data = data_dir is not None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="label-studio-"))
        self.log_path = self.data_dir / "label-studio.log"
        self._template = template
        self._environment = dict(environment or {})
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it and wait until its API answers; LabelStudioDidNotStart when it does not."""
        if self.pid is not None:
            return
        if not Path(self.executable).exists():
            raise LabelStudioDidNotStart(
                f"There is no Label Studio at {self.executable}: install one there with "
                f"`pip install label-studio`, or name it in LS_EXECUTABLE."
            )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        fresh = not (self.data_dir / DATABASE).exists()
        if fresh and self._template and (self._template / DATABASE).exists():
            shutil.copytree(self._template, self.data_dir, dirs_exist_ok=True)
            fresh = False
        command = [self.executable, "start", "--no-browser", "--port", str(self.port)]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # nosec B603  # the operator's Label Studio
                [*command, "--internal-host", "127.0.0.1"],
                env=self._full_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                start_new_session=True,
            )
        self._wait()
        if fresh and self._template:
            self._save_template(self._template)

    def stop(self, timeout: float = 15.0) -> None:
        """Stop it with SIGTERM, and with SIGKILL when that does not help."""
        self._end(signal.SIGTERM, timeout)

    def kill(self) -> None:
        """Stop it at once, as a crash would."""
        self._end(signal.SIGKILL, 15.0)

    def remove(self) -> None:
        """Stop it and delete its data, unless the data directory was given."""
        self.stop()
        if not self._keep_data:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of its log."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def _full_environment(self) -> dict[str, str]:
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("LABEL_STUDIO_", "DJANGO_", "PYTHON"))
            and key not in ("DATABASE_URL", "HOST", "PORT", "LOG_LEVEL")
            and not key.startswith("SECRET_KEY")
        }
        data = {"LABEL_STUDIO_BASE_DATA_DIR": str(self.data_dir)}
        return {**inherited, **ENVIRONMENT, **data, **self._environment}

    def _save_template(self, template: Path) -> None:
        template.mkdir(parents=True, exist_ok=True)
        unfinished = template / f"{DATABASE}.{os.getpid()}"
        with (
            closing(sqlite3.connect(self.data_dir / DATABASE)) as source,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            source.backup(copy)
        shutil.copy(self.data_dir / ".env", template)
        unfinished.rename(template / DATABASE)

    def _wait(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while time.monotonic() < deadline:
            if self.pid is None:
                raise LabelStudioDidNotStart(f"Label Studio ended:\n{self.log_tail()}")
            try:
                with urllib.request.urlopen(f"{self.url}/api/version", timeout=5) as response:  # nosec B310  # the one just started
                    if response.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        log = self.log_tail()
        self.kill()
        raise LabelStudioDidNotStart(f"No answer in {self._start_timeout:.0f} s:\n{log}")

    def _end(self, how: signal.Signals, timeout: float) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15.0)


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
