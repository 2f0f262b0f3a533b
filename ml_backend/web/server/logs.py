"""Log lines on standard error, as text or as one JSON object each, bounded in length and number.

What a task, a model or a file holds reaches lines of ours as a quotation, and those of libraries as
it comes: so a line is one line and not long, and a library that goes on and on is cut short.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from datetime import UTC, datetime

MOMENT = "%Y-%m-%d %H:%M:%S%z"
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LONGEST = 2_000
"""Characters of a line's message; its end is kept as well, where the next step stands."""
LONGEST_TRACEBACK = 20_000
OURS = "ml_backend"
OF_REQUESTS = "gunicorn.access"
"""A line a request, where somebody asked for that."""
PER_MINUTE = 30
"""Lines of one library in a minute; how many more there were is said afterwards."""
MINUTE = 60.0
LIBRARIES = 200
"""Libraries whose lines are counted apart."""


def one_line(text: str, most: int = LONGEST) -> str:
    """Return a text as one line of at most ``most`` characters and a word on what was left out."""
    if len(text) > most:
        half = most // 2
        left_out = len(text) - 2 * half
        text = f"{text[:half]} […{left_out} characters…] {text[-half:]}"
    return CONTROL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def message_of(record: logging.LogRecord) -> str:
    """Return what a record says; one that cannot be put together says so and costs nothing else."""
    try:
        return one_line(record.getMessage())
    except Exception as error:  # a library's own mistake, which logging would print at length
        return one_line(f"{record.msg!s:.500} ({type(error).__name__} in its arguments)")


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    said = formatter.formatException(record.exc_info) if record.exc_info else ""
    if len(said) > LONGEST_TRACEBACK:
        half = LONGEST_TRACEBACK // 2
        said = f"{said[:half]}\n[…]\n{said[-half:]}"
    return "\n".join(map(one_line, said.split("\n")))


class TextFormatter(logging.Formatter):
    """One line a message, whatever names and texts of people it quotes; tracebacks have several.

    Those are indented, so that what an error quotes looks like no line of ours.
    """

    def format(self, record: logging.LogRecord) -> str:
        record.message = message_of(record)
        record.asctime = self.formatTime(record, self.datefmt)
        line = self.formatMessage(record)
        trace = _traceback(self, record)
        if not trace:
            return line
        return "\n".join((line, *(f"  {each}" for each in trace.split("\n"))))


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
        }
        if record.exc_info:
            line["traceback"] = _traceback(self, record)
        return json.dumps(line, ensure_ascii=False)


class Libraries(logging.Filter):
    """Keeps what libraries have to say to warnings, and to a few of them in a minute each.

    Lower lines may hold what was sent and received. Whatever is not ours is a library: which there
    are is nobody's to list.
    """

    def __init__(self, per_minute: int = PER_MINUTE) -> None:
        super().__init__()
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._since = 0.0
        self._said: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        library = record.name.partition(".")[0]
        if library == OURS or record.name == OF_REQUESTS:
            return True
        if record.levelno < logging.WARNING:
            return False
        with self._lock:
            now = time.monotonic()
            if now - self._since > MINUTE:
                self._since, self._said = now, {}
            if len(self._said) >= LIBRARIES:
                library = ""
            said = self._said[library] = self._said.get(library, 0) + 1
        if said == self._per_minute:
            record.msg = f"{message_of(record)} (no more of {library[:60]} for a while)"
            record.args = None
        return said <= self._per_minute


def configure(level: str, form: str) -> None:
    """Send all log lines of the process to standard error; ``form`` is "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(TEXT, MOMENT))
    handler.addFilter(Libraries())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Lower lines of libraries are not even put together.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    logging.getLogger(OURS).setLevel(level)
    logging.captureWarnings(True)
