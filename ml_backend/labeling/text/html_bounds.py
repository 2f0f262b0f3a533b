"""What HTML costs to parse, bounded before it is parsed: task data is untrusted.

A parser that follows the HTML standard looks through all open elements at many a tag, and opens
the formatting elements that were left open again in every block; so 500 KB of nested ``<div>`` take
it 17 seconds. What is counted here is never less than what the parser will have open: an end tag
counts only where it closes the element opened last, so HTML that closes its elements counts as it
is and HTML that does not as deeper than it is. ``test_html_bounds.py`` holds it against the parser.
"""

from __future__ import annotations

import re
from collections import Counter

from ml_backend.errors import TaskRefused

MOST_CHARACTERS = 5_000_000
MOST_TAGS = 50_000
MOST_ATTRIBUTES = 500
"""Of one element; all ``<html>`` and all ``<body>`` are one element each."""
MOST_STEPS = 20_000_000
"""Open elements, summed over all tags: some 5 ns each."""
LONGEST_UNCLEAR = 20_000
"""Characters that may follow where it is no longer clear what is a tag and what is text."""
STEPS_OF_FORMATTING = 50
"""A formatting element that is opened again becomes a node, which takes longer than a look."""

_SPACE = r"[\t\n\f\r ]"
_VALUE = r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >"'][^\t\n\f\r >]*+)"""
_ATTRIBUTE = r"(?:=[^\t\n\f\r />=]*+|[^\t\n\f\r />=]++)" rf"(?:{_SPACE}*+={_SPACE}*+{_VALUE}?+)?+"
_TOKEN = re.compile(
    r"<!--(?:-?>|(?s:.*?)(?:--!?>|\Z))"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\t\n\f\r />]*+)"
    rf"(?P<attributes>(?:{_SPACE}++|/(?!>)|{_ATTRIBUTE})*+)(?P<closed>/?)>?+"
    r"|<[!?/][^>]*+>?+"
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_BETWEEN_ATTRIBUTES = "\t\n\f\r /\"'"


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_VOID = _names(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param "
    "source track wbr"
)
_ONE_ELEMENT = _names("html body")
# Never two of them open without another element between, or no more than four to a table.
_CLOSED_BY_THEMSELVES = _names("html head body p caption colgroup tbody thead tfoot tr td th")
# Each closes those of its own kind, and only these.
_ITEMS = {"li": "li", "dd": "dd", "dt": "dd", "option": "option"}
_FORMATTING = _names("a b big code em font i nobr s small strike strong tt u")
_RAW = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.I)
    for name in _names("script style textarea title xmp iframe noembed noframes")
}
_FOREIGN = _names("svg math")
_ODD = _FOREIGN | {"frameset"}
"""Inside these a tag may mean something else than in the rest of a document."""
_HOLDS_HTML = _names("title desc foreignobject")
_HTML_IN_FOREIGN = _names(
    "annotation-xml b big blockquote body br center code dd desc div dl dt em embed font "
    "foreignobject h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta mi mn mo ms mtext nobr ol "
    "p pre ruby s small span strike strong sub sup table title tt u ul var"
)
_SCRIPT = re.compile("<script", re.I)


