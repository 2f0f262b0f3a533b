"""The page of one prompt: its editor, its score, and its tabs."""

from __future__ import annotations

from werkzeug.wrappers import Response

from ml_backend.errors import NotFound
from ml_backend.web.ui.prompt import (
    editor,  # noqa: F401
    history,  # noqa: F401
    made,  # noqa: F401
    predict_all,  # noqa: F401
    running,  # noqa: F401
    score,  # noqa: F401
    versions,  # noqa: F401
)
from ml_backend.web.ui.results import (
    alignment,  # noqa: F401
    compare,  # noqa: F401
    results,  # noqa: F401
)
from ml_backend.web.ui.shell.pages import pages
from ml_backend.web.ui.shell.prompt_view import TABS, answer, open_view


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
