"""Which of several objects in a text is the answer: the last, where the text says that it is.

Drafts come first, and a corrected answer comes last, after words that lead to it. What has no such
words, stands in the middle of a sentence or is called an alternative, an example or the next task
is no answer for certain; then there is none, and the model is asked again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.records import JsonObject

LONGEST_INTRODUCTION = 300
SHOWN = 80
FENCE = re.compile(r"```[\w.+-]*|~~~[\w.+-]*")
# What may stand behind an answer: ends of fences, lists, tags and turns, and marks.
AFTER = re.compile(
    r"(?:[\s`~.!*_)\]}>;]|```\w*|</?[\w:|-]{1,30}>|<\|[\w▁-]{1,30}\|>|\[/\w{1,20}\])*"
)
WORD = re.compile(r"[^\W\d_]")


def _any_of(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE | re.MULTILINE)


# Words after which an object is the last word on the matter.
FINAL = _any_of(
    r"\bfinal|\bcorrect(?:ed|ion|ing|ly)?\b|\brevis|\bupdated?\b|\bamended\b|\bfixed\b",
    r"\b(?:my|the|actual|right|real|true) answer\b|^\W{0,40}answer\b|\bresult\b|\bconclusion",
    r"\btherefore\b",
    r"\bendgültig|\bkorrig|\brichtig\b|\bantwort\b|\bergebnis\b",
    r"\bcorrig|\bcorrect[oa]\b|\bcorrección|\brespuesta\b|\bresultado\b|\bresposta\b",
    r"\bréponse\b|\brésultat\b|\bdéfiniti|\brisposta\b|\brisultato\b|\bodpowiedź\b",
    r"\bответ\b|\bитог|\bисправлен|\bокончательн|\bостаточн",
    r"最终|最終|更正|修正|訂正|答案|回答|結果|结果|결론|최종|정답|수정|답변",
    r"الإجابة|النهائي|उत्तर|अंतिम",
)
# Words after which an object is one of several, or somebody else's.
OTHER = _any_of(
    r"\balternativ|\boptions?\b|\bpossibilit|\bcandidates?\b|\bsecond choice\b|\brunner|\bunlike\b",
    r"\be\.?g\.|\bexamples?\b|\bfor instance\b|\bsample\b|\btemplate\b|\binvalid\b|\bincorrect\b",
    r"\b(?:could|might|would|may) (?:also|have|be)\b|\botherwise\b|\brather than\b|\bif\b",
    r"\bas opposed to\b|\bless likely\b|\bwrong (?:answer|would)\b|\b(?:not|either|or)\W{0,40}$",
    r"^\W{0,40}(?:text|input|user|human|question|task|review|message|document|instruction|q)s?\b.{0,40}:",
    r"\boder\W{0,40}$|\bbeispiel|\bfalls\b|\bwenn\b|\bsonst\b|\bmöglichkeit",
    r"\bou\W{0,40}$|\bo bien\W{0,40}$|\bejemplo|\bexemple|\bexemplo|\besempio|\bopci[óo]n|\baltern",
    r"\bили\W{0,40}$|\bпример|\bвариант|\bальтернатив",
    r"例如|例子|示例|或者|选项|選項|方案|或い?は|または|もし|예시|또는|مثال|उदाहरण",
)
# "Option B:", "Sentence 2:" and the like: one of a list.
LISTED = re.compile(
    r"\b\w{1,60}(?:\s{0,20}[#(]?\d{1,3}|\s{1,20}\(?[A-Z])\)?\s{0,20}[:.：]\W{0,40}\Z"
)
DOUBT = _any_of(
    r"\b(?:perhaps|maybe|could|might|may|possibly|probably not|consider|suppose|what if|not)\b|\?",
    r"\bvielleicht|\bkönnte|\bquizás?\b|\bpodría|\bpeut-être|\bpourrait|\btalvez|\bforse",
    r"\bможет|\bвозможно|也许|可能|或许|かもしれ|もしかし|아마|ربما|शायद",
)


class Ambiguous(Exception):
    """More than one answer could be meant."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a text, from ``start`` to ``end``; ``keys`` are those that were asked for."""

    value: JsonObject
    start: int
    end: int
    keys: frozenset[str]

    @property
    def fits(self) -> bool:
        return bool(self.keys)


def choose(text: str, found: Sequence[Found], broken: int) -> JsonObject | None:
    """Return the answer among the objects of a text, None without any; raise ``Ambiguous``.

    ``broken`` is where an object begins that cannot be read: what comes before it may be a draft.
    """
    if not found:
        return None
    last = found[-1]
    if broken >= last.start:
        raise Ambiguous("The answer holds an object that is not valid JSON, after another one.")
    others = [each for each in found if each.value != last.value]
    if others and not _is_last_word(text, found):
        shown = " and ".join(_short(each.value) for each in (others[-1], last))
        raise Ambiguous(f"The answer holds several objects that differ: {shown}.")
    return last.value


def choose_of_reasoning(text: str, found: Sequence[Found], broken: int) -> JsonObject | None:
    """Return the answer of a text that is all reasoning: an object it ends with, in no doubt."""
    if not found or broken >= found[-1].start or not _ends(text, found[-1].end):
        return None
    last = found[-1]
    intro = _introduction(text, found)
    differ = any(each.value != last.value for each in found)
    if intro.is_inline and (differ or DOUBT.search(_sentence(intro.text))):
        return None
    if differ and OTHER.search(intro.text) and not FINAL.search(intro.text):
        return None
    return last.value


@dataclass(frozen=True, slots=True)
class Introduction:
    """The words before an object, since the one before it."""

    text: str
    is_inline: bool
    """Whether the object stands amid a line, with no colon before it."""


def _is_last_word(text: str, found: Sequence[Found]) -> bool:
    last = found[-1]
    if any(not each.keys <= last.keys for each in found):
        return False  # two halves of an answer
    intro = _introduction(text, found)
    final = _last_match(FINAL, intro.text)
    if not WORD.search(intro.text) or _last_match(OTHER, intro.text) > final:
        return False
    if final < 0 and LISTED.search(intro.text):
        return False
    return final >= 0 or (_ends(text, last.end) and not intro.is_inline)


def _introduction(text: str, found: Sequence[Found]) -> Introduction:
    last = found[-1]
    begin = max([each.end for each in found[:-1]] + [last.start - LONGEST_INTRODUCTION, 0])
    before = text[begin : last.start]
    line = FENCE.sub("\n", before).rstrip(" \t`*[(")
    is_inline = bool(line) and line[-1] not in "\n:：>]|"
    return Introduction(FENCE.sub("\n", before).strip(), is_inline)


def _sentence(text: str) -> str:
    """The last sentence of a text."""
    return re.split(r"[.!。！\n]", text)[-1]


def _ends(text: str, at: int) -> bool:
    after = AFTER.match(text, at)
    return after is not None and after.end() == len(text)


def _last_match(pattern: re.Pattern[str], text: str) -> int:
    return max((each.start() for each in pattern.finditer(text)), default=-1)


def _short(value: JsonObject) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
