"""Deleting prompts and versions together with their predictions, and with nothing else."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from ml_backend.errors import Conflict, LabelStudioUnreachable, NotFound
from ml_backend.llm import Request
from ml_backend.records import Prompt, PromptVersion, RunStatus, Slot, Subset
from ml_backend.services.predictions.delete_prompt import DeletePrompts
from ml_backend.services.writing.patience import Patience
from support.by_hand import delete_project
from support.house import House


def patience(give_up_after: float = 10.0) -> Patience:
    say = lambda message: None  # noqa: E731
    return Patience(say, threading.Event(), give_up_after=give_up_after, first_pause=0.05)


def delete(house: House, prompt: Prompt, version: PromptVersion | None = None) -> int:
    deletions = house.container.deletions
    reports = deletions.execute(deletions.plan(prompt, version), patience())
    return sum(report.deleted for report in reports)


def counts(house: House, project_id: int) -> Counter[str | None]:
    return Counter(k.model_version for k in house.container.studio.prediction_keys(project_id))


@pytest.mark.slow
def test_a_prompt_goes_with_its_predictions_in_every_project(house: House) -> None:
    first, _ = house.project(2)
    second, _ = house.project(3)
    prompt, version = house.prompt(first)
    other, other_version = house.prompt(first, "Q")
    house.run(other, other_version, first)
    house.run(prompt, version, first)
    house.run(prompt, version, second)
    # Also where the prompt no longer belongs to the project that holds them.
    house.container.store.prompts.update(prompt.id, project_ids=[])
    plan = house.container.deletions.plan(prompt)
    assert (plan.predictions, plan.by_version) == (5, {"P__Version 1": 5})
    assert delete(house, prompt) == 5
    assert counts(house, first) == {"Q__Version 1": 2}
    assert counts(house, second) == {}
    with pytest.raises(NotFound):
        house.container.prompts.find("P")
    assert house.container.store.runs.search(prompt_id=prompt.id) == []


@pytest.mark.slow
def test_a_version_goes_alone(house: House) -> None:
    project, tasks = house.project(2)
    prompt, first = house.prompt(project)
    house.run(prompt, first, project)
    second = house.version(prompt, "Once more {text}")
    evaluation = {"subset": Subset.CUSTOM, "task_ids": tasks[:1], "slot": Slot.EVALUATE}
    house.run(prompt, second, project, **evaluation)
    assert delete(house, prompt, first) == 2
    assert counts(house, project) == {"P__Version 2__evaluate": 1}
    assert house.container.store.prompts.versions(prompt.id) == [second]


@pytest.mark.slow
def test_a_deleted_versions_run_does_not_come_back(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    house.container.runs.cancel(run)
    delete(house, prompt, version)
    with pytest.raises(NotFound):
        house.container.runs.resume(house.container.store.runs.get(run.id))


@pytest.mark.slow
def test_a_run_nobody_executes_is_canceled_before(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    assert [each.id for each in house.container.deletions.plan(prompt, version).runs] == [run.id]
    delete(house, prompt, version)
    assert house.container.store.runs.get(run.id).status is RunStatus.CANCELED


@pytest.mark.slow
def test_a_run_under_way_is_canceled_and_what_it_published_goes_too(house: House) -> None:
    project, _ = house.project(20)
    prompt, version = house.prompt(project)
    begun, go_on = threading.Event(), threading.Event()

    def answer(request: Request) -> str:
        begun.set()
        go_on.wait(60)
        return '{"topic": "A"}'

    house.model.answer = answer
    run = house.start(prompt, version, project)
    thread = threading.Thread(target=house.container.executor.execute, args=(run.id,))
    thread.start()
    assert begun.wait(60)

    def release() -> None:
        while not house.container.store.runs.is_canceled(run.id):
            time.sleep(0.02)
        go_on.set()

    threading.Thread(target=release, daemon=True).start()
    delete(house, prompt)
    thread.join(60)
    assert counts(house, project) == {}
    assert house.container.store.prompts.find("P") is None


@pytest.mark.slow
def test_a_run_that_does_not_end_in_time_leaves_everything_as_it_was(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    run = house.start(prompt, version, project)
    assert house.container.store.runs.claim(run.id, "a server that hangs", 60.0)
    parts = house.container
    deletions = DeletePrompts(
        parts.store, parts.studio, parts.predictions, parts.ownership, wait_seconds=0.2
    )
    with pytest.raises(Conflict, match="has not ended"):
        deletions.execute(deletions.plan(prompt), patience())
    assert counts(house, project) == {"P__Version 1": 2}
    assert house.container.prompts.find("P")


@pytest.mark.slow
def test_another_versions_run_forbids_deleting_a_version(house: House) -> None:
    project, _ = house.project(2)
    prompt, first = house.prompt(project)
    house.run(prompt, first, project)
    second = house.version(prompt, "Once more {text}")
    house.start(prompt, second, project)
    with pytest.raises(Conflict):
        delete(house, prompt, first)
    assert counts(house, project) == {"P__Version 1": 2}
    assert len(house.container.store.prompts.versions(prompt.id)) == 2


@pytest.mark.slow
def test_without_label_studio_nothing_is_deleted(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    deletions = house.container.deletions
    plan = deletions.plan(prompt)
    house.fake.control(down=True)
    with pytest.raises(LabelStudioUnreachable):
        deletions.plan(prompt)
    with pytest.raises(LabelStudioUnreachable):
        deletions.execute(plan, patience(0.2))
    house.fake.control(down=False)
    assert house.container.prompts.find("P")
    assert counts(house, project) == {"P__Version 1": 2}


@pytest.mark.slow
def test_a_project_that_is_gone_does_not_stand_in_the_way(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    delete_project(house.container.studio, project)
    assert delete(house, prompt) == 0
    assert house.container.store.prompts.find("P") is None
