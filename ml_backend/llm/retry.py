"""When a failed call is tried again, and after how long."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LIMITED = ("requests", "tokens", "input-tokens", "output-tokens")
"""What Anthropic limits by the minute."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The rules; all times in seconds.

    A refusal that names ``Retry-After`` is waited out for ``rate_limit_seconds`` in all, however
    many tries that takes: with many callers at a low limit each is refused often.
    """

    base: float = 0.5
    cap: float = 20.0
    tries: int = 5
    rate_limit_tries: int = 10
    rate_limit_seconds: float = 300.0
    retry_after_cap: float = 120.0

    def backoff(self, failures: int) -> float:
        """Seconds after the n-th failure in a row (1, 2, …): doubling, jittered by half."""
        wait = min(self.cap, self.base * 2.0 ** (failures - 1))
        return wait * random.uniform(0.5, 1.0)  # noqa: S311  # nosec B311  # spreads load, guards nothing


@dataclass(slots=True)
class RetryPolicy:
    """How much of the rules one request has used up."""

    rules: Retry
    started: float = field(default_factory=time.monotonic)
    failures: int = 0
    refusals: int = 0

    def after_failure(self) -> float | None:
        """Seconds to wait after a failed call; None when it is time to give up."""
        self.failures += 1
        return None if self.failures >= self.rules.tries else self.rules.backoff(self.failures)

    def after_rate_limit(self, retry_after: float | None) -> float | None:
        """Seconds to wait after a 429; None when it is time to give up."""
        if retry_after is not None:
            wait = min(retry_after, self.rules.retry_after_cap)
        else:
            self.refusals += 1
            if self.refusals >= self.rules.rate_limit_tries:
                return None
            wait = self.rules.backoff(self.refusals)
        waited = time.monotonic() - self.started
        return None if waited + wait > self.rules.rate_limit_seconds else wait


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds named by ``retry-after-ms`` or ``Retry-After`` (seconds or an HTTP date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def read_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the limits are open again of which nothing is left, as Anthropic names them.

    For where ``Retry-After`` was lost on the way; ``anthropic-ratelimit-requests-reset`` and its
    kin are moments (RFC 3339).
    """
    waits = []
    for kind in LIMITED:
        text = headers.get(f"anthropic-ratelimit-{kind}-reset")
        if not text or headers.get(f"anthropic-ratelimit-{kind}-remaining") != "0":
            continue
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            waits.append(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
    return max(waits, default=None)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None
