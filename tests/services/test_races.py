"""Races over the services: what is asked, kept, paid and said."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ml_backend.errors import Conflict, InvalidInput, ModelError, RunStopper
from ml_backend.llm import Request
from ml_backend.records import (
    FailureKind,
    Job,
    JobKind,
    Prompt,
    PromptVersion,
    ProviderName,
    RunStatus,
)
from ml_backend.records.abilities import Fact, ModelAbilities
from ml_backend.scoring.racing import Race
from ml_backend.scoring.verdict import Verdict
from ml_backend.services.racing.entrants import Entrant, entrants_of, names_of
from ml_backend.services.racing.report import _said
from ml_backend.services.racing.request import RaceRequest
from support.house import CONFIG, House
from support.models import adopt
from support.processes import eventually

PRICES = {"good": [10.0, 10.0], "cheap": [1.0, 1.0], "bad": [0.5, 0.5]}


class Track:
    """A house with truths, and models that answer some of them wrong."""

    def __init__(self, house: House, count: int = 60, same: int = 0) -> None:
        self.house, self.container = house, house.container
        self.asked: Counter[tuple[str, int]] = Counter()
        self.wrong: dict[str, set[int]] = {"bad": set(range(0, 1000, 2))}
        """Model -> numbers of tasks it gets wrong."""
        tasks = [
            {
                "data": {"text": f"text number {n if n >= same else 0}"},
                "annotations": [
                    {
                        "ground_truth": True,
                        "result": [
                            {
                                "from_name": "topic", "to_name": "text", "type": "choices",
                                "value": {"choices": ["A"]},
                            }
                        ],
                    }
                ],
            }
            for n in range(count)
        ]  # fmt: skip
        self.project_id, self.tasks = house.fake.seed(CONFIG, tasks)
        store = self.container.store
        self.connection = store.connections.create(
            title="Gateway", provider=ProviderName.CUSTOM, endpoint="http://model.invalid/v1",
            api_key="k", default_model="good", prices=PRICES,
        )  # fmt: skip
        adopt(self.container.models, self.connection, house.model)
        house.model.answer = self.answer
        self.prompt: Prompt
        self.version: PromptVersion
        self.prompt, _ = house.prompt(self.project_id)
        self.version = self.container.prompts.create_version(
            self.prompt, text="Label {text}", connection=self.connection.id, model="good"
        )

    def answer(self, request: Request) -> str:
        number = self.tasks.index(request.task_id)
        self.asked[request.model, number] += 1
        right = number not in self.wrong.get(request.model, ())
        return json.dumps({"topic": "A" if right else "B"})

    def request(self, models: Sequence[str] = ("good", "cheap", "bad"), **more: Any) -> RaceRequest:
        own = self.container.races.own_connection(self.version)
        entrants = entrants_of(models, more.pop("few_shot", ()), self.version, own, self.find)
        project = self.container.studio.get_project(self.project_id)
        return RaceRequest(project, self.prompt, self.version, tuple(entrants), **more)

    def find(self, ref: str) -> Any:
        known = self.container.store.connections.all()
        return next((each for each in known if ref in (str(each.id), each.title)), None)

    def begin(self, asked: RaceRequest) -> Job:
        job: Job = self.container.jobs.submit(
            JobKind.RACE,
            asked.document(),
            created_by=asked.person,
            prompt_id=self.prompt.id,
            version_id=self.version.id,
            project_id=self.project_id,
        )
        return job

    def end(self, job: Job) -> Job:
        store = self.container.store.jobs
        eventually(lambda: store.get(job.id).status.is_final)
        ended: Job = store.get(job.id)
        return ended

    def race(self, *models: str, **more: Any) -> Job:
        asked = self.request(models, **more) if models else self.request(**more)
        return self.end(self.begin(asked))


@pytest.fixture
def track(house: House) -> Track:
    return Track(house)


def states(job: Job) -> dict[str, str]:
    return {each["name"]: each["state"] for each in job.result["models"]}


@pytest.mark.slow
def test_the_cheapest_good_one_wins_and_is_measured_on_tasks_that_were_not_raced(
    track: Track,
) -> None:
    predictions = track.house.held(track.project_id)
    job = track.race()
    assert job.status is RunStatus.COMPLETED, job.message
    found = job.result
    assert found["winner"] == "cheap", found["sentence"]
    assert states(job)["bad"] in {"worse", "hopeless"}
    assert found["sentence"].startswith("cheap is the cheapest that is not worse than the best")
    rows = {each["name"]: each for each in found["models"]}
    assert rows["cheap"]["measured_on"] == "held out"
    assert rows["cheap"]["tasks"] == found["to_hold"] == 24
    assert rows["cheap"]["accuracy"] == 1.0
    assert rows["cheap"]["low"] < 1.0
    held = {task for (model, task) in track.asked if model == "cheap"} - {
        task for (model, task) in track.asked if model == "good"
    }
    assert len(held) == 24, "nobody else was asked these"
    assert rows["good"]["measured_on"] == "raced"
    assert rows["bad"]["tasks"] < found["to_race"]
    # Of 12 tokens each: by its price in millionths of a dollar.
    assert rows["cheap"]["cost_per_task"] == pytest.approx(12e-6)
    assert rows["cheap"]["project_cost"] == pytest.approx(60 * 12e-6)
    assert found["spent"] == pytest.approx(
        sum(12e-6 * PRICES[model][0] * n for (model, _), n in track.asked.items())
    )
    assert max(track.asked.values()) == 1
    assert track.house.held(track.project_id) == predictions, "nothing is written"
    assert not track.container.store.runs.search(prompt_id=track.prompt.id)


@pytest.mark.slow
def test_paid_answers_are_free_for_the_next_race_and_still_have_a_cost(track: Track) -> None:
    first = track.race()
    asked = sum(track.asked.values())
    same = track.request(seed=first.request["seed"])
    again = track.end(track.begin(same))
    assert sum(track.asked.values()) == asked
    assert again.result["spent"] == 0.0
    assert again.result["winner"] == first.result["winner"]
    costs = [each["cost_per_task"] for each in again.result["models"]]
    assert costs == pytest.approx([each["cost_per_task"] for each in first.result["models"]])


@pytest.mark.slow
def test_a_race_goes_on_where_a_dead_process_left_it(track: Track) -> None:
    """Failures too are paid for, and in no cache: they are not asked again."""
    answer = track.answer

    def failing(request: Request) -> str:
        text = answer(request)
        if request.model == "bad":
            raise ModelError("Refused.", kind=FailureKind.REFUSED)
        return text

    track.house.model.answer = failing
    whole = track.race("good", "bad")
    asked = track.request(("good", "bad"), seed=whole.request["seed"])
    store = track.container.store
    left, fence = store.jobs.create(
        JobKind.RACE, asked.document(), created_by=None, seconds=60.0,
        prompt_id=track.prompt.id, version_id=track.version.id, project_id=track.project_id,
    )  # fmt: skip
    kept = [each for each in store.races.of(whole.id) if each.raced][:30]
    store.races.add(left.id, track.project_id, kept)
    store.erasing.erase_unused_answers(None)
    track.asked.clear()
    store.jobs.release(left.id, fence)
    track.container.jobs.do_job(left.id)
    ended = track.end(left)
    assert ended.status is RunStatus.COMPLETED, ended.message
    known = {(("good", "bad")[each.entrant], track.tasks.index(each.task_id)) for each in kept}
    assert not known & set(track.asked), "what it had is not asked again"
    assert ended.result["winner"] == whole.result["winner"]


@pytest.mark.slow
def test_a_budget_is_never_crossed(track: Track) -> None:
    for budget in (0.0004, 0.002, 0.006):
        track.asked.clear()
        track.container.store.erasing.erase_unused_answers(None)
        job = track.race(budget=budget)
        spent = sum(12e-6 * PRICES[model][0] * n for (model, _), n in track.asked.items())
        assert spent <= budget
        assert job.status is RunStatus.COMPLETED, job.message
        if job.result["stopped"]:
            assert "budget" in job.result["sentence"]


def test_a_budget_needs_prices(track: Track) -> None:
    asked = track.request(("good", "unpriced"), budget=1.0)
    with pytest.raises(InvalidInput, match="price is unknown"):
        track.container.races.check(asked)


@pytest.mark.slow
def test_a_canceled_race_says_what_is_known(track: Track) -> None:
    go, reached = threading.Event(), threading.Event()
    answer: Callable[[Request], str] = track.answer

    def slowly(request: Request) -> str:
        if sum(track.asked.values()) >= 40:
            reached.set()
        return answer(request)

    track.house.model.answer = slowly
    job = track.begin(track.request())
    eventually(lambda: reached.is_set() or track.container.store.jobs.get(job.id).status.is_final)
    track.container.store.jobs.request_cancel(job.id)
    go.set()
    ended = track.end(job)
    assert ended.status in (RunStatus.CANCELED, RunStatus.COMPLETED)
    assert ended.result["models"]


@pytest.mark.slow
def test_canceled_before_it_begins_nothing_is_asked(track: Track) -> None:
    store = track.container.store
    job, fence = store.jobs.create(
        JobKind.RACE, track.request().document(), created_by=None, seconds=60.0,
        prompt_id=track.prompt.id, version_id=track.version.id, project_id=track.project_id,
    )  # fmt: skip
    store.jobs.request_cancel(job.id)
    store.jobs.release(job.id, fence)
    track.container.jobs.do_job(job.id)
    ended = store.jobs.get(job.id)
    assert ended.status is RunStatus.CANCELED
    assert not track.asked
    assert ended.result["winner"] is None
    assert ended.result["sentence"].startswith("It was canceled.")


@pytest.mark.slow
def test_a_model_that_cannot_be_asked_leaves_the_race_to_the_others(track: Track) -> None:
    answer = track.answer

    def refusing(request: Request) -> str:
        if request.model == "bad":
            raise RunStopper("There is no model 'bad'.", kind=FailureKind.MODEL_NOT_FOUND)
        return answer(request)

    track.house.model.answer = refusing
    job = track.race()
    assert states(job)["bad"] == "failed"
    row = next(each for each in job.result["models"] if each["name"] == "bad")
    assert row["message"] == "There is no model 'bad'."
    assert row["score"] is None
    assert job.result["winner"] == "cheap"


@pytest.mark.slow
def test_failed_answers_are_misses(track: Track) -> None:
    answer = track.answer

    def failing(request: Request) -> str:
        if request.model == "bad":
            raise ModelError("Refused.", kind=FailureKind.REFUSED)
        return answer(request)

    track.house.model.answer = failing
    job = track.race()
    row = next(each for each in job.result["models"] if each["name"] == "bad")
    assert row["score"] == 0.0
    assert row["failures"] == {"refused": row["tasks"]}


@pytest.mark.slow
def test_too_few_tasks_tell_nobody_apart(house: House) -> None:
    track = Track(house, count=16)
    track.wrong = {"good": {3}, "cheap": {1, 4, 7}}
    job = track.race("good", "cheap")
    assert job.result["winner"] is None
    assert job.result["sentence"].startswith("Not told apart: about ")
    assert job.result["more_tasks"] >= 10
    assert job.result["to_hold"] == 6


@pytest.mark.slow
def test_tasks_that_read_the_same_are_raced_once(house: House) -> None:
    track = Track(house, count=40, same=11)
    job = track.race("good", "bad")
    assert job.result["alike"] == 10
    assert job.result["to_race"] + job.result["to_hold"] == 30
    numbers = {number for model, number in track.asked if model == "good"}
    assert len(numbers & set(range(11))) <= 1


def test_nine_truths_are_too_few(house: House) -> None:
    track = Track(house, count=9)
    with pytest.raises(InvalidInput, match="too few to race"):
        track.container.race_outlooks.of(track.container.studio, track.request())


@pytest.mark.slow
def test_an_example_is_never_the_task_itself_or_one_like_it(house: House) -> None:
    track = Track(house, count=24, same=4)
    shown: list[str] = []
    answer = track.answer

    def looking(request: Request) -> str:
        *before, last = (str(each["content"]) for each in request.messages)
        own = next(text for text in texts if f">{text}<" in last)
        shown.extend(each for each in before if f">{own}<" in each)
        return answer(request)

    texts = {f"text number {n if n >= 4 else 0}" for n in range(24)}
    house.model.answer = looking
    job = track.race("cheap", few_shot=(0, 3))
    assert job.status is RunStatus.COMPLETED, job.message
    assert [each["name"] for each in job.result["models"]] == [
        "cheap (no examples)",
        "cheap (3 examples)",
    ]
    assert [each["failures"] for each in job.result["models"]] == [{}, {}], "all were looked at"
    assert not shown
    assert any(len(each.messages) > 4 for each in house.model.asked)


@pytest.mark.slow
def test_what_a_race_keeps_of_a_task_is_erased_with_it(track: Track) -> None:
    store = track.container.store
    job = track.race("good", "bad")
    task_id = next(each.task_id for each in store.races.of(job.id))
    counts = store.erasing.erase_tasks(track.project_id, [task_id])
    assert counts["results of races"] >= 1
    assert counts["cached answers"] >= 1
    assert all(each.task_id != task_id for each in store.races.of(job.id))


def test_one_race_of_a_prompt_at_a_time(track: Track) -> None:
    asked = track.request()
    store = track.container.store
    job, _ = store.jobs.create(
        JobKind.RACE, asked.document(), created_by=None, seconds=60.0,
        prompt_id=track.prompt.id, version_id=track.version.id, project_id=track.project_id,
    )  # fmt: skip
    found = track.container.races.under_way(track.request())
    assert found is not None
    assert found.id == job.id
    with pytest.raises(Conflict, match="under way"):
        track.container.races.under_way(track.request(("good", "cheap")))


@pytest.mark.slow
def test_an_outlook_says_what_it_takes(track: Track) -> None:
    gone = ModelAbilities(retires=Fact("2020-01-01", "its vendor's page", "2026-11-30"))
    track.container.store.abilities.keep(track.connection, "cheap", gone)
    outlook = track.container.race_outlooks.of(track.container.studio, track.request())
    assert [each.retiring.partition(" (")[0] for each in outlook.runners] == [
        "", "The model cheap was retired on 2020-01-01", "",
    ]  # fmt: skip
    assert (len(outlook.course.raced), len(outlook.course.held)) == (36, 24)
    assert outlook.most_calls == 3 * 36 + 24
    costs = [each.cost or 0.0 for each in outlook.runners]
    assert outlook.most == pytest.approx(sum(costs) * 36 + max(costs) * 24)
    assert costs[0] == pytest.approx(10 * costs[1])
    assert not track.asked


@pytest.mark.slow
def test_models_that_take_not_what_the_version_sets_are_no_entrants(track: Track) -> None:
    store, outlooks = track.container.store, track.container.race_outlooks
    other = store.connections.create(title="Vendor", provider=ProviderName.OPENAI, api_key="k")
    store.prompts.update_version(track.version.id, parameters={"top_k": 5})
    track.version = store.prompts.get_version(track.version.id)
    with pytest.raises(InvalidInput, match="takes no parameter top_k"):
        outlooks.of(track.container.studio, track.request(("good", f"{other.id}:gpt-6-luna")))
    assert outlooks.of(track.container.studio, track.request(("good", "cheap"))).runners


@pytest.mark.slow
def test_the_winner_becomes_a_version(track: Track) -> None:
    asked = track.request(("good", "cheap"), few_shot=(2,))
    made = track.container.races.save(asked.prompt, asked.version, asked.entrants[1], "Cheap")
    assert (made.model, made.connection_id, made.max_few_shot_examples, made.text) == (
        "cheap", track.connection.id, 2, "Label {text}",
    )  # fmt: skip


def test_models_are_named_by_connection_or_alone(track: Track) -> None:
    own, number = track.connection, track.connection.id
    default = track.container.models.default

    def find(ref: str) -> Any:
        return default if not ref else track.find(ref)

    said = ["gpt", f"{number}:x", "Gateway:y", f"{number}:", "llama3:8b", ":z", " gpt ", ""]
    found = entrants_of(said, (), track.version, own, find)
    assert [(each.connection_id, each.model) for each in found] == [
        (number, "gpt"), (number, "x"), (number, "y"), (number, "good"), (number, "llama3:8b"),
        (None, "z"),
    ]  # fmt: skip
    assert names_of(found)[0] == "Gateway: gpt"
    several = [Entrant("m", 1, "A", "Custom", 0), Entrant("m", 1, "A", "Custom", 5)]
    assert names_of(several) == ["m (no examples)", "m (5 examples)"]
    for wrong in (["a"], ["a", "a"], ["99:a", "b"], ["a", "x" * 201], [f"m{n}" for n in range(25)]):
        with pytest.raises(InvalidInput):
            entrants_of(wrong, (), track.version, own, find)
    with pytest.raises(InvalidInput, match="examples"):
        entrants_of(["a", "b"], (-1,), track.version, own, find)


def test_the_sentence_says_what_is_known_and_no_more() -> None:
    rows: list[dict[str, Any]] = [
        {"name": name, "state": "left", "cost_per_task": cost}
        for name, cost in (("dear", 1.0), ("cheap", 0.1))
    ]
    race = Race(2, 0.05, 100)

    def said(verdict: Verdict, prices: bool = True) -> str:
        found = [{**each, "cost_per_task": each["cost_per_task"] if prices else None}
                 for each in rows]  # fmt: skip
        return _said(race, verdict, found)

    known = "cheap is the cheapest that is not worse than the best by more than 5 points"
    assert said(Verdict(1, 0, is_shown=True)) == f"{known}."
    measured = {"undecided": (0,), "more_tasks": 300, "shortfall_most": 0.09}
    assert said(Verdict(1, 0, shortfall=0.012, **measured)) == (
        f"{known}, as measured: it is 1.2 points below dear on 0 tasks, and at most 9.0; about "
        "300 more tasks would make sure of 5 points."
    )
    assert said(Verdict(1, 0, shortfall=0.061, **measured)).startswith(
        "cheap is the cheapest that may well be within 5 points of the best: it is 6.1 points"
    )
    assert said(Verdict(1, 1, **measured)).endswith("would make sure of dear.")
    assert said(Verdict(None, 0, undecided=(1,), more_tasks=1200)).startswith(
        "Not told apart: about 1,200 more tasks with ground truth would tell dear"
    )
    assert "price" in said(Verdict(0, 0, is_shown=True), prices=False)
