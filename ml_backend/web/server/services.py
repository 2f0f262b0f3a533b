"""The container behind the request at hand."""

from __future__ import annotations

from typing import cast

from flask import current_app

from ml_backend.container import Container
from ml_backend.web import EXTENSION


def services() -> Container:
    """Return the services of the app that answers."""
    return cast(Container, current_app.extensions[EXTENSION])
