"""An error body in any shape -> the provider's own sentence, its codes and the parameter it names.

Bodies are objects, lists, texts, web pages, and errors of an upstream packed into the text of
another. What may echo a task (``input``, ``flagged_input``) or an answer (``failed_generation``) is
not read, nor what is quoted of either: a text must not be able to say that the key is wrong.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from ml_backend.llm.refusals.echoes import NO_ECHOES, Echoes
from ml_backend.llm.refusals.trouble import Refusal

DEPTH = 6
MEMBERS = 5
SENTENCES = 3
JUDGED = 1500
PACKED = 20_000
TITLE = 80
LONGEST_CODE = 200
"""Characters of a code or parameter: longer ones are none, and patterns run over them."""

CODES = (
    *("code", "type", "status", "error_code", "errorCode", "errorcode", "error_type", "__type"),
    *("status_code", "reason", "quotaId", "quota_id", "quota_limit"),
)
WORDS = (
    *("message", "Message", "msg", "error_msg", "error_message", "errorMessage", "status_msg"),
    *("faultstring", "detail", "raw", "error_description", "error", "Error", "errors"),
    *("description", "title"),
)
SPOKEN = ("message", "msg", "detail", "error_msg", "error_message", "errmsg")
WITHIN = ("innererror", "metadata", "details", "violations", "base_resp", "fault")
ECHO = re.compile(
    r"""[,{]\s*(?:input_value\s*=|(['"])(?:input|inputs|flagged_input|prompt|messages|content"""
    r"""|completion|choices|text|generated_text|generation|failed_generation|raw_output"""
    r"""|raw_response)\1\s*:).*""",
    re.DOTALL,
)
PAGE = re.compile(r"\s*(?:<!doctype html|<html|<\?xml|<head|<body|<!--)", re.IGNORECASE)
HEADING = re.compile(
    r"<(title|h1)\b[^<>]{0,400}>(.{0,400}?)</(?:title|h1)", re.IGNORECASE | re.DOTALL
)
UNSEEN = re.compile(
    # What nothing closes goes on to the end, or each of its kind would look for that again.
    r"<script\b.*?(?:</script>|\Z)|<style\b.*?(?:</style>|\Z)|<[^<>]*+>?",
    re.IGNORECASE | re.DOTALL,
)


def read_refusal(
    status: int, body: object, fallback: str = "", *, echoes: Echoes = NO_ECHOES
) -> Refusal:
    """Return the words, codes and parameter of an error body in any of the known shapes.

    ``echoes`` are the texts of the request and the answer, which count for nothing in it.
    """
    if isinstance(body, str) and is_page(body):
        said = echoes.cut(page_words(body))
        seen = echoes.cut(_seen(body))
        return Refusal(status, said, words=f"{said} {seen}"[:JUDGED], page=True)
    found = _Found(echoes)
    found.read(body, 0)
    said = "; ".join(found.said[:SENTENCES]) or fallback
    words = " ".join((*found.said, *found.more))[:JUDGED]
    codes = " ".join(code[:LONGEST_CODE] for code in dict.fromkeys(found.codes))
    return Refusal(status, said, codes[:JUDGED], found.param[:LONGEST_CODE], words)


def is_page(text: str) -> bool:
    """Return whether a text is a web page and not an answer to a program."""
    return PAGE.match(text) is not None


def page_words(text: str) -> str:
    """Return what a web page is, by its title."""
    heading = HEADING.search(text[:PACKED])
    title = _line(unescape(UNSEEN.sub(" ", heading[2]))) if heading else _seen(text)[:TITLE]
    shown = title if len(title) <= TITLE else f"{title[:TITLE]}…"
    return f"it answers with a web page (“{shown}”)" if shown else "it answers with a web page"


def is_error(body: object) -> bool:
    """Return whether a body that should be an answer says that something went wrong."""
    if not isinstance(body, Mapping):
        return False
    failed = body.get("success") is False or bool(body.get("error") or body.get("errors"))
    base = body.get("base_resp")
    told = isinstance(base, Mapping) and base.get("status_code") not in (None, 0, "0")
    says = any(isinstance(body.get(name), str) for name in SPOKEN)
    return failed or told or says or isinstance(body.get("detail"), list)


def speaks_as_provider(body: object) -> bool:
    """Return whether a body tells an error in a shape that providers have."""
    return is_error(body[0] if isinstance(body, list) and body else body)


@dataclass(slots=True)
class _Found:
    echoes: Echoes = NO_ECHOES
    said: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    param: str = ""

    def read(self, value: Any, depth: int) -> None:
        if depth > DEPTH:
            return
        if isinstance(value, str):
            self._text(value, depth)
        elif isinstance(value, Mapping):
            self._object(value, depth)
        elif isinstance(value, list | tuple):
            for item in value[:MEMBERS]:
                self.read(item, depth + 1)

    def _object(self, value: Mapping[str, Any], depth: int) -> None:
        where = value.get("loc")
        if isinstance(where, list | tuple) and ("msg" in value or "type" in value):
            # How FastAPI says which field it does not take.
            self.param = self.param or ".".join(str(part) for part in where if part != "body")
            self.codes.append(str(value.get("type") or ""))
            said = value.get("msg") or value.get("type")
            self._say(f"{'.'.join(map(str, where))}: {said}")
            return
        for name in CODES:
            code = value.get(name)
            if isinstance(code, str | int) and not isinstance(code, bool):
                self.codes.append(str(code))
        if isinstance(value.get("retryDelay"), str):
            # How Google says how long to wait, beside its sentence or instead.
            self.more.append(f"retry in {value['retryDelay'][:20]}")
        if value.get("quota_limit_value") == "0":
            self.more.append("limit: 0")
        if not self.param and isinstance(value.get("param"), str):
            self.param = value["param"]
        for name in (*WORDS, *WITHIN):
            if value.get(name):
                self.read(value[name], depth + 1)

    def _text(self, text: str, depth: int) -> None:
        before = len(self.said)
        packed = _unpack(text, self.echoes)
        if packed is not None:
            self.read(packed, depth + 1)
        if len(self.said) == before:
            self._say(text)
        else:
            self.more.append(self._own(text))

    def _say(self, text: str) -> None:
        sentence = self.echoes.cut(page_words(text)) if is_page(text) else self._own(text)
        if sentence and not any(sentence in known for known in self.said):
            self.said.append(sentence)

    def _own(self, text: str) -> str:
        """The provider's own words of a text."""
        return _line(self.echoes.cut(ECHO.sub("", text[:PACKED])))


def _unpack(text: str, echoes: Echoes) -> Any:
    """Return the error that a text quotes as JSON or as Python shows it; None without one."""
    starts = [found.start() for found in re.finditer(r"[\[{]", text[:PACKED])][:MEMBERS]
    for start in starts:
        packed = text[start : start + PACKED]
        value = _decode(packed)
        end = max(packed.rfind("}"), packed.rfind("]")) + 1
        if value is not None and echoes.holds(packed[:end]):
            continue
        members = value if isinstance(value, list) else [value]
        if members and all(isinstance(one, Mapping) and _speaks(one) for one in members):
            return value
    return None


def _speaks(value: Mapping[str, Any]) -> bool:
    return any(name in value for name in WORDS)


def _decode(text: str) -> Any:
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        pass
    end = max(text.rfind("}"), text.rfind("]"))
    try:
        return ast.literal_eval(text[: end + 1])
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _seen(text: str) -> str:
    return _line(unescape(UNSEEN.sub(" ", text[:PACKED])))


def _line(text: str) -> str:
    return " ".join(text[:JUDGED].split())
