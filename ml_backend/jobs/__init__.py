"""How work is executed: an event loop for model calls, an engine for runs and jobs, repeaters."""

from ml_backend.jobs.embedded import EmbeddedEngine, Handler
from ml_backend.jobs.engine import JOB, RUN, Engine
from ml_backend.jobs.loop import LoopThread
from ml_backend.jobs.repeater import Repeater

__all__ = ["JOB", "RUN", "EmbeddedEngine", "Engine", "Handler", "LoopThread", "Repeater"]
