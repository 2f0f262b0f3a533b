"""The list of prompts, and the dialog that makes one."""

from __future__ import annotations

from flask import render_template
from werkzeug.wrappers import Response

from ml_backend.web import identity
from ml_backend.web.house import house
from ml_backend.web.ui.pages import go, pages


@pages.get("/")
def home() -> Response:
    """Send people to the prompts."""
    return go("/ui/prompts")


@pages.get("/prompts")
def list_prompts() -> str:
    """List the prompts a person sees."""
    caller = identity.caller()
    going, _ = house().access.going()
    found = [each for each in house().access.prompts(caller) if each.id not in going]
    standings = house().store.standings.of_prompts([each.id for each in found])
    titles = house().access.titles(caller)
    return render_template("prompts.html", prompts=found, standings=standings, titles=titles)
