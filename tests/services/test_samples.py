"""Several answers for one task: the majority, its score, its cost and its place in the cache."""

from __future__ import annotations

import asyncio
import json
import math
from collections import defaultdict
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import InvalidInput, ModelError, RunStopper
from ml_backend.labeling import LabelingConfig
from ml_backend.llm import Request
from ml_backend.records import (
    CallRecord,
    Failure,
    FailureKind,
    Prediction,
    ProviderName,
    RunStatus,
    Task,
    Usage,
)
from ml_backend.services.inference.self_consistency import combine
from ml_backend.services.runs import pipeline
from ml_backend.store import tables
from support.house import House

CONFIG = LabelingConfig.parse("""<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices>
<Labels name="names" toName="text"><Label value="P"/></Labels></View>""")
TASK = Task(1, {"text": "Ann met Bob"})


def said(topic: str, *quotes: str, cost: float | None = 0.5) -> Prediction:
    answer = {
        "topic": topic,
        "names": [{"quote": each, "occurrence": 1, "label": "P"} for each in quotes],
    }
    made = CONFIG.to_conversion(answer, TASK.data)
    return Prediction(1, made.answer, made.result, asked=CallRecord(Usage(10, 2), cost, 0.1, 1))


def failed() -> Failure:
    return Failure(1, FailureKind.INVALID_ANSWER, "no", asked=CallRecord(Usage(10, 2), 0.5, 0.1, 1))


def test_each_control_takes_its_most_frequent_value_whoever_gave_it() -> None:
    combined = combine(
        [said("A", "Ann"), said("B", "Ann", "Bob"), said("A", "Bob", "Ann")], CONFIG, TASK, "k"
    )
    assert isinstance(combined, Prediction)
    assert combined.answer["topic"] == "A"
    assert {each["quote"] for each in combined.answer["names"]} == {"Ann", "Bob"}
    assert len(combined.result) == 3
    assert combined.asked.usage == Usage(30, 6)
    assert (combined.asked.cost, combined.asked.calls) == (1.5, 3)
    assert combined.asked.request_key == "k"
    assert combined.score is not None
    assert combined.confidence is not None
    assert set(combined.confidence.controls) == {"topic", "names"}
    assert combined.score == pytest.approx(math.prod(combined.confidence.controls.values()))
    # Ann stands in all three answers, Bob in two.
    assert sorted(combined.confidence.regions.values()) == pytest.approx([2 / 3, 1.0])


@pytest.mark.parametrize(
    ("outcomes", "score"),
    [
        pytest.param([said("A"), said("A"), said("A")], 1.0, id="all agree"),
        pytest.param([said("A"), said("A"), said("B")], 2 / 3, id="one differs"),
        pytest.param([said("A"), said("A"), failed()], 2 / 3, id="one failed"),
        pytest.param([said("A")], None, id="a single answer has nothing to agree with"),
    ],
)
def test_the_score_is_the_agreement_in_all_controls(
    outcomes: list[Any], score: float | None
) -> None:
    combined = combine(outcomes, CONFIG, TASK, "k")
    assert isinstance(combined, Prediction)
    assert combined.score == (None if score is None else pytest.approx(score))


def test_only_failures_are_one_failure_and_an_unknown_cost_stays_unknown() -> None:
    assert isinstance(combine([failed(), failed()], CONFIG, TASK, "k"), Failure)
    assert combine([said("A"), said("A", cost=None)], CONFIG, TASK, "k").asked.cost is None


class Moody:
    """Answers A, A, B in turn for each task."""

    def __init__(self, house: House, count: int = 4) -> None:
        self.house = house
        self.times: dict[int, int] = defaultdict(int)
        house.model.answer = self.answer
        self.project, self.tasks = house.project(count)
        self.prompt, _ = house.prompt(self.project)
        self.version = house.container.prompts.create_version(
            self.prompt, text="Label {text}", parameters={"temperature": 0, "top_k": 5}
        )

    def answer(self, request: Request) -> str:
        self.times[request.task_id] += 1
        return json.dumps({"topic": "AAB"[(self.times[request.task_id] - 1) % 3]})

    def run(self, **options: Any) -> Any:
        return self.house.run(self.prompt, self.version, self.project, **options)

    def scores(self) -> set[float]:
        """Return the scores of the predictions that Label Studio holds."""
        found = self.house.fake.state()["predictions"]
        rows = found.values() if isinstance(found, dict) else found
        return {round(row["score"], 4) for row in rows}


