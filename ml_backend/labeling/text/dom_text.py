"""The text a browser has of an HTML document, as Label Studio's editor counts it for HyperText.

Measured in the editor: each text node counts with all its white space, each ``<br>`` counts as one
character, block ends count nothing. Before that the editor's sanitizer takes out scripts, iframes
and comments. A document of its own (``inline="false"``) has a head, which does not count.
"""

from __future__ import annotations

from functools import lru_cache

from ml_backend.labeling.text.html_tree import parse

_REMOVED = ("script", "iframe", "template")
_UNSEEN = ("style", "title")


@lru_cache(maxsize=64)
def dom_text(html: str, *, inline: bool = False) -> str:
    """The text of the DOM, "\\n" for each ``<br>``; offsets into it are those of globalOffsets.

    Raises HtmlRefused for HTML that would take too long to parse.
    """
    if inline:
        # As the content of an element: nothing before it moves into a head.
        html = f"<!DOCTYPE html><html><body><div>{html}</div></body></html>"
    elif "<" not in html and "&" not in html:
        return html.replace("\r\n", "\n").replace("\r", "\n").lstrip("\t\n\f ")
    tree = parse(html)
    for tag in _REMOVED:
        for node in tree.css(tag):
            node.decompose()
    parts: list[str] = []
    body = tree.body
    for node in body.traverse(include_text=True) if body is not None else ():
        if node.tag == "-text":
            content = str(node.text_content or "")
            # It counts, but nobody sees it: no quote may be found there.
            hidden = node.parent is not None and node.parent.tag in _UNSEEN
            parts.append(" " * len(content) if hidden else content)
        elif node.tag == "br":
            parts.append("\n")
    return "".join(parts)
