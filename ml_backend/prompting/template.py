"""Prompt templates: ``{variable}`` stands for task data, ``{{`` and ``}}`` for literal braces.

Values are put in in one pass and never read again, so task data cannot bring in variables.
A brace that holds no variable name, as in JSON, is text; so is ``}}`` that closes no ``{{``.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ml_backend.data_paths import look_up, top_key
from ml_backend.errors import TemplateError

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}\n]{1,200})\}")
_PATH = re.compile(r"[^\W\d]\w*(?:-\w+)*(?:\.\w+(?:-\w+)*|\[\d{1,9}\])*")
_NOTHING: Mapping[str, str] = {}
Enclose = Callable[[str, str], str]
"""Makes of a variable's name and its text what stands in the prompt."""


@dataclass(frozen=True, slots=True)
class _Field:
    """Something in single braces; a variable when it looks like one or is a known key."""

    raw: str
    inner: str
    is_path: bool

    def is_known(self, known: Collection[str]) -> bool:
        return self.inner in known or (self.is_path and top_key(self.inner) in known)


def variables(text: str) -> tuple[str, ...]:
    """The variables a template names, each once, in order."""
    inner = (part.inner for part in _parse(text) if isinstance(part, _Field) and part.is_path)
    return tuple(dict.fromkeys(inner))


def render(
    text: str,
    data: Mapping[str, Any],
    *,
    known: Collection[str],
    lenient: bool = False,
    shown: Mapping[str, str] = _NOTHING,
    texts: Mapping[str, str] = _NOTHING,
    enclose: Enclose = lambda name, text: text,
) -> str:
    """The text with task data in place of its variables.

    ``shown`` has the words that stand for a value which is not to be read as text, such as the
    address of a picture. ``texts`` has what stands for whole variables, such as the text of a page
    for its HTML. ``enclose`` makes of a variable's name and its text what is put in; numbers, words
    of ``shown`` and what is empty go in as they are.

    ``known`` are top-level data keys; a key with spaces works too when it is known. Missing and
    null values are "", values that are not text JSON. Raises TemplateError on an unknown variable,
    unless ``lenient``: then it stays as text.
    """
    parts: list[str] = []
    for part in _parse(text):
        if isinstance(part, str):
            parts.append(part)
        elif part.inner in texts:
            parts.append(_put_in(enclose, part.inner, texts[part.inner]))
        elif part.is_known(known):
            value = look_up(data, part.inner)
            words = _words(value, shown)
            parts.append(_put_in(enclose, part.inner, _to_text(value)) if words is None else words)
        elif lenient or not part.is_path:
            parts.append(part.raw)
        else:
            raise _unknown(part.inner, known)
    return "".join(parts)


def check(text: str, known: Collection[str]) -> None:
    """Raise TemplateError when the text names a variable that is no known data key."""
    for part in _parse(text):
        if isinstance(part, _Field) and part.is_path and not part.is_known(known):
            raise _unknown(part.inner, known)


def uses_any(text: str, names: Collection[str]) -> bool:
    """True when a variable of the text reads one of the names (data keys or paths)."""
    wanted = {*names, *map(top_key, names)}
    return any(isinstance(part, _Field) and part.is_known(wanted) for part in _parse(text))


@lru_cache(maxsize=512)
def _parse(text: str) -> tuple[str | _Field, ...]:
    parts: list[str | _Field] = []
    position = escapes = 0
    for match in _BRACES.finditer(text):
        braces = match.group()
        parts.append(text[position : match.start()])
        position = match.end()
        if braces == "{{":
            escapes += 1
            parts.append("{")
        elif braces == "}}":
            # Unescaped JSON often ends so: it closes no {{ and stays as it is.
            parts.append("}" if escapes else braces)
            escapes = max(0, escapes - 1)
        else:
            inner = match.group(1).strip()
            parts.append(_Field(braces, inner, bool(_PATH.fullmatch(inner))))
    parts.append(text[position:])
    return tuple(part for part in parts if part)


def _put_in(enclose: Enclose, name: str, text: str) -> str:
    return enclose(name, text) if text else ""


def _words(value: Any, shown: Mapping[str, str]) -> str | None:
    """Return what stands for a value that says nothing by itself; None where it is to be read."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if shown and value is not None:
        items = value if isinstance(value, list | tuple) else [value]
        keys = [item.strip() if isinstance(item, str) else "" for item in items]
        if keys and all(key in shown or not key for key in keys) and any(keys):
            return ", ".join(shown[key] for key in keys if key)
    return None


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _unknown(name: str, known: Collection[str]) -> TemplateError:
    keys = sorted(known) if isinstance(known, Set) else list(known)
    names = ", ".join(f"{{{key}}}" for key in keys[:30]) or "none"
    near = difflib.get_close_matches(top_key(name), keys[:1000], n=1)
    hint = f"Did you mean {{{near[0]}}}?" if near else f"Write {{{{{name}}}}} if it is plain text."
    return TemplateError(
        f"The prompt uses {{{name}}}, but the tasks have no such field. Known fields: {names}.",
        field=name,
        fix=hint,
    )
