"""Log lines on standard error, as text or as one JSON object each."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

MOMENT = "%Y-%m-%d %H:%M:%S%z"
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
CHATTY = ("httpx", "httpcore", "openai", "asyncio", "alembic", "sqlalchemy", "werkzeug")
"""Libraries whose INFO and DEBUG lines may hold request bodies, or say nothing."""


class TextFormatter(logging.Formatter):
    """One line a message, whatever names and texts of people it quotes; tracebacks have several."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", record.message)
        return super().formatMessage(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(level: str, form: str) -> None:
    """Send all log lines of the process to standard error; ``form`` is "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(TEXT, MOMENT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
