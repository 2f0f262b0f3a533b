"""The most tokens a model may answer with: so many as the answer can take, and no answer runs on.

Made from the labeling config and the task (``labeling/answer_room.py``). What the version's own
parameters say goes before it. Models that think before they answer are charged for their thoughts
by the same limit, so they get room on top, or none is sent: a thought cut off is paid for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ml_backend.errors import CutOff
from ml_backend.prompting.parameters import EXTRA
from ml_backend.records import ProviderName

LIMITS = ("max_completion_tokens", "max_tokens")
"""The parameters that bound an answer, the newer one first."""
LIMITS_OF_SERVERS = ("max_new_tokens", "max_output_tokens", "n_predict", "num_predict")
"""The same by names that servers of one's own have: fields of ``extra_body`` or its options."""

MOST = 16_384
"""Where an answer could be larger still: more than most models can say at once."""
STEP = 32
TWICE = 2
"""An answer that was cut off in the middle is asked for again with so many times the room."""
WIDER, WIDER_BY = 4, 2_048
"""One cut off before it began, with so many times the room and so much more."""
LEAST, REPEATS = 120, 3
"""A text whose last characters, so many at the least, are the same so often is running on."""
LOOP = 4_000
"""Characters of its end that are looked at."""
THINKING = 16_384
EFFORTS: Mapping[str, int] = {
    "none": 0,
    "minimal": 2_048,
    "low": 8_192,
    "medium": THINKING,
    "high": 2 * THINKING,
    "xhigh": 4 * THINKING,
}
"""Tokens left for thoughts by the effort a version asks for."""
COUNTED_AHEAD = frozenset({ProviderName.OPENAI, ProviderName.AZURE_OPENAI})
"""They count a limit against a minute's tokens, used or not, and end thoughts by themselves."""

_THINKS = re.compile(
    r"(?:^|[/:_-])(?:o[1-9](?:$|[-:])|gpt-[5-9](?!.*chat)|gpt-oss|qwq|qwen3(?!.*(?:instruct|coder))"
    r"|magistral|deepseek-(?:r|v[4-9]|flash)|grok-(?:3-mini|4)|gemini-(?:2\.5|[3-9])|glm-4\.[5-9]|minimax-m|smollm3"
    r"|phi-4-.*reason|nemotron|seed-oss|exaone-deep)"
    r"|\bclaude-(?:fable|mythos|[a-z]{3,12}-[5-9](?!\d)|[5-9][.-])"
    r"|reason|think"
)
_SILENT = re.compile(r"non-?(?:reason|think)|no-?think")


class More(IntEnum):
    """What an answer that was cut off lacked room for; the greater, the more it gets."""

    NOTHING = 0
    FOR_THE_ANSWER = 1
    FOR_WORDS_BEFORE = 2
    FOR_THOUGHTS = 3
    """Of a model that nobody knew to think, or so much: nobody can tell how much it will."""


@dataclass(frozen=True, slots=True)
class CompletionLimit:
    """What bounds an answer: ``given`` by the version, else ``answer`` and room for ``thinking``.

    ``thinking`` is None where the model ends by itself and no limit is sent.
    """

    answer: int
    thinking: int | None = 0
    given: int | None = None

    @property
    def tokens(self) -> int:
        """The most tokens of the answer; 0 where none are named."""
        if self.given is not None:
            return self.given
        return 0 if self.thinking is None else self.answer + self.thinking

    @property
    def ours(self) -> int:
        """What is sent beside the version's own parameters; 0 for nothing."""
        return 0 if self.given is not None else self.tokens

    def lacked(self, cut: CutOff) -> More:
        """What an answer lacked that was cut off; NOTHING where more would be of no use.

        That is where it only brings more of the same, and where the version says how much.
        """
        if self.given is not None or runs_on(cut.end):
            return More.NOTHING
        start = cut.start.lstrip().removeprefix("```json").lstrip()
        if cut.is_thought or not cut.start:
            return More.FOR_THOUGHTS
        return More.FOR_THE_ANSWER if start.startswith("{") else More.FOR_WORDS_BEFORE

    def wider(self, sent: int, more: More, *, must_be_bounded: bool = False) -> int:
        """The tokens of a call that needs more than the ``sent`` of another; 0 for no limit.

        ``must_be_bounded`` where a budget wants to know the worst case.
        """
        if not sent or more is More.NOTHING:
            return sent
        thoughts = TWICE * (THINKING if self.thinking is None else self.thinking)
        if self.thinking is None or more is More.FOR_THOUGHTS:
            if not must_be_bounded:
                return 0
            most = self.answer * TWICE + (thoughts or THINKING)
        elif more is More.FOR_THE_ANSWER:
            most = self.answer * TWICE + thoughts
        else:
            most = min(self.answer * WIDER + WIDER_BY, TWICE * MOST) + thoughts
        return max(most, TWICE * sent)

    @property
    def words(self) -> str:
        """The limit as people read it."""
        if self.given is not None:
            return f"at most {self.given:,} tokens, as this version says"
        if self.thinking is None:
            return (
                f"about {self.answer:,} tokens; no limit is sent, for the model thinks before it "
                "answers"
            )
        room = f", {self.thinking:,} of them for thinking" if self.thinking else ""
        return f"at most {self.tokens:,} tokens{room}"


