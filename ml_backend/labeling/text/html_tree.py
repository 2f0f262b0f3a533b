"""HTML as the tree a browser makes of it: the one place where HTML is parsed."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from ml_backend.labeling.text import html_bounds


def parse(html: str) -> LexborHTMLParser:
    """Return the document; raises HtmlRefused for HTML that would take too long."""
    source = html.replace("\r\n", "\n").replace("\r", "\n")
    html_bounds.check(source)
    # With events each <option> is compared with all others of its <select>.
    return LexborHTMLParser(source, options=LexborDocumentOptions.WO_EVENTS)


def walk(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, bool]]:
    """Yield each node when it begins, True, and when it ends, False."""
    node = tree.root
    while node is not None:
        yield node, True
        following = node.first_child
        if following is None:
            yield node, False
            following = node.next
        while following is None:
            node = node.parent
            if node is None or node.tag == "-document":
                return
            yield node, False
            following = node.next
        node = following
