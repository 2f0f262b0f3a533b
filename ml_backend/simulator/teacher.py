"""The simulated model as a teacher: it answers a request for a better prompt with one.

It keeps the prompt and adds what the mistakes it was shown say, so that the way from an evaluation
to a refined version and its evaluation can be gone without a real model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PROMPT = re.compile(r"<prompt>\n(.*?)\n</prompt>", re.DOTALL)
_FIELDS = re.compile(r"Fields of the task's data: (.*)\.$", re.MULTILINE)
_HINTS = 8


def is_asked(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema is that of a teacher's answer."""
    return set(schema.get("properties", ())) == {"reasoning", "prompt"}


def write(question: str) -> dict[str, str]:
    """Return a better prompt and why it is."""
    found = _PROMPT.search(question)
    old = found.group(1) if found else ""
    rules = _rules(question)
    if not re.search(r"[^\W\d_]", re.sub(r"\{[^{}]*\}", "", old)):
        old = f"Read the task and answer every question.\n\n{old or _variables(question)}"
    new = old.rstrip() + "\n\nDecide with care:\n" + "\n".join(f"- {rule}" for rule in rules)
    why = f"Added {len(rules)} rules for the mistakes shown." if rules else "Asked for care."
    return {"reasoning": why, "prompt": new}


def _rules(question: str) -> list[str]:
    rules: dict[str, None] = {}
    for line in question.splitlines():
        if not line.startswith("{"):
            continue
        try:
            shown = json.loads(line)
        except ValueError:
            continue
        right, given = shown.get("right") or {}, shown.get("answered") or {}
        for name, value in right.items():
            if isinstance(value, str) and value != given.get(name):
                than = f" rather than {given[name]}" if isinstance(given.get(name), str) else ""
                rules.setdefault(_plain(f"{name}: choose {value}{than} where both would do."))
    return list(rules)[:_HINTS] or ["Choose the class that fits the whole text best."]


def _variables(question: str) -> str:
    found = _FIELDS.search(question)
    names = found.group(1).split(", ") if found and found.group(1) != "none" else []
    return "\n".join(f"{{{name}}}" for name in names)


def _plain(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")
