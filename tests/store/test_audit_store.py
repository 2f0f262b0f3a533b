"""The audit log never takes along what it tells of."""

from __future__ import annotations

import pytest

from ml_backend.records import AuditAction
from ml_backend.store import Store


def test_what_is_done_stands_where_the_log_takes_no_line(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with store.database.write() as c:
        c.exec_driver_sql("ALTER TABLE audit_events RENAME TO elsewhere")
    with store.audit.doing(AuditAction.PROMPT_REFINED, kind="prompt", object_id=3) as doing:
        doing.cost = 0.5
    with pytest.raises(KeyError), store.audit.doing(AuditAction.PROMPT_REFINED):
        raise KeyError("what happened, not that nobody could note it")
    store.audit.tell(AuditAction.TRUTH_MARKED, title="Secret title", counts={"tasks": 1})
    said = [each.getMessage() for each in caplog.records]
    assert len(said) == 3
    assert "prompt_refined" in said[0]
    assert "'cost': 0.5" in said[0]
    assert "Secret title" not in said[2]
