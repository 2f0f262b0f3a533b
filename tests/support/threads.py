"""The thread in which all fake servers of a test process answer."""

from __future__ import annotations

from ml_backend.jobs import LoopThread

THREAD = LoopThread()
