"""What a refusal repeats of the request or of an answer, cut out before anybody judges its words.

A task that is a complaint about a wrong key, and a server that quotes what it cannot process, must
not add up to a key that is wrong. Nor must what a refusal cites of contents without it being a
quotation: a forbidden word, a text it cannot read, what an image's host says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Self

from ml_backend.llm.refusals.matching import either

SHORTEST = 12
"""Bytes of a piece that tell a quotation from words two texts have in common."""
SHORTEST_LINE = 6
"""Those of one that is all a line of a text says."""
MARK = "…"
# A piece goes from one quote, bracket, escape, colon or end of a sentence to the next.
PIECE = re.compile(
    r"\\(?:u[0-9a-fA-F]{4}|.)"
    r"|(?:[^\"'`“”‘’«»「」『』„{}<>\[\]\\\n.!?;:。！？；：]|[.'’](?=\w))+"
)


QUOTED = (
    r"(?:\"[^\"\n]{1,300}\"|'[^\n]{1,300}?'(?!\w)|`[^`\n]{1,300}`|“[^”\n]{1,300}[”“]"
    r"|‘[^\n]{1,300}?’(?!\w)|«[^»\n]{1,300}»|„[^“”\n]{1,300}[“”]|「[^」\n]{1,300}」"
    r"|『[^』\n]{1,300}』)"
)
TEXTS = (
    r"\b(?:words?|phrases?|terms?|keywords?|texts?|strings?|substrings?|sequences?|patterns?"
    r"|inputs?"
    r"|prompts?|sentences?|documents?|expressions?|topics?|passages?|excerpts?|snippets?|captions?"
    r"|contents?|wort|wörter|ausdruck|eingabe|begriff|inhalt|mots?|textes?|saisie|contenu"
    r"|palabras?|textos?"
    r"|contenido|conteúdo|frases?|parol[ae]|testo|contenuto|слов[оа]|фраз\w|текст\w*|słow[oa]"
    r"|tekst|kelime"
    r"|metin|kata|teks|từ|văn bản|शब्द|पाठ|كلمة|النص|نص)\b"
    r"|敏感词|敏感詞|违禁词|違禁詞|屏蔽词|关键词|關鍵詞|词语|短语|文本|内容|內容|输入|輸入|提示词"
    r"|句子|禁止語|単語|語句"
    r"|テキスト|入力|文字列|コンテンツ|금지어|단어|텍스트|입력|문장"
)
BETWEEN = (
    r"(?: (?:is|was|are|were|of|at|in|near|no|number|index|position|detected|found|matched|blocked"
    r"|forbidden|flagged|rejected|the|a|an|following|contains?|containing|including|says|saying"
    r"|reads"
    r"|\d{1,9})\b){0,4}"
)
SAYS = r"\b(?:contains?|containing|including|mentions?|mentioning|match(?:es|ed)|says|saying|reads)"
MEDIA = (
    r"\b(?:images?|pictures?|photos?|media|files?|attachments?|documents?|image_url)\b"
    r"|https?://\S+\.(?:png|jpe?g|gif|webp|bmp|pdf|svg|tiff?|mp[34]|wav)\b"
)
"""No address as such: it may be that of a provider behind a gateway."""
FAILED = (
    r"(?:could ?n[o']t|could not|cannot|can't|unable to|fail\w*(?: to)?|errors?(?: while| when)?"
    r"|not)"
    r"(?: be)? (?:fetch|download|load|retriev|open|read|access|reach|decod|pars|process|get"
    r"|resolv)\w*"
    r"|\b(?:return|respond|answer)(?:s|ed)|\brepl(?:ies|ied)"
)
CITED = either(rf"(?:{TEXTS}){BETWEEN}\W{{0,2}}?{QUOTED}", rf"{SAYS}(?: the| an?)? ?{QUOTED}")
CITES = either(rf"(?:{TEXTS}){BETWEEN}\W{{0,2}}\Z", rf"{SAYS}(?: the| an?)? ?\Z")
"""Ends of what stands before a colon or a verb of saying."""
OF_MEDIA, NOT_HAD = either(MEDIA), either(FAILED)
BREAK = re.compile(
    r"(?P<says>[:：=](?!//)|\s(?:contains?|containing|mentions?|mentioning|includ(?:es|ing))\b)"
    r"|\s[(—–-]|\s(?:because|since|as|due to|saying)\b|\swith(?=\s['\"“‘`])",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"[.!?。！？]\s|\n")
LONGEST_CLAUSE = 200


class Echoes:
    """Texts that a refusal may quote: nobody's words about the account."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = tuple(text for text in texts if text)

    @classmethod
    def of(cls, sent: Mapping[str, Any], answer: str = "") -> Self:
        """Return those of a request's body and of what the model had said."""
        return cls((*_texts(sent.get("messages")), answer))

    def cut(self, text: str) -> str:
        """Return a text with every piece that is quoted left out."""
        if not self._texts:
            return text
        return PIECE.sub(lambda found: MARK if self.holds(found[0]) else found[0], text)

    def holds(self, piece: str) -> bool:
        """Return whether a piece of a text, which may be cut short, is a quotation."""
        plain = _plain(piece).rstrip(f".{MARK}")
        size = len(plain.encode("utf-8", "replace"))
        if size < SHORTEST:
            return size >= SHORTEST_LINE and plain in self._lines
        return any(plain in text for text in self._plain)

    @cached_property
    def _plain(self) -> tuple[str, ...]:
        return tuple(map(_plain, self._texts))

    @cached_property
    def _lines(self) -> frozenset[str]:
        lines = (line for text in self._texts for line in text.splitlines())
        return frozenset(_plain(line).rstrip(f".{MARK}") for line in lines)


NO_ECHOES = Echoes()


@lru_cache(maxsize=32)
def without_cited(words: str) -> str:
    """Return the words of a refusal that are nobody's but its own."""
    words = CITED.sub(f" {MARK} ", words)
    for found in BREAK.finditer(words):
        clause = words[max(0, found.start() - LONGEST_CLAUSE) : found.start()]
        clause = SENTENCE_END.split(clause)[-1]
        is_text = found["says"] and CITES.search(clause)
        if is_text or (OF_MEDIA.search(clause) and NOT_HAD.search(clause)):
            return f"{words[: found.end()]} {MARK}"
    return words


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _texts(messages: object) -> Iterator[str]:
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, Mapping) else None
        for part in content if isinstance(content, list) else [content]:
            text = part.get("text") if isinstance(part, Mapping) else part
            if isinstance(text, str):
                yield text
