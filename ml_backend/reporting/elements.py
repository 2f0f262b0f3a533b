"""SVG as a tree: text is escaped because it is text, never because somebody remembered to."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring  # nosec B405  # builds, never parses

Children = Element | str | Iterable[Element]


def tag(name: str, /, *children: Children, **attributes: object) -> Element:
    """An element; ``class_`` is its class, and "_" in other names stands for "-"."""
    names = {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()}
    element = Element(name, names)
    for child in children:
        if isinstance(child, str):
            element.text = (element.text or "") + child
        elif isinstance(child, Element):
            element.append(child)
        else:
            element.extend(child)
    return element


def to_markup(element: Element) -> str:
    """An element to be put into a page."""
    return writable(tostring(element, encoding="unicode", method="html"))


def writable(text: str) -> str:
    """The text with those characters replaced that no file can hold."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
