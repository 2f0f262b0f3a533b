"""Tokens of a kind of their own, from the provider's answer to every face that tells of a run."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.records import Usage
from ml_backend.store import tables as t, totals_columns
from ml_backend.web.ui.prompt.run_words import cost_said
from support.api import Api

USED = Usage(1000, 100, 0, 600, 200, 40)
WORDS = (
    "of the tokens 600 read from the provider's cache, 200 written to the provider's cache, "
    "40 thinking"
)


def test_kinds_in_words() -> None:
    assert (Usage(5, 5).kinds, USED.kinds) == ("", WORDS)
    assert Usage(5, 5, 0, 0, 0, 1234).kinds == "of the tokens 1,234 thinking"


@pytest.mark.slow
def test_a_runs_kinds_of_tokens_are_told_wherever_its_tokens_are(api: Api) -> None:
    prompt, version = api.prompt()
    run = api.answered(prompt, version, dict.fromkeys(api.tasks[:6], "a"))
    store = api.container.store
    store.outcomes.add_spent(run.id, USED, 0.01)
    columns = totals_columns(store.outcomes.totals(run.id))
    with store.database.write() as c:
        c.execute(sa.update(t.runs).where(t.runs.c.id == run.id).values(**columns))
    shown = store.runs.get(run.id)
    assert shown.totals.usage.cached_tokens == 600
    progress: Any = api.request("GET", f"inference-runs/{run.id}/").json()["tokens"]
    assert (progress["cached"], progress["cache_write"], progress["reasoning"]) == (600, 200, 40)
    report: Any = api.request("GET", f"inference-runs/{run.id}/report").json()["run"]
    assert (report["cached_tokens"], report["reasoning_tokens"]) == (600, 40)
    html = api.request("GET", f"inference-runs/{run.id}/report?format=html").text
    assert "Completion tokens spent thinking" in html
    assert "read from the provider" in html
    assert WORDS in cost_said(shown)
