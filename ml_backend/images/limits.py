"""What a file of a task may take."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.errors import AttachmentError

MOST_BYTES = 25 * 1024**2
FETCH_SECONDS = 30.0
REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds a file may take, redirects included."""

    most_bytes: int = MOST_BYTES
    seconds: float = FETCH_SECONDS


def too_large(most: int) -> AttachmentError:
    """The error for a file of more than ``most`` bytes."""
    return AttachmentError(f"it is larger than {most / 1024**2:g} MB", fix="Make the file smaller.")
