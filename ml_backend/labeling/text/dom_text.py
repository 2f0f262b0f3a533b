"""The text a browser has of an HTML document, as Label Studio's editor counts it for HyperText.

Measured in the editor: each text node counts with all its white space, each ``<br>`` counts as one
character, block ends count nothing. Before that the editor's sanitizer takes out scripts, iframes
and comments. A document of its own (``inline="false"``) has a head, which does not count.
"""

from __future__ import annotations

from functools import lru_cache

from ml_backend.labeling.text.html_text import LINES, PARAGRAPHS, SPACED
from ml_backend.labeling.text.html_tree import parse, walk

_REMOVED = ("script", "iframe", "template")
_UNSEEN = ("style", "title")
_APART = PARAGRAPHS | LINES | SPACED | {"body"}
"""Elements that a reader sees apart from what is beside them."""


def dom_text(html: str, *, inline: bool = False) -> str:
    """The text of the DOM, "\\n" for each ``<br>``; offsets into it are those of globalOffsets.

    Raises HtmlRefused for HTML that would take too long to parse.
    """
    return dom_text_and_breaks(html, inline=inline)[0]


@lru_cache(maxsize=64)
def dom_text_and_breaks(html: str, *, inline: bool = False) -> tuple[str, tuple[int, ...]]:
    """The text of the DOM, and where in it one block ends and another begins, with no blank."""
    if inline:
        # As the content of an element: nothing before it moves into a head.
        html = f"<!DOCTYPE html><html><body><div>{html}</div></body></html>"
    elif "<" not in html and "&" not in html:
        return html.replace("\r\n", "\n").replace("\r", "\n").lstrip("\t\n\f "), ()
    tree = parse(html)
    for tag in _REMOVED:
        for node in tree.css(tag):
            node.decompose()
    parts: list[str] = []
    breaks: dict[int, None] = {}
    size, is_body = 0, False
    for node, begins in walk(tree):
        name = node.tag or ""
        if name == "body":
            is_body = begins
        if not is_body:
            continue
        if name in _APART and size:
            breaks[size] = None
        if not begins:
            continue
        if name == "-text":
            content = str(node.text_content or "")
            # It counts, but nobody sees it: no quote may be found there.
            hidden = node.parent is not None and node.parent.tag in _UNSEEN
            parts.append(" " * len(content) if hidden else content)
            size += len(content)
        elif name == "br":
            parts.append("\n")
            size += 1
    breaks.pop(size, None)
    return "".join(parts), tuple(breaks)
