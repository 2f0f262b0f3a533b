"""The real Label Studio of the tests."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from ml_backend.cli.local_label_studio import (
    DATABASE,
    EMAIL,
    ENVIRONMENT,
    PASSWORD,
    TOKEN,
    LabelStudioDidNotStart,
    LocalLabelStudio,
    free_port,
)
from support.processes import ROOT, watch

__all__ = [
    "DATABASE",
    "EMAIL",
    "ENVIRONMENT",
    "PASSWORD",
    "TOKEN",
    "LabelStudioDidNotStart",
    "LiveLabelStudio",
    "RunningLabelStudio",
    "free_port",
    "personal_token",
]


START_SECONDS = 600.0
"""On a busy machine a new database alone takes minutes."""


@dataclass(frozen=True)
class RunningLabelStudio:
    """Where a real Label Studio answers, and a legacy token for it."""

    url: str
    token: str


class LiveLabelStudio(LocalLabelStudio):
    """A Label Studio for tests.

    ``executable`` defaults to LS_EXECUTABLE, else to the one in ``.venvs/label-studio``;
    ``template`` to LS_DATA_TEMPLATE.
    """

    def __init__(self, *, executable: str | None = None, **options: Any) -> None:
        default = ROOT / ".venvs" / "label-studio" / "bin" / "label-studio"
        named = os.environ.get("LS_DATA_TEMPLATE")
        options.setdefault("template", Path(named) if named else None)
        options.setdefault("start_timeout", START_SECONDS)
        program = executable or os.environ.get("LS_EXECUTABLE") or str(default)
        super().__init__(executable=program, **options)

    def start(self) -> None:
        """Start it; of several test processes the first alone fills the template."""
        watch()
        template = self._template
        if template is None or (template / DATABASE).exists():
            super().start()
            return
        template.parent.mkdir(parents=True, exist_ok=True)
        with (template.parent / f"{template.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            super().start()


@cache
def personal_token(url: str, token: str) -> str:
    """The personal access token of a legacy token's user: Label Studio gives each of them one."""
    headers = {"Authorization": f"Token {token}"}
    made = httpx.post(f"{url}/api/token/", headers=headers, timeout=60)
    return str(made.raise_for_status().json()["token"])
