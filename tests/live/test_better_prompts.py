"""From an evaluation to a better prompt on a real Label Studio, with no truth given away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.records import PromptVersion, Run, Slot, Subset
from ml_backend.services.marking.request import mark_request
from ml_backend.services.refining.refine import RefineRequest
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.services.writing.patience import Patience
from ml_backend.settings import Settings
from support.live_project import LiveProject
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

TRUTHS = [f"truth-{n:02d}" for n in range(20)]
OTHERS = [f"other-{n:02d}" for n in range(6)]


@pytest.fixture
def parts(server: Installation) -> Iterator[Container]:
    container = Container(Settings.from_env(server.settings))
    yield container
    container.loop.run(container.models.close())
    container.close()
    container.store.close()


def seeded(
    parts: Container, make_project: Callable[..., LiveProject]
) -> tuple[LiveProject, dict[str, int]]:
    """A project of annotated tasks; each has a word in its text that no other has."""
    project = make_project(config=CONFIG, tasks=[])
    wires = [
        {
            "data": {"text": f"{word} says something about topic {n % 2}."},
            "annotations": [{"result": [region("ab"[n % 2])], "ground_truth": False}],
        }
        for n, word in enumerate([*TRUTHS, *OTHERS])
    ]
    project.studio._transport.send("POST", f"api/projects/{project.id}/import", wires)
    pages = project.studio.iter_tasks(project.id)
    tasks = {task.data["text"].split()[0]: task.id for page in pages for task in page}
    asked = mark_request(task_ids=[tasks[word] for word in TRUTHS])
    plan = parts.marks.plan(project.studio.get_project(project.id), asked)
    parts.marks.execute(plan, Patience(lambda message: None, threading.Event()))
    return project, tasks


def test_tasks_are_shown_to_models_for_their_own_question_and_to_teachers_unless_held_out(
    parts: Container, simulator: Simulator, make_project: Callable[..., LiveProject]
) -> None:
    project, tasks = seeded(parts, make_project)
    simulator.control(latency=0.0, markers=[*TRUTHS, *OTHERS])
    studio: ServerLabelStudio = parts.studio
    place = studio.get_project(project.id)
    prompt = parts.prompts.create("Better", project=place)
    first = parts.prompts.create_version(prompt, text="Which topic? {text}", few_shot=2)

    def evaluate(version: PromptVersion, **more: Any) -> Run:
        options = RunRequest(subset=Subset.HAS_GT, slot=Slot.EVALUATE, **more)
        ended = parts.executor.execute(parts.runs.start(prompt, version, place, options).id)
        assert ended is not None
        assert ended.totals.failed == 0
        return ended

    def shown() -> dict[str, int]:
        return simulator.stats()["markers"]

    told = parts.estimates.estimate(studio, place, first, Subset.HAS_GT)
    before = evaluate(first)
    assert told.tokens.low <= before.totals.usage.prompt_tokens <= told.tokens.high
    assert before.snapshot.few_shot.source == "tasks not evaluated"
    asked = shown()
    assert {asked[word] for word in TRUTHS} == {1}, "each for its own question alone"
    assert sum(asked.get(word, 0) for word in OTHERS) == 2 * len(TRUTHS)

    connection = parts.models.default
    request = RefineRequest(place, prompt, first, connection, "simulated")
    lesson = parts.refining.refine(studio, request)
    taught = {word for word in TRUTHS if shown()[word] > asked[word]}
    assert {tasks[word] for word in taught} == set(lesson.task_ids)

    better = parts.refining.accept(prompt, first, lesson, "Better")
    covered = evaluate(better).options.task_ids
    held = {word for word in TRUTHS if tasks[word] in covered}
    assert 0 < len(held) == lesson.held_out < len(TRUTHS)
    assert held.isdisjoint(taught)
    assert {shown()[word] for word in held} == {2}, "no example of another, no lesson"

    evaluate(first, held_out=True)
    found = parts.comparisons.compare(studio, place, [first, better], common_only=False)
    assert found.tasks == len(held)
    counts = {row.subset: row.count for row in parts.subsets.counts(studio, place)}
    assert counts[Subset.HAS_GT] == len(TRUTHS)
