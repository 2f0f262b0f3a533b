"""What a call carries of ours beside a version's parameters, and refusals that are about that.

The most tokens of an answer, and that log-probabilities are asked for: what a server refuses of
these must never cost a task.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ml_backend.errors import CutOff
from ml_backend.llm.model import LOGPROBS, Request
from ml_backend.llm.reading.reasoning import part
from ml_backend.llm.reading.replies import Said
from ml_backend.llm.refusals.judging import TOKEN_LIMITS, Cure, Trouble

NEWER = "max_completion_tokens"
"""Of OpenAI and Azure, whose newer models refuse the older name."""
OLDER = "max_tokens"
"""Of all others: many overlook the newer one."""

START, END = 200, 4_000
"""Characters that tell how an answer begins, and whether its end says the same again and again."""
BLANK = 16
"""Characters of white space that may stand where thoughts are not shown."""

_ABOUT_LIMIT = re.compile(
    r"\bmax[ _-]?(?:completion|new|output)?[ _-]?tokens\b|\bmaxOutputTokens\b|\bn(?:um)?_predict\b"
    r"|\bin the completion\b|\b(?:completion|output|generated) tokens\b|\bmaximum tokens\b",
    re.IGNORECASE,
)
_ABOUT_LOGPROBS = re.compile(r"\blog[ _-]?prob(?:s|abilit)", re.IGNORECASE)


def with_limit(request: Request, name: str) -> Mapping[str, Any]:
    """Return the parameters of a request with its limit among them, where it has one."""
    if not request.limit:
        return request.parameters
    return {name: request.limit, **request.parameters}


def unlimited(request: Request) -> Request:
    """Return a request without the limit; the server's own holds."""
    return replace(request, limit=0)


def refuses_limit(trouble: Trouble) -> bool:
    """Whether a server finds the limit too large, for the model or beside this prompt."""
    refused = trouble.status in (400, 413, 422, 500) and trouble.cure is not Cure.MEND
    return refused and _ABOUT_LIMIT.search(trouble.said) is not None


def other_name(trouble: Trouble, tried: set[str]) -> str | None:
    """Return what a limit is called instead, where its name is refused and no other named."""
    other = TOKEN_LIMITS.get(trouble.parameter)
    return other if other not in tried else None


def cut_off(said: Said) -> CutOff:
    """Return what there is of an answer that was cut off; its end as long as loops are."""
    text = said.reasoning or said.text
    return CutOff(text[:START], text[-END:], is_thought=_is_thought(said))


def _is_thought(said: Said) -> bool:
    if not said.text.strip():
        # Much white space is what the tokens went for, as some grammars let it.
        return bool(said.reasoning) or len(said.text) <= BLANK
    parted = part(said.text)
    return bool(parted.reasoning) and not any("{" in each for each in parted.answers)


def is_whole(text: str) -> bool:
    """Whether an answer is all there although the limit ended it: only white space was cut off."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def with_logprobs(parameters: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
    """Return the parameters of a request with those it is to ask for log-probabilities with."""
    return {LOGPROBS: True, **parameters} if request.logprobs else parameters


def refuses_logprobs(trouble: Trouble) -> bool:
    """Whether a refusal says that there are no log-probabilities, or none for this key."""
    refused = trouble.status in (400, 403, 404, 422, 500, 501)
    return refused and _ABOUT_LOGPROBS.search(trouble.said) is not None
