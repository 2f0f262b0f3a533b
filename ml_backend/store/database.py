"""Opening the database: SQLite tuned for one busy server, or PostgreSQL, always migrated."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection

from ml_backend.errors import InvalidInput, PromptsError

log = logging.getLogger(__name__)

HEAD = "0032"
"""The newest migration; equal in the database means Alembic need not be imported at all."""

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 30_000


class Database:
    """An open, migrated database; ``read()`` and ``write()`` are its only two doors."""

    def __init__(self, url: str) -> None:
        self.engine = _open_engine(url)
        migrate(self.engine)
        self._writing = self.engine.execution_options(begin_mode="IMMEDIATE")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state and writes nothing."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection whose transaction commits as a whole or not at all."""
        with self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def _open_engine(url: str) -> Engine:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise InvalidInput(
            "DATABASE_URL is not a database address.",
            field="DATABASE_URL",
            fix="Use sqlite:////absolute/path/prompts.db or postgresql+psycopg://user:pw@host/db.",
        ) from error
    try:
        engine = sa.create_engine(
            parsed, json_serializer=_to_json, pool_pre_ping=not _is_sqlite(parsed)
        )
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise InvalidInput(
            f"The driver for {parsed.drivername} is not installed.",
            field="DATABASE_URL",
            fix="For PostgreSQL: pip install 'psycopg[binary]' and use postgresql+psycopg://…",
        ) from error
    if _is_sqlite(parsed):
        _close_to_others(parsed)
        sa.event.listen(engine, "connect", _tune_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _close_to_others(url: sa.URL) -> None:
    """Make a database file its owner's alone; what SQLite puts beside it gets the file's mode."""
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        for name in (path, f"{path}-wal", f"{path}-shm", f"{path}.migrating"):
            with suppress(FileNotFoundError, PermissionError):  # of another owner: doctor says so
                os.chmod(name, 0o600)
    except OSError as error:
        log.debug("%s was not opened: %s", path, error)  # what uses it says so


def _is_sqlite(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _to_json(value: object) -> str:
    return storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def storable(text: str) -> str:
    """Return a text without what no database takes: NULs and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _tune_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # The driver's own transaction handling would begin too late to take the write lock first.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # A paid answer that was committed must survive a power cut, not only a crash.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write takes the lock at once: upgrading later fails when two race.
    mode = connection.get_execution_options().get("begin_mode", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def migrate(engine: Engine) -> None:
    """Bring the schema to ``HEAD``; several processes may start at once.

    Raises PromptsError when the database was written by a newer version of this server.
    """
    if _revision(engine) == HEAD:
        return
    with _migration_lock(engine):
        if _revision(engine) == HEAD:
            return
        _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise PromptsError(
            f"The database is at revision {_revision(engine)}, which this version does not know.",
            fix="It was written by a newer version: upgrade, or point DATA_DIR elsewhere.",
        ) from error


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    if not _is_sqlite(engine.url):
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(7307)"))
            try:
                yield
            finally:
                connection.execute(sa.text("SELECT pg_advisory_unlock(7307)"))
        return
    if not engine.url.database or engine.url.database == ":memory:":
        yield
        return
    path = f"{engine.url.database}.migrating"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def inserted_id(result: sa.CursorResult[Any]) -> int:
    """Return the id given to the row just inserted."""
    key = result.inserted_primary_key
    if key is None:
        raise PromptsError("The database gave no id for a new row.")
    return int(key[0])


def insert_ignoring(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, leaving those whose key exists as they are; an empty list is no statement."""
    if not rows:
        return
    dialect = connection.dialect.name
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        connection.execute(sqlite_insert(table).on_conflict_do_nothing(), rows)
    else:
        from sqlalchemy.dialects.postgresql import insert as postgres_insert

        connection.execute(postgres_insert(table).on_conflict_do_nothing(), rows)
