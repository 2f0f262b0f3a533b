"""Who may not change annotations in Label Studio is told why their marks are not set, and by whom.

The browser of these tests has no script; the same answers go to htmx, which puts them at the top.
"""

from __future__ import annotations

import pytest

from support.api import task
from support.measured import choices, measured_run
from support.pages import Page, Pages
from support.wire import CONFIG, region

WHY = "The user of this token may not do that in Label Studio: You may not annotate here."
WHAT_TO_DO = "Ask whoever manages the project in Label Studio for the right to"


@pytest.fixture
def refused(pages: Pages) -> Pages:
    """A project of two annotated tasks whose annotations this person may not change."""
    rows = [task(0), task(1)]
    for row in rows:
        row["annotations"] = [{"result": [region("a")], "lead_time": 2.0}]
    pages.api.project, pages.api.tasks = pages.studio.seed(CONFIG, rows, title="Not mine")
    fault = {"path": "api/annotations/", "method": "PATCH", "mode": "status", "status": 403}
    body = '{"detail": "You may not annotate here."}'
    pages.studio.control(faults=[{**fault, "body": body, "times": 99}])
    return pages


def marked(pages: Pages) -> list[int]:
    rows = pages.studio.state()["annotations"]
    return [
        each["task"] for each in rows if each["ground_truth"] and each["project"] == pages.project
    ]


@pytest.mark.slow
def test_one_mark_is_refused_with_the_reason_and_who_can_help(refused: Pages) -> None:
    first = refused.api.tasks[0]
    [made] = [row["id"] for row in refused.studio.state()["annotations"] if row["task"] == first]
    sent = {"project": refused.project, "task": first, "annotation": made, "do": "mark"}
    for htmx in (False, True):
        told = refused.post("/ui/ground-truth", follow=False, htmx=htmx, **sent)
        assert told.status == 403
        assert WHY in told.text()
        assert WHAT_TO_DO in told.text()
        assert "fresh token" not in told.text()
    assert marked(refused) == []


@pytest.mark.slow
def test_many_marks_are_refused_the_same_way(refused: Pages) -> None:
    asked = {"project": refused.project, "do": "mark", "scope": "all"}
    told = refused.post("/ui/ground-truth", counted="2", **asked)
    assert WHY in told.text("main")
    assert WHAT_TO_DO in told.text("main")
    assert "Count again" in told.text("main")
    assert marked(refused) == []


@pytest.mark.slow
def test_a_result_called_right_is_refused_the_same_way(refused: Pages) -> None:
    run = measured_run(refused, choices(refused, {0: "a"}))
    path = f"/ui/runs/{run.id}/tasks/{refused.api.tasks[0]}/right"
    told = Page(refused.client.post(path, data={"csrf_token": refused.csrf()}))
    assert told.status == 403
    assert WHY in told.text("main")
    assert WHAT_TO_DO in told.text("main")
    assert marked(refused) == []
