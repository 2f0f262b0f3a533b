"""How work is executed: an event loop for model calls, an engine for runs, repeaters beside."""

from ml_backend.jobs.embedded import EmbeddedEngine
from ml_backend.jobs.loop import LoopThread
from ml_backend.jobs.repeater import Repeater

__all__ = ["EmbeddedEngine", "LoopThread", "Repeater"]
