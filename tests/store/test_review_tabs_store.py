"""When a tab of review is looked at again: soon after events, never too soon, by one process."""

from __future__ import annotations

import time
from dataclasses import replace

from ml_backend.store import ReviewState, ReviewTab, Store


def begun(store: Store, project_id: int = 3, **more: object) -> ReviewTab:
    tab = ReviewTab(project_id, 1, None, 100, None, "Review first · P")
    return store.review_tabs.begin(replace(tab, **more))  # type: ignore[arg-type]


def due(store: Store) -> float:
    at = store.review_tabs.get(3, 1).due_at
    assert at is not None
    return at - time.time()


def test_events_hasten_a_look_but_not_to_less_than_a_minute_after_the_last(store: Store) -> None:
    tab = begun(store)
    store.review_tabs.hasten(3, quiet=2, apart=60)
    assert 1 < due(store) <= 2
    assert store.review_tabs.due(time.time()) == []
    [found] = store.review_tabs.due(time.time() + 3)
    assert store.review_tabs.take(found, 600)
    assert not store.review_tabs.take(found, 600), "another process has it"
    assert 599 < due(store) <= 600
    for _ in range(3):
        store.review_tabs.hasten(3, quiet=2, apart=60)
        assert 58 < due(store) <= 60
    store.review_tabs.change(tab, due_at=time.time() + 5)
    store.review_tabs.hasten(3, quiet=2, apart=60)
    assert 4 < due(store) <= 5, "what is due sooner stays so"


def test_what_a_person_took_is_hastened_no_more(store: Store) -> None:
    tab = begun(store)
    store.review_tabs.change(tab, state=ReviewState.LOST.value, due_at=None)
    store.review_tabs.hasten(3, quiet=2, apart=60)
    assert store.review_tabs.get(3, 1).due_at is None
    other = begun(store, 4)
    store.review_tabs.hasten(3, quiet=2, apart=60)
    assert store.review_tabs.get(4, 1) == other


def test_begun_again_it_keeps_which_tab_it_is(store: Store) -> None:
    tab = begun(store, size=100)
    store.review_tabs.change(tab, tab_id=7, written=["a"], sampling="x", sampling_before="y")
    again = begun(store, size=50, below=0.5)
    assert (again.size, again.below, again.tab_id, again.written) == (50, 0.5, 7, ("a",))
    assert (again.sampling, again.sampling_before) == ("x", "y")
    store.review_tabs.end(again)
    assert store.review_tabs.of_project(3) == []


def test_a_project_that_is_erased_takes_it_along(store: Store) -> None:
    begun(store)
    assert store.erasing.erase_project(3)["review tabs"] == 1
    assert store.review_tabs.find(3, 1) is None
