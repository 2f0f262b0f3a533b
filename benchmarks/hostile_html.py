"""HTML made to cost its reader dearly: the CPU that a megabyte of each kind takes."""

from __future__ import annotations

import time
from typing import Any

from ml_backend.labeling.text.dom_text import dom_text
from ml_backend.labeling.text.html_bounds import HtmlRefused
from ml_backend.labeling.text.html_text import to_text
from support.hostile_html import hostile

SIZE = 1_000_000


def measure_hostile_html() -> dict[str, Any]:
    """Read each kind as a prompt does and as spans are found; the slower of both counts."""
    kinds: dict[str, Any] = {}
    for name, html in hostile(SIZE).items():
        seconds, refused = 0.0, ""
        for read in (to_text, dom_text):
            began = time.process_time()
            try:
                read(html)
            except HtmlRefused as error:
                refused = error.message
            seconds = max(seconds, time.process_time() - began)
        kinds[name] = {"s": seconds, "refused": refused}
    slowest = max(kinds, key=lambda name: kinds[name]["s"])
    return {"slowest": slowest, "slowest_s": kinds[slowest]["s"], "kinds": kinds}
