"""HTML as a tree: text is escaped because it is text, never because somebody remembered to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, tostring

Node = Element | str | None
Children = Node | Iterable[Node]


def tag(name: str, /, *children: Children, **attributes: object) -> Element:
    """An element; ``class_`` is its class, and "_" in other names stands for "-"."""
    names = {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()}
    element = Element(name, names)
    for child in children:
        for node in [child] if child is None or isinstance(child, str | Element) else child:
            _append(element, node)
    return element


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Children]], *, numbers: int = 1
) -> Element:
    """A table; from column ``numbers`` on they are set to the right."""
    kinds = ["text" if place < numbers else "number" for place in range(len(columns))]
    head = [tag("th", name, class_=kind) for name, kind in zip(columns, kinds, strict=True)]
    body = [
        tag("tr", [tag("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=False)])
        for row in rows
    ]
    inner = tag("table", tag("thead", tag("tr", head)), tag("tbody", body))
    return tag("div", inner, class_="wide")


def to_html(root: Element) -> str:
    """The document; characters that no file can hold are replaced."""
    return f"<!doctype html>\n{to_markup(root)}"


def to_markup(element: Element) -> str:
    """An element to be put into a page."""
    text = tostring(element, encoding="unicode", method="html")
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _append(element: Element, node: Node) -> None:
    if node is None:
        return
    if isinstance(node, str):
        if len(element):
            element[-1].tail = (element[-1].tail or "") + node
        else:
            element.text = (element.text or "") + node
        return
    element.append(node)
