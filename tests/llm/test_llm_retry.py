from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from ml_backend.llm.retry import Retry, RetryPolicy, read_retry_after


def test_backoff_doubles_up_to_a_cap_and_is_jittered():
    rules = Retry(base=1.0, cap=10.0)
    for failures, longest in [(1, 1), (2, 2), (3, 4), (6, 10), (60, 10)]:
        waits = {rules.backoff(failures) for _ in range(50)}
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(waits) > 1


def test_patience_ends_after_the_tries():
    patience = RetryPolicy(Retry(base=0.0, tries=3))
    assert [patience.after_failure() for _ in range(3)] == [0, 0, None]


def test_a_named_time_is_capped_and_bounded_in_all():
    assert RetryPolicy(Retry()).after_rate_limit(9000) == 120
    assert RetryPolicy(Retry(rate_limit_seconds=5)).after_rate_limit(6) is None


def test_a_date_is_turned_into_seconds_from_now():
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < read_retry_after({"retry-after": moment}) <= 30
    assert read_retry_after({"retry-after": "nan"}) is None
    assert read_retry_after({"retry-after": "-3"}) == 0


def test_a_date_that_cannot_be_is_none():
    far = "9" * 13
    for text in (
        f"Mon, 01 Jan 2030 00:00:00 +{far}",
        f"Mon, 01 Jan 2030 {far * 2}:00:00 GMT",
        "Mon, 01 Jan 99999 00:00:00 GMT",
    ):
        assert read_retry_after({"retry-after": text}) is None