@pytest.mark.slow
def test_a_run_asks_k_times_and_counts_all_of_it(house: House) -> None:
    moody = Moody(house)
    ended = moody.run(samples=3)
    assert ended.totals.succeeded == 4
    assert ended.totals.usage == Usage(4 * 3 * 10, 4 * 3 * 2)
    assert len(house.model.asked) == 12
    assert house.model.asked[0].parameters == {"top_k": 5}
    assert moody.scores() == {0.6667}
    # Each answer has its place in the cache: again is free, one more is one more.
    again = moody.run(samples=3)
    assert (again.totals.cached, len(house.model.asked)) == (4, 12)
    moody.run(samples=4)
    assert len(house.model.asked) == 16


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1, 3])
def test_answers_that_come_back_after_a_commit_are_kept(house: House, samples: int) -> None:
    moody = Moody(house)
    complete = house.model.complete

    async def slowly(request: Request) -> Any:
        # Longer than the time between commits, and for each task another.
        await asyncio.sleep(0.04 + 0.05 * (request.task_id % 4))
        return await complete(request)

    house.model.complete = slowly  # type: ignore[method-assign]
    moody.run(samples=samples)
    # In the store, not only in this process's memory of the last answers.
    with house.container.store.database.read() as c:
        kept = c.execute(sa.select(sa.func.count()).select_from(tables.answers)).scalar()
    assert kept == 4 * samples


@pytest.mark.slow
def test_some_of_several_answers_are_kept_when_the_run_is_called_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "GRACE_SECONDS", 0.1)
    house.container.models.concurrency = 2
    moody, complete = Moody(house, 12), house.model.complete
    first, second, *_ = moody.tasks

    async def hang(request: Request) -> Any:
        if request.task_id == first:
            while not moody.times[second]:
                await asyncio.sleep(0.01)
            raise RunStopper("refused", kind=FailureKind.AUTHENTICATION)
        if moody.times[request.task_id]:
            await asyncio.sleep(10)
        return await complete(request)

    house.model.complete = hang  # type: ignore[method-assign]
    assert moody.run(samples=3).status is RunStatus.FAILED
    with house.container.store.database.read() as c:
        kept = c.execute(sa.select(sa.func.count()).select_from(tables.answers)).scalar()
    assert kept == 1, "the first of the second task was paid for"


@pytest.mark.slow
def test_a_key_refused_midway_keeps_what_was_answered(house: House) -> None:
    moody = Moody(house)
    calm = house.model.answer

    def answer(request: Request) -> str:
        if len(house.model.asked) > 7:
            raise RunStopper("refused", kind=FailureKind.AUTHENTICATION)
        return calm(request)

    house.model.answer = answer
    ended = moody.run(samples=3)
    assert ended.status is RunStatus.FAILED
    assert 0 < ended.totals.succeeded <= 4
    assert ended.totals.usage.prompt_tokens == 70


@pytest.mark.slow
def test_a_failed_sample_counts_against_the_score(house: House) -> None:
    moody = Moody(house)
    calm = house.model.answer

    def answer(request: Request) -> str:
        if moody.times[request.task_id] == 2:
            moody.times[request.task_id] += 1
            raise ModelError("slow", kind=FailureKind.TIMEOUT)
        return calm(request)

    house.model.answer = answer
    moody.run(samples=3)
    assert moody.scores() == {0.6667}


@pytest.mark.parametrize("samples", [0, 26])
def test_an_odd_number_of_samples_is_refused(house: House, samples: int) -> None:
    moody = Moody(house)
    with pytest.raises(InvalidInput) as caught:
        moody.run(samples=samples)
    assert caught.value.field == "samples"


def test_the_baseline_is_not_asked_several_times(house: House) -> None:
    moody = Moody(house)
    house.container.store.prompts.update_version(
        moody.version.id, provider=ProviderName.BASELINE.value
    )
    moody.version = house.container.store.prompts.get_version(moody.version.id)
    with pytest.raises(InvalidInput, match="baseline"):
        moody.run(samples=3)
