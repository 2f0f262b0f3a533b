"""Truth is people's: what nobody opened is no truth, on a real Label Studio and on all faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.live_project import LiveProject
from support.server import Installation
from support.wire import CONFIG

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def test_promoted_with_the_mark_is_no_ground_truth_until_a_person_has_worked_on_it(
    server: Installation, make_project: Callable[..., LiveProject]
) -> None:
    tasks: list[dict[str, Any]] = [{"data": {"text": f"text {n}"}} for n in range(5)]
    project = make_project(CONFIG, tasks)
    where = ("--project", project.id)
    server.cli("prompts", "create", "Topic", *where, "--text", "Which? {text}")
    server.cli("run", "Topic", *where)
    promote = ("predictions", "promote", *where, "--prompt", "Topic", "--all", "--yes")
    done = server.json(*promote, "--ground-truth")
    assert (done["created"], done["marked"], done["unopened"]) == (5, 0, 5)
    assert "no ground truth" in server.cli("evaluate", "Topic", *where, code=1)

    # Somebody's script marks them all: still none, with the predictions and without them.
    made = project.annotations()
    for each in made:
        project.studio.mark_annotation(each.id, ground_truth=True)
    assert project.studio.get_project(project.id).ground_truths == 5
    listed = server.json("ground-truth", "list", *where)
    assert (listed["ground_truth_tasks"], listed["annotated_tasks"]) == (0, 0)
    assert "no ground truth" in server.cli("evaluate", "Topic", *where, code=1)
    server.cli("predictions", "delete", *where, "--prompt", "Topic", "--yes")
    assert all(each.parent_prediction is None for each in project.annotations())
    listed = server.json("ground-truth", "list", *where)
    assert (listed["ground_truth_tasks"], listed["annotated_tasks"]) == (0, 0)
    assert "no ground truth" in server.cli("evaluate", "Topic", *where, code=1)

    # What Label Studio's editor sends when a person changed something and pressed Update.
    body = {"result": made[0].result, "lead_time": 4.2, "ground_truth": False}
    project.studio._transport.send("PATCH", f"api/annotations/{made[0].id}/", body)
    assert server.json("ground-truth", "add", *where, "--all", "--yes")["marked"] == 1
    assert server.json("evaluate", "Topic", *where)["total_tasks"] == 1


def test_an_acceptance_is_taken_back_but_for_what_somebody_touched(
    server: Installation, make_project: Callable[..., LiveProject]
) -> None:
    tasks: list[dict[str, Any]] = [{"data": {"text": f"text {n}"}} for n in range(6)]
    project = make_project(CONFIG, tasks)
    where = ("--project", project.id)
    server.cli("prompts", "create", "Topic", *where, "--text", "Which? {text}")
    server.cli("run", "Topic", *where)
    promote = ("predictions", "promote", *where, "--prompt", "Topic", "--all", "--yes")
    number = server.json(*promote)["acceptance"]
    made = sorted(project.annotations(), key=lambda each: each.id)
    task_of = {
        each.id: task.id
        for task in project.studio.iter_annotated(project.id)
        for each in task.annotations
    }
    send = project.studio._transport.send
    body = {"result": made[0].result, "lead_time": 4.2}
    send("PATCH", f"api/annotations/{made[0].id}/", body)
    project.studio.mark_annotation(made[1].id, ground_truth=True)
    # What the editor sends when something is changed beside an annotation and not submitted.
    drafts = f"api/tasks/{task_of[made[2].id]}/annotations/{made[2].id}/drafts"
    send("POST", drafts, {"result": made[2].result, "lead_time": 1.0})
    counted = server.json("predictions", "take-back", number, "--dry-run")
    kept = {why: count for why, count in counted["kept"].items() if count}
    assert kept == {"opened": 1, "marked": 1, "drafted": 1}
    assert counted["would_delete"] == 3
    assert server.json("predictions", "take-back", number, "--yes")["deleted"] == 3
    assert {each.id for each in project.annotations()} == {each.id for each in made[:3]}
    again = server.json("predictions", "take-back", number, "--yes")
    assert (again["deleted"], again["gone"]) == (0, 0)
    assert server.json(*promote)["created"] == 3
