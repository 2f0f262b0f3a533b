"""Tabs, one task between its neighbours and counts: on the fake and, marked live, the real one."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import LabelStudioNotFound, LabelStudioRejected
from ml_backend.labelstudio import Sampling, queries, tab_data
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


def test_a_tab_of_tasks_is_made_changed_and_removed(site):
    """As Label Studio itself lists it, where a tab is named by its number alone."""
    chosen = site.task_ids[1:4]
    data = {**tab_data(chosen, {"id"}), "keptFor": "x"}
    tab = site.door.create_tab(site.project_id, "Ours · ü", data)
    assert (tab.title, tab.task_ids, tab.data["keptFor"]) == ("Ours · ü", frozenset(chosen), "x")
    assert [each.id for each in site.door.tabs(site.project_id)] == [tab.id]
    assert listed(site, tab.id) == chosen
    assert site.door.task_ids(site.project_id, query=tab.query) == chosen

    changed = site.door.update_tab(
        site.project_id, tab.id, {"title": "Ours", "filters": queries.only_these([])}
    )
    assert (changed.title, changed.task_ids) == ("Ours", frozenset())
    assert listed(site, tab.id) == []
    [kept] = site.door.tabs(site.project_id)
    assert "keptFor" not in kept.data, "what is not sent is lost"
    assert kept.task_ids == frozenset()
    site.door.update_tab(site.project_id, tab.id, {"title": "Still"})
    [kept] = site.door.tabs(site.project_id)
    assert (kept.title, kept.task_ids) == ("Still", frozenset()), "but for filters"

    # What is deleted is shown no more, and no tab stands in the way of that.
    site.door.update_tab(site.project_id, tab.id, tab_data(chosen, {"id"}))
    site.door.delete_tasks(site.project_id, chosen[:1])
    assert listed(site, tab.id) == chosen[1:]

    assert site.door.delete_tab(tab.id) is True
    assert site.door.delete_tab(tab.id) is False
    with pytest.raises(LabelStudioNotFound):
        site.door.update_tab(site.project_id, tab.id, {"title": "Gone"})
    with pytest.raises(LabelStudioRejected):
        site.door.create_tab(987654, "Nowhere", {})


def listed(site: Any, tab_id: int) -> list[int]:
    params = {"view": tab_id, "project": site.project_id, "page_size": 100}
    answer = site.raw.get("/api/tasks", params=params).raise_for_status().json()
    return [row["id"] for row in answer["tasks"]]


def test_the_sampling_of_a_project_is_read_and_set(site):
    assert site.door.get_project(site.project_id).sampling == Sampling.SEQUENTIAL
    for sampling in (*Sampling, None, Sampling.UNCERTAINTY.value):
        site.door.set_sampling(site.project_id, sampling)
        assert site.door.get_project(site.project_id).sampling == sampling
    with pytest.raises(LabelStudioRejected):
        site.door.set_sampling(site.project_id, "by the moon")


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


MARKED = {"result": [region()], "ground_truth": True}
PLAIN = {"result": [region()], "ground_truth": False}
SKIPPED = {"was_cancelled": True}
PREDICTED = {"result": [region()], "model_version": "m"}


@pytest.mark.parametrize(
    ("annotations", "count"),
    [
        ([], 0),
        ([[PLAIN], [PLAIN, PLAIN]], 0),
        ([[MARKED], [MARKED], [PLAIN]], 2),
        ([[MARKED, MARKED], [MARKED, PLAIN], [PLAIN, PLAIN, PLAIN]], 2),
        ([[MARKED | SKIPPED]], 0),
        ([[MARKED, MARKED | SKIPPED], [PLAIN, MARKED | SKIPPED], [MARKED]], 2),
    ],
    ids=["none", "unmarked", "one each", "several", "skipped", "skipped and several"],
)
def test_tasks_with_ground_truth_are_counted_as_they_are_read(site, annotations, count):
    wires = [{"data": {"text": "x"}, "annotations": each} for each in annotations]
    if wires:
        site.raw.post(f"/api/projects/{site.project_id}/import", json=wires).raise_for_status()
    read = site.door.iter_annotated(site.project_id, ground_truth_only=True)
    truths = [t for t in read if any(not each.was_cancelled for each in t.annotations)]
    assert len(truths) == count
    assert site.door.count_true(site.project_id, lambda each: True, marked=True) == count


PEOPLES = {"result": [region()], "lead_time": 2.5}


def test_annotated_tasks_are_counted_and_those_looked_at_that_nobody_may_have_opened(site):
    """Marked ones and all; of a task that a person spent time on nothing is read."""
    wires = [
        {"data": {"text": "by hand"}, "annotations": [PEOPLES | {"ground_truth": True}]},
        {"data": {"text": "imported"}, "annotations": [MARKED]},
        {"data": {"text": "skipped"}, "annotations": [SKIPPED | {"result": []}]},
        *({"data": {"text": f"predicted {n}"}, "predictions": [PREDICTED]} for n in range(3)),
        {"data": {"text": "nothing"}},
    ]
    answer = site.raw.post(
        f"/api/projects/{site.project_id}/import?return_task_ids=true", json=wires
    )
    ids = answer.raise_for_status().json()["task_ids"]
    site.door.promote(site.project_id, ["m"], ids[3:5])
    promoted = {task.id: task.annotations[0] for task in site.door.iter_annotated(site.project_id)}
    site.door.mark_annotation(promoted[ids[3]].id, ground_truth=True)
    seen = []

    def opened(annotation):
        seen.append(annotation.id)
        return annotation.parent_prediction is None

    assert site.door.count_annotated(site.project_id) == 4
    assert site.door.count_true(site.project_id, opened, marked=False) == 2
    assert sorted(seen) == sorted(promoted[each].id for each in ids[3:5])
    assert site.door.count_true(site.project_id, opened, marked=True) == 2
    site.door.delete_model_version(site.project_id, "m")
    gone = {each.id for each in map(promoted.get, ids[3:5])}
    known = lambda annotation: annotation.id not in gone  # noqa: E731
    assert site.door.count_true(site.project_id, known, marked=False, promoted=True) == 2
    assert site.door.count_true(site.project_id, known, marked=True, promoted=True) == 2


def test_a_page_of_annotated_tasks_has_each_once_and_tells_what_lies_beside(site):
    wires = [{"data": {"text": f"t{n}"}, "annotations": [PLAIN, MARKED]} for n in range(5)]
    wires.insert(2, {"data": {"text": "skipped"}, "annotations": [SKIPPED | {"result": []}]})
    answer = site.raw.post(
        f"/api/projects/{site.project_id}/import?return_task_ids=true", json=wires
    )
    ids = answer.raise_for_status().json()["task_ids"]
    del ids[2]

    def page(**where):
        found = site.door.annotated_page(site.project_id, size=2, **where)
        return [task.id for task in found.tasks], found.has_before, found.has_after

    assert page() == (ids[:2], False, True)
    assert page(after=ids[1]) == (ids[2:4], True, True)
    assert page(after=ids[3]) == (ids[4:], True, False)
    assert page(before=ids[4]) == (ids[2:4], True, True)
    assert page(before=ids[2]) == (ids[:2], False, True)
    [first, _] = site.door.annotated_page(site.project_id, size=2).tasks
    assert [each.ground_truth for each in first.annotations] == [False, True]
    assert all(each.created_at for each in first.annotations)
    assert [each.id for each in site.door.annotated(site.project_id, ids[:1])] == ids[:1]


def test_a_mark_is_set_moves_to_another_annotation_and_is_taken_off(site):
    task = site.task_ids[0]
    first, second = (site.door.create_annotation(task, [region()]) for _ in range(2))

    def marked():
        [found] = site.door.annotated(site.project_id, [task])
        return [each.id for each in found.annotations if each.ground_truth]

    for annotation in (first, second, second):
        assert site.door.mark_annotation(annotation, ground_truth=True)
        assert marked() == [annotation]
    assert site.door.mark_annotation(second, ground_truth=False)
    assert marked() == []
    assert not site.door.mark_annotation(99_999_999, ground_truth=True)


def test_people_have_names(site):
    assert site.door.whoami().id in site.door.people()
