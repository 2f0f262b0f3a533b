"""A promise sample on a real Label Studio: labelled blind, then all is back, and a promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_backend.labelstudio import PredictionRow, queries
from ml_backend.records import read_moment
from support.by_hand import get_task, next_task
from support.live_project import LiveProject
from support.server import Installation
from support.wire import CONFIG

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def shown(project: LiveProject, tasks: list[int]) -> int:
    """Return how many predictions Label Studio sends whoever opens the tasks one by one."""
    return sum(len(get_task(project.studio, task)["predictions"]) for task in tasks)


def said(rows: list[PredictionRow]) -> list[tuple[object, ...]]:
    return sorted((row.task_id, row.model_version, row.score, str(row.result)) for row in rows)


def test_a_sample_is_labelled_blind_and_promises(
    server: Installation, make_project: Callable[..., LiveProject]
) -> None:
    tasks: list[dict[str, Any]] = [{"data": {"text": f"text {n}"}} for n in range(12)]
    project = make_project(CONFIG, tasks)
    where = ("--project", project.id)
    server.cli("prompts", "create", "Topic", *where, "--text", "Which? {text}")
    server.cli("run", "Topic", *where, "--samples", "2")
    # Opening a task without a prediction makes Label Studio ask the connected backend for one.
    server.start()
    server.cli("connect", *where, "--url", server.url)
    before = project.studio.predictions(project.id)
    results = {row.task_id: row.result for row in before}
    every = sorted(results)

    # What the project's setting hides: nothing from who opens a task, or asks for it.
    for setting in (False, True):
        project.studio._update_project(project.id, {"show_collab_predictions": setting})
        assert shown(project, every) == 12

    few = ("--max-error", "0.5", "--certainty", "0.9", "--size", "8")
    drawn = server.json("promises", "draw", "Topic", *where, *few, "--yes")
    assert (drawn["state"], drawn["settled"], drawn["size"], drawn["tasks"]) == (
        "drawn", True, 8, 12,
    )  # fmt: skip
    closed = drawn["unlabelled_tasks"]
    assert shown(project, closed) == 0
    assert said(project.studio.predictions(project.id)) == said(
        [row for row in before if row.task_id not in closed]
    )
    # Also the label stream, to which the backend gives nothing on these tasks.
    for _ in range(3):
        task = next_task(project.studio, project.id)
        assert task is not None
        assert task["id"] not in closed or task["predictions"] == []
    assert shown(project, closed) == 0
    counts = {task: get_task(project.studio, task)["total_predictions"] for task in closed}
    assert set(counts.values()) == {0}
    server.cli("run", "Topic", *where, "--samples", "2")
    assert shown(project, closed) == 0

    # As the editor sends what a person labelled.
    for task in closed:
        body = {"result": results[task], "lead_time": 3.1}
        project.studio._transport.send("POST", f"api/tasks/{task}/annotations/", body)
    assert server.json("ground-truth", "list", *where)["annotated_tasks"] == 0
    opened = server.json("promises", "open", drawn["id"])
    assert (opened["state"], opened["promise"], opened["why"]) == ("opened", True, "")
    [look] = opened["looks"]
    assert (look["labelled"], look["wrong"]) == (8, 0)
    assert said(project.studio.predictions(project.id)) == said(before)
    assert server.json("ground-truth", "list", *where)["annotated_tasks"] == 8
    assert server.json("promises", "list", *where)[0]["promise"] is True

    # What a draw and accepting ask of the real one's filters.
    free = min(set(every) - set(closed))
    draft = {"result": results[free], "lead_time": 2.0}
    project.studio._transport.send("POST", f"api/tasks/{free}/drafts", draft)
    assert project.studio.task_ids(project.id, query=queries.DRAFTED) == [free]
    moment = read_moment(project.studio.newest_task(project.id)[1])
    assert moment is not None
    assert project.studio.tasks_made_after(project.id, moment, max(every) + 9) == frozenset()
    [later] = project.studio.import_tasks(project.id, [{"text": "later"}])
    assert project.studio.tasks_made_after(project.id, moment, later) == {later}
    assert project.studio.tasks_made_after(project.id, moment, later - 1) == frozenset()
