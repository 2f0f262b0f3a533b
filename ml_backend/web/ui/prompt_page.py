"""The page of one prompt: its editor, its score, and its tabs."""

from __future__ import annotations

from werkzeug.wrappers import Response

from ml_backend.errors import NotFound
from ml_backend.web.ui import (  # noqa: F401 - tabs, and what stands beside them
    alignment,
    compare,
    editor,
    history,
    predict_all,
    results,
    running,
    score,
    versions,
)
from ml_backend.web.ui.pages import pages
from ml_backend.web.ui.prompt_view import TABS, answer, open_view


@pages.get("/prompts/<int:prompt_id>")
def show_prompt(prompt_id: int) -> Response:
    """Show a prompt with its results."""
    return answer(open_view(prompt_id), "results")


@pages.get("/prompts/<int:prompt_id>/<tab>")
def prompt_tab(prompt_id: int, tab: str) -> Response:
    """Show a prompt with one of its tabs open."""
    if tab not in TABS:
        raise NotFound("There is no such page.")
    return answer(open_view(prompt_id), tab)
