"""From an error to its HTTP answer: the only map from errors to status codes.

The API answers in the shapes of Django REST framework, as Label Studio does, so that the SDK raises
its own exceptions. Elsewhere the message goes into the HTTP reason phrase as well: Label Studio
shows people that and nothing else of an error.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from ml_backend import errors
from ml_backend.web.server.next_steps import for_api
from ml_backend.web.server.paths import is_api

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.PromptsError], HTTPStatus], ...] = (
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.InvalidInput, HTTPStatus.BAD_REQUEST),
    (errors.Forbidden, HTTPStatus.FORBIDDEN),
    (errors.TooManyTries, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.Conflict, HTTPStatus.CONFLICT),
    (errors.AnswerError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.BudgetReached, HTTPStatus.PAYMENT_REQUIRED),
    (errors.ModelError, HTTPStatus.BAD_GATEWAY),
    (errors.LabelStudioNotFound, HTTPStatus.NOT_FOUND),
    (errors.LabelStudioUnreachable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.LabelStudioError, HTTPStatus.BAD_GATEWAY),
    (errors.PromptsError, HTTPStatus.INTERNAL_SERVER_ERROR),
)
"""The first class that fits counts."""

API_STATUS: tuple[tuple[type[errors.PromptsError], HTTPStatus], ...] = (
    # The SDK sends a request again that was answered 409 or 502, which no repetition would cure.
    (errors.Conflict, HTTPStatus.BAD_REQUEST),
    (errors.ModelError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.LabelStudioRejected, HTTPStatus.BAD_REQUEST),
    *STATUS,
)

CHALLENGE = 'Bearer realm="Prompts for Label Studio"'
REASON_LENGTH = 200
LATIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "–": "-", "—": "-"})
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
KEPT_HEADERS = ("allow", "retry-after", "www-authenticate")


def status_of(error: errors.PromptsError, *, api: bool = False) -> HTTPStatus:
    """Return the HTTP status that fits an error."""
    if api and isinstance(error, errors.LabelStudioAuthError) and error.by_caller:
        return HTTPStatus.FORBIDDEN if error.status == 403 else HTTPStatus.UNAUTHORIZED
    table = API_STATUS if api else STATUS
    return next(status for kind, status in table if isinstance(error, kind))


def reason_phrase(text: str) -> str:
    """Return text as an HTTP status line can carry it: one bounded line of printable Latin-1."""
    text = text.translate(LATIN).encode("latin-1", "replace").decode("latin-1")
    line = " ".join(UNPRINTABLE.sub(" ", text).split())
    return line if len(line) <= REASON_LENGTH else f"{line[: REASON_LENGTH - 3]}..."


def answer(error: errors.PromptsError) -> Response:
    """Return the response that tells a person of an error."""
    status = status_of(error)
    response = jsonify(
        error=for_api(error.message),
        fix=for_api(error.fix),
        field=getattr(error, "field", ""),
        kind=type(error).__name__,
    )
    response.status = f"{status.value} {reason_phrase(for_api(str(error))) or status.phrase}"
    say_when(error, response)
    return response


def say_when(error: errors.PromptsError, response: BaseResponse) -> None:
    """Say in a header how long to wait, where that is what helps."""
    if isinstance(error, errors.TooManyTries):
        response.headers["Retry-After"] = str(error.retry_after)


def api_answer(error: errors.PromptsError) -> Response:
    """Return the response to a caller of the API: by field at 400, else ``detail``."""
    status = status_of(error, api=True)
    said = for_api(str(error))
    body: dict[str, Any] = {"detail": said}
    field = getattr(error, "field", "")
    if status is HTTPStatus.BAD_REQUEST and field:
        body = {getattr(g, "field_names", {}).get(field, field): [said]}
    response = jsonify(body)
    response.status_code = status.value
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = CHALLENGE
    say_when(error, response)
    return response


class FieldErrors(Exception):
    """What is wrong with the fields of a request: field -> reasons."""

    def __init__(self, reasons: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {why[0]}" for name, why in reasons.items()))
        self.reasons = reasons


def register(app: Flask) -> None:
    """Make an app answer every error as JSON."""

    @app.errorhandler(FieldErrors)
    def _refuse_fields(error: FieldErrors) -> tuple[Response, int]:
        log.warning("%s: %s", type(error).__name__, error)
        return jsonify(error.reasons), HTTPStatus.BAD_REQUEST.value

    @app.errorhandler(errors.PromptsError)
    def _refuse(error: errors.PromptsError) -> Response:
        api = is_api(request.path)
        level = logging.ERROR if status_of(error, api=api) >= 500 else logging.WARNING
        log.log(level, "%s: %s", type(error).__name__, for_api(str(error)))
        return api_answer(error) if api else answer(error)

    @app.errorhandler(HTTPException)
    def _refuse_http(error: HTTPException) -> Response:
        said = error.description or error.name
        shape = {"detail": said} if is_api(request.path) else {"error": said, "kind": error.name}
        response = jsonify(shape)
        response.status_code = error.code or 500
        for name, value in error.get_headers():
            if name.lower() in KEPT_HEADERS:
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _fail(error: Exception) -> Response:
        log.error("an unexpected error", exc_info=error)
        unexpected = errors.PromptsError("An unexpected error.", fix="The server's log has it.")
        return api_answer(unexpected) if is_api(request.path) else answer(unexpected)