def limit_of(
    room: int,
    provider: ProviderName,
    model: str,
    parameters: Mapping[str, Any],
) -> CompletionLimit:
    """Return the limit for an answer that takes up to ``room`` tokens."""
    return LimitRule.of(provider, model, parameters).limit(room)


@dataclass(frozen=True, slots=True)
class LimitRule:
    """What a version and its model say of every answer's limit, read once for all tasks.

    ``given`` and ``thinking`` are those of ``CompletionLimit``.
    """

    given: int | None
    thinking: int | None

    @classmethod
    def of(cls, provider: ProviderName, model: str, parameters: Mapping[str, Any]) -> LimitRule:
        given = given_limit(parameters)
        if given is not None:
            return cls(given, 0)
        thinking = thinking_room(model, parameters)
        return cls(None, None if thinking and provider in COUNTED_AHEAD else thinking)

    def limit(self, room: int) -> CompletionLimit:
        """Return the limit for an answer that takes up to ``room`` tokens."""
        answer = min(-(-room // STEP) * STEP, MOST)
        return CompletionLimit(answer, self.thinking, self.given)


def runs_on(text: str) -> bool:
    """Return whether a text ends in the same again and again, with nothing in between.

    Items of a list have much in common that stands in it often; what is repeated is adjacent.
    """
    end = text[-LOOP:].rstrip("\ufffd")[::-1]  # a character that was cut in two is none
    # The longest part of each beginning that it also ends in (Knuth, Morris, Pratt): what is left
    # is its period.
    shared = [0] * len(end)
    common = 0
    for place in range(1, len(end)):
        while common and end[place] != end[common]:
            common = shared[common - 1]
        common += end[place] == end[common]
        shared[place] = common
        length = place + 1
        if length >= max(LEAST, REPEATS * (length - common)):
            return True
    return False


def given_limit(parameters: Mapping[str, Any]) -> int | None:
    """Return the limit that a version's own parameters name, by whichever name."""
    extra = parameters.get(EXTRA)
    extra = extra if isinstance(extra, Mapping) else {}
    options = extra.get("options")
    places = [parameters, extra, options if isinstance(options, Mapping) else {}]
    for place in places:
        for name in (*LIMITS, *LIMITS_OF_SERVERS):
            value = place.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None


def thinking_room(model: str, parameters: Mapping[str, Any]) -> int:
    """Return the tokens a model may think before it answers; 0 for one that does not."""
    effort = parameters.get("reasoning_effort")
    if isinstance(effort, str):
        return EFFORTS.get(effort, THINKING)
    said = _said_of_thinking(parameters)
    if said is not None:
        return said
    return THINKING if thinks(model) else 0


def thinks(model: str) -> bool:
    """Return whether a model's name says that it thinks before it answers."""
    name = model.casefold()
    return _THINKS.search(name) is not None and _SILENT.search(name) is None


def _said_of_thinking(parameters: Mapping[str, Any]) -> int | None:
    """What a version says of thinking in the words of servers; None for nothing."""
    extra = parameters.get(EXTRA)
    extra = extra if isinstance(extra, Mapping) else {}
    for place in (parameters.get("chat_template_kwargs"), extra):
        if not isinstance(place, Mapping):
            continue
        for name in ("enable_thinking", "thinking", "think", "reasoning"):
            value = place.get(name)
            if isinstance(value, bool):
                return THINKING if value else 0
            if isinstance(value, str) and value in EFFORTS:
                return EFFORTS[value]
            if isinstance(value, Mapping):
                return _said_by_object(value)
    return None


def _said_by_object(said: Mapping[str, Any]) -> int:
    """Thinking as an object: ``{"type": "enabled", "budget_tokens": 2000}``, ``{"effort": …}``."""
    if said.get("type") == "disabled" or said.get("enabled") is False:
        return 0
    for name in ("budget_tokens", "max_tokens"):
        if isinstance(said.get(name), int):
            return int(said[name])
    return EFFORTS.get(str(said.get("effort")), THINKING)
