"""A null that was offered is an answer: one call, and a prediction that marks nothing."""

from __future__ import annotations

import json

import pytest

from ml_backend.llm import Request
from ml_backend.records import Prediction, Slot, Subset
from ml_backend.services.runs.run_tasks import NothingMissing
from support.house import CONFIG, House

NULL = '{"topic": null}'
REGION = {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["A"]}}


def seeded(house: House, truths: int) -> tuple[int, list[int]]:
    """Three tasks, the first of them with the truth A; the model answers null to the first one."""
    truth = {"annotations": [{"result": [REGION], "ground_truth": True, "completed_by": 1}]}
    tasks = [{"data": {"text": f"text {n}"}, **(truth if n < truths else {})} for n in range(3)]

    def answer(request: Request) -> str:
        return NULL if "text 0" in json.dumps(request.messages) else '{"topic": "A"}'

    house.model.answer = answer
    return house.fake.seed(CONFIG, tasks)


@pytest.mark.slow
def test_a_run_publishes_it_empty_and_counts_it(house: House) -> None:
    project, ids = seeded(house, 0)
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project)
    totals = run.totals
    assert (totals.succeeded, totals.failed, totals.nothing_to_tell) == (3, 0, 1)
    assert totals.failures == {}
    assert len(house.model.asked) == 3
    results = {row.task_id: row.result for row in house.container.studio.predictions(project)}
    assert {task: bool(result) for task, result in results.items()} == {
        ids[0]: False,
        ids[1]: True,
        ids[2]: True,
    }
    # Counters kept while running and what is added up from the rows agree, and nothing is counted
    # among the failures of all runs.
    assert house.container.store.outcomes.totals(run.id).nothing_to_tell == 1
    assert house.container.store.summary.read().failures == {}
    with pytest.raises(NothingMissing):
        house.run(prompt, version, project, only_missing=True)


@pytest.mark.slow
def test_a_truth_that_is_there_makes_it_a_miss_and_no_failure(house: House) -> None:
    project, _ = seeded(house, 3)
    prompt, version = house.prompt(project)
    run = house.run(prompt, version, project, subset=Subset.HAS_GT, slot=Slot.EVALUATE)
    assert run.metrics is not None
    overall = run.metrics.overall
    assert (overall.n, overall.correct, overall.failed) == (3, 2, 0)
    assert run.totals.nothing_to_tell == 1


@pytest.mark.slow
def test_several_answers_may_agree_that_there_is_nothing(house: House) -> None:
    project, _ = house.fake.seed(CONFIG, [{"data": {"text": "text 0"}}])
    prompt, version = house.prompt(project)
    said = iter([NULL, '{"topic": "A"}', NULL])
    house.model.answer = lambda request: next(said)
    run = house.run(prompt, version, project, samples=3)
    [outcome] = house.container.store.outcomes.iter(run.id)
    assert isinstance(outcome, Prediction)
    assert (outcome.answer, outcome.result, outcome.asked.calls) == ({"topic": None}, [], 3)
    assert outcome.score is not None
    assert round(outcome.score, 2) == 0.67


@pytest.mark.slow
def test_the_cache_keeps_it(house: House) -> None:
    project, _ = seeded(house, 0)
    prompt, version = house.prompt(project)
    house.run(prompt, version, project)
    again = house.run(prompt, version, project)
    assert (again.totals.cached, again.totals.nothing_to_tell) == (3, 1)
    assert len(house.model.asked) == 3
