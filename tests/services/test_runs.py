"""Starting, asking, canceling and resuming runs."""

from __future__ import annotations

import threading
import time

import pytest

from ml_backend.errors import Conflict, InvalidInput, LabelStudioNotFound, TemplateError
from ml_backend.llm import Request
from ml_backend.records import RunStatus, Subset
from ml_backend.services.prompts.prompts import check_title
from ml_backend.services.runs.run_tasks import sample_of
from support.house import CONFIG, House
from support.processes import eventually


@pytest.mark.slow
def test_an_identical_request_is_answered_from_the_cache_unless_fresh(house: House) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    again = house.run(prompt, version, project)
    assert (again.totals.cached, len(house.model.asked)) == (5, 5)
    assert again.totals.cost == 0.0
    fresh = house.run(prompt, version, project, fresh=True)
    assert (fresh.totals.cached, len(house.model.asked)) == (0, 10)


@pytest.mark.slow
def test_a_refused_answer_is_asked_again_with_the_reason(house: House) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    answers = iter(["not json", '{"topic": "Z"}', '{"topic": "B"}'])
    house.model.answer = lambda request: next(answers)
    run = house.run(prompt, version, project)
    assert run.totals.succeeded == 1
    assert run.totals.usage.prompt_tokens == 30, "every call is counted"
    last = house.model.asked[-1].messages
    assert last[-2]["content"] == '{"topic": "Z"}'
    assert "Z" in last[-1]["content"]


@pytest.mark.slow
def test_a_failure_keeps_the_raw_answer_and_its_cost(house: House) -> None:
    project, tasks = house.project(2)
    prompt, version = house.prompt(project)
    house.model.answer = lambda request: (
        "rubbish 🗑" if request.inputs["text"] == "text 0" else '{"topic": "A"}'
    )
    run = house.run(prompt, version, project)
    (failure,) = house.container.runs.failures(run)
    assert (failure.task_id, failure.kind, failure.raw) == (
        tasks[0],
        "invalid_answer",
        "rubbish 🗑",
    )
    assert failure.asked.usage.prompt_tokens == 30


@pytest.mark.slow
def test_an_unexpected_error_costs_one_task_alone(house: House) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)

    def answer(request: Request) -> str:
        if request.inputs["text"] == "text 2":
            raise ZeroDivisionError
        return '{"topic": "A"}'

    house.model.answer = answer
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.COMPLETED
    assert run.totals.failures == {"internal_error": 1}


@pytest.mark.slow
def test_empty_tasks_are_not_paid_for(house: House) -> None:
    project, _ = house.fake.seed(
        CONFIG, [{"data": {"text": text}} for text in ("", "  \n", None, "something")]
    )
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project)
    assert len(house.model.asked) == 1
    assert run.totals.failures == {"no_input": 3}


@pytest.mark.slow
def test_canceling_keeps_and_publishes_what_was_answered(house: House) -> None:
    project, _ = house.project(600)  # far more than are asked between two beats of the run's heart
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    reached, canceled = threading.Event(), threading.Event()

    def answer(request: Request) -> str:
        reached.set()
        assert canceled.wait(60)
        time.sleep(0.1)
        return '{"topic": "A"}'

    house.model.answer = answer
    thread = threading.Thread(target=house.container.executor.execute, args=(run.id,))
    thread.start()
    assert reached.wait(60)
    house.container.runs.cancel(run)
    canceled.set()
    thread.join(120)
    ended = house.container.store.runs.get(run.id)
    assert ended.status is RunStatus.CANCELED
    assert 0 < ended.totals.succeeded < 600
    assert sum(v.total() for v in house.held(project).values()) == ended.totals.succeeded
    with pytest.raises(Conflict):
        house.container.runs.cancel(ended)


@pytest.mark.slow
def test_a_run_is_executed_once_however_many_try(house: House) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    ended = []
    threads = [
        threading.Thread(target=lambda: ended.append(house.container.executor.execute(run.id)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in ended if one is not None]) == 1
    assert len(house.model.asked) == 5


@pytest.mark.slow
def test_a_run_waits_for_label_studio_and_says_so(house: House) -> None:
    project, _tasks = house.project()
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)

    def answer(request: Request) -> str:
        house.fake.control(down=True)
        return '{"topic": "A"}'

    house.model.answer = answer
    thread = threading.Thread(target=house.container.executor.execute, args=(run.id,))
    thread.start()
    store = house.container.store
    eventually(lambda: "waiting for Label Studio" in store.runs.get(run.id).message)
    house.fake.control(down=False)
    thread.join(120)
    assert store.runs.get(run.id).status is RunStatus.COMPLETED
    assert sum(v.total() for v in house.held(project).values()) == 5


