"""Connecting and disconnecting a project over HTTP, with the caller's own rights.

POST /api/projects/3/connect     {"url", "prompt", "version", "title", "extra_params"}, all optional
POST /api/projects/3/disconnect  {"dry_run": true}
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from ml_backend.container import Container
from ml_backend.errors import InvalidInput, LabelStudioAuthError
from ml_backend.web import identity

CONNECT = ("url", "prompt", "version", "title", "extra_params")
DISCONNECT = ("dry_run",)


def register(app: Flask, container: Container) -> None:
    """Add the routes to an app whose /api/ is guarded."""
    routes = Blueprint("connections_api", __name__, url_prefix="/api/projects/<int:project_id>")
    routes.register_error_handler(LabelStudioAuthError, identity.refuse)

    @routes.post("/connect")
    def connect(project_id: int) -> Response:
        body = read_body(CONNECT)
        project = identity.door().get_project(project_id)
        report = container.connecting_through(identity.door()).connect(
            project,
            _text(body, "url"),
            prompt=_reference(body, "prompt"),
            version=_reference(body, "version"),
            title=_text(body, "title"),
            extra_params=body.get("extra_params"),
        )
        return jsonify(report.document())

    @routes.post("/disconnect")
    def disconnect(project_id: int) -> Response:
        body = read_body(DISCONNECT)
        dry_run = body.get("dry_run", False)
        if not isinstance(dry_run, bool):
            raise InvalidInput("dry_run must be true or false.", field="dry_run")
        project = identity.door().get_project(project_id)
        disconnecting = container.disconnecting_through(identity.door())
        plan = disconnecting.plan(project)
        if not dry_run:
            disconnecting.execute(plan)
        done = not dry_run and not plan.is_empty
        return jsonify({**plan.document(), "disconnected": done})

    app.register_blueprint(routes)


def read_body(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON object of the request, {} for none; unknown names are refused.

    It must be declared as JSON, which a web page elsewhere cannot make a browser send.
    """
    if not request.is_json:
        raise InvalidInput(
            "The request is not declared as JSON.",
            field="Content-Type",
            fix="Send a JSON object as application/json.",
        )
    try:
        body = json.loads(request.get_data(cache=False) or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The request is not valid JSON.") from error
    if not isinstance(body, dict):
        raise InvalidInput("The request is not a JSON object.")
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise InvalidInput(
            f"There is no {unknown[0]!r} here.", field=unknown[0], fix=f"Known: {', '.join(names)}."
        )
    return body


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise InvalidInput(f"{name} must be text.", field=name)


def _reference(body: dict[str, Any], name: str) -> str | int | None:
    value = body.get(name)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return value
    raise InvalidInput(f"{name} must be an id or a title.", field=name)
