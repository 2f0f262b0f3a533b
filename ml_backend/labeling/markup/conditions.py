"""When Label Studio shows a control: ``visibleWhen`` and what narrows it down, own and around it.

The rules are those of the editor (mixins/Visibility.js, ``canBeSubmitted`` of regions/Result.js):
what it hides it takes out of the annotation, and does not require.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from ml_backend.labeling.markup.tags import Tag


class When(StrEnum):
    """What a condition looks at; "no-region-selected" always holds when a labeler submits."""

    REGION = "region-selected"
    CHOICE = "choice-selected"
    NO_CHOICE = "choice-unselected"


@dataclass(frozen=True, slots=True)
class Condition:
    """One ``visibleWhen``; empty fields do not narrow it down."""

    when: When
    tag_name: str = ""
    choices: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    role: str = ""

    def holds_for_choices(self, selected: Collection[str] | None) -> bool:
        """Whether it holds when these names are selected; None: nothing is."""
        names = selected or ()
        chosen = bool(names) and (not self.choices or any(c in names for c in self.choices))
        return chosen is (self.when is When.CHOICE)

    def holds_for_region(
        self, *, names: Collection[str], labels: Collection[str], role: str
    ) -> bool:
        """Whether it holds while a region is selected.

        ``names`` are those of its control and object, ``labels`` what it is labelled with.
        """
        if self.tag_name and self.tag_name not in names:
            return False
        if self.role and role not in self.role.split(","):
            return False
        return not self.labels or any(label in labels for label in self.labels)

    def describe(self) -> str:
        """What a model is told, after "only": "when …"."""
        if self.when is When.REGION:
            limits = []
            if self.labels:
                limits.append(f"labelled {_any_of(self.labels)}")
            if self.role:
                limits.append(f"of the role {_any_of(self.role.split(','))}")
            what = f"of {_quoted(self.tag_name)}" if self.tag_name else ""
            return " ".join(["for a region", *(part for part in (what, *limits) if part)])
        subject = _quoted(self.tag_name) if self.tag_name else "any choice"
        state = _any_of(self.choices) if self.choices else "answered"
        negation = "" if self.when is When.CHOICE else "not "
        return f"when {subject} is {negation}{state}"


def conditions_of(tag: Tag) -> tuple[Condition, ...]:
    """The conditions one tag sets for itself and all within it."""
    names = _split(tag.get("whenchoicevalue"))
    labels = _split(tag.get("whenlabelvalue"))
    kind = tag.get("visiblewhen").lower()
    if kind in (When.CHOICE, When.NO_CHOICE):
        return (Condition(When(kind), tag.get("whentagname"), choices=names),)
    if kind == When.REGION:
        role = tag.get("whenrole").replace(" ", "")
        return (Condition(When.REGION, tag.get("whentagname"), labels=labels, role=role),)
    if not kind and names:
        return (Condition(When.CHOICE, choices=names),)
    if not kind and labels and tag.is_true("perregion"):
        return (Condition(When.REGION, labels=labels),)
    return ()


def _split(value: str) -> tuple[str, ...]:
    """The values of a list with commas, and the whole of it: a value may have a comma itself."""
    if not value:
        return ()
    return tuple(dict.fromkeys([value, *(part.strip() for part in value.split(","))]))


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _any_of(values: Collection[str]) -> str:
    parts = [_quoted(v) for v in values if len(values) == 1 or "," not in v]
    return " or ".join(parts or [_quoted(v) for v in values])