@pytest.mark.slow
def test_only_missing_asks_what_label_studio_lacks(house: House) -> None:
    project, _tasks = house.project()
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    with pytest.raises(Conflict, match="nothing is missing"):
        house.start(prompt, version, project, only_missing=True)
    row = house.container.studio.prediction_keys(project)[0]
    house.container.studio.delete_prediction(row.id)
    run = house.run(prompt, version, project, only_missing=True)
    assert run.totals.total == 1
    assert (run.totals.cached, len(house.model.asked)) == (1, 5), (
        "the kept answer is not paid twice"
    )
    assert all(v.total() == 1 for v in house.held(project).values())


@pytest.mark.slow
def test_custom_tasks_by_id_and_by_filter(house: House) -> None:
    project, tasks = house.project()
    prompt, version = house.prompt(project)
    house.run(prompt, version, project, subset=Subset.CUSTOM, task_ids=tasks[1:3])
    assert [task for task, v in house.held(project).items() if v] == tasks[1:3]
    with pytest.raises(InvalidInput, match="no task 999999"):
        house.start(prompt, version, project, subset=Subset.CUSTOM, task_ids=[999999])


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"subset": Subset.CUSTOM}, "tasks"),
        ({"task_ids": [1]}, "subset"),
        ({"subset": Subset.SAMPLE, "sample_size": 0}, "sample_size"),
        ({"subset": Subset.HAS_GT, "sample_seed": 1}, "sample_seed"),
        ({"budget": 0.0}, "budget"),
        ({"budget": 1.0}, "budget"),
        ({"subset": Subset.HAS_GT}, "subset"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused_before_anything_happens(
    house: House, options: dict, field: str
) -> None:
    project, _ = house.project()
    prompt, version = house.prompt(project)
    with pytest.raises(InvalidInput) as caught:
        house.start(prompt, version, project, **options)
    assert caught.value.field == field
    assert house.container.store.runs.search() == []
    assert house.model.asked == []


def test_unknown_variable_project_and_empty_project_are_named(house: House) -> None:
    project, _ = house.project()
    empty, _ = house.fake.seed(CONFIG, [])
    prompt, version = house.prompt(project)
    with pytest.raises(TemplateError, match="tekst"):
        house.version(prompt, "Label {tekst}")
    with pytest.raises(InvalidInput, match="no tasks"):
        house.start(prompt, version, empty)
    with pytest.raises((LabelStudioNotFound, InvalidInput), match="4242"):
        house.start(prompt, version, 4242)


@pytest.mark.parametrize("title", ["", "  ", "a__b", "_a", "a_", "x" * 200])
def test_titles_that_would_spoil_a_model_version_are_refused(title: str) -> None:
    with pytest.raises(InvalidInput):
        check_title(title, "title")


def test_a_version_cannot_be_named_evaluate() -> None:
    with pytest.raises(InvalidInput):
        check_title("Evaluate", "version")


@pytest.mark.slow
def test_a_seed_draws_the_same_sample_again_and_another_one_another(house: House) -> None:
    project, tasks = house.project(60)
    prompt, version = house.prompt(project)

    def drawn(seed: int | None) -> list[int]:
        run = house.start(
            prompt, version, project, subset=Subset.SAMPLE, sample_size=10, sample_seed=seed
        )
        assert run.options.sample_seed == seed
        return list(run.options.task_ids)

    assert drawn(None) == tasks[:10]
    assert drawn(7) == drawn(7) == sorted(drawn(7))
    assert len({*drawn(7)}) == 10
    assert drawn(7) != drawn(8)
    assert max(drawn(7)) > tasks[29], "from all tasks, not from the first ones"


def test_a_seeded_sample_changes_little_when_tasks_are_imported() -> None:
    before, after = (sample_of(range(1, n + 1), 20, 3) for n in (200, 220))
    assert len({*before} & {*after}) >= 15
    assert sample_of([5, 9], 20, 3) == [5, 9]


@pytest.mark.parametrize("place", [0, 1], ids=["filter", "ticked tasks"])
def test_the_tasks_of_a_data_manager_tab_are_a_selection(house: House, place: int) -> None:
    project, tasks = house.project(12)
    prompt, version = house.prompt(project)
    line = {"filter": "filter:tasks:data.text", "operator": "contains", "type": "String"}
    filters = {"conjunction": "and", "items": [{**line, "value": "text 1"}]}
    ticked = {"all": False, "included": tasks[3:5]}
    wires = [
        {"title": "Ones", "filters": filters},
        {"title": "Ticked", "selectedItems": ticked},
    ]
    for data in wires:
        body = {"project": project, "data": data}
        house.container.studio._transport.send("POST", "api/dm/views/", body)
    tab = house.container.studio.tabs(project)[place]
    run = house.start(prompt, version, project, subset=Subset.CUSTOM, filters=tab.query)
    assert list(run.options.task_ids) == ([tasks[1], *tasks[10:]], tasks[3:5])[place]


def test_the_tab_of_every_task_is_no_selection(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    with pytest.raises(InvalidInput, match="needs tasks"):
        house.start(prompt, version, project, subset=Subset.CUSTOM, filters={})
