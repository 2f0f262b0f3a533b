"""Our own server as a process, and our commands, the way a user has them."""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from click.testing import CliRunner

from ml_backend.cli import cli
from support.processes import ROOT, Child, eventually

__all__ = ["ROOT", "Installation", "eventually"]

SETTINGS = frozenset(
    {
        *("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"),
        *(
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "OPENAI_MODEL",
            "OPENAI_PRICE",
            "OPENAI_BUDGET",
            "LLM_MAX_CONCURRENCY",
        ),
        *("DATA_DIR", "DATABASE_URL", "SECRET_KEY", "BASIC_AUTH_USER", "BASIC_AUTH_PASS"),
        *(
            "LLM_TIMEOUT",
            "PREDICT_DEADLINE",
            "IMAGE_HOSTS",
            "ALLOWED_HOSTS",
            "HOST",
            "PORT",
            "WORKERS",
            "THREADS",
        ),
        *("LOG_LEVEL", "LOG_FORMAT"),
    }
)


class Installation:
    """A data folder with the settings around it: runs commands, and the server as a process."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.data_dir = data_dir
        self.settings = {"DATA_DIR": str(data_dir), "PORT": str(port), **settings}
        self.url = f"http://127.0.0.1:{self.settings['PORT']}"
        self.log_path = data_dir.parent / f"{data_dir.name}-server.log"
        self._server: Child | None = None

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if key not in SETTINGS}
        return {**clean, "PYTHONPATH": str(ROOT), **self.settings}

    def cli(
        self, *arguments: str | int, code: int = 0, env: Mapping[str, str] | None = None
    ) -> str:
        """Run a command, assert its exit code, return what it printed (stderr too if it failed).

        In this process: a Python of its own would import for a second and more each time.
        """
        settings = {**dict.fromkeys(SETTINGS), **self.settings, **(env or {})}
        done = CliRunner().invoke(cli, [str(each) for each in arguments], env=settings)
        said = f"{done.stdout}\n{done.stderr}\n{done.exception!r}"
        assert done.exit_code == code, f"exit {done.exit_code}\n{said}"
        return done.stdout if code == 0 else done.stdout + done.stderr

    def json(self, *arguments: str | int, code: int = 0) -> Any:
        """Run a command with --json and return its document."""
        done = self.cli(*arguments, "--json", code=code)
        return json.loads(done[done.index("{") if done.lstrip()[:1] != "[" else 0 :])

    def start(self, *, wait: bool = True) -> Self:
        """Start the server; with ``wait`` return once it answers."""
        self._server = Child(
            [sys.executable, "-m", "ml_backend", "serve"],
            env=self.environment(),
            log=self.log_path,
        )
        if wait:
            self._server.wait_until(self.is_up)
        return self

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    def kill(self) -> None:
        """kill -9, the worker as well: what a power cut leaves is what is on disk."""
        server, self._server = self._server, None
        if server is not None:
            server.kill()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
