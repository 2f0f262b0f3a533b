"""The content of a message: text, or parts of text, pictures and files; checked as by OpenAI."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,", re.ASCII)
DOCUMENT = re.compile(r"data:application/pdf;base64,", re.ASCII)
WEB = re.compile(r"https?://[^\s/]+\.[^\s/]+/", re.ASCII)


class BadContent(ValueError):
    """A part that no model would take."""


@dataclass(frozen=True, slots=True)
class Part:
    """A picture or file that came with a message, and its bytes when they came as well."""

    kind: str
    size: int


def text_of(content: Any) -> str:
    """Return the text of a message's content, its parts apart by an empty line."""
    if isinstance(content, list):
        return "\n\n".join(str(part["text"]) for part in content if part.get("type") == "text")
    return "" if content is None else str(content)


def parts_of(messages: Iterable[dict[str, Any]]) -> list[Part]:
    """Return the pictures and files of all messages; raise ``BadContent`` for an odd part."""
    found = []
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            kind = part.get("type")
            if kind == "image_url":
                found.append(Part("image", _size(part[kind]["url"], PICTURE, web=True)))
            elif kind == "file":
                found.append(Part("file", _size(part[kind]["file_data"], DOCUMENT, web=False)))
            elif kind != "text":
                raise BadContent(f"Invalid value: '{kind}'.")
    return found


def _size(url: str, known: re.Pattern[str], *, web: bool) -> int:
    if web and WEB.match(url):
        return 0
    start = known.match(url)
    if start is None:
        raise BadContent(f"Invalid image or file data: {url[:40]!r}. It is no URL one can read.")
    try:
        return len(base64.b64decode(url[start.end() :], validate=True))
    except binascii.Error:
        raise BadContent("Failed to decode base64 data.") from None
