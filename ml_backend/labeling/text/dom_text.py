"""The text a browser has of an HTML document, as Label Studio's editor counts it for HyperText.

Measured in the editor: each text node counts with all its white space, each ``<br>`` counts as one
character, block ends count nothing. Before that the editor's sanitizer takes out scripts, iframes
and comments. A document of its own (``inline="false"``) has a head, which does not count.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ml_backend.labeling.text.html_text import LINES, PARAGRAPHS, SPACED
from ml_backend.labeling.text.html_tree import parse, walk
from ml_backend.labeling.text.note_marks import NONE, RAISED, NoteMarks, marks_of

_REMOVED = ("script", "iframe", "template")
_UNSEEN = ("style", "title")
_APART = PARAGRAPHS | LINES | SPACED | {"body"}
"""Elements that a reader sees apart from what is beside them."""


def dom_text(html: str, *, inline: bool = False) -> str:
    """The text of the DOM, "\\n" for each ``<br>``; offsets into it are those of globalOffsets.

    Raises HtmlRefused for HTML that would take too long to parse.
    """
    return read_dom(html, inline=inline).text


class DomText(NamedTuple):
    """The text of a DOM, with what of its elements tells words apart."""

    text: str
    breaks: tuple[int, ...] = ()
    marks: NoteMarks = NONE


@lru_cache(maxsize=64)
def read_dom(html: str, *, inline: bool = False) -> DomText:
    """The text of the DOM; raises HtmlRefused for HTML that would take too long to parse."""
    if inline:
        # As the content of an element: nothing before it moves into a head.
        html = f"<!DOCTYPE html><html><body><div>{html}</div></body></html>"
    elif "<" not in html and "&" not in html:
        return DomText(html.replace("\r\n", "\n").replace("\r", "\n").lstrip("\t\n\f "))
    tree = _sanitized(html)
    parts: list[str] = []
    breaks: dict[int, None] = {}
    raised: list[tuple[str, bool, int]] = []
    size, is_body = 0, False
    for node, begins in walk(tree):
        name = node.tag or ""
        if name == "body":
            is_body = begins
        if not is_body:
            continue
        if name in _APART and size:
            breaks[size] = None
        elif name in RAISED:
            raised.append((name, begins, size))
        if not begins:
            continue
        if name == "-text":
            parts.append(_content(node))
            size += len(parts[-1])
        elif name == "br":
            parts.append("\n")
            size += 1
    breaks.pop(size, None)
    text = "".join(parts)
    return DomText(text, tuple(breaks), marks_of(text, raised))


def _sanitized(html: str) -> LexborHTMLParser:
    tree = parse(html)
    for tag in _REMOVED:
        for node in tree.css(tag):
            node.decompose()
    return tree


def _content(node: LexborNode) -> str:
    """The words of a text node; blanks of what nobody sees: they count, no quote is found there."""
    content = str(node.text_content or "")
    hidden = node.parent is not None and node.parent.tag in _UNSEEN
    return " " * len(content) if hidden else content
