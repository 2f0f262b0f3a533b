"""The web pages under /ui/: what people do by clicking, over the same services as API and CLI.

Rendered on the server; htmx shortens the trip where it is there, and nothing needs it.
"""

from __future__ import annotations

import hashlib

from flask import Flask

from ml_backend.container import Container
from ml_backend.web.server.identity import Callers
from ml_backend.web.ui.shell import assets, filters, once
from ml_backend.web.ui.shell.pages import pages
from ml_backend.web.ui.shell.session import CALLERS, SameSiteSession, csrf_token


def register(app: Flask, container: Container, callers: Callers) -> None:
    """Add the pages to an app; ``callers`` knows Label Studio's users by their tokens."""
    from ml_backend.web.ui.accept import (
        creating,  # noqa: F401
        panel,  # noqa: F401
        review,  # noqa: F401
        samples,  # noqa: F401
    )
    from ml_backend.web.ui.enhance import enhance  # noqa: F401
    from ml_backend.web.ui.home import (
        create,  # noqa: F401
        home,  # noqa: F401
        prompt_files,  # noqa: F401
    )
    from ml_backend.web.ui.predictions import (
        actions,  # noqa: F401
        label_stream,  # noqa: F401
        predictions,  # noqa: F401
    )
    from ml_backend.web.ui.prompt import (
        dialogs,  # noqa: F401
        page,  # noqa: F401
        report_page,  # noqa: F401
        trying,  # noqa: F401
    )
    from ml_backend.web.ui.race import race  # noqa: F401
    from ml_backend.web.ui.results import (
        check,  # noqa: F401
        right,  # noqa: F401
        task,  # noqa: F401
    )
    from ml_backend.web.ui.settings import (
        connections,  # noqa: F401
        health,  # noqa: F401
        prices,  # noqa: F401
    )
    from ml_backend.web.ui.shell import (
        jobs,  # noqa: F401
        not_found,  # noqa: F401
        sign_in,  # noqa: F401
    )
    from ml_backend.web.ui.truth import (
        ground_truth,  # noqa: F401
        marking,  # noqa: F401
    )

    keys = container.settings.key_ring.read()
    app.secret_key = _signing(keys.current)
    # People stay signed in while the key before is still given, and no longer.
    app.config["SECRET_KEY_FALLBACKS"] = [_signing(each) for each in keys.old]
    app.session_interface = SameSiteSession()
    assets.register(app)
    filters.register(app, container.settings)
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.jinja_env.globals["form_number"] = once.number
    app.extensions[once.ONCE] = once.Once(presses=container.store.presses)
    app.extensions[CALLERS] = callers
    app.register_blueprint(pages)


def _signing(secret: str) -> bytes:
    return hashlib.sha256(b"prompts-for-label-studio pages\0" + secret.encode()).digest()
