"""What a browser would say of the forms of a page before it sends them, by HTML's own rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from selectolax.lexbor import LexborHTMLParser, LexborNode

FIELDS = "input, select, textarea"
NEVER_CHECKED = {"hidden", "button", "submit", "reset", "image"}
CHECKED_TYPES = {"number", "range", "email", "url", "date", "time", "month", "week"}
CONSTRAINTS = ("required", "min", "max", "step", "pattern", "minlength")
CHOSEN_FIRST = (
    "of-choice",
    "seed",
    "when-tasks",
    "when-tab",
)
"""Classes of what goes with a choice that may not be the one that was taken."""


def blocking(html: str) -> list[str]:
    """Return the fields that may keep a form from being sent though nobody chose or sees them.

    A browser checks a field that is hidden, folded away or beside another choice like any other,
    and then sends nothing and shows nothing. So these have no bounds at all, and the others hold
    what fits theirs from the beginning; what is required and empty is there to be filled in.
    """
    return [
        f"{_name(field)}: {why}"
        for field in LexborHTMLParser(html).css(FIELDS)
        if _is_checked(field)
        for why in (_bounds(field) if _is_out_of_sight(field) else _misfits(field))
    ]


def _is_checked(field: LexborNode) -> bool:
    given = field.attributes
    if given.get("type") in NEVER_CHECKED or "readonly" in given:
        return False
    return not any("disabled" in each.attributes for each in (field, *_around(field)))


def _is_out_of_sight(field: LexborNode) -> bool:
    for each in (field, *_around(field)):
        classes = (each.attributes.get("class") or "").split()
        folded = each.tag == "details" and "open" not in each.attributes
        if folded or "hidden" in each.attributes or set(classes) & set(CHOSEN_FIRST):
            return True
    return False


def _bounds(field: LexborNode) -> Iterator[str]:
    given = field.attributes
    yield from (f"has {name}, and may not be chosen" for name in CONSTRAINTS if name in given)
    if given.get("type") in CHECKED_TYPES:
        yield f"is of type {given['type']}, and may not be chosen"


def _misfits(field: LexborNode) -> Iterator[str]:
    given, value = field.attributes, field.attributes.get("value") or ""
    if not value:
        return
    if given.get("type") == "number":
        yield from _misfits_of_number(value, given)
    if given.get("type") == "url" and not re.match(r"[a-zA-Z][\w+.-]*:\S+$", value):
        yield f"{value!r} is no address"
    if given.get("type") == "email" and not re.match(r"\S+@\S+$", value):
        yield f"{value!r} is no e-mail address"
    if given.get("pattern") and not re.fullmatch(str(given["pattern"]), value):
        yield f"{value!r} does not match {given['pattern']}"


def _misfits_of_number(value: str, given: dict[str, str | None]) -> Iterator[str]:
    least, most, step = given.get("min"), given.get("max"), given.get("step") or "1"
    number = Fraction(value)
    if least and number < Fraction(least):
        yield f"{value} is below {least}"
    if most and number > Fraction(most):
        yield f"{value} is above {most}"
    if step != "any" and (number - Fraction(least or 0)) % Fraction(step):
        yield f"{value} is no step of {step}"


def _around(field: LexborNode) -> Iterator[LexborNode]:
    node = field.parent
    while node is not None:
        yield node
        node = node.parent


def _name(field: LexborNode) -> str:
    return f"{field.tag} {field.attributes.get('name') or field.attributes.get('id')}"
