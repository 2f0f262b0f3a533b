from __future__ import annotations

import time

import sqlalchemy as sa

from ml_backend.store import Store, tables

URL = "http://label-studio"


def intend(store: Store, fence: int, kind: str = "import") -> int | None:
    return store.writing.intend(
        "writer",
        fence,
        label_studio_url=URL,
        project_id=1,
        run_id=None,
        kind=kind,
        label="P__v1",
        detail={"tasks": [1]},
    )


def end_leases(store: Store) -> None:
    with store.database.write() as c:
        c.execute(sa.update(tables.leases).values(expires_at=time.time() - 1))


def test_a_lease_is_held_by_one_and_passes_on_with_a_higher_fence(store: Store) -> None:
    assert store.writing.acquire("writer", "a", 60) == 1
    assert store.writing.holder("writer") == "a"
    assert store.writing.acquire("writer", "b", 60) is None
    end_leases(store)
    assert store.writing.acquire("writer", "b", 60) == 2
    assert store.writing.renew("writer", 1, 5) is False
    store.writing.release("writer", 1)
    assert store.writing.holder("writer") == "b"
    store.writing.release("writer", 2)
    assert store.writing.holder("writer") is None


def test_no_intent_without_the_lease(store: Store) -> None:
    assert intend(store, 1) is None
    fence = store.writing.acquire("writer", "a", 60) or 0
    assert intend(store, fence) is not None
    end_leases(store)
    assert intend(store, fence) is None
    store.writing.acquire("writer", "b", 60)
    assert intend(store, fence) is None


def test_a_write_is_unsettled_until_confirmed_or_settled(store: Store) -> None:
    fence = store.writing.acquire("writer", "a", 30) or 0
    first, second = intend(store, fence), intend(store, fence, "delete_label")
    assert first is not None
    assert second is not None
    assert [p.id for p in store.writing.unsettled(URL)] == [first, second]
    assert store.writing.unsettled("http://another") == []
    store.writing.confirm(first)
    assert [p.kind for p in store.writing.unsettled(URL)] == ["delete_label"]
    store.writing.settle(second, "effect seen")
    assert store.writing.unsettled(URL) == []
    assert store.writing.slowest(URL, "import") >= 0
    assert store.writing.slowest(URL, "promote") == 0
