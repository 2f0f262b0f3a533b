"""What all tests share: one real Label Studio a session, for those marked ``live``.

Processes that tests start end with those of pytest, however these end: support/processes.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.live_label_studio import LiveLabelStudio
from support.processes import watch

watch()


@dataclass(frozen=True)
class RunningLabelStudio:
    """Where a real Label Studio answers, and a legacy token for it."""

    url: str
    token: str


@pytest.fixture(scope="session")
def live() -> Iterator[RunningLabelStudio]:
    """A real Label Studio; LIVE_LABEL_STUDIO_URL and _TOKEN name one that already runs."""
    url = os.environ.get("LIVE_LABEL_STUDIO_URL")
    if url:
        yield RunningLabelStudio(url.rstrip("/"), os.environ["LIVE_LABEL_STUDIO_TOKEN"])
        return
    with LiveLabelStudio() as label_studio:
        yield RunningLabelStudio(label_studio.url, label_studio.token)
