"""All operations of the API, on one app."""

from __future__ import annotations

from flask import Flask

from ml_backend.web import (
    jobs_api,
    openapi,
    projects_api,
    prompts_api,
    providers_api,
    runs_api,
    versions_api,
)

GROUPS = (
    prompts_api.api,
    versions_api.api,
    runs_api.api,
    projects_api.api,
    providers_api.api,
    jobs_api.api,
)


def register(app: Flask) -> None:
    """Add the operations to an app whose /api/ is guarded, and what describes them."""
    for group in GROUPS:
        app.register_blueprint(group.routes, url_prefix="/api")
    openapi.register(app, [operation for group in GROUPS for operation in group.all])
