"""All operations of the API, on one app."""

from __future__ import annotations

from flask import Flask

from ml_backend.web.api import (
    accepting,
    disputes,
    following,
    ground_truth,
    jobs,
    openapi,
    projects,
    promises,
    prompt_files,
    prompts,
    providers,
    races,
    reviewing,
    runs,
    tries,
    versions,
)

GROUPS = (
    prompts.api,
    prompt_files.api,
    versions.api,
    races.api,
    tries.api,
    runs.api,
    disputes.api,
    projects.api,
    accepting.api,
    ground_truth.api,
    reviewing.api,
    following.api,
    promises.api,
    providers.api,
    jobs.api,
    jobs.audit,
)


def register(app: Flask) -> None:
    """Add the operations to an app whose /api/ is guarded, and what describes them."""
    for group in GROUPS:
        app.register_blueprint(group.routes, url_prefix="/api")
    openapi.register(app, [operation for group in GROUPS for operation in group.all])
