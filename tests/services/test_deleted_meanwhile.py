"""Tasks deleted while a run is under way: neither predicted nor failed, and said on every face."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from ml_backend.llm import Request
from ml_backend.records import Run, RunStatus, Slot, Subset
from ml_backend.services.jobs import documents
from ml_backend.services.predictions.selection import select
from ml_backend.services.writing.patience import Patience
from ml_backend.web.api.wire.runs import RunAnswer, RunProgress
from support.house import House

GOOD = '{"topic": "A"}'


def once(act: Callable[[], object], answer: str = GOOD) -> Callable[[Request], str]:
    """Do something at the first question, and answer all."""
    left = [act]
    lock = threading.Lock()

    def reply(request: Request) -> str:
        with lock:
            if left:
                left.pop()()
        return answer

    return reply


def deleting(house: House, project: int, tasks: Sequence[int]) -> Callable[[], object]:
    return lambda: house.container.studio.delete_tasks(project, list(tasks))


def stored(house: House, run: Run) -> Run:
    return house.container.store.runs.get(run.id)


@pytest.mark.slow
def test_tasks_deleted_during_the_asking_are_counted_apart(house: House) -> None:
    project, tasks = house.project(20)
    prompt, version = house.prompt(project)
    house.model.answer = once(deleting(house, project, tasks[:10]))
    run = stored(house, house.run(prompt, version, project))
    assert run.status is RunStatus.COMPLETED
    assert run.message == "10 predictions; 10 tasks were deleted meanwhile."
    totals = run.totals
    assert (totals.succeeded, totals.failed, totals.deleted, totals.total) == (10, 0, 10, 20)
    # All that was asked was paid for.
    assert (totals.done, totals.usage.prompt_tokens) == (20, 200)
    assert len(house.container.studio.prediction_keys(project)) == 10
    assert RunAnswer.of(run).deleted_tasks == RunProgress.of(run).deleted_tasks == 10
    assert RunAnswer.of(run).total_predictions == 10
    assert documents.of_run(run)["deleted_tasks"] == 10


@pytest.mark.slow
def test_one_task_is_one_task(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    house.model.answer = once(deleting(house, project, tasks[:1]))
    run = house.run(prompt, version, project)
    assert run.message == "1 prediction; 1 task was deleted meanwhile."


@pytest.mark.slow
def test_a_run_all_of_whose_tasks_were_deleted_holds_nothing(house: House) -> None:
    project, tasks = house.project(4)
    prompt, version = house.prompt(project)
    house.model.answer = once(deleting(house, project, tasks))
    run = house.run(prompt, version, project)
    assert (run.status, run.totals.succeeded) == (RunStatus.COMPLETED, 0)
    assert run.message.startswith("0 predictions; 4 tasks were deleted meanwhile.")


@pytest.mark.slow
def test_failures_of_deleted_tasks_are_no_failures(house: House) -> None:
    project, tasks = house.project(6)
    prompt, version = house.prompt(project)
    delete = deleting(house, project, tasks[:3])
    answers = once(delete)

    def reply(request: Request) -> str:
        return answers(request) if request.task_id % 2 else (answers(request), "nonsense")[1]

    house.model.answer = reply
    run = house.run(prompt, version, project)
    gone = len(tasks[:3])
    assert run.totals.deleted == gone
    assert run.totals.succeeded + run.totals.failed == 3
    assert sum(run.totals.failures.values()) == run.totals.failed


def failing(act: Callable[[], object], *, but: Sequence[int]) -> Callable[[Request], str]:
    """Fail all tasks but some, with something done at the first question."""
    good = once(act)

    def reply(request: Request) -> str:
        said = good(request)
        return said if request.task_id in but else "nonsense"

    return reply


@pytest.mark.slow
def test_tasks_all_of_whose_failures_were_deleted_are_looked_for_as_well(house: House) -> None:
    project, tasks = house.project(6)
    prompt, version = house.prompt(project)
    house.model.answer = failing(deleting(house, project, tasks[:2]), but=tasks[2:5])
    run = stored(house, house.run(prompt, version, project))
    assert (run.totals.succeeded, run.totals.failed, run.totals.deleted) == (3, 1, 2)
    assert run.message == "3 predictions; 2 tasks were deleted meanwhile."


@pytest.mark.slow
def test_where_no_task_succeeded_those_that_are_gone_are_no_failures(house: House) -> None:
    project, tasks = house.project(4)
    prompt, version = house.prompt(project)
    house.model.answer = failing(deleting(house, project, tasks[:3]), but=())
    run = stored(house, house.run(prompt, version, project))
    assert run.status is RunStatus.FAILED
    assert run.message.startswith("None of the 1 tasks got a prediction")
    assert (run.totals.failed, run.totals.deleted) == (1, 3)


@pytest.mark.slow
def test_where_every_task_failed_and_is_gone_the_run_has_nothing_left_to_fail(house: House) -> None:
    project, tasks = house.project(3)
    prompt, version = house.prompt(project)
    house.model.answer = failing(deleting(house, project, tasks), but=())
    run = stored(house, house.run(prompt, version, project))
    assert run.status is RunStatus.COMPLETED
    assert run.message.startswith("0 predictions; 3 tasks were deleted meanwhile.")


@pytest.mark.slow
def test_a_run_whose_answered_tasks_are_all_gone_says_so_when_it_goes_on(house: House) -> None:
    project, tasks = house.project(4)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    house.model.answer = once(deleting(house, project, tasks))
    # It ends after its tasks were found to be gone, before it could say so.
    executor = house.container.executor
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(type(executor), "_measure", _breaks)
        assert house.execute(run).status is RunStatus.FAILED
    house.container.runs.resume(stored(house, run))
    ended = house.execute(run)
    assert ended.status is RunStatus.COMPLETED
    assert ended.message.startswith("0 predictions; 4 tasks were deleted meanwhile.")


def _breaks(*_: object) -> None:
    raise RuntimeError("the process ends here")


@pytest.mark.slow
def test_chosen_tasks_that_were_gone_before_they_were_asked_are_told(house: House) -> None:
    project, tasks = house.project(6)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project, subset=Subset.CUSTOM, task_ids=tasks)
    house.container.studio.delete_tasks(project, tasks[:2])
    ended = house.execute(run)
    assert ended.message == "4 predictions; 2 tasks were deleted meanwhile."
    assert (ended.totals.total, ended.totals.succeeded, ended.deleted_tasks) == (4, 4, 2)


@pytest.mark.slow
def test_predictions_that_somebody_else_deletes_are_no_deleted_tasks(house: House) -> None:
    project, tasks = house.project(4)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    # Written, and deleted again before they were read back.
    house.fake.fail("import/predictions", "status", status=502, times=1, after=True)
    ended = house.execute(run)
    assert ended.message == ""
    assert (ended.totals.succeeded, ended.totals.deleted) == (4, 0)
    keys = house.container.studio.prediction_keys(project)
    for key in keys[:2]:
        house.container.studio.delete_prediction(key.id)
    assert stored(house, run).totals.succeeded == 4
    assert tasks


@pytest.mark.slow
def test_a_run_that_goes_on_counts_anew(house: House) -> None:
    project, tasks = house.project(4)
    prompt, version = house.prompt(project)
    house.model.answer = once(deleting(house, project, tasks[:1]))
    run = house.start(prompt, version, project)
    house.fake.fail("import/predictions", "status", status=400, times=2)
    failed = house.execute(run)
    assert failed.status is RunStatus.FAILED
    house.container.studio.delete_tasks(project, tasks[1:2])
    house.container.runs.resume(failed)
    ended = house.execute(failed)
    assert ended.message == "2 predictions; 2 tasks were deleted meanwhile."
    assert (ended.totals.succeeded, ended.totals.deleted) == (2, 2)


@pytest.mark.slow
def test_an_evaluation_counts_them_too(house: House) -> None:
    project, tasks = house.project(6)
    prompt, version = house.prompt(project)
    house.model.answer = once(deleting(house, project, tasks[:2]))
    run = house.run(prompt, version, project, subset=Subset.SAMPLE, sample_size=6)
    assert run.slot is Slot.EVALUATE
    assert "4 predictions; 2 tasks were deleted meanwhile." in run.message


@pytest.mark.slow
def test_no_more_is_read_where_nothing_was_deleted(house: House) -> None:
    project, _ = house.project(4)
    prompt, version = house.prompt(project)
    house.fake.control(forget_calls=True)
    run = house.run(prompt, version, project)
    assert (run.message, run.totals.deleted) == ("", 0)
    calls = house.fake.state()["calls"]
    assert sum("/api/tasks" in each for each in calls) <= 4


@pytest.mark.slow
def test_a_project_deleted_meanwhile_is_said_to_be_gone(house: House) -> None:
    project, _ = house.project(4)
    prompt, version = house.prompt(project)
    studio = house.container.studio
    house.model.answer = once(lambda: studio._transport.send("DELETE", f"api/projects/{project}/"))
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert f"has no project {project}" in run.message
    assert "may have been deleted meanwhile" in run.message
    assert len(house.container.store.outcomes.task_ids(run.id)) == 4


@pytest.mark.slow
def test_promoting_says_which_tasks_are_gone(house: House) -> None:
    project, tasks = house.project(4)
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project)
    predictions = house.container.predictions
    plan = predictions.plan_promote(project, select(labels=[run.label], everything=True))
    studio = house.container.studio
    deleted = []

    def progress(done: int, total: int) -> None:
        if not deleted:
            deleted.append(studio.delete_tasks(project, tasks[:1]))

    report = predictions.execute_promote(plan, Patience(print, threading.Event()), progress)
    assert report.created == 3
    assert report.notes == ("1 task was deleted meanwhile.",)
