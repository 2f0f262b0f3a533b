"""The report of a run as one page that needs nothing else: to read here, to save, to pass on."""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Response

from ml_backend.reporting import run_page
from ml_backend.web import identity
from ml_backend.web.house import house
from ml_backend.web.ui.pages import pages
from ml_backend.web.ui.results import file_name, open_run

STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@pages.get("/runs/<int:run_id>/report")
def show_report(run_id: int) -> Response:
    """Show a run's report; of all that is inline, its own style sheet alone takes effect."""
    run = open_run(run_id)
    text = run_page(house().run_reports.document(run, identity.caller().studio))
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {_hash_of_style(text)}; img-src data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Content-Disposition"] = f'inline; filename="{file_name(run)}.html"'
    return response


def _hash_of_style(page: str) -> str:
    """Return what names the page's style sheet; what data brought is escaped and no style."""
    found = STYLE.search(page)
    style = found.group(1) if found else ""
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
