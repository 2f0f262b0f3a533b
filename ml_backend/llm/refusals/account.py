"""What no task can mend: a key, an account without money, a model or a place that is not served.

Codes go before words, for nobody's text can be among them. The words are those of the providers
and of the gateways before them, in the languages they answer in: ``money``, ``models``, ``keys``.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ml_backend.llm.refusals.keys import (
    BARRED,
    BARRED_CODES,
    BLOCKED,
    CLOSED,
    KEY,
    KEY_ALONE,
    KEY_CODES,
    SUSPENDED,
)
from ml_backend.llm.refusals.limits import is_rate_limit, passes_soon
from ml_backend.llm.refusals.models import (
    GIVE_A_TEMPLATE,
    MODEL_CODES,
    NO_CHANNEL,
    NO_MODEL,
    NO_TEMPLATE,
    NOT_FOUND,
    NOT_HERE,
)
from ml_backend.llm.refusals.money import QUOTA, QUOTA_CODES, REACHED
from ml_backend.llm.refusals.trouble import Cure, Refusal, Trouble
from ml_backend.records import FailureKind

HOPELESS_LIMIT = re.compile(r"(?<!remaining )\blimit:? 0(?![.,]?\d)", re.IGNORECASE)
NAMES_A_MODEL = re.compile(r"model: \S+$")
"""All that Anthropic says of one it does not have."""
LISTENED = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 412, 422, 423, 424, 429, 451, 500})
"""Statuses whose words are looked at; 502 and up are a gateway's, and pass."""


def _bare(code: str) -> str:
    return re.sub(r"[_.-]", "", code.lower())


CODES = tuple(
    (frozenset(map(_bare, codes)), kind, barred)
    for codes, kind, barred in (
        (QUOTA_CODES, FailureKind.QUOTA, False),
        (MODEL_CODES, FailureKind.MODEL_NOT_FOUND, False),
        (BARRED_CODES, FailureKind.AUTHENTICATION, True),
        (KEY_CODES, FailureKind.AUTHENTICATION, False),
    )
)


def judge_plain(refusal: Refusal) -> Trouble | None:
    """Return what the codes say, or words that leave no doubt."""
    status, said = refusal.status, refusal.said
    if status == 402:
        return Trouble(Cure.STOP, FailureKind.QUOTA, said, status)
    codes = {_bare(code) for code in re.split(r"[\s:]+", refusal.code)}
    if " " not in said:
        codes.add(_bare(said))
    for known, kind, barred in CODES:
        if codes & known and not (status == 429 and passes_soon(refusal)):
            return Trouble(Cure.STOP, kind, said, status, barred=barred)
    words = refusal.of_account
    if status < 502 and CLOSED.search(words):
        kind = FailureKind.QUOTA if QUOTA.search(words) else FailureKind.AUTHENTICATION
        return Trouble(Cure.STOP, kind, said, status, barred=True)
    if refusal.param == "model" and status in (400, 404, 422):
        return Trouble(Cure.STOP, FailureKind.MODEL_NOT_FOUND, said, status)
    return None


def judge_words(refusal: Refusal) -> Trouble | None:
    """Return what the words say, else what the status alone does."""
    words, status = refusal.of_account, refusal.status
    stop = Trouble(Cure.STOP, FailureKind.QUOTA, refusal.said, status)
    key = replace(stop, kind=FailureKind.AUTHENTICATION)
    barred = replace(key, barred=True)
    if status == 429 or is_rate_limit(refusal):
        return stop if _is_spent(refusal) else None
    if status in LISTENED:
        if QUOTA.search(words):
            return stop
        if REACHED.search(words):
            return stop
        if NO_TEMPLATE.search(words):
            return replace(stop, kind=FailureKind.BAD_REQUEST, fix=GIVE_A_TEMPLATE)
        if _lacks_model(refusal):
            return replace(stop, kind=FailureKind.MODEL_NOT_FOUND)
        if status != 401 and (SUSPENDED.search(words) or BARRED.search(words)):
            return barred
        if KEY.search(words) or KEY_ALONE.search(refusal.said):
            return key
    if status == 503 and NO_CHANNEL.search(words):
        # A gateway shuts a channel off that fails, and opens it again.
        no_model = replace(stop, kind=FailureKind.MODEL_NOT_FOUND)
        return replace(no_model, once_answered=Cure.RETRY)
    if status in (401, 407):
        return replace(key, barred=bool(SUSPENDED.search(words)))
    if status == 403:
        # A firewall, which speaks in web pages, may dislike what one task says.
        wall = refusal.page or BLOCKED.search(words)
        return replace(barred, once_answered=Cure.FAIL if wall else None)
    return barred if status == 451 else None


def _lacks_model(refusal: Refusal) -> bool:
    words, status = refusal.of_account, refusal.status
    if NO_MODEL.search(words) or NAMES_A_MODEL.match(refusal.said):
        return True
    if status == 404 and NOT_HERE.search(words.removeprefix(refusal.code)):
        return True
    return status in (400, 404) and NOT_FOUND.search(words) is not None


def _is_spent(refusal: Refusal) -> bool:
    """Return whether a limit is about money or the account and not about a limit that passes."""
    words = refusal.of_account
    if HOPELESS_LIMIT.search(words):
        return True
    if passes_soon(refusal):
        return False
    return bool(QUOTA.search(words) or SUSPENDED.search(words))
