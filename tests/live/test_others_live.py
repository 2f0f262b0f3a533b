"""Another tool's predictions of our version's very name, on a real Label Studio: they stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from support.demo_tasks import demo_tasks
from support.live_project import LiveProject
from support.server import Installation, eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(500)]

LABEL, NUMBERED = "BERT__Version 1", "BERT (2)__Version 1"


def put(project: LiveProject, tasks: list[int]) -> list[Any]:
    rows = [{"task": task, "result": [], "score": 0.5, "model_version": LABEL} for task in tasks]
    project.studio.import_predictions(project.id, rows)
    return [row for row in project.studio.predictions(project.id) if row.model_version == LABEL]


def theirs(project: LiveProject) -> list[Any]:
    return [row for row in project.studio.predictions(project.id) if row.model_version == LABEL]


def test_a_prompt_takes_nothing_of_another_tool_along(
    server: Installation, make_project: Callable[..., LiveProject]
) -> None:
    few = demo_tasks()[:6]
    own, shared, strange = (make_project(tasks=few) for _ in range(3))
    tasks = {each.id: each.studio.task_ids(each.id) for each in (own, shared, strange)}
    before = {each.id: put(each, tasks[each.id][:4]) for each in (shared, strange)}
    server.start()
    server.cli("prompts", "create", "BERT", "--project", own.id, "--text", "Sort {text}")
    server.cli("run", "BERT", "--project", own.id)
    own.assert_each_task_holds(LABEL)

    # Where theirs stand, a run and Label Studio's own retrieval write beside them.
    for _ in range(2):
        said = server.cli("run", "BERT", "--project", shared.id)
        assert NUMBERED in said
        assert shared.studio.model_versions(shared.id) == {LABEL: 4, NUMBERED: 6}
        assert theirs(shared) == before[shared.id]
    server.cli("connect", "--project", strange.id, "--url", server.url, "--prompt", "BERT")

    def retrieved() -> bool:
        # A first one is refused while a busy Label Studio does not say what stands there.
        strange.studio.retrieve_predictions(strange.id, tasks[strange.id])
        return bool(strange.studio.model_versions(strange.id) == {LABEL: 4, NUMBERED: 6})

    eventually(retrieved, every=2.0)
    assert theirs(strange) == before[strange.id]

    server.cli("prompts", "delete", "BERT", "--yes")
    own.assert_each_task_holds()
    for project in (shared, strange):
        assert theirs(project) == before[project.id]
        held = project.studio.prediction_keys(project.id)
        assert Counter(key.model_version for key in held) == {LABEL: 4}
