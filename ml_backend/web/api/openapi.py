"""The OpenAPI document, made of the operations themselves, and a page to read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from flask import Flask, Response, jsonify
from pydantic import BaseModel

from ml_backend import __version__
from ml_backend.web.api.documentation_page import render
from ml_backend.web.api.field_words import field_words
from ml_backend.web.api.operations import ADAPTERS, ID, Operation
from ml_backend.web.api.wire.parts import LARGEST, Detail
from ml_backend.web.server.paths import DOCUMENTATION, SCHEMA

Document = dict[str, Any]
REF = "#/components/schemas/{model}"
PATH_TEXT = re.compile(r"<path:(\w+)>")
ABOUT = (
    "Prompts for Label Studio: the API that `label_studio_sdk` calls as `client.prompts` and "
    "`client.model_providers`, and what this server adds. The token is one of Label Studio's."
)
ERRORS = {
    400: "What was sent cannot be used: reasons by field, or a detail.",
    401: "The token is missing, wrong or expired.",
    403: "You may see this and still not do it.",
    404: "It does not exist, or you have no access.",
    415: "The body is not declared as JSON.",
    422: "A model refused, or its answer could not be used.",
    502: "Label Studio refused the server.",
    503: "Label Studio does not answer.",
}
FIELD_ERRORS: Document = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    },
    "description": 'Reasons by field, {"title": ["…"]}, or {"detail": "…"}.',
}


def register(app: Flask, operations: Sequence[Operation]) -> None:
    """Add the document and its page to an app; both need no token."""
    # Made when first asked for: a server must be up in a moment.
    document = cache(lambda: describe(operations))

    @app.get(SCHEMA)
    def schema() -> Response:
        return jsonify(document())

    @app.get(DOCUMENTATION)
    def documentation() -> Response:
        return Response(render(document()), mimetype="text/html")


def describe(operations: Sequence[Operation]) -> Document:
    """Return the OpenAPI 3.1 document of operations."""
    schemas: Document = {"FieldErrors": FIELD_ERRORS}
    _schema(Detail, "serialization", schemas)
    paths: Document = {}
    for operation in operations:
        path = "/api" + ID.sub(r"{\1}", PATH_TEXT.sub(r"{\1}", operation.rule))
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schemas)
    _add_words(schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Prompts for Label Studio", "version": __version__, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Token <legacy token>` or `Bearer <access token>`.",
                }
            },
        },
        "security": [{"token": []}],
    }


def _add_words(schemas: Document) -> None:
    for model, words in field_words().items():
        properties = schemas.get(model, {}).get("properties", {})
        for field, text in words.items():
            if field in properties:
                properties[field].setdefault("description", text)


def _operation(operation: Operation, schemas: Document) -> Document:
    found: Document = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": _responses(operation, schemas),
    }
    parameters = [*_path_parameters(operation.rule), *_query_parameters(operation.query, schemas)]
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        body = _schema(operation.body, "validation", schemas)
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    if operation.public:
        found["security"] = []
    return found


def _path_parameters(rule: str) -> list[Document]:
    number = {"type": "integer", "minimum": 1, "maximum": LARGEST}
    found = [(name, number) for name in ID.findall(rule)]
    found += [(name, {"type": "string", "minLength": 1}) for name in PATH_TEXT.findall(rule)]
    return [{"name": n, "in": "path", "required": True, "schema": schema} for n, schema in found]


def _query_parameters(model: type[BaseModel] | None, schemas: Document) -> list[Document]:
    if model is None:
        return []
    whole = ADAPTERS.of(model).json_schema(ref_template=REF, mode="validation")
    schemas.update(whole.pop("$defs", {}))
    found = []
    for name, schema in whole.get("properties", {}).items():
        shown = _without_null(schema)
        description = shown.pop("description", None)
        parameter = {"name": name, "in": "query", "schema": shown}
        parameter["required"] = name in whole.get("required", ())
        if description:
            parameter["description"] = description
        found.append(parameter)
    return found


def _without_null(schema: Document) -> Document:
    """Return a parameter's schema as a query can say it: there is no null in an address."""
    shown = {key: each for key, each in schema.items() if key != "title"}
    options = shown.pop("anyOf", None)
    if options is None:
        return shown
    if shown.get("default", ...) is None:
        del shown["default"]
    given = [each for each in options if each != {"type": "null"}]
    return {**shown, **given[0]} if len(given) == 1 else {**shown, "anyOf": given}


def _responses(operation: Operation, schemas: Document) -> Document:
    found: Document = {}
    for status, kind in operation.answers.items():
        response: Document = {"description": operation.summary if kind else "Done."}
        if kind is not None:
            schema = _schema(kind, "serialization", schemas)
            response["content"] = {"application/json": {"schema": schema}}
            if operation.page:
                response["content"]["text/html"] = {"schema": {"type": "string"}}
        found[str(status)] = response
    for status in _error_statuses(operation):
        name = "FieldErrors" if status == 400 else "Detail"
        schema = {"$ref": REF.format(model=name)}
        found[str(status)] = {
            "description": ERRORS[status],
            "content": {"application/json": {"schema": schema}},
        }
    return found


def _error_statuses(operation: Operation) -> list[int]:
    found = [400, 401, 403, 404, 422, 502, 503]
    if operation.public:
        found = [400, 401, 502, 503]
    return sorted([*found, 415] if operation.body is not None else found)


def _schema(kind: Any, mode: Any, schemas: Document) -> Document:
    """Return the schema of a type; the models it names go into ``schemas``."""
    whole = ADAPTERS.of(kind).json_schema(ref_template=REF, mode=mode)
    schemas.update(whole.pop("$defs", {}))
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return whole
    name = re.sub(r"\W+", "_", kind.__name__).strip("_")
    schemas[name] = whole
    return {"$ref": f"#/components/schemas/{name}"}
