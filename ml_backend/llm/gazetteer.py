"""Finds in a text what people marked in other texts: annotated quotes, looked up by word."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ml_backend.labeling.text.spans import Quotable
from ml_backend.prompting.neighbours import TOKEN
from ml_backend.records import JsonObject


class Gazetteer:
    """Quotes with the labels people gave them, each label with the examples it comes from."""

    def __init__(self, marked: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """``marked`` pairs an example's position with an object that has a ``quote``."""
        self._labels: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for position, item in marked:
            quote = item.get("quote")
            if isinstance(quote, str) and quote.strip():
                rest = {k: v for k, v in item.items() if k not in ("quote", "occurrence", "id")}
                key = json.dumps(rest, sort_keys=True, ensure_ascii=False)
                self._labels[quote.strip()][key].append(position)
        self._starting_with: dict[str, list[str]] = defaultdict(list)
        for quote in sorted(self._labels, key=lambda text: (-len(text), text)):
            first = TOKEN.match(quote)
            if first:
                self._starting_with[first[0]].append(quote)

    def find(self, text: str, leave_out: Collection[int] = ()) -> list[JsonObject]:
        """Return an object per place, in text order; the longest quote wins where two overlap.

        ``occurrence`` counts as ``Quotable`` does, which finds the place by it again.
        """
        found: list[JsonObject] = []
        quotable = Quotable(text)
        end = 0
        for token in TOKEN.finditer(text):
            if token.start() < end:
                continue
            for quote in self._starting_with.get(token[0], ()):
                if not _stands_at(text, quote, token.start()):
                    continue
                label = self._label(quote, leave_out)
                if label is None:
                    continue
                end = token.start() + len(quote)
                number = quotable.occurrence(token.start(), end)
                found.append({"quote": quote, "occurrence": number, **label})
                break
        return found

    def _label(self, quote: str, leave_out: Collection[int]) -> JsonObject | None:
        votes = Counter(
            {
                key: sum(position not in leave_out for position in positions)
                for key, positions in self._labels[quote].items()
            }
        )
        # Ties go to the first in the alphabet, so that the order of examples does not matter.
        key, count = min(votes.items(), key=lambda vote: (-vote[1], vote[0]))
        label: JsonObject = json.loads(key)
        return label if count else None


def _stands_at(text: str, quote: str, start: int) -> bool:
    if not text.startswith(quote, start):
        return False
    end = start + len(quote)
    if end == len(text):
        return True
    glued = TOKEN.match(text[end - 1 : end + 1])
    return not glued or glued.end() == 1
