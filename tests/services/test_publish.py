"""Exactly one prediction per task and slot, whatever Label Studio does with a write."""

from __future__ import annotations

from collections import Counter

import pytest

from ml_backend.errors import ModelError, RunStopper
from ml_backend.llm import Request
from ml_backend.next_steps import Step
from ml_backend.records import FailureKind, RunStatus, Stage, Subset
from support.house import House


def fails_on(*texts: str, kind: FailureKind, stop: bool = False):
    def answer(request: Request) -> str:
        if any(text in request.inputs["text"] for text in texts):
            raise (RunStopper if stop else ModelError)("no", kind=kind)
        return '{"topic": "A"}'

    return answer


@pytest.mark.slow
def test_a_run_writes_one_prediction_per_task_and_the_next_replaces_it(house: House) -> None:
    project, tasks = house.project()
    prompt, first = house.prompt(project)
    assert house.run(prompt, first, project).status is RunStatus.COMPLETED
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}
    second = house.version(prompt, "Label it: {text}")
    house.run(prompt, second, project)
    assert house.held(project) == {task: Counter(["P__Version 2"]) for task in tasks}
    house.run(prompt, second, project)
    assert house.held(project) == {task: Counter(["P__Version 2"]) for task in tasks}


@pytest.mark.slow
def test_other_prompts_and_strange_rows_are_never_touched(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    rows = [
        {"task": tasks[0], "result": [], "model_version": name}
        for name in ("P__Version 10", "P__Version", "someone", "p__version 1")
    ]
    house.container.studio.import_predictions(project, rows)
    other, other_version = house.prompt(project, "Q")
    house.run(other, other_version, project)
    for _ in range(2):
        house.run(prompt, version, project)
    strangers = Counter(row["model_version"] for row in rows)
    expected = Counter(["P__Version 1", "Q__Version 1"])
    assert house.held(project)[tasks[0]] == expected + strangers
    assert house.held(project)[tasks[1]] == expected


@pytest.mark.slow
def test_a_transport_failure_keeps_the_older_prediction_and_a_bad_answer_does_not(
    house: House,
) -> None:
    project, tasks = house.project(40)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    second = house.version(prompt, "Again {text}")
    transport = fails_on("text 7", kind=FailureKind.TIMEOUT)
    house.model.answer = lambda request: (
        '{"topic": "Z"}' if request.inputs["text"] == "text 3" else transport(request)
    )
    run = house.run(prompt, second, project)
    assert run.status is RunStatus.COMPLETED
    assert run.totals.failures == {"timeout": 1, "invalid_answer": 1}
    held = house.held(project)
    assert held[tasks[7]] == Counter(["P__Version 1"])
    assert held[tasks[3]] == Counter()
    rest = [held[task] for n, task in enumerate(tasks) if n not in (3, 7)]
    assert rest == [Counter(["P__Version 2"])] * 38
    kept = [r for r in house.container.studio.predictions(project) if r.task_id == tasks[7]]
    assert kept[0].result[0]["value"] == {"choices": ["A"]}, "kept rows come back unchanged"


@pytest.mark.slow
def test_a_run_without_any_success_changes_nothing(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    house.model.answer = lambda request: "nonsense"
    second = house.version(prompt, "Again {text}")
    run = house.run(prompt, second, project)
    assert run.status is RunStatus.FAILED
    assert "older predictions were left in place" in run.message
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}


@pytest.mark.slow
def test_a_stopped_run_publishes_what_was_answered_and_resumes_with_the_rest(
    house: House,
) -> None:
    project, tasks = house.project(30)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    second = house.version(prompt, "Again {text}")
    house.model.answer = fails_on("text 20", kind=FailureKind.QUOTA, stop=True)
    run = house.run(prompt, second, project)
    assert run.status is RunStatus.FAILED
    answered = run.totals.succeeded
    assert 0 < answered < 30
    held = house.held(project)
    assert Counter(sum(held.values(), Counter())) == Counter(
        {"P__Version 2": answered, "P__Version 1": 30 - answered}
    )
    asked = len(house.model.asked)
    house.model.answer = lambda request: '{"topic": "B"}'
    house.container.runs.resume(run)
    ended = house.container.executor.execute(run.id)
    assert ended is not None
    assert ended.status is RunStatus.COMPLETED
    assert len(house.model.asked) - asked == 30 - answered, "nothing is paid for twice"
    assert house.held(project) == {task: Counter(["P__Version 2"]) for task in tasks}


@pytest.mark.slow
@pytest.mark.parametrize(
    "mode",
    ["500_before", "500_after", "drop_connection_before", "drop_connection_after", "delay_commit"],
)
@pytest.mark.parametrize("path", ["import/predictions", "model-versions"])
def test_an_interrupted_write_neither_loses_nor_doubles(house: House, mode: str, path: str) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    second = house.version(prompt, "Again {text}")
    method = "POST" if path.startswith("import") else "DELETE"
    house.fake.fail(path, mode, method=method, seconds=0.6)
    run = house.run(prompt, second, project)
    assert run.status is RunStatus.COMPLETED, run.message
    assert house.held(project) == {task: Counter(["P__Version 2"]) for task in tasks}


@pytest.mark.slow
def test_a_task_deleted_meanwhile_is_dropped(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 4":
            house.container.studio.delete_tasks(project, [tasks[1]])
        return '{"topic": "A"}'

    house.model.answer = answer
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.COMPLETED, run.message
    left = [task for task in tasks if task != tasks[1]]
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in left}


@pytest.mark.slow
def test_predictions_label_studio_drops_are_named_after_five_rounds(house: House) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)
    # Something in between that says yes and stores nothing.
    house.fake.control(
        faults=[
            {
                "path": "import/predictions",
                "mode": "status",
                "status": 201,
                "body": '{"created": 0}',
                "times": 6,
            }
        ]
    )
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert "5 predictions are missing" in run.message
    house.container.runs.resume(run)
    ended = house.container.executor.execute(run.id)
    assert ended is not None
    assert ended.status is RunStatus.COMPLETED
    assert len(house.model.asked) == 5


