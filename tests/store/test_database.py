from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ml_backend.errors import InvalidInput, PromptsError
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher
from ml_backend.store.database import HEAD, MIGRATIONS, Database
from ml_backend.store.tables import metadata


def test_migrations_give_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_head_named_in_the_code_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


@pytest.mark.slow
def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: Database(database_url), range(4)))
    for database in opened:
        assert "runs" in sa.inspect(database.engine).get_table_names()
        database.close()


@pytest.mark.slow
def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as c:
        c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(PromptsError, match="9999"):
        Database(database_url)


def test_transactions_commit_as_a_whole_or_not_at_all(store: Store) -> None:
    insert = sa.text("INSERT INTO leases (name, holder, fence, expires_at) VALUES ('x', '', 1, 0)")

    def write_half() -> None:
        with store.database.write() as c:
            c.execute(insert)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert store.writing.holder("x") is None
    with store.database.read() as c:
        assert c.execute(sa.text("SELECT count(*) FROM leases")).scalar() == 0


@pytest.mark.slow
def test_writers_in_threads_wait_for_each_other(store: Store) -> None:
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(10):
                store.prompts.create(f"prompt {number} {turn}", "", [])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.prompts.all()) == 40


@pytest.mark.parametrize("url", ["nonsense", "mysql+nodriver://x/y"])
def test_an_unusable_database_url_is_named(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Database(url)
    assert caught.value.field == "DATABASE_URL"


@pytest.mark.slow
def test_provider_keys_are_encrypted_at_rest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/keys.db"
    store = Store(url, SecretCipher("first secret"))
    made = store.connections.create(
        title="main", api_key="sk-very-secret", provider="OpenAI", default_model="m"
    )
    assert store.connections.get(made.id or 0).api_key == "sk-very-secret"
    assert "sk-very-secret" not in repr(made)
    store.close()
    for file in tmp_path.iterdir():
        assert b"sk-very-secret" not in file.read_bytes()
    other = Store(url, SecretCipher("another secret"))
    (found,) = other.connections.all()
    assert (found.title, found.api_key, found.is_unreadable) == ("main", "", True)
    other.close()
