"""What lies on the disk: secrets that cannot be read, files that others of the machine can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_backend.next_steps import Step
from ml_backend.records import KEY_UNREADABLE, Connection


def key_problem(connection: Connection) -> str:
    """Return that a connection's key cannot be read, with the next step; "" where it can."""
    if not connection.is_unreadable:
        return ""
    return f"{KEY_UNREADABLE} {Step.GIVE_KEY_AGAIN(connection=connection.id or 0)}"


def say_open(paths: Sequence[Path]) -> tuple[str, str]:
    """Return what of the data folder is open to others and the mend, ("", "") for nothing."""
    if not paths:
        return "", ""
    shown = ", ".join(map(str, paths[:3])) + (" …" if len(paths) > 3 else "")
    return (
        f"Others of this machine may read or write {shown}: it belongs to another user, or to "
        "all of them.",
        "Have it belong to the user of the server alone (chown, then chmod -R go= DATA_DIR), or "
        "point DATA_DIR at a folder of its own.",
    )
