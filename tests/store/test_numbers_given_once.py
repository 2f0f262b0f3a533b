"""A number that something else keeps is given out once: what is made later is not taken for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ml_backend.store import Store
from ml_backend.store.allowances import Account, Claim
from ml_backend.store.connections import account_of
from ml_backend.store.database import MIGRATIONS
from ml_backend.store.spendings import Spent
from ml_backend.store.tables import metadata

NAMED = {
    "acceptance_id": "acceptances",
    "active_version_id": "versions",
    "connection_id": "connections",
    "guard_id": "follow_guards",
    "job_id": "jobs",
    "promise_id": "promise_samples",
    "prompt_id": "prompts",
    "published_version_id": "versions",
    "refined_from": "versions",
    "run_id": "runs",
    "sample_id": "promise_samples",
    "version_id": "versions",
}
"""Column -> the table whose number it holds."""

OF_OTHERS = {
    "annotation_id", "origin_project_id", "person_id", "prediction_id", "project_id", "tab_id",
    "task_id",
}  # fmt: skip
"""Numbers that Label Studio gives out."""

ANYTHING = {"object_id"}
"""Of the audit log, which names every kind."""

AUDITED = {"connections", "prompts", "versions", "runs", "promise_samples"}

NOBODY_NAMES = {"publications", "served_predictions"}
"""Tables that count their rows, and no other table, document or address names one."""


def counted() -> list[sa.Table]:
    """Return the tables whose numbers the database gives out."""
    found = []
    for table in metadata.sorted_tables:
        keys = list(table.primary_key.columns)
        if len(keys) == 1 and keys[0].name == "id" and keys[0].autoincrement is not False:
            assert isinstance(keys[0].type, sa.Integer), table.name
            found.append(table)
    return found


def test_every_number_of_ours_that_a_table_keeps_is_known_here() -> None:
    columns = {
        column.name
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_id") and isinstance(column.type, sa.Integer)
    }
    assert columns - NAMED.keys() - OF_OTHERS - ANYTHING == set(), "say whose number it is"


def test_no_number_is_given_out_twice(store: Store) -> None:
    must = {table.name for table in counted()} - NOBODY_NAMES
    assert must >= set(NAMED.values()) | AUDITED
    if store.database.engine.dialect.name != "sqlite":
        return  # a sequence of PostgreSQL goes on counting
    tables = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    with store.database.read() as c:
        made = {row.name: row.sql for row in c.execute(tables)}
    assert [name for name in sorted(must) if "AUTOINCREMENT" not in made[name].upper()] == []


def test_a_new_connection_has_spent_nothing_and_is_not_the_removed_one(store: Store) -> None:
    def add(title: str) -> int:
        made = store.connections.create(title=title, provider="Custom", api_key="", budget_limit=1)
        assert made.id is not None
        return made.id

    first = add("first")
    account = Account(account_of(first), first)
    claim = Claim("a process", Spent(0.7, calls=3), want=0.1, call=0.1, out=0.1)
    assert store.allowances.claim(account, 1.0, "2026-11-30", claim).held > 0
    store.connections.delete(first)
    second = add("second")
    assert second != first
    for number in (first, second):
        assert store.spendings.since(number, "") is None
        standing = store.allowances.look(Account(account_of(number), number), "another")
        assert (standing.spent, standing.others, standing.holders) == (None, 0, 0)
    # A process that has not heard of it writes down what it had spent: not as the new one's.
    store.allowances.claim(account, 1.0, "2026-11-30", Claim("a process", Spent(0.1, calls=1)))
    assert store.spendings.since(second, "") is None


@pytest.mark.slow
def test_what_older_versions_removed_keeps_its_number(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = sa.create_engine(f"sqlite:///{file}")
    config.attributes["engine"] = engine
    command.upgrade(config, "0031")
    with closing(sqlite3.connect(file)) as old, old:
        old.execute(
            "INSERT INTO spendings (connection_id, day, cost, calls, unpriced, prompt_tokens,"
            " completion_tokens, uncounted) VALUES (7, '2026-11-01', 1, 1, 0, 1, 1, 0)"
        )
        old.execute(
            "INSERT INTO connections (id, title, provider, endpoint, deployment, api_version,"
            " default_model, encrypted_key, prices, created_at, updated_at)"
            " VALUES (3, 'kept', 'Custom', '', '', '', '', '', '{}', '2026-11-01', '2026-11-01')"
        )
    command.upgrade(config, "head")
    engine.dispose()
    with closing(sqlite3.connect(file)) as new, new:
        assert new.execute("SELECT id, title FROM connections").fetchall() == [(3, "kept")]
        new.execute(
            "INSERT INTO connections (title, provider, endpoint, deployment, api_version,"
            " default_model, encrypted_key, prices, created_at, updated_at, budget_period,"
            " encrypted_secrets) VALUES ('new', 'Custom', '', '', '', '', '', '{}', '2026-11-01',"
            " '2026-11-01', '', '')"
        )
        assert new.execute("SELECT max(id) FROM connections").fetchone() == (8,)
