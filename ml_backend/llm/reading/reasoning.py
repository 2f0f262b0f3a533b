"""A model's text without what it thought before it answered, in whatever markup.

Tags by what they are called (``<think>``, ``[THINK]``, ``◁think▷``, ``<|START_THINKING|>``,
``<seed:think>`` and what other languages make of them), with or without their beginning, and the
channels of OpenAI's harmony format. Where nothing but thinking is left, it is told apart from an
answer: an object in it may be a draft.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAMES = "|".join(
    (
        r"think(?:ing)?(?:[_ -]?(?:fast|process|block))?|thoughts?(?:[_ -]?process)?",
        r"reason(?:ing)?(?:[_ -]?(?:content|process|trace))?|reflect(?:ions?)?",
        r"analysis|self[_ -]?reflections?|scratch[_ -]?pad|(?:inner[_ -]?)?monologue",
        r"deliberations?|cot|rationale",
        r"chain[_ -]?of[_ -]?thoughts?|explanation|justification|brainstorm(?:ing)?",
        r"denken|gedanken|überlegung(?:en)?|begründung|pensamientos?|razonamiento|raciocínio",
        r"raciocinio|pensamento|pensée|réflexion|raisonnement|pensiero|ragionamento",
        r"мысли|размышлени[ея]|рассуждени[ея]|思考(?:过程)?|推理|反思|思路|推論|생각|추론|사고|تفكير|विचार",
    )
)  # fmt: skip
MARKER = re.compile(
    # Gemma's channel of thoughts, then tags by their names.
    r"(?P<end><channel\|>)|<\|channel>\s*thought|[<\[◁⟨〈【＜][|｜]?\s*"
    r"(?:(?P<close>/|end(?:ing)?[_▁ -]?(?:of[_▁ -]?)?)|(?:start|begin)[_▁ -]?(?:of[_▁ -]?)?)?"
    rf"(?:[a-z]{{1,12}}[:_])?(?:{NAMES})"
    r"(?:[ \t][^<>\[\]\n]{0,200})?\s{0,40}[|｜]?[>\]▷⟩〉】＞]",
    re.IGNORECASE,
)
# gpt-oss' harmony; the words alone are left where a server drops special tokens.
CHANNEL = re.compile(
    r"(?:<\|channel\|>|<\|start\|>\s*assistant|\A)\s*(?P<name>analysis|commentary"
    r"|final)\b[^<]{0,200}"
    r"(?:<\|constrain\|>[^<]{0,50})?<\|message\|>"
)  # fmt: skip
CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
BARE_FINAL = re.compile(r"assistant\s*+(?:channel\s*+)?final\s*+(?:json\s*+)?(?=[\[{｛`\"'“])")
TURN_END = re.compile(
    r"<\|(?:im_end|eot_id|eom_id|end_of_text|endoftext|end|return|user|END_OF_TURN_TOKEN)\|>"
    r"|</s>|<end_of_turn>|<turn\|>|<eos>|<｜end▁of▁sentence｜>"
)


BRACE = re.compile("[{｛]")
MARKUP = (MARKER, CHANNEL, CHANNEL_END, BARE_FINAL, TURN_END)


@dataclass(frozen=True, slots=True)
class Parted:
    """A text as answer and reasoning; several ``answers`` where the model went on after one."""

    answers: tuple[str, ...]
    reasoning: str = ""


def part(text: str) -> Parted:
    """Return what a model answered apart from what it thought."""
    if "<|message|>" in text and (channels := list(CHANNEL.finditer(text))):
        return _of_channels(text, channels)
    if bare := list(BARE_FINAL.finditer(text)):
        return Parted(_turns(text[bare[-1].end() :]), text[: bare[-1].start()])
    markers = list(MARKER.finditer(text))
    if not markers:
        return Parted(_turns(text))
    return _of_tags(text, markers)


def has_markup(text: str) -> bool:
    """Return whether anything in a text may end its thinking, a channel or a turn."""
    return any(pattern.search(text) for pattern in MARKUP)


def opens(text: str, start: int, end: int, *, before: bool) -> bool:
    """Return whether thinking is open at the end of a piece; ``before`` whether it was."""
    for marker in MARKER.finditer(text, start, end):
        before = not _closes(marker)
    return before


def as_data(text: str) -> str:
    """Return the text of an object whose strings hold no markup, though they say the same."""
    for pattern in MARKUP:
        text = pattern.sub(lambda found: f"\\u{ord(found[0][0]):04x}{found[0][1:]}", text)
    return text


def _of_channels(text: str, channels: list[re.Match[str]]) -> Parted:
    said: dict[str, list[str]] = {}
    rest = ""
    for channel in channels:
        end = CHANNEL_END.search(text, channel.end())
        message = text[channel.end() : end.start() if end else len(text)]
        said.setdefault(channel["name"], []).append(message)
        rest = text[end.end() :] if end else ""
    # Commentary is where a call of the tool that was offered goes.
    for name in ("final", "commentary"):
        if any(each.strip() for each in said.get(name, ())):
            return Parted(("\n".join(said[name]),), "\n".join(said.get("analysis", ())))
    outside = rest if BRACE.search(rest) else text[: channels[0].start()]
    return Parted(_turns(outside), "\n".join(said.get("analysis", ())))


def _of_tags(text: str, markers: list[re.Match[str]]) -> Parted:
    """What follows the last end of thinking; before the first one's start where nothing does."""
    ends = [each.end() for each in markers if _closes(each)]
    begin = ends[-1] if ends else 0
    opened = next((each.start() for each in markers if each.start() >= begin), len(text))
    after = text[begin:opened]
    if BRACE.search(after):
        return Parted(_turns(after), text[:begin] + text[opened:])
    before = "" if _closes(markers[0]) else text[: markers[0].start()]
    return Parted(_turns(before), text[len(before) :])


def _closes(marker: re.Match[str]) -> bool:
    return bool(marker["close"] or marker["end"])


def _turns(text: str) -> tuple[str, ...]:
    """The text as turns: some models go on, and invent the next task and its answer."""
    return tuple(each for each in _split(text) if each.strip())


def _split(text: str) -> Iterator[str]:
    start = 0
    for end in TURN_END.finditer(text):
        yield text[start : end.start()]
        start = end.end()
    yield text[start:]
