"""Try on a task: no run, no prediction, within budgets, and never paid for twice."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from ml_backend.errors import BudgetReached, Conflict, InvalidInput, ModelError, NotFound
from ml_backend.llm import Reply, Request
from ml_backend.records import Failure, Prediction, PromptVersion
from ml_backend.services.evaluation.tries import Tried, Tries, TryRequest
from ml_backend.store import Spent
from support.house import CONFIG, House
from support.models import adopt
from support.processes import eventually

PRICED = {"*": (1_000_000.0, 1_000_000.0)}
"""A dollar a token."""


def tried(house: House, version: PromptVersion, project: int, **more: object) -> Tried:
    container = house.container
    where = container.studio.get_project(project)
    return container.tries.ask(container.studio, TryRequest(where, version, **more), "me")


@pytest.mark.slow
def test_a_draft_is_asked_and_nothing_is_left_of_it(house: House) -> None:
    project, ids = house.project(3)
    prompt, version = house.prompt(project)
    draft = replace(version, text="Draft {text}", system_prompt="You label.")
    found = tried(house, draft, project, task_id=ids[1])
    assert (found.task.id, found.before, found.after) == (ids[1], ids[0], ids[2])
    assert isinstance(found.outcome, Prediction)
    assert found.outcome.answer == {"topic": "A"}
    assert (found.truth, found.right) == (None, None)
    [asked] = house.model.asked
    assert asked.messages[-1]["content"] == "Draft <text>text 1</text>"
    assert asked.messages[0]["content"].startswith("You label.")
    assert house.container.store.runs.search(prompt_id=prompt.id) == []
    assert not house.fake.state()["predictions"]
    assert house.container.store.prompts.get_version(version.id).text == version.text


@pytest.mark.slow
def test_the_truth_is_told_and_whether_the_answer_agrees(house: House) -> None:
    region = {
        "from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["B"]},
    }  # fmt: skip
    marked = {"annotations": [{"result": [region], "ground_truth": True}]}
    project, _ = house.fake.seed(CONFIG, [{"data": {"text": "x"}, **marked}])
    _, version = house.prompt(project)
    found = tried(house, version, project)
    assert (found.truth, found.right) == ({"topic": "B"}, False)
    house.model.answer = lambda _: '{"topic": "B"}'
    assert tried(house, version, project, fresh=True).right is True


@pytest.mark.slow
def test_what_was_answered_before_is_free_until_it_is_asked_anew(house: House) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    assert not tried(house, version, project).outcome.asked.cached
    again = tried(house, version, project)
    assert again.outcome.asked.cached
    assert again.outcome.raw == '{"topic": "A"}'
    assert len(house.model.asked) == 1
    tried(house, version, project, fresh=True)
    assert len(house.model.asked) == 2
    [day] = house.container.store.tries.of_prompt(prompt.id)
    assert (day.calls, day.unpriced) == (2, 2)


@pytest.mark.slow
def test_a_run_does_not_pay_again_for_what_was_tried(house: House) -> None:
    project, _ = house.project(2)
    prompt, version = house.prompt(project)
    tried(house, version, project)
    assert house.run(prompt, version, project).totals.cached == 1
    assert len(house.model.asked) == 2


def test_its_cost_is_spending_of_the_prompt_and_of_the_connection(house: House) -> None:
    container = house.container
    container.models.default = replace(container.models.default, prices=PRICED)
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    found = tried(house, version, project)
    assert found.outcome.asked.cost == 12
    assert found.price is not None
    assert found.price.source == "given by OPENAI_PRICE"
    assert container.store.standings.of_prompt(prompt.id).cost == 12
    assert container.store.standings.of_prompt(prompt.id, [project + 1]).cost == 0
    spent = container.store.spendings.since(0, "")
    assert spent == Spent(12.0, 1, 0, 10, 2)


@pytest.mark.slow
def test_a_full_budget_refuses_it_before_anything_is_asked(house: House) -> None:
    container = house.container
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    made = container.store.connections.create(
        title="small", provider="Custom", api_key="", endpoint="http://model.invalid/v1",
        prices=PRICED, budget_limit=1.0,
    )  # fmt: skip
    adopt(container.models, made, house.model)
    with pytest.raises(BudgetReached, match="may spend") as refused:
        tried(house, replace(version, connection_id=made.id), project)
    assert "raise_connection_budget" in refused.value.fix
    container.models.default = replace(container.models.default, prices=PRICED)
    with pytest.raises(BudgetReached, match="less than a single call"):
        tried(house, version, project, budget=1.0)
    assert house.model.asked == []
    assert container.store.tries.of_prompt(prompt.id) == []


def test_what_keeps_a_task_from_being_asked_is_raised(house: House) -> None:
    project, ids = house.project(1)
    _, version = house.prompt(project)
    with pytest.raises(InvalidInput, match=r"uses \{txet\}"):
        tried(house, replace(version, text="{txet}"), project)
    with pytest.raises(NotFound, match="no task"):
        tried(house, version, project, task_id=ids[0] + 99)
    empty, _ = house.project(0)
    _, other = house.prompt(empty, title="Q")
    with pytest.raises(InvalidInput, match="has no tasks"):
        tried(house, other, empty)
    assert house.model.asked == []


def test_an_answer_of_no_use_is_told_with_what_the_model_said(house: House) -> None:
    project, _ = house.project(1)
    _, version = house.prompt(project)
    house.model.answer = lambda _: "Well, <b>who</b> knows"
    found = tried(house, version, project)
    assert isinstance(found.outcome, Failure)
    assert found.outcome.raw == "Well, <b>who</b> knows"
    assert found.outcome.asked.calls == 3


@pytest.mark.slow
def test_a_slow_model_is_waited_for_so_long_and_its_answer_kept(house: House) -> None:
    container = house.container
    project, ids = house.project(2)
    prompt, version = house.prompt(project)
    let_go, loop_free = threading.Event(), house.model.complete

    async def slow(request: Request) -> Reply:
        while not let_go.is_set():
            await asyncio.sleep(0.01)
        return await loop_free(request)

    house.model.complete = slow  # type: ignore[method-assign]
    tries = Tries(
        container.store, container.predictor_factory, container.examples, container.evaluation,
        container.loop, at_once=2, seconds=0.2,
    )  # fmt: skip
    where = container.studio.get_project(project)

    def ask(task: int, who: str) -> Tried:
        return tries.ask(container.studio, TryRequest(where, version, task), who)

    with pytest.raises(ModelError, match="has not answered within"):
        ask(ids[0], "me")
    with pytest.raises(Conflict, match="still being asked"):
        ask(ids[1], "me")
    with pytest.raises(ModelError, match="has not answered within"):
        ask(ids[1], "somebody else")
    let_go.set()
    eventually(lambda: sum(day.calls for day in container.store.tries.of_prompt(prompt.id)) == 2)
    assert ask(ids[0], "me").outcome.asked.cached
    assert len(house.model.asked) == 2


@pytest.mark.slow
def test_few_shot_examples_are_shown_as_the_preview_says(house: House) -> None:
    def annotated(number: int) -> dict[str, object]:
        region = {
            "from_name": "topic", "to_name": "text", "type": "choices",
            "value": {"choices": ["AB"[number % 2]]},
        }  # fmt: skip
        return {
            "data": {"text": f"text {number}"},
            "annotations": [{"result": [region], "ground_truth": True}],
        }

    project, ids = house.fake.seed(CONFIG, [annotated(n) for n in range(4)])
    _, version = house.prompt(project)
    draft = replace(version, max_few_shot_examples=2)
    container = house.container
    shown = container.previews.preview(
        container.studio, container.studio.get_project(project), draft, ids[0]
    )
    tried(house, draft, project, task_id=ids[0])
    assert house.model.asked[-1].messages == [*shown.messages]
    assert shown.examples == 2
