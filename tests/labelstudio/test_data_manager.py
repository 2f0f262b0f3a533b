"""Tabs, one task between its neighbours and counts: on the fake and, marked live, the real one."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import LabelStudioNotFound
from ml_backend.labelstudio.records import Tab
from support.wire import region

CONTAINS = {
    "filter": "filter:tasks:data.text",
    "operator": "contains",
    "type": "String",
    "value": "text 1",
}
FILTERS = {"conjunction": "and", "items": [CONTAINS]}


def open_tab(site: Any, data: dict[str, Any], **more: Any) -> None:
    body = {"project": site.project_id, "data": data, **more}
    site.raw.post("/api/dm/views/", json=body).raise_for_status()


def test_tabs_come_with_what_a_run_takes_as_its_filter(site):
    assert site.door.tabs(site.project_id) == []
    open_tab(site, {"title": "Ones", "filters": FILTERS, "ordering": ["-tasks:id"]})
    ticked = {"all": False, "included": site.task_ids[2:4]}
    open_tab(site, {"title": "Ticked"}, selected_items=ticked)
    open_tab(site, {"title": "Everything"})
    ones, chosen, everything = site.door.tabs(site.project_id)
    assert (ones.title, ones.query) == ("Ones", {"filters": FILTERS})
    assert site.door.task_ids(site.project_id, query=ones.query) == [site.task_ids[1]]
    assert site.door.task_ids(site.project_id, query=chosen.query) == site.task_ids[2:4]
    assert (everything.title, everything.query) == ("Everything", {})


def test_tabs_of_an_unknown_project_are_not_found(site):
    with pytest.raises(LabelStudioNotFound, match="987654"):
        site.door.tabs(987654)


@pytest.mark.parametrize(
    ("data", "query"),
    [
        ({}, {}),
        (None, {}),
        ({"filters": {"conjunction": "or", "items": []}}, {}),
        ({"filters": {"conjunction": "or", "items": [{**CONTAINS, "value": None}]}}, {}),
        ({"filters": {"items": [CONTAINS]}}, {"filters": FILTERS}),
        ({"selectedItems": {"all": False, "included": []}}, {}),
        ({"selectedItems": {"all": True, "excluded": []}}, {}),
        (
            {"selectedItems": {"all": True, "excluded": [3]}},
            {"selectedItems": {"all": True, "excluded": [3]}},
        ),
    ],
)
def test_tab_that_narrows_nothing_down_is_no_filter(data, query):
    tab = Tab.from_wire({"id": 4, "data": data})
    assert (tab.title, tab.query) == ("Tab 4", query)


def test_task_stands_between_its_neighbours(site):
    ids = site.task_ids
    for place, number in ((site.door.task_at(site.project_id), 0), *by_id(site)):
        assert place.task.id == ids[number]
        assert place.task.data == {"text": f"text {number}"}
        assert place.before == (ids[number - 1] if number else None)
        assert place.after == (ids[number + 1] if number < 5 else None)


def by_id(site: Any) -> list[tuple[Any, int]]:
    return [(site.door.task_at(site.project_id, each), n) for n, each in enumerate(site.task_ids)]


def test_neighbours_of_a_task_that_is_gone_are_still_told(site):
    ids = site.task_ids
    site.door.delete_tasks(site.project_id, ids[2:3])
    place = site.door.task_at(site.project_id, ids[2])
    assert (place.task, place.before, place.after) == (None, ids[1], ids[3])
    site.door.delete_tasks(site.project_id, [*ids[:2], *ids[3:]])
    for task_id in (None, ids[2]):
        place = site.door.task_at(site.project_id, task_id)
        assert (place.task, place.before, place.after) == (None, None, None)


STARRED = {"result": [region()], "ground_truth": True}
PLAIN = {"result": [region()], "ground_truth": False}
SKIPPED = {"was_cancelled": True}


@pytest.mark.parametrize(
    ("annotations", "count"),
    [
        ([], 0),
        ([[PLAIN], [PLAIN, PLAIN]], 0),
        ([[STARRED], [STARRED], [PLAIN]], 2),
        ([[STARRED, STARRED], [STARRED, PLAIN], [PLAIN, PLAIN, PLAIN]], 2),
        ([[STARRED | SKIPPED]], 0),
        ([[STARRED, STARRED | SKIPPED], [PLAIN, STARRED | SKIPPED], [STARRED]], 2),
    ],
    ids=["none", "unstarred", "one each", "several", "skipped", "skipped and several"],
)
def test_tasks_with_ground_truth_are_counted_as_they_are_read(site, annotations, count):
    wires = [{"data": {"text": "x"}, "annotations": each} for each in annotations]
    if wires:
        site.raw.post(f"/api/projects/{site.project_id}/import", json=wires).raise_for_status()
    read = site.door.iter_annotated(site.project_id, ground_truth_only=True)
    truths = [t for t in read if any(not each.was_cancelled for each in t.annotations)]
    assert len(truths) == count
    assert site.door.count_true_tasks(site.project_id) == count
