"""From an error to its HTTP answer: the only map from errors to status codes.

Label Studio shows people the HTTP reason phrase and nothing else of an error, so the message goes
there too.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from ml_backend import errors

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.PromptsError], HTTPStatus], ...] = (
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.InvalidInput, HTTPStatus.BAD_REQUEST),
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

REASON_LENGTH = 200
LATIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "–": "-", "—": "-"})
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def status_of(error: errors.PromptsError) -> HTTPStatus:
    """Return the HTTP status that fits an error."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def reason_phrase(text: str) -> str:
    """Return text as an HTTP status line can carry it: one bounded line of printable Latin-1."""
    text = text.translate(LATIN).encode("latin-1", "replace").decode("latin-1")
    line = " ".join(UNPRINTABLE.sub(" ", text).split())
    return line if len(line) <= REASON_LENGTH else f"{line[: REASON_LENGTH - 3]}..."


def answer(error: errors.PromptsError) -> Response:
    """Return the response that tells a person of an error."""
    status = status_of(error)
    response = jsonify(
        error=error.message,
        fix=error.fix,
        field=getattr(error, "field", ""),
        kind=type(error).__name__,
    )
    response.status = f"{status.value} {reason_phrase(str(error)) or status.phrase}"
    return response


def register(app: Flask) -> None:
    """Make an app answer every error as JSON."""

    @app.errorhandler(errors.PromptsError)
    def _refuse(error: errors.PromptsError) -> Response:
        level = logging.ERROR if status_of(error) >= 500 else logging.WARNING
        log.log(level, "%s: %s", type(error).__name__, error)
        return answer(error)

    @app.errorhandler(HTTPException)
    def _refuse_http(error: HTTPException) -> Response:
        response = jsonify(error=error.description or error.name, kind=error.name)
        response.status_code = error.code or 500
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after", "www-authenticate"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _fail(error: Exception) -> Response:
        log.error("an unexpected error", exc_info=error)
        return answer(errors.PromptsError("An unexpected error.", fix="The server's log has it."))
