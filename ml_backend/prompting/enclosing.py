"""What others wrote stands between tags that it cannot close: it is data, whatever it says."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LONGEST_TAG = 80
_NO_PART_OF_A_TAG = re.compile(r"[^\w.\-\[\] ]+")
_BEGINNINGS = ("<", "\uff1c", "\ufe64")
_OF_A_CHAT = re.compile(
    r"<[|\uff5c][^<>\n]{1,40}[|\uff5c]>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|</s>"
)
_WIDTHLESS = re.compile("[\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


def enclosed(name: str, text: str, *, edge: str = "\n") -> str:
    """The text between tags called like the field it is of.

    They are numbered only where the text tries to close them, so that the same task is always
    asked the same.
    """
    tag = _tag(name)
    if ("<" in text or not text.isascii()) and (taken := _closed_in(text, tag)):
        number = 2
        while number in taken:
            number += 1
        tag = f"{tag}-{number}"
    return f"<{tag}>{edge}{text}{edge}</{tag}>"


def put_in(name: str, text: str) -> str:
    """The same amid a sentence: a text that is one line stays in that of the sentence."""
    return enclosed(name, text, edge="\n" if "\n" in text else "")


def marks_of_a_chat(text: str) -> list[str]:
    """The signs in a text that models' servers may take for the end of a message, and no words."""
    return _OF_A_CHAT.findall(text)


@lru_cache(maxsize=512)
def _tag(name: str) -> str:
    """A field's name without what could end a tag or begin another."""
    return _NO_PART_OF_A_TAG.sub("_", name).strip()[:_LONGEST_TAG].strip() or "data"


def _closed_in(text: str, tag: str) -> set[int]:
    """The numbers of a tag that a text closes, read as generously as a model may."""
    if not any(each in text for each in _BEGINNINGS):
        return set()
    return {int(found or 1) for found in _closing(_read(tag)).findall(_read(text))}


@lru_cache(maxsize=512)
def _closing(tag: str) -> re.Pattern[str]:
    return re.compile(rf"<\s*/\s*{re.escape(tag)}(?:-(\d{{1,9}}))?")


def _read(text: str) -> str:
    if not text.isascii():
        text = _WIDTHLESS.sub("", unicodedata.normalize("NFKC", text))
    return text.casefold()
