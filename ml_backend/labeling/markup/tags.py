"""A labeling config as a plain tree of tags, read the way Label Studio's editor reads it.

The editor lower-cases tag and attribute names, so ``maxsubmissions`` equals ``maxSubmissions``.
Whoever manages a project writes it, so it is read within bounds and never expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ml_backend.errors import ConfigError

LONGEST = 2_000_000
"""Characters of a labeling config; one of 10,000 classes has half a million."""

MOST_TAGS = 30_000
MOST_ATTRIBUTES = 200
"""Of one tag: lxml takes quadratic time to give them."""

# Before it is parsed: entities in attributes are expanded whatever the parser is told.
_DOCTYPE = re.compile(r"\ufeff?(?>\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class Tag:
    """One element; ``kind`` and the keys of ``attrs`` are lower-case, ``written`` as in the XML."""

    kind: str
    written: str
    attrs: Mapping[str, str]
    exact_names: frozenset[str]
    """Attribute names as written, for what Label Studio's server reads case-sensitively."""
    text: str
    children: tuple[Tag, ...]

    def get(self, name: str) -> str:
        """The attribute's value without outer white space, "" when absent."""
        return self.attrs.get(name, "").strip()

    def is_true(self, name: str) -> bool:
        return self.get(name).lower() == "true"

    def integer(self, name: str) -> int | None:
        """The attribute as a whole number; None when absent or something else."""
        value = self.get(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    def descendants(self) -> Iterator[Tag]:
        for child in self.children:
            yield child
            yield from child.descendants()


def parse_xml(xml: str) -> Tag:
    """The root tag of a labeling config; raises ConfigError when it is no well-formed XML.

    Also for one that is beyond all measure: the parser itself allows 256 tags within each other.
    """
    check_size(len(xml), LONGEST, "characters")
    # Each tag begins with one of these, and most end with another.
    check_size(xml.count("<") // 2, MOST_TAGS, "tags")
    if _DOCTYPE.match(xml):
        raise _of_doctype()
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ConfigError(
            f"The labeling config is not valid XML: {error}.",
            field="label_config",
            fix="Correct it in the project's Settings > Labeling Interface > Code.",
        ) from error
    if root.getroottree().docinfo.doctype:
        raise _of_doctype()
    return _to_tag(root)


def _of_doctype() -> ConfigError:
    return ConfigError(
        "The labeling config has a DOCTYPE, which no labeling config needs.",
        field="label_config",
        fix="Remove the <!DOCTYPE …> part.",
    )


def check_size(found: int, most: int, what: str) -> None:
    if found > most:
        raise ConfigError(
            f"The labeling config has more than {most:,} {what}.",
            field="label_config",
            fix="Make several projects of it, or take classes from the task's data.",
        )


def _to_tag(element: Any) -> Tag:
    name = etree.QName(element).localname
    check_size(len(element.attrib), MOST_ATTRIBUTES, f"attributes in one <{name[:40]}>")
    return Tag(
        kind=name.lower(),
        written=name,
        attrs={str(key).lower(): str(value) for key, value in element.attrib.items()},
        exact_names=frozenset(map(str, element.attrib)),
        text=(element.text or "").strip(),
        children=tuple(_to_tag(child) for child in element if isinstance(child.tag, str)),
    )
