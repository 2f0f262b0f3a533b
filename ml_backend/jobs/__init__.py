"""How work is executed: one event loop for model calls, one embedded engine for runs."""

from ml_backend.jobs.embedded import EmbeddedEngine
from ml_backend.jobs.loop import LoopThread

__all__ = ["EmbeddedEngine", "LoopThread"]
