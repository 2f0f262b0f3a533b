"""The predictions of one task, read alone; on the fake and on the real Label Studio."""

from __future__ import annotations

import pytest

from ml_backend.errors import LabelStudioNotFound
from support.by_hand import delete_project
from support.contract_site import Site
from support.wire import row


def test_only_the_task_asked_for_is_read_oldest_prediction_first(site: Site) -> None:
    first, second, *_ = site.task_ids
    rows = [row(first, "a"), row(second, "a"), row(first, "b"), row(first, "a")]
    site.door.import_predictions(site.project_id, rows)
    keys = site.door.task_predictions(site.project_id, first)
    assert [(key.task_id, key.model_version) for key in keys] == [
        (first, "a"),
        (first, "b"),
        (first, "a"),
    ]
    assert keys == sorted(keys, key=lambda key: key.id)


def test_task_without_predictions_deleted_or_of_another_project_has_none(site: Site) -> None:
    first, gone, *_ = site.task_ids
    site.door.import_predictions(site.project_id, [row(first), row(gone)])
    site.door.delete_tasks(site.project_id, [gone])
    assert site.door.task_predictions(site.project_id, gone) == []
    assert site.door.task_predictions(site.project_id, site.task_ids[2]) == []
    other = site.door.create_project("Another", "<View></View>")
    try:
        assert site.door.task_predictions(other.id, first) == []
    finally:
        delete_project(site.door, other.id)


def test_project_that_is_gone_is_not_found(site: Site) -> None:
    for task_id in (site.task_ids[0], 999_999_999):
        with pytest.raises(LabelStudioNotFound, match="project 99999999"):
            site.door.task_predictions(99_999_999, task_id)
