"""The HTTP face of the server: what Label Studio's ML backend connection talks to.

Imports late: gunicorn's master process comes through here and needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from ml_backend.container import Container


def create_app(container: Container) -> Flask:
    """Return the WSGI app over a container; raises InvalidInput when a setting is missing.

    Starts no work of its own: whoever serves the app starts ``container.engine`` and ``repeaters``.
    """
    from flask import Flask

    from ml_backend.web import ui
    from ml_backend.web.api import all_operations
    from ml_backend.web.protocol import ml_protocol
    from ml_backend.web.server import auth, body_limits, errors, headers, hosts, identity, metrics
    from ml_backend.web.server.attempts import EXTENSION as ATTEMPTS, Attempts
    from ml_backend.web.server.services import EXTENSION

    app = Flask(__name__, static_folder=None)
    app.extensions[EXTENSION] = container
    settings = container.settings
    attempts = Attempts(workers=settings.workers, at_once=max(2, settings.threads - 3))
    app.extensions[ATTEMPTS] = attempts
    app.config["MAX_FORM_MEMORY_SIZE"] = body_limits.FORM
    app.url_map.strict_slashes = False
    headers.register(app)
    metrics.register(app, container)  # first: it times what the others refuse as well
    hosts.register(app, container.settings)
    body_limits.register(app)
    auth.register(app, container.settings, lambda: container.project_secrets, attempts)
    errors.register(app)
    callers = identity.register(app, container.studio_as, container.bridge, attempts)
    body_limits.admit(app)
    all_operations.register(app)
    ui.register(app, container, callers)
    instance = container.store.writing.instance()
    ml_protocol.register(app, container.backend, container.events, instance)
    return app