@pytest.mark.slow
def test_the_label_stream_shows_the_newest_run_but_not_over_a_stranger(house: House) -> None:
    project, tasks = house.project()
    studio = house.container.studio
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    assert studio.get_project(project).model_version == "P__Version 1"
    second = house.version(prompt, "Again {text}")
    house.run(prompt, second, project)
    assert studio.get_project(project).model_version == "P__Version 2"
    studio.import_predictions(project, [{"task": tasks[0], "result": [], "model_version": "X"}])
    studio.set_model_version(project, "X")
    run = house.run(prompt, version, project)
    assert studio.get_project(project).model_version == "X"
    assert "'X'" in run.message
    assert Step.SWITCH_LABEL_STREAM() in run.message
    house.run(prompt, version, project, activate=True)
    assert studio.get_project(project).model_version == "P__Version 1"


@pytest.mark.slow
def test_evaluating_never_moves_the_label_stream(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    for _ in range(2):
        run = house.run(prompt, version, project, subset=Subset.SAMPLE, sample_size=2)
        assert run.label == "P__Version 1__evaluate"
    assert house.container.studio.get_project(project).model_version == "P__Version 1"
    held = house.held(project)
    assert held[tasks[0]] == Counter(["P__Version 1", "P__Version 1__evaluate"])
    assert held[tasks[4]] == Counter(["P__Version 1"])


@pytest.mark.slow
def test_a_run_taken_over_in_each_stage_ends_the_same(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    second = house.version(prompt, "Again {text}")
    for stage in (Stage.PLANNING, Stage.CLEARING, Stage.LOADING, Stage.VERIFYING):
        run = house.run(prompt, second, project)
        # As a process that died in this stage leaves it: the work may stand already.
        store = house.container.store
        store.runs.change(run.id, 1, status="InProgress", stage=stage.value, lease_until=0.0)
        ended = house.container.executor.execute(run.id)
        assert ended is not None
        assert ended.status is RunStatus.COMPLETED
        assert house.held(project) == {task: Counter(["P__Version 2"]) for task in tasks}


@pytest.mark.slow
@pytest.mark.parametrize("stage", [None, Stage.LOADING])
def test_an_answer_is_never_given_to_another_task_that_took_the_id(
    house: House, stage: Stage | None
) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    studio = house.container.studio

    def exchange() -> None:
        studio.delete_tasks(project, tasks[3:])
        new = studio.import_tasks(project, [{"text": "new 0"}, {"text": "new 1"}])
        assert new == tasks[3:], "the fake gives ids again, as Label Studio on SQLite does"

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 4" and stage is None:
            exchange()
        return '{"topic": "B"}' if request.inputs["text"].startswith("new") else '{"topic": "A"}'

    house.model.answer = answer
    run = house.run(prompt, version, project)
    if stage is not None:
        # A process died while importing; before another takes over, tasks are exchanged.
        exchange()
        house.container.store.runs.change(
            run.id, 1, status="InProgress", stage=stage.value, lease_until=0.0
        )
        taken_over = house.container.executor.execute(run.id)
        assert taken_over is not None
        run = taken_over
    assert run.status is RunStatus.COMPLETED, run.message
    assert house.held(project) == {task: Counter(["P__Version 1"]) for task in tasks}
    given = {row.task_id: row.result[0]["value"]["choices"] for row in studio.predictions(project)}
    assert given == {task: ["B"] if task in tasks[3:] else ["A"] for task in tasks}
