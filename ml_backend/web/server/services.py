"""The container behind the request at hand."""

from __future__ import annotations

from typing import cast

from flask import current_app

from ml_backend.container import Container

EXTENSION = "prompts"
"""Where an app keeps its container."""


def services() -> Container:
    """Return the services of the app that answers."""
    return cast(Container, current_app.extensions[EXTENSION])
