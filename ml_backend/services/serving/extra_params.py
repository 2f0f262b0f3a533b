"""The extra parameters of an ML backend connection, as people type them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ml_backend.errors import InvalidInput

Ref = int | str

EXAMPLE = 'For example {"prompt": "My prompt"}.'
WORDS_OF_A_TEXT = 5
VARIABLE = re.compile(r"\{[\w.\[\]-]+\}")
SENTENCE = re.compile(r"[{\n]|[.:?!](\s|$)")


@dataclass(frozen=True, slots=True)
class ExtraParams:
    """What a connection asks for; None for what it does not say."""

    prompt: Ref | None = None
    version: Ref | None = None
    model: str | None = None


def read_extra_params(value: object) -> ExtraParams:
    """Return what extra parameters say; raises InvalidInput when they cannot be read.

    Label Studio passes any JSON on; its form is a text area, so an object may come as text, and
    an id, a title or a prompt's text may come alone.
    """
    if isinstance(value, str):
        value = _parse(value.strip())
    if value is None or value == {} or value == []:
        return ExtraParams()
    if isinstance(value, dict):
        model = _ref(value.get("model"), "model")
        return ExtraParams(
            _ref(value.get("prompt"), "prompt"),
            _ref(value.get("version"), "version"),
            None if model is None else str(model),
        )
    if isinstance(value, int | str) and not isinstance(value, bool):
        return ExtraParams(value)
    raise _unreadable()


def is_text(value: str) -> bool:
    """Return whether this is a prompt's text rather than the title of one.

    A title mistyped must not become a prompt: a text has a variable, a sentence's end, several
    lines or several words.
    """
    return bool(SENTENCE.search(value)) or len(value.split()) >= WORDS_OF_A_TEXT


def _parse(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        # A prompt may well begin with a variable; all else in brackets was meant to be JSON.
        if text[0] in "{[" and not VARIABLE.match(text):
            raise InvalidInput(
                f"The extra parameters are not valid JSON: {error}.",
                field="extra_params",
                fix=EXAMPLE,
            ) from error
        return text
    except RecursionError as error:
        raise _unreadable() from error


def _ref(value: Any, field: str) -> Ref | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    raise InvalidInput(
        f"In the extra parameters {field!r} must be an id, a title or a text.",
        field=field,
        fix=EXAMPLE,
    )


def _unreadable() -> InvalidInput:
    return InvalidInput(
        "The extra parameters must be an object.", field="extra_params", fix=EXAMPLE
    )
