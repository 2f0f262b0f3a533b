"""Which models stay open: a local one whose connection changed or went lets go of its process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.errors import NotFound
from ml_backend.records import Connection, ProviderName
from ml_backend.services.models import pool as pools
from ml_backend.services.models.pool import ModelPool
from ml_backend.settings import Settings


class Opened:
    """Stands in for a model; ``retired`` counts how often it was."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.retired = 0
        if connection.provider is ProviderName.LOCAL:
            self.retire = self._retire

    def _retire(self) -> None:
        self.retired += 1


@pytest.fixture
def pool(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> ModelPool:
    def opened(connection: Connection, _: Any) -> Opened:
        return Opened(connection)

    monkeypatch.setattr(pools, "open_model", opened)
    return Container(Settings.from_env({"DATA_DIR": str(data_dir)})).models


def local(number: int | None, **details: int) -> Connection:
    return Connection(number, "Mine", ProviderName.LOCAL, endpoint="file:///m", details=details)


@pytest.mark.parametrize("number", [7, None])
@pytest.mark.parametrize(
    "change",
    [
        {"details": {"threads": 3}},
        {"endpoint": "file:///another"},
        {"provider": ProviderName.CUSTOM, "endpoint": "http://127.0.0.1:1/v1"},
    ],
    ids=["details", "file", "provider"],
)
def test_another_one_under_its_id_takes_the_place_of_a_local_model(
    pool: ModelPool, number: int | None, change: dict[str, Any]
) -> None:
    first: Any = pool.open(local(number, threads=1))
    other: Any = pool.open(local(8, threads=1))
    assert pool.open(local(number, threads=1)) is first
    second = pool.open(replace(local(number, threads=1), **change))
    assert (first.retired, other.retired) == (1, 0)
    # And back: the first is not taken up again.
    third = pool.open(local(number, threads=1))
    assert len({id(each) for each in (first, second, third)}) == 3
    assert (first.retired, pool.open(local(8, threads=1))) == (1, other)


def test_the_local_model_of_a_removed_connection_is_retired(pool: ModelPool) -> None:
    first: Any = pool.open(local(7))
    with pytest.raises(NotFound):
        pool.connection(ProviderName.LOCAL, 7)
    assert first.retired == 1


def test_others_stay_open_for_those_who_ask_them(pool: ModelPool) -> None:
    kept = Connection(5, "C", ProviderName.CUSTOM, endpoint="http://127.0.0.1:1/v1")
    first: Any = pool.open(kept)
    pool.open(replace(kept, endpoint="http://127.0.0.1:2/v1"))
    assert (pool.open(kept), first.retired) == (first, 0)
