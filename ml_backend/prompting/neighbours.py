"""The most similar of some texts, by TF-IDF and cosine; pure and deterministic."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

# Chinese and Japanese leave no space between words: each character counts as one.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|[^\w\s]")
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>")
MAX_CHARACTERS = 20_000


def normal_form(text: str) -> str:
    """Return the text without markup, case and spacing: equal for what a reader calls the same."""
    return " ".join(TOKEN.findall(_plain(text)))


class Neighbours:
    """An index of texts, addressed by their position."""

    def __init__(self, texts: Sequence[str]) -> None:
        # Late: it costs a second and 150 MB, which a server that asks a model never pays.
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._size = len(texts)
        self._vectorizer = TfidfVectorizer(
            preprocessor=_beginning,
            tokenizer=WORD.findall,
            token_pattern=None,
            ngram_range=(1, 2),
            sublinear_tf=True,
        )
        self._matrix: Any = None
        if any(WORD.search(_beginning(text)) for text in texts):
            self._matrix = self._vectorizer.fit_transform(texts)

    def nearest(
        self, text: str, number: int, leave_out: Collection[int] = ()
    ) -> list[tuple[int, float]]:
        """Return up to ``number`` (position, similarity 0..1), most similar first.

        When nothing is alike at all, every position comes back with similarity 0.
        """
        left = [position for position in range(self._size) if position not in leave_out]
        if self._matrix is None:
            return [(position, 0.0) for position in left]
        scores = (self._matrix @ self._vectorizer.transform([text]).T).toarray().ravel()
        alike = [(position, float(scores[position])) for position in left if scores[position] > 0]
        if not alike:
            return [(position, 0.0) for position in left]
        return sorted(alike, key=lambda pair: (-pair[1], pair[0]))[:number]


def _plain(text: str) -> str:
    return MARKUP.sub(" ", text).casefold()


def _beginning(text: str) -> str:
    return _plain(text[:MAX_CHARACTERS])
