"""Log-probabilities as a call asks for them of itself, and refusals that are about that.

A server that gives none must never cost a task: it is asked without, and that is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ml_backend.llm.model import Request
from ml_backend.llm.refusals.judging import Trouble

LOGPROBS = "logprobs"

_ABOUT_LOGPROBS = re.compile(r"\blog[ _-]?prob(?:s|abilit)", re.IGNORECASE)


def with_logprobs(parameters: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
    """Return the parameters of a request with those it is to ask for log-probabilities with."""
    return {LOGPROBS: True, **parameters} if request.logprobs else parameters


def refuses_logprobs(trouble: Trouble) -> bool:
    """Whether a refusal says that there are no log-probabilities, or none for this key."""
    refused = trouble.status in (400, 403, 404, 422, 500, 501)
    return refused and _ABOUT_LOGPROBS.search(trouble.said) is not None