class HtmlRefused(TaskRefused):
    """HTML that would take too long to read."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The HTML cannot be read: {why}.",
            fix="Give a simpler piece of HTML, with its tags closed, or plain text.",
        )


def check(html: str) -> int:
    """Return the steps that parsing may take; raises HtmlRefused where they are too many."""
    if len(html) > MOST_CHARACTERS:
        raise HtmlRefused(f"it has more than {MOST_CHARACTERS:,} characters")
    return _Scan(html).run()


class _Scan:
    """One pass over the tags of a document, with the elements that may be open."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._open: list[tuple[str, str]] = []
        """Names, and the attributes of those that format."""
        self._odd = 0
        """How many of the open ones are such that a tag may mean something else in them."""
        self._formatting: Counter[tuple[str, str]] = Counter()
        self._reopened = 0
        """Formatting elements a block may open again: of those that are alike three at most."""
        self._items = 0
        """How often one kind of item followed another, which is how deep they alone can nest."""
        self._last_item = ""
        self._is_foreign = False
        """True while everything since the outermost ``<svg>`` surely is no HTML."""
        self._html_within = 0
        """Where in SVG the element stands whose content is HTML, and after which it goes on."""
        self._is_lost = False
        """True once it is unclear what is a tag and what is text."""
        self._attributes = dict.fromkeys(_ONE_ELEMENT, 0)

    def run(self) -> int:
        html, place, tags, steps = self._html, 0, 0, 0
        while (found := _TOKEN.search(html, place)) is not None:
            place = found.end()
            tags += 1
            steps += self._steps()
            if tags > MOST_TAGS:
                raise HtmlRefused(f"it has more than {MOST_TAGS:,} tags")
            if steps > MOST_STEPS:
                raise HtmlRefused("its elements are nested too deeply")
            name = found["name"]
            if name is None:
                place = self._skip_section(found)
                continue
            if name.isascii():  # of other letters HTML does not know the small ones
                name = name.lower()
            if found["end"]:
                self._end(name)
                continue
            self._count_attributes(name, found["attributes"])
            self._start(name, found["attributes"], is_closed=bool(found["closed"]))
            if (name in _RAW or name == "plaintext") and not self._is_foreign:
                place = self._skip_text(name, place)
            if self._is_lost:
                return self._with_rest(place, steps)
        return steps

    def _steps(self, more: int = 0) -> int:
        opened = len(self._open) + self._items + more
        return opened + STEPS_OF_FORMATTING * (self._reopened + more)

    def _start(self, name: str, attributes: str, *, is_closed: bool) -> None:
        if not self._odd:
            if name in _VOID or name in _CLOSED_BY_THEMSELVES or name in _RAW:
                return
            if name in _ITEMS:
                self._items += _ITEMS[name] != self._last_item
                self._last_item = _ITEMS[name]
                return
        if is_closed and (self._is_foreign or name in _FOREIGN) and name not in _HTML_IN_FOREIGN:
            return
        if name in _ODD:
            self._is_foreign = name in _FOREIGN and (self._is_foreign or not self._odd)
            self._odd += 1
        elif name in _HOLDS_HTML and self._is_foreign:
            self._is_foreign = False
            self._html_within = len(self._open)
        elif name in _HTML_IN_FOREIGN:
            if self._is_foreign:
                self._is_foreign, self._html_within = False, 0
            if name in _VOID:
                return
        kind = (name, "")
        if name == "a" and self._open and self._open[-1] == kind:
            return  # which ended the one before
        if name in _FORMATTING:
            # Of links there is one at most.
            kind = (name, "" if name == "a" else attributes)
            self._reopened += self._formatting[kind] < (1 if name == "a" else 3)
            self._formatting[kind] += 1
        self._open.append(kind)

    def _end(self, name: str) -> None:
        if not self._open or self._open[-1][0] != name:
            self._is_foreign, self._html_within = False, 0
            return
        kind = self._open.pop()
        if name in _ODD:
            self._odd -= 1
            self._is_foreign = self._is_foreign and self._odd > 0
        elif self._html_within and len(self._open) == self._html_within:
            self._is_foreign, self._html_within = True, 0
        if name in _FORMATTING:
            self._formatting[kind] -= 1
            self._reopened -= self._formatting[kind] < (1 if name == "a" else 3)

    def _skip_text(self, name: str, place: int) -> int:
        """Return where the text ends that an element holds instead of tags."""
        if name == "plaintext":
            self._is_lost = self._odd > 0
            return place if self._odd else len(self._html)
        if self._odd:
            # Inside of these it may have tags after all; without a "<" that comes to the same.
            after = self._html.find("<", place)
            self._is_lost = after >= 0 and not _RAW[name].match(self._html, after)
            return place
        end = _RAW[name].search(self._html, place)
        stop = end.start() if end else len(self._html)
        if name == "script":
            # A script that is begun in a comment of a script ends the comment, not the script.
            comment = self._html.find("<!--", place, stop)
            if comment >= 0 and _SCRIPT.search(self._html, comment, stop):
                self._is_lost = True
        return stop

    def _skip_section(self, found: re.Match[str]) -> int:
        """Return where a comment ends; a CDATA section of SVG is text with an end of its own."""
        if not self._odd or not self._html.startswith("<![CDATA[", found.start()):
            return found.end()
        end = self._html.find("]]>", found.start())
        end = len(self._html) if end < 0 else end + 3
        if not self._is_foreign and end != found.end():
            self._is_lost = True
        return end

    def _with_rest(self, place: int, steps: int) -> int:
        """Return the steps with those of the rest, taken for the worst it can be."""
        tags = self._html.count("<", place)
        steps += tags * self._steps(tags)
        if len(self._html) - place > LONGEST_UNCLEAR or steps > MOST_STEPS:
            raise HtmlRefused("a script or style in it has no clear end")
        return steps

    def _count_attributes(self, name: str, attributes: str) -> None:
        is_one = name in _ONE_ELEMENT
        if not is_one and len(attributes) <= MOST_ATTRIBUTES:
            return
        # What may stand between two attributes is counted faster than they are.
        count = 1 + sum(map(attributes.count, _BETWEEN_ATTRIBUTES)) if attributes else 0
        if count > MOST_ATTRIBUTES or is_one:
            count = len(_ATTRIBUTES.findall(attributes))
        if is_one:
            count = self._attributes[name] = self._attributes[name] + count
        if count > MOST_ATTRIBUTES:
            raise HtmlRefused(f"one of its elements has more than {MOST_ATTRIBUTES} attributes")
