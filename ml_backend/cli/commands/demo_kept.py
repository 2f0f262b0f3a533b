"""What a demo leaves running: where it is, how one gets in, and how it is stopped."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ml_backend.cli.local_label_studio import EMAIL, PASSWORD, TOKEN

STATE = Path(tempfile.gettempdir()) / "ls-prompts-demo.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo's two servers run."""

    studio_url: str
    server_url: str
    folder: Path


def say_goodbye(console: Console, kept: tuple[Place, int] | None) -> None:
    """Say where to look at what was left running; ``kept`` is its place and its project."""
    if kept is None:
        console.print("Stopped again. `make demo KEEP=1` leaves it running to look at.")
        return
    place, project = kept
    for name, words in (
        ("Label Studio", f"{place.studio_url}/projects/{project}/data"),
        ("", f"{EMAIL} / {PASSWORD}"),
        ("Our pages", f"{place.server_url}/ui"),
        ("", f"sign in with the token {TOKEN}"),
        ("Stop both", f"{_own_command()} demo --stop"),
    ):
        console.print(f"{name:<14}{words}", soft_wrap=True)


def stop_kept(console: Console) -> None:
    if not STATE.exists():
        return
    state = json.loads(STATE.read_text())
    for pid in state["pids"]:
        end(pid)
    shutil.rmtree(state["folder"], ignore_errors=True)
    STATE.unlink()
    console.print("Stopped the demo that was left running.")


def end(pid: int) -> None:
    """Stop a process group, politely for ten seconds, whether or not it is our own child."""
    try:
        os.killpg(pid, signal.SIGTERM)
        for _ in range(100):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.killpg(pid, 0)
            time.sleep(0.1)
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _own_command() -> str:
    """Return how this program is called where one stands: `make` installs no ``ls-prompts``."""
    if shutil.which("ls-prompts"):
        return "ls-prompts"
    program = Path(sys.executable)
    with contextlib.suppress(ValueError):
        program = program.relative_to(Path.cwd())
    return f"{program} -m ml_backend"
