"""The most similar of some texts, by TF-IDF and cosine; pure and deterministic.

Written out here since the vectorizer of scikit-learn costs 150 MB and a second to import, and
0.5 ms a call, for what an inverted index of a few hundred texts does faster.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from heapq import nsmallest
from itertools import pairwise

# Chinese and Japanese leave no space between words: each character counts as one.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|[^\w\s]")
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>")
MAX_CHARACTERS = 20_000
# Words in more texts than this tell them apart too little for what they cost: a share of the
# texts, within bounds.
COMMON_SHARE = 0.3
COMMON_LEAST, COMMON_MOST = 50, 1000


def normal_form(text: str) -> str:
    """Return the text without markup, case and spacing: equal for what a reader calls the same."""
    return " ".join(TOKEN.findall(MARKUP.sub(" ", text).casefold()))


class Neighbours:
    """An index of texts, addressed by their position."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        counts = [_terms(text) for text in texts]
        spread = Counter(term for terms in counts for term in terms)
        limit = max(COMMON_LEAST, min(COMMON_MOST, int(COMMON_SHARE * self._size)))
        self._idf = {
            term: math.log((1 + self._size) / (1 + number)) + 1
            for term, number in spread.items()
            if number <= limit
        }
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for position, terms in enumerate(counts):
            for term, weight in self._weigh(terms).items():
                self._postings[term].append((position, weight))

    def nearest(
        self, text: str, number: int, leave_out: Collection[int] = ()
    ) -> list[tuple[int, float]]:
        """Return up to ``number`` (position, similarity 0..1), most similar first.

        When nothing is alike at all, every position comes back with similarity 0.
        """
        scores: dict[int, float] = defaultdict(float)
        for term, weight in self._weigh(_terms(text)).items():
            for position, other in self._postings.get(term, ()):
                scores[position] += weight * other
        found = [pair for pair in scores.items() if pair[0] not in leave_out]
        if not found:
            return [(position, 0.0) for position in range(self._size) if position not in leave_out]
        return nsmallest(number, found, key=lambda pair: (-pair[1], pair[0]))

    def _weigh(self, terms: Counter[str]) -> dict[str, float]:
        weights = {
            term: (1 + math.log(count)) * self._idf[term]
            for term, count in terms.items()
            if term in self._idf
        }
        norm = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {term: weight / norm for term, weight in weights.items()} if norm else {}


def _terms(text: str) -> Counter[str]:
    words = WORD.findall(MARKUP.sub(" ", text[:MAX_CHARACTERS]).casefold())
    terms = Counter(words)
    terms.update(f"{first} {second}" for first, second in pairwise(words))
    return terms
