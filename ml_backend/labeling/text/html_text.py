"""HTML as the plain text a person would read; for labeling instructions and HyperText."""

from __future__ import annotations

import re
from itertools import accumulate

from ml_backend.labeling.text.html_tree import parse, walk

_TAG = re.compile(r"<[a-zA-Z/!]")
_HIDDEN = frozenset({"script", "style", "title", "template", "iframe", "noembed", "noframes"})
PARAGRAPHS = frozenset(
    {"p", "ul", "ol", "dl", "pre", "table", "blockquote", "section", "article", "figure", "hr"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
)
LINES = frozenset(
    {"div", "li", "tr", "dt", "dd", "header", "footer", "figcaption", "caption"}
    | {"address", "aside", "center", "details", "fieldset", "form", "legend", "main", "menu"}
    | {"nav", "optgroup", "option", "select", "summary"}
)
SPACED = frozenset(
    {"td", "th", "audio", "button", "canvas", "embed", "img", "input", "object", "svg"}
    | {"textarea", "video"}
)
"""What stands in a line and apart from the words around it."""


def to_text(html: str) -> str:
    """Plain text with line breaks, list bullets and decoded entities; text without tags stays.

    Raises HtmlRefused for HTML that would take too long to parse.
    """
    return to_text_and_bullets(html)[0]


def to_text_and_bullets(html: str) -> tuple[str, list[tuple[int, int]]]:
    """The same, and where in it the bullets and numbers of lists are, which the page has not."""
    if not _TAG.search(html):
        return _decoded(html).strip(), []
    text = _Text()
    for node, begins in walk(parse(html)):
        tag = node.tag or ""
        if tag == "-text":
            if begins:
                text.add(node.text_content or "")
        elif begins:
            text.begin(tag)
        else:
            text.end(tag)
    return text.result()


def _decoded(text: str) -> str:
    if "&" not in text:
        return text
    body = parse(text.replace("<", "&lt;")).body
    return body.text() if body is not None else ""


class _Text:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0
        """Line breaks due before the next text; neighbouring blocks share theirs."""
        self._hidden = 0
        self._preformatted = 0
        self._bullets: list[int] = []
        """Which of the parts are bullets."""
        self._lists: list[int | None] = []
        """Per open list the last number used, None for a list with bullets."""

    def begin(self, tag: str) -> None:
        self._block(tag)
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._breaks = min(2, self._breaks + 1)
        elif tag == "li":
            self._write(self._bullet())
            self._bullets.append(len(self._parts) - 1)
        elif tag in SPACED:
            self._space()
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "pre":
            self._preformatted += 1

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
        elif tag in SPACED:
            self._space()
        self._block(tag)

    def add(self, data: str) -> None:
        if self._hidden:
            return
        if self._preformatted:
            self._write(data)
            return
        words = data.split()
        if data[:1].isspace():
            self._space()
        if words:
            self._write(" ".join(words))
            if data[-1].isspace():
                self._space()

    def _block(self, tag: str) -> None:
        if tag in PARAGRAPHS and not self._lists:
            self._breaks = 2
        elif tag in PARAGRAPHS or tag in LINES:
            self._breaks = max(1, self._breaks)

    def _bullet(self) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number + 1}. "

    def _space(self) -> None:
        if not self._breaks and self._parts and not self._parts[-1][-1:].isspace():
            self._parts.append(" ")

    def _write(self, text: str) -> None:
        if self._breaks and self._parts:
            self._parts[-1] = self._parts[-1].rstrip(" ")
            self._parts.append("\n" * self._breaks)
        self._breaks = 0
        self._parts.append(text)

    def result(self) -> tuple[str, list[tuple[int, int]]]:
        text = "".join(self._parts)
        ends = list(accumulate(map(len, self._parts)))
        cut = len(text) - len(text.lstrip())
        size = len(text.strip())
        found = [(ends[n] - len(self._parts[n]) - cut, ends[n] - cut) for n in self._bullets]
        return text.strip(), [(max(0, start), min(end, size)) for start, end in found]
