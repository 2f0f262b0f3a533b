"""Servers that are busy: how long to wait, and limits that nobody can wait for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ml_backend.llm.refusals.trouble import Cure, Refusal, Trouble
from ml_backend.llm.retry import read_reset, read_retry_after
from ml_backend.records import FailureKind

BY_THE_DAY = re.compile(
    r"(?:per|a|each|/) ?-?(?:day|week|month)\b|per-day|perday|by ?day\b|86400 ?s|\b[RT]PD\b"
    r"|this (?:day|week|month)|daily|weekly|monthly|每[天日月周]|当日|當日|日次|1日あたり|하루"
    r"|в день|pro tag|par jour"
    r"|al día",
    re.IGNORECASE,
)
BY_THE_MINUTE = re.compile(
    r"(?:per|a|each|/) ?-?(?:min(?:ute)?|sec(?:ond)?|hour)s?\b|perminute|persecond|\b[RTQI]P[MS]\b"
    r"|token-limit|rate[ -]?limit|每分钟|每秒|毎分|분당|в минуту|pro minute|par minute|por minuto",
    re.IGNORECASE,
)
RATE = re.compile(
    r"rate[ _-]?limit\w{0,8}(?: \w{1,20}){0,4} (?:exceeded|reached|hit)|too ?many ?requests"
    r"|(?:exceeded|reached|hit|over) (?:\w{1,20} ){0,4}rate[ _-]?limit|throttl(?:ed|ing)"
    r"|rate[ _-]limited"
    r"|\b(?:qps|rpm|tpm) (?:\w{1,20} ){0,2}limit|concurrency limit|requests? per (?:second|minute)"
    r"|请求(?:过于|太)?频繁|限流|リクエストが多すぎ|요청이 너무 많|слишком много запросов"
    r"|zu viele anfragen"
    r"|trop de requêtes|demasiadas (?:solicitudes|peticiones)|muitas (?:solicitações|requisições)"
    r"|troppe richieste",
    re.IGNORECASE,
)
RATED = frozenset({400, 403, 500})
"""Statuses that some give a limit by the minute, which is 429 elsewhere."""
UNITS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
AGAIN_IN = re.compile(
    r"(?:again|retry|retrying|wait|resets?|available)(?: (?:in|after|for|at least|about))* "
    r"((?:\d{1,12}(?:\.\d{1,20})? ?(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?"
    r"|hrs?|h|days?|d)(?![a-z])[ ,]*(?:and )?)+)",
    re.IGNORECASE,
)
STEP = re.compile(r"(\d{1,12}(?:\.\d{1,20})?) ?(ms|milli|[smhd])", re.IGNORECASE)
TOO_FAR = 3600.0
"""Seconds after which a limit is no matter of patience but of another day."""
PATIENCE = 300.0
"""Seconds a limit that counts by the day is still waited for."""
DAILY_QUOTA = re.compile(r"PerDay")


CRASHED = re.compile(
    r"\b(?:model|runner)(?: process| server)? (?:has |was )?(?:crashed|terminated)", re.IGNORECASE
)
"""A server of one's own starts its model anew; LM Studio says so with 400."""


def judge_busy(refusal: Refusal, headers: Mapping[str, str]) -> Trouble | None:
    """Return what a server that is busy comes to: waiting, asking again, or another day."""
    status, said = refusal.status, refusal.said
    retry_after = read_retry_after(headers)
    if status == 429 or is_rate_limit(refusal):
        if retry_after is None:
            retry_after = read_reset(headers)
        if retry_after is None:
            retry_after = read_wait(refusal.words or said)
        if _is_of_another_day(refusal, retry_after):
            return Trouble(Cure.STOP, FailureKind.QUOTA, said, status)
        return Trouble(Cure.WAIT, FailureKind.RATE_LIMIT, said, status, retry_after)
    if status in (503, 529) and retry_after is not None:
        return Trouble(Cure.WAIT, FailureKind.SERVER_ERROR, said, status, retry_after)
    if status in (408, 504):
        return Trouble(Cure.RETRY, FailureKind.TIMEOUT, said, status)
    if status in (400, 500) and CRASHED.search(refusal.words or said):
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, status)
    if status in (409, 425, 499) or status >= 502:
        return Trouble(Cure.RETRY, FailureKind.SERVER_ERROR, said, status)
    return None


def read_wait(said: str) -> float | None:
    """Return the seconds a text asks to wait: "try again in 7m43.2s", "retry after 20 seconds"."""
    found = AGAIN_IN.search(said)
    if found is None:
        return None
    return sum(float(number) * UNITS[unit.lower()] for number, unit in STEP.findall(found[1]))


def passes_soon(refusal: Refusal) -> bool:
    """Return whether a limit counts by the minute, or is over within patience, as it says."""
    words = refusal.words or refusal.said
    if BY_THE_DAY.search(words) or DAILY_QUOTA.search(refusal.code):
        return False
    wait = read_wait(words)
    short = wait is not None and wait <= PATIENCE
    return short or bool(BY_THE_MINUTE.search(words)) or "PerMinute" in refusal.code


def is_rate_limit(refusal: Refusal) -> bool:
    """Return whether the words, and not the status, say that there were too many requests."""
    return refusal.status in RATED and RATE.search(refusal.of_account) is not None


def _is_of_another_day(refusal: Refusal, retry_after: float | None) -> bool:
    if retry_after is not None and retry_after >= TOO_FAR:
        return True
    if DAILY_QUOTA.search(refusal.code):
        return True  # Gemini names seconds to wait with it, which do not help
    far = retry_after is None or retry_after > PATIENCE
    return far and BY_THE_DAY.search(refusal.words or refusal.said) is not None
