"""Addresses that are no page."""

from __future__ import annotations

from werkzeug.wrappers import Response

from ml_backend.web.ui.shell.pages import pages, refusal


@pages.route("/<path:_unknown>", methods=["GET", "POST"])
def unknown(_unknown: str) -> Response:
    """Say so, and where the pages are."""
    return refusal("There is no such page.", "Prompts, in the menu, has all of them.", 404)
