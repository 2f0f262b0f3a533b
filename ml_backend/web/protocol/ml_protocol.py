"""The ML backend protocol, as Label Studio 1.23 speaks it.

Every route exists at the root and under ``/prompts/<id>[/versions/<vid>]``, which name the prompt.

``/predict`` answers one entry for each task, ``[]`` for a task that failed or was not reached:
Label Studio then stores nothing for it, stores the others, and asks for it again next time. What
makes every task fail alike (unknown project, no prompt, a refused key) is an HTTP error with the
message as its reason phrase: Label Studio stores nothing either way, but its log, its interactive
mode and its "send test request" show an error and not an empty answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, g, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from ml_backend import __version__
from ml_backend.acting import Actor, act_as
from ml_backend.errors import InvalidInput
from ml_backend.labelstudio.json_bodies import encode
from ml_backend.services.events.event_queue import START_TRAINING, EventQueue
from ml_backend.services.serving.backend import Backend
from ml_backend.services.serving.gate import require_tasks_of
from ml_backend.services.serving.prompt_sources import Address
from ml_backend.services.serving.wire import to_made_at, to_project_id, to_results, to_task
from ml_backend.web.protocol.webhook import hear
from ml_backend.web.server import auth
from ml_backend.web.server.body_limits import is_dense
from ml_backend.web.server.paths import PAGES, PREFIXES, leads_to_pages

MODEL_CLASS = "PromptModel"
CHUNK = 1 << 16


def register(app: Flask, backend: Backend, events: EventQueue, instance: str) -> None:
    """Add the protocol to an app; ``instance`` is the id of the store behind it."""
    routes = _blueprint(backend, events, instance)
    for name, prefix in PREFIXES.items():
        app.register_blueprint(routes, name=f"ml_{name}", url_prefix=prefix or None)


def _blueprint(backend: Backend, events: EventQueue, instance: str) -> Blueprint:
    routes = Blueprint("ml", __name__)

    @routes.url_value_preprocessor
    def _take_address(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        values = values if values is not None else {}
        g.address = Address(values.pop("prompt", ""), values.pop("version", ""))

    @routes.get("/health")
    def health() -> Response:
        return jsonify(status="UP", model_class=MODEL_CLASS, version=__version__, instance=instance)

    @routes.get("/")
    def about() -> AnyResponse:
        if leads_to_pages(request.method, request.path, request.accept_mimetypes.accept_html):
            # A person, not Label Studio.
            number = g.address.prompt if g.address.prompt.isdecimal() else ""
            return redirect(f"{PAGES}/prompts{'/' if number else ''}{number}")
        return jsonify(
            name="Prompts for Label Studio",
            version=__version__,
            what="An ML backend. Connect this address in Label Studio: project > Settings > Model.",
            answered=dict(backend.answered),
        )

    @routes.post("/setup")
    def setup() -> Response:
        body = _read_object()
        label = backend.setup(
            _acting_for(to_project_id(body.get("project"))),
            g.address,
            extra_params=_storable(body.get("extra_params"), "extra_params"),
            label_config=_text(body.get("schema"), "schema"),
            host=request.host[:300],
            made_at=to_made_at(body.get("project")),
            bearer=auth.bearer(),
        )
        return jsonify(model_version=label)

    @routes.post("/predict")
    def predict() -> Response:
        body = _read_object()
        wires = body.get("tasks")
        if not isinstance(wires, list):
            raise InvalidInput("The request has no list of tasks.", field="tasks", fix=_JSON)
        tasks = [to_task(wire) for wire in wires]
        project_id = to_project_id(body.get("project") or _project_of(wires))
        require_tasks_of(auth.bearer(), project_id, wires)
        answers = backend.predict(
            _acting_for(project_id),
            g.address,
            [task for task in tasks if task is not None],
            label_config=_text(body.get("label_config"), "label_config"),
            context=_context(body),
            host=request.host[:300],
            made_at=to_made_at(body.get("project")),
            bearer=auth.bearer(),
        )
        return jsonify(results=to_results(tasks, answers.label, answers.outcomes))

    @routes.route("/versions", methods=["GET", "POST"])
    def versions() -> Response:
        return jsonify(versions=backend.labels(g.address, auth.bearer()))

    @routes.post("/webhook")
    def webhook() -> Response:
        return jsonify(hear(events, auth.bearer()))

    @routes.post("/train")
    def train() -> Response:
        return jsonify(hear(events, auth.bearer(), action=START_TRAINING))

    return routes


def _acting_for(project_id: int) -> int:
    """Return a project's number; what this request leads to is told as asked by Label Studio."""
    act_as(Actor("Label Studio", name=f"project {project_id}"))
    return project_id


def _context(body: Mapping[str, Any]) -> object:
    """Return what the editor sends along in interactive mode; None when nobody waits there."""
    params = body.get("params")
    return params.get("context") if isinstance(params, dict) else None


def _project_of(wires: list[Any]) -> object:
    first = wires[0] if wires else None
    return first.get("project") if isinstance(first, dict) else None


def _text(value: object, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{field} must be text.", field=field)
    return str(_storable(value, field))


def _storable(value: object, field: str) -> Any:
    """Return JSON that any database takes: without NULs, lone surrogates and NaN."""
    try:
        return json.loads(encode(value))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{field} holds what cannot be stored.", field=field) from error


def _read_object() -> dict[str, Any]:
    """Return the JSON object of the request.

    It must be declared as JSON: a web page elsewhere cannot make a browser send that here, and so
    cannot spend the owner's money.
    """
    if not request.is_json:
        _drain()
        raise InvalidInput("The request is not declared as JSON.", field="Content-Type", fix=_JSON)
    content = request.get_data(cache=False) or b"null"
    if is_dense(content):
        raise InvalidInput("The request has more lists and objects than is read.", fix=_JSON)
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The request is not valid JSON.", fix=_JSON) from error
    if not isinstance(body, dict):
        raise InvalidInput("The request is not a JSON object.", fix=_JSON)
    return body


def _drain() -> None:
    """Read the body to its end, unseen: a sender cut off in the middle would see a reset."""
    while request.stream.read(CHUNK):
        pass


_JSON = "Send a JSON object as application/json, as Label Studio does."
