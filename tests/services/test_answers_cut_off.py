"""No answer runs on: each call has a limit made for its task; what is cut off has a second try."""

from __future__ import annotations

import json

import pytest

from ml_backend.errors import CutOff, ModelError
from ml_backend.llm import Request
from ml_backend.records import FailureKind, RunStatus, Usage
from support.house import House

SUMMARY = """<View><Text name="text" value="$text"/>
<TextArea name="summary" toName="text" maxSubmissions="1"/></View>"""


def cut_below(tokens: int):
    """Answer like a model that needs so many tokens; cut off it says nothing of use."""

    def answer(request: Request) -> str:
        if request.limit and request.limit < tokens:
            error = ModelError("cut off", kind=FailureKind.TRUNCATED, raw="<think>")
            error.usage, error.calls = Usage(10, request.limit), 1
            raise error
        return json.dumps({"topic": "A"})

    return answer


def limits(house: House) -> list[int]:
    return [request.limit for request in house.model.asked]


@pytest.mark.slow
def test_a_class_is_asked_for_within_few_tokens(house: House) -> None:
    project, _ = house.project(2)
    house.run(*house.prompt(project), project)
    assert limits(house) == [128, 128]


@pytest.mark.slow
def test_a_text_may_be_longer_and_goes_by_its_task(house: House) -> None:
    texts = ["short", "word " * 2_000]
    project, _ = house.fake.seed(SUMMARY, [{"data": {"text": text}} for text in texts])
    house.model.answer = lambda request: '{"summary": "x"}'
    house.run(*house.prompt(project), project)
    short, long = sorted(limits(house))
    assert 512 < short < 800
    assert 10_000 < long < 12_000


@pytest.mark.slow
def test_an_answer_that_is_cut_off_is_asked_for_again_with_more_room(house: House) -> None:
    project, _ = house.project(1)
    house.model.answer = cut_below(1_000)
    run = house.run(*house.prompt(project), project)
    assert (run.status, run.totals.succeeded) == (RunStatus.COMPLETED, 1)
    assert limits(house) == [128, 128 * 4 + 2_048]
    # What was paid for the first is counted.
    assert run.totals.usage.completion_tokens == 128 + house.model.usage.completion_tokens


@pytest.mark.slow
def test_what_one_answer_needed_the_next_ones_get_at_once(house: House) -> None:
    project, _ = house.project(9)
    house.model.answer = cut_below(1_000)
    run = house.run(*house.prompt(project), project)
    assert run.totals.succeeded == 9
    assert limits(house)[-1] > 2_000
    assert limits(house).count(128) <= 4  # those in flight when the first one came back


@pytest.mark.parametrize("model", ["gemini-flash-latest", "kimi-k2.5", "glm-5", "prod-eu-2"])
@pytest.mark.slow
def test_a_thinker_nobody_knows_by_name_is_left_alone_after_one_thought_was_cut_off(
    house: House, model: str
) -> None:
    project, _ = house.project(9)
    prompt, _version = house.prompt(project)
    version = house.container.prompts.create_version(prompt, text="{text}", model=model)

    def answer(request: Request) -> str:
        if request.limit and request.limit < 9_000:
            error = ModelError("cut off", kind=FailureKind.TRUNCATED, raw="The customer writes")
            error.cut = CutOff("The customer writes", "writes", is_thought=True)
            raise error
        return json.dumps({"topic": "A"})

    house.model.answer = answer
    run = house.run(prompt, version, project)
    assert run.totals.succeeded == 9
    assert limits(house).count(128) <= 4  # those in flight when the first one came back
    assert set(limits(house)) == {128, 0}


@pytest.mark.slow
def test_under_a_budget_the_second_try_has_a_limit_too_and_a_greater_one(house: House) -> None:
    project, _ = house.project(1)
    house.container.given_prices.give(house.container.models.default, "scripted", (1.0, 1.0))

    def answer(request: Request) -> str:
        if request.limit < 9_000:
            raise ModelError("cut off", kind=FailureKind.TRUNCATED)
        return json.dumps({"topic": "A"})

    house.model.answer = answer
    run = house.run(*house.prompt(project), project, budget=1.0)
    assert run.totals.succeeded == 1
    first, second = limits(house)
    assert (first, second) == (128, 2 * 128 + 16_384)


@pytest.mark.slow
def test_a_list_may_be_longer_and_then_a_thought_longer_still(house: House) -> None:
    project, _ = house.project(6)
    seen = {"begun": 0}

    def answer(request: Request) -> str:
        seen["begun"] += 1
        if request.limit == 128:
            raise ModelError("cut off", kind=FailureKind.TRUNCATED, raw='{"topic": "')
        if request.limit and seen["begun"] > 6:
            raise ModelError("cut off", kind=FailureKind.TRUNCATED, raw="")
        return json.dumps({"topic": "A"})

    house.model.answer = answer
    run = house.run(*house.prompt(project), project)
    assert run.totals.succeeded == 6
    assert {0, 128, 256} >= set(limits(house))


@pytest.mark.slow
def test_an_answer_that_never_ends_is_given_up_after_the_second_try(house: House) -> None:
    project, _ = house.project(1)
    house.model.answer = cut_below(10**9)
    run = house.run(*house.prompt(project), project)
    assert (run.totals.failed, len(house.model.asked)) == (1, 2)
    assert run.totals.failures == {FailureKind.TRUNCATED.value: 1}


@pytest.mark.parametrize("parameters", [{"max_tokens": 50}, {"max_completion_tokens": 50}])
@pytest.mark.slow
def test_the_versions_own_limit_wins_and_is_not_widened(house: House, parameters) -> None:
    project, _ = house.project(1)
    prompt, _version = house.prompt(project)
    version = house.container.prompts.create_version(prompt, text="{text}", parameters=parameters)

    def answer(request: Request) -> str:
        raise ModelError("cut off", kind=FailureKind.TRUNCATED)

    house.model.answer = answer
    run = house.run(prompt, version, project)
    assert run.totals.failed == 1
    [asked] = house.model.asked
    assert (asked.limit, asked.parameters) == (0, parameters)
