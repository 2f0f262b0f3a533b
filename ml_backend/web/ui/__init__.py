"""The web pages under /ui/: what people do by clicking, over the same services as API and CLI.

Rendered on the server; htmx shortens the trip where it is there, and nothing needs it.
"""

from __future__ import annotations

import hashlib

from flask import Flask

from ml_backend.container import Container
from ml_backend.web.identity import Callers
from ml_backend.web.ui import assets, display
from ml_backend.web.ui.access import CALLERS, SameSiteSession, csrf_token
from ml_backend.web.ui.pages import pages


def register(app: Flask, container: Container, callers: Callers) -> None:
    """Add the pages to an app; ``callers`` knows Label Studio's users by their tokens."""
    from ml_backend.web.ui import (  # noqa: F401 - each adds its pages
        connections,
        creating,
        health,
        home,
        jobs,
        not_found,
        prediction_actions,
        predictions,
        prompt_dialogs,
        prompt_page,
        sign_in,
    )

    app.secret_key = hashlib.sha256(
        b"prompts-for-label-studio pages\0" + container.settings.load_secret_key().encode()
    ).digest()
    app.session_interface = SameSiteSession()
    assets.register(app)
    display.register(app, container.settings)
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.extensions[CALLERS] = callers
    app.register_blueprint(pages)
