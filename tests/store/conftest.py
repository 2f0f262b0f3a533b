"""A store on a fresh SQLite file, or on TEST_DATABASE_URL (PostgreSQL), emptied each time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        return f"sqlite:///{tmp_path}/prompts.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def store(database_url: str, migrated: Path) -> Iterator[Store]:
    path = sa.make_url(database_url).database
    if database_url.startswith("sqlite") and path:
        shutil.copy(migrated / "prompts.db", path)
    opened = Store(database_url, SecretCipher("a secret"))
    yield opened
    opened.close()
