"""A database that took a provider at its word, 10^30 tokens or less than none, still serves."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher
from ml_backend.store.database import MIGRATIONS

NOW = "2026-11-02 10:00:00.000000"
ABSURD = ("1e30", "-5", "9223372036854775807", "9e999", "-9e999", "'many'")


def _old(path: Path, revision: str) -> sa.Engine:
    """Return a database as it was, with an absurd number in every place that has one."""
    engine = sa.create_engine(f"sqlite:///{path}")
    config = Config(attributes={"engine": engine})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, revision)
    with engine.begin() as c:
        c.exec_driver_sql(
            "INSERT INTO prompts (id, title, description, created_at, updated_at) "
            f"VALUES (1, 'P', '', '{NOW}', '{NOW}')"
        )
        c.exec_driver_sql(
            "INSERT INTO versions (id, prompt_id, title, text, provider, model, "
            "max_few_shot_examples, parameters, created_at, updated_at) VALUES "
            f"(1, 1, 'V', 't', 'Custom', 'm', 0, '{{}}', '{NOW}', '{NOW}')"
        )
        for n, value in enumerate(ABSURD, 1):
            again = f'{{"prompt_tokens": 1{"0" * 30}, "completion_tokens": -1, "cost": 1e308}}'
            c.exec_driver_sql(
                "INSERT INTO runs (id, prompt_id, version_id, project_id, label, slot, subset, "
                "status, stage, snapshot, options, total, succeeded, failed, cached, "
                "prompt_tokens, completion_tokens, cost, failures, message, plan, metrics, "
                f"cancel_requested, fence, lease_until, created_at, again) VALUES ({n}, 1, 1, 1, "
                "'l', 'all', 'All', 'Completed', 'done', '{}', '{}', 1, 1, 0, 0, "
                f"{value}, {value}, {value}, '{{}}', '', '{{}}', '{{}}', 0, 1, 0.0, '{NOW}', "
                f"'{again}')"
            )
            c.exec_driver_sql(
                "INSERT INTO outcomes (run_id, task_id, ok, published, request_key, kind, message, "
                "raw, prompt_tokens, completion_tokens, cost, latency, calls, cached) VALUES "
                f"({n}, 1, 0, 0, '', 'timeout', '', '', {value}, {value}, {value}, 0, 1, 0)"
            )
            c.exec_driver_sql(
                "INSERT INTO answers (key, text, prompt_tokens, completion_tokens, cost, "
                f"created_at) VALUES ('k{n}', '', {value}, {value}, {value}, '{NOW}')"
            )
            c.exec_driver_sql(
                "INSERT INTO spendings (connection_id, day, cost, calls, unpriced, prompt_tokens, "
                f"completion_tokens) VALUES (0, '2026-11-0{n}', {value}, {value}, 0, {value}, "
                f"{value})"
            )
            c.exec_driver_sql(
                "INSERT INTO tries (prompt_id, project_id, day, calls, unpriced, cost) VALUES "
                f"(1, 1, '2026-11-0{n}', {value}, 0, {value})"
            )
    return engine


def _look_at_all(path: Path) -> None:
    store = Store(f"sqlite:///{path}", SecretCipher("k" * 32))
    try:
        store.summary.read()
        store.standings.of_prompt(1)
        store.tries.of_prompt(1)
        spent = store.spendings.since(0, "")
        assert spent is not None
        assert 0 <= spent.cost < 1e10
        store.spendings.add(0, "2026-11-02", spent)
        for n in range(1, len(ABSURD) + 1):
            run = store.runs.get(n)
            totals = store.outcomes.totals(n)
            for found in (run.totals, totals):
                assert 0 <= found.usage.prompt_tokens <= 10**13
                assert found.cost is None or 0 <= found.cost < 1e10
            list(store.outcomes.iter(n))
            store.outcomes.usage(n)
            store.runs.costs(prompt_id=1, project_id=None)
        store.outcomes.find_answers([f"k{n}" for n in range(1, len(ABSURD) + 1)])
    finally:
        store.close()


@pytest.mark.slow
def test_an_old_database_with_absurd_numbers_is_upgraded_and_read(tmp_path: Path) -> None:
    _old(tmp_path / "old.db", "0014").dispose()
    _look_at_all(tmp_path / "old.db")


@pytest.mark.slow
def test_absurd_numbers_that_came_since_are_read_as_unknown(tmp_path: Path) -> None:
    _old(tmp_path / "new.db", "head").dispose()
    _look_at_all(tmp_path / "new.db")


@pytest.mark.slow
def test_answers_that_were_paid_for_are_found_after_the_upgrade(tmp_path: Path) -> None:
    from ml_backend.records import read_moment
    from ml_backend.services.inference.model_requests import paid_key, place_of_answers

    engine = _old(tmp_path / "old.db", "0014")
    made = "2026-10-01T08:00:00.123456Z"
    key = "a" * 64
    with engine.begin() as c:
        c.exec_driver_sql(
            "INSERT INTO projects (project_id, title, instruction, examples_revision, made_at) "
            "VALUES (1, 'T', '', 0, '2026-10-01 08:00:00.123456')"
        )
        c.exec_driver_sql(f"UPDATE outcomes SET request_key = '{key}' WHERE run_id = 1")
        c.exec_driver_sql(
            "INSERT INTO answers (key, text, prompt_tokens, completion_tokens, cost, created_at) "
            f"VALUES ('{key}', 'kept', 1, 1, 0.1, '{NOW}')"
        )
    engine.dispose()
    store = Store(f"sqlite:///{tmp_path / 'old.db'}", SecretCipher("k" * 32))
    try:
        new = paid_key(key, place_of_answers(1, read_moment(made)))
        found = store.outcomes.find_answers([new])[new]
        assert (found.text, found.project_id, found.asked.request_key) == ("kept", 1, key)
        assert store.outcomes.find_answers([key]) == {}
    finally:
        store.close()
