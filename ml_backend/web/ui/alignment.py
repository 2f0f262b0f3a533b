"""The alignment tab of a prompt."""

from __future__ import annotations

from flask import render_template

from ml_backend.web.ui.prompt_view import PromptView, panel


@panel("alignment")
def fill(view: PromptView) -> str:
    """Return the tab's panel."""
    return render_template("prompt/alignment.html", view=view)
