"""The API's operations: what each takes and gives, checked on the way in, described by OpenAPI."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NoReturn, TypeVar

from flask import Blueprint, Response, g, request
from pydantic import BaseModel, TypeAdapter, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.web.api.wire.parts import LARGEST
from ml_backend.web.server.body_limits import is_dense
from ml_backend.web.server.errors import FieldErrors

ID = re.compile(r"<(\w+)>")
NUMBER = r"<int:\1>"

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path: its request, its answers, and who it is for."""

    method: str
    rule: str
    name: str
    summary: str
    tag: str
    answers: dict[int, Any]
    """Status -> type of the answer, None for an empty one; the first is the usual one."""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    public: bool = False
    page: bool = False
    """Whether it also answers a page: the function then returns a response of its own."""


class Operations:
    """Adds operations to a blueprint and remembers them for the OpenAPI document."""

    def __init__(self, name: str, tag: str) -> None:
        self.routes = Blueprint(name, name)
        self.tag = tag
        self.all: list[Operation] = []

    def add(
        self,
        method: str,
        rule: str,
        answer: Any = None,
        *,
        status: int = 200,
        others: dict[int, Any] | None = None,
        query: type[BaseModel] | None = None,
        body: type[BaseModel] | None = None,
        names: dict[str, str] | None = None,
        public: bool = False,
        page: bool = False,
    ) -> Callable[[H], H]:
        """Make a function answer a method of a path.

        It gets the path's numbers, ``query`` and ``body``, and returns the answer, or the answer
        and its status. ``names`` turns our names of fields in errors into the caller's.
        """
        answers = {status: answer, **(others or {})}

        def decorate(handler: H) -> H:
            operation = Operation(
                method=method,
                rule=rule,
                name=handler.__name__,
                summary=(handler.__doc__ or "").strip(),
                tag=self.tag,
                answers=answers,
                query=query,
                body=body,
                public=public,
                page=page,
            )
            self.all.append(operation)
            self._route(operation, handler, names or {})
            return handler

        return decorate

    def _route(self, operation: Operation, handler: Handler, names: dict[str, str]) -> None:
        usual = next(iter(operation.answers))

        @wraps(handler)
        def view(**path: int) -> Response:
            g.field_names = names
            given: dict[str, Any] = dict(path)
            # Not left to the routing, which answers 405 for a number out of range.
            if any(isinstance(each, int) and not 1 <= each <= LARGEST for each in path.values()):
                raise NotFound("Not found.")
            if operation.query is not None:
                given["query"] = read_query(operation.query)
            if operation.body is not None:
                given["body"] = read_body(operation.body)
            found = handler(**given)
            if operation.page and isinstance(found, Response):
                return found
            value, status = found if isinstance(found, tuple) else (found, usual)
            return _respond(value, status, operation.answers[status])

        self.routes.add_url_rule(
            ID.sub(NUMBER, operation.rule),
            endpoint=operation.name,
            view_func=view,
            methods=[operation.method],
            provide_automatic_options=False,
        )


@dataclass(slots=True)
class _Adapters:
    known: dict[Any, TypeAdapter[Any]] = field(default_factory=dict)

    def of(self, kind: Any) -> TypeAdapter[Any]:
        key = repr(kind)
        if key not in self.known:
            self.known[key] = TypeAdapter(kind)
        return self.known[key]


ADAPTERS = _Adapters()


def _respond(value: Any, status: int, kind: Any) -> Response:
    if kind is None:
        return Response(status=status)
    adapter = ADAPTERS.of(kind)
    checked = adapter.validate_python(value)
    content = adapter.dump_json(checked, by_alias=True)
    return Response(content, status, mimetype="application/json")


def read_query(model: type[M]) -> M:
    """Return the query of the request; raises FieldErrors for what does not fit."""
    given = request.args.to_dict()
    wrong = {
        name: ["Null characters are not allowed."] for name, value in given.items() if "\0" in value
    }
    if wrong:
        raise FieldErrors(wrong)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        _refuse(error)


def read_body(model: type[M]) -> M:
    """Return the body of the request, {} for none; raises FieldErrors for what does not fit.

    It must be declared as JSON, which a web page elsewhere cannot make a browser send.
    """
    content = request.get_data(cache=False)
    if not request.is_json:
        raise UnsupportedMediaType(
            f'Unsupported media type "{request.mimetype}" in request: send application/json.'
        )
    content = content or b"{}"
    _check_json(content)
    try:
        return model.model_validate_json(content, strict=True)
    except ValidationError as error:
        _refuse(error)


def _check_json(content: bytes) -> None:
    """Raise InvalidInput for JSON that a database could not hold or an answer not give back."""

    def refuse(text: str) -> NoReturn:
        raise ValueError(f"{text} is no number of JSON")

    def finite(text: str) -> float:
        number = float(text)
        return number if math.isfinite(number) else refuse(text)

    if is_dense(content):
        raise InvalidInput("JSON parse error - more lists and objects than is read.")
    try:
        value = json.loads(content, parse_constant=refuse, parse_float=finite)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"JSON parse error - {str(error)[:200]}") from error
    if not isinstance(value, dict):
        raise InvalidInput("The request is not a JSON object.")
    if b"\\u0000" in content:
        raise InvalidInput("Null characters are not allowed.")


def _refuse(error: ValidationError) -> NoReturn:
    reasons: dict[str, list[str]] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(each["loc"][0]) if each["loc"] else "detail"
        where = ".".join(str(part) for part in each["loc"][1:])
        message = "This field is required." if each["type"] == "missing" else each["msg"]
        reasons.setdefault(name, []).append(f"{where}: {message}" if where else f"{message}.")
    raise FieldErrors(reasons) from error
