"""The report of a run as an answer: a page on which only its own style sheet takes effect."""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Response

from ml_backend.next_steps import Words
from ml_backend.records import RunReport
from ml_backend.reporting import run_page

STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def report_answer(report: RunReport, words: Words) -> Response:
    """Return the page of a run's report, its next steps in a face's words.

    Task data is on it: whatever an escape should ever miss must neither run, nor fetch, nor look.
    """
    text = run_page(report, words)
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {_hash_of_style(text)}; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _hash_of_style(page: str) -> str:
    """Return what names the page's style sheet; what data brought is escaped and no style."""
    found = STYLE.search(page)
    style = found.group(1) if found else ""
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
