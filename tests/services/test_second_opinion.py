"""Several versions answer a run together: what stands, what it costs, what it is called."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import InvalidInput, ModelError, NotFound, RunStopper
from ml_backend.llm import Reply, Request
from ml_backend.records import (
    FailureKind,
    Outcome,
    Prediction,
    PromptVersion,
    Run,
    RunSnapshot,
    RunStatus,
    Slot,
    Subset,
    Usage,
    Vote,
)
from ml_backend.records.run_json import snapshot_json
from ml_backend.services.runs.run_request import RunRequest, Together, once_more
from ml_backend.services.writing.patience import Patience
from ml_backend.store import tables
from support.house import CONFIG, House
from support.models import adopt
from support.processes import eventually

Says = Callable[[str, int], tuple[str, float | None]]
"""(version's text, number of the task) -> (answer, score)"""


@dataclass
class Trio:
    """A prompt of three versions whose answers a test decides; each version has its own text."""

    house: House
    project: int
    tasks: list[int]
    prompt: Any
    versions: list[PromptVersion]
    says: Says = lambda text, number: ("A", None)
    usage: Usage = field(default_factory=lambda: Usage(10, 2))

    @property
    def asked(self) -> Counter[str]:
        return Counter(text_of(each) for each in self.house.model.asked)

    def together(self, *places: int, **more: Any) -> Together:
        return Together(tuple(self.versions[each].id for each in places), **more)

    def run(self, together: Together | None = None, at: int = 0, **options: Any) -> Run:
        version = self.versions[at]
        return self.house.run(self.prompt, version, self.project, together=together, **options)

    def outcomes(self, run: Run) -> dict[int, Outcome]:
        """Return outcomes by the task's number."""
        found = self.house.container.store.outcomes.iter(run.id)
        return {self.tasks.index(each.task_id): each for each in found}

    def answers(self, run: Run) -> list[str]:
        found = self.outcomes(run)
        return [
            found[each].answer["topic"] if isinstance(found[each], Prediction) else "-"
            for each in sorted(found)
        ]


def text_of(request: Request) -> str:
    """Return which version asks: the first word of its text."""
    said = json.dumps(request.messages)
    return next(word for word in ("First", "Second", "Third") if f"{word} label" in said)


@pytest.fixture
def trio(house: House) -> Trio:
    container = house.container
    container.models.default = replace(container.models.default, prices={"scripted": (1.0, 1.0)})
    adopt(container.models, container.models.default, house.model)
    project, tasks = house.project(6)
    prompt, first = house.prompt(project, text="First label {text}")
    rest = [house.version(prompt, f"{word} label {{text}}") for word in ("Second", "Third")]
    made = Trio(house, project, tasks, prompt, [first, *rest])

    async def complete(request: Request) -> Reply:
        house.model.asked.append(request)
        number = tasks.index(request.task_id)
        answer, score = made.says(text_of(request), number)
        text = answer if answer.startswith("{") else json.dumps({"topic": answer})
        return Reply(text, made.usage, 0.01, 1, score, "json_schema", request.model)

    house.model.complete = complete  # type: ignore[method-assign]
    return made


def two_of_three(text: str, number: int) -> tuple[str, float | None]:
    """All say A of the first tasks; of the last the third says B, of the very last two do."""
    if number >= 4 and text == "Third":
        return "B", None
    return ("B" if number == 5 and text == "Second" else "A"), None


@pytest.mark.slow
def test_what_most_versions_say_is_published_and_how_far_they_agree_is_its_score(
    trio: Trio,
) -> None:
    trio.says = two_of_three
    run = trio.run(trio.together(0, 1, 2))
    assert run.status is RunStatus.COMPLETED
    assert trio.answers(run) == ["A", "A", "A", "A", "A", "B"]
    assert trio.asked == {"First": 6, "Second": 6, "Third": 6}
    rows = {row["task"]: row for row in trio.house.fake.state()["predictions"]}
    scores = [round(rows[task]["score"], 3) for task in trio.tasks]
    assert scores == [1, 1, 1, 1, 0.667, 0.667]
    label = "P__vote Version 1 + Version 2 + Version 3"
    assert trio.house.held(trio.project) == {task: Counter([label]) for task in trio.tasks}
    assert run.totals.usage == Usage(180, 36), "what all of them took"
    assert run.totals.cost == pytest.approx(18 * 12 / 1e6)
    assert "Version 3: asked 6, agreed in 5" in run.message


@pytest.mark.slow
def test_what_each_version_said_is_kept_with_what_it_took(trio: Trio) -> None:
    trio.says = two_of_three
    run = trio.run(trio.together(0, 1, 2))
    said = trio.outcomes(run)[4].opinions
    assert [(each.title, each.answer, each.stands) for each in said] == [
        ("Version 1", {"topic": "A"}, True),
        ("Version 2", {"topic": "A"}, True),
        ("Version 3", {"topic": "B"}, False),
    ]
    assert [each.asked.cost for each in said] == [pytest.approx(12 / 1e6)] * 3
    totals = trio.house.container.store.opinions.totals(run.id)
    assert [(each.asked, each.stands) for each in totals] == [(6, 5), (6, 6), (6, 5)]


@pytest.mark.slow
def test_a_version_that_fails_has_no_vote_and_agrees_in_nothing(trio: Trio) -> None:
    def says(text: str, number: int) -> tuple[str, float | None]:
        if (text, number) == ("First", 0) or number == 1:
            raise ModelError("slow", kind=FailureKind.TIMEOUT)
        return "A", None

    trio.says = says
    run = trio.run(trio.together(0, 1, 2))
    assert trio.answers(run) == ["A", "-", "A", "A", "A", "A"]
    first = trio.outcomes(run)[0]
    assert isinstance(first, Prediction)
    assert first.score == pytest.approx(2 / 3)
    assert first.opinions[0].why == "timeout: slow"
    assert run.totals.failures == {"timeout": 1}


@pytest.mark.slow
@pytest.mark.parametrize("places", [(0, 1), (0, 1, 2)])
def test_versions_that_ask_the_same_vote_as_one_of_them_answers_and_are_paid_for_once(
    trio: Trio, places: tuple[int, ...]
) -> None:
    trio.says = lambda text, number: ("AB"[number % 2], None)
    update = trio.house.container.store.prompts.update_version
    for each in trio.versions[1:]:
        update(each.id, text=trio.versions[0].text)
    get = trio.house.container.store.prompts.get_version
    trio.versions = [get(each.id) for each in trio.versions]
    alone = trio.run()
    voted = trio.run(trio.together(*places))
    assert trio.answers(voted) == trio.answers(alone) == list("ABABAB")
    assert {outcome.score for outcome in trio.outcomes(voted).values()} == {1.0}  # type: ignore[union-attr]
    assert trio.asked == {"First": 6}
    assert (voted.totals.cost, voted.totals.cached) == (0.0, 6)


def sure_of_even(text: str, number: int) -> tuple[str, float | None]:
    if text == "First":
        return "A", (0.9, 0.4, 0.95, None, 0.7, float("nan"))[number]
    return "B", None


CASES = [
    pytest.param(0.0, "AAABAB", id="from 0 on all that has a score stands"),
    pytest.param(0.7, "ABABAB", id="the threshold itself is sure"),
    pytest.param(0.92, "BBABBB", id="a high one"),
    pytest.param(1.0, "BBBBBB", id="nothing is sure enough"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("min_score", "stands"), CASES)
def test_where_the_cheap_version_is_not_sure_the_dear_one_answers(
    trio: Trio, min_score: float, stands: str
) -> None:
    trio.says = sure_of_even
    trio.run()
    trio.run(at=1)
    cheap, dear = (dict(enumerate(text)) for text in ("AAAAAA", "BBBBBB"))
    trio.house.model.asked.clear()
    run = trio.run(trio.together(0, 1, is_cascade=True, min_score=min_score))
    assert "".join(trio.answers(run)) == stands
    assert set(trio.answers(run)) <= {*cheap.values(), *dear.values()}
    assert not trio.house.model.asked, "each version's answer was paid for before"


@pytest.mark.slow
def test_a_cascade_pays_the_dear_one_only_where_it_is_asked_and_says_who_answered(
    trio: Trio,
) -> None:
    trio.says = sure_of_even
    trio.run()
    run = trio.run(trio.together(0, 1, is_cascade=True, min_score=0.7), fresh=True)
    assert trio.asked == {"First": 12, "Second": 3}
    by = {
        number: [each.title for each in outcome.opinions if each.stands]
        for number, outcome in trio.outcomes(run).items()
    }
    assert by == {
        0: ["Version 1"],
        1: ["Version 2"],
        2: ["Version 1"],
        3: ["Version 2"],
        4: ["Version 1"],
        5: ["Version 2"],
    }
    one = 12 / 1e6
    costs = {number: outcome.asked.cost for number, outcome in trio.outcomes(run).items()}
    assert costs == {n: pytest.approx(one * (1 + n % 2)) for n in range(6)}
    assert run.totals.cost == pytest.approx(9 * one)
    assert "Version 1: asked 6, stands in 3" in run.message
    assert trio.house.held(trio.project) == {
        task: Counter(["P__cascade Version 1 + Version 2"]) for task in trio.tasks
    }


@pytest.mark.slow
def test_where_the_dear_one_fails_the_unsure_answer_does_not_stand(trio: Trio) -> None:
    def says(text: str, number: int) -> tuple[str, float | None]:
        return ("A", 0.2 if number == 1 else 0.9) if text == "First" else ("rubbish {", None)

    trio.says = says
    trio.run()
    run = trio.run(trio.together(0, 1, is_cascade=True, min_score=0.5))
    assert trio.answers(run) == ["A", "-", "A", "A", "A", "A"]
    failed = trio.outcomes(run)[1]
    assert [(each.stands, bool(each.why)) for each in failed.opinions] == [
        (False, False),
        (True, True),
    ]
    assert failed.asked.cost is not None
    assert failed.asked.calls >= 1


@pytest.mark.slow
def test_a_version_whose_key_is_refused_stops_the_run_and_what_was_answered_stays_paid(
    trio: Trio,
) -> None:
    broken = True

    def says(text: str, number: int) -> tuple[str, float | None]:
        if text == "Second" and broken and trio.asked["Second"] > 2:
            raise RunStopper("refused", kind=FailureKind.AUTHENTICATION)
        return "A", None

    trio.says = says
    trio.house.container.models.concurrency = 1
    run = trio.run(trio.together(0, 1))
    assert run.status is RunStatus.FAILED
    assert run.totals.succeeded == 2
    before = trio.asked["First"]
    assert run.totals.usage.prompt_tokens == 10 * (before + 2), "the third task's first answer too"
    broken = False
    trio.house.container.runs.resume(run)
    ended = trio.house.execute(run)
    assert (ended.status, ended.totals.succeeded) == (RunStatus.COMPLETED, 6)
    assert trio.asked["First"] == 6, "nothing is paid for twice"


@pytest.mark.slow
def test_a_budget_counts_what_all_versions_cost(trio: Trio) -> None:
    one = 12 / 1e6
    run = trio.run(trio.together(0, 1, 2), budget=0.02)
    assert run.totals.cost == pytest.approx(18 * one)
    for each in trio.versions:
        trio.house.container.store.prompts.update_version(
            each.id, parameters={"max_tokens": 2, "top_k": each.id}
        )
    get = trio.house.container.store.prompts.get_version
    trio.versions = [get(each.id) for each in trio.versions]
    trio.usage = Usage(300, 2)
    asked = len(trio.house.model.asked)
    little = trio.run(trio.together(0, 1, 2), budget=0.003)
    made = len(trio.house.model.asked) - asked
    assert little.status is RunStatus.FAILED
    assert 0 < made < 18
    assert little.totals.cost == pytest.approx(made * 302 / 1e6)
    assert little.totals.cost < 0.003


# Whose it is


@pytest.mark.slow
def test_a_run_of_one_version_replaces_what_several_wrote_and_the_other_way_round(
    trio: Trio,
) -> None:
    trio.run()
    trio.run(trio.together(0, 1))
    trio.run(trio.together(1, 2), at=1)
    label = "P__vote Version 2 + Version 3"
    assert trio.house.held(trio.project) == {task: Counter([label]) for task in trio.tasks}
    trio.run(at=2)
    assert trio.house.held(trio.project) == {task: Counter(["P__Version 3"]) for task in trio.tasks}


@pytest.mark.slow
def test_only_missing_asks_what_these_versions_did_not_answer_together(trio: Trio) -> None:
    trio.run()
    first = trio.run(
        trio.together(0, 1),
        subset=Subset.CUSTOM,
        task_ids=trio.tasks[:2],
        slot=trio.house.container.store.runs.search()[0].slot,
    )
    assert first.totals.succeeded == 2
    rest = trio.run(trio.together(0, 1), only_missing=True)
    assert rest.totals.total == 4


@pytest.mark.slow
def test_what_several_said_is_no_score_of_one_of_them(trio: Trio) -> None:
    store = trio.house.container.store
    run = trio.run(trio.together(0, 1))
    assert [each.id for each in store.runs.search(version_id=trio.versions[1].id)] == [run.id]
    assert store.runs.search(version_id=trio.versions[0].id, alone=True) == []
    assert store.runs.was_run(trio.versions[1].id), "what it asked must not be written over"
    active = store.prompts.active_version(trio.prompt.id)
    assert active is not None
    assert active.id == trio.versions[-1].id, "the newest still, and not what led the run"
    assert not store.prompts.delete_unused_version(trio.versions[1].id)


@pytest.mark.slow
def test_a_run_asks_the_versions_as_they_were_when_it_began(trio: Trio) -> None:
    container = trio.house.container
    run = trio.house.start(
        trio.prompt, trio.versions[0], trio.project, together=trio.together(0, 1)
    )
    container.store.prompts.update_version(trio.versions[1].id, text="Third label {text}")
    trio.house.execute(run)
    assert trio.asked == {"First": 6, "Second": 6}


@pytest.mark.slow
def test_a_run_of_a_deleted_version_does_not_go_on(trio: Trio) -> None:
    container = trio.house.container

    def says(text: str, number: int) -> tuple[str, float | None]:
        raise RunStopper("refused", kind=FailureKind.AUTHENTICATION)

    trio.says = says
    run = trio.run(trio.together(0, 1))
    container.store.prompts.delete_version(trio.versions[1].id)
    with pytest.raises(NotFound):
        container.runs.resume(run)


@pytest.mark.slow
def test_the_same_again_is_asked_of_the_same_versions(trio: Trio) -> None:
    trio.says = sure_of_even
    trio.run()
    run = trio.run(trio.together(0, 1, is_cascade=True, min_score=0.7))
    again = once_more(run).together
    assert again == trio.together(0, 1, is_cascade=True, min_score=0.7)


# What is refused


@pytest.mark.parametrize(
    ("places", "more", "options", "field"),
    [
        pytest.param((0,), {}, {}, "vote", id="one is no vote"),
        pytest.param((0, 1, 1), {}, {}, "vote", id="one twice"),
        pytest.param((1, 0), {}, {}, "vote", id="another leads"),
        pytest.param((0, 1), {"min_score": 0.5}, {}, "vote", id="a vote has no threshold"),
        pytest.param((0, 1), {}, {"samples": 3}, "samples", id="several answers of each"),
        pytest.param((0, 1), {}, {"follow": True}, "vote", id="following"),
        pytest.param((0, 1), {}, {"worker_job": "x"}, "vote", id="an outside worker"),
        pytest.param((0, 1, 2), {"is_cascade": True, "min_score": 0.5}, {}, "cascade", id="three"),
        pytest.param((0, 1), {"is_cascade": True}, {}, "max_error", id="no threshold"),
        pytest.param(
            (0, 1),
            {"is_cascade": True, "min_score": 0.5, "max_error": 0.1},
            {},
            "max_error",
            id="two thresholds",
        ),
        pytest.param(
            (0, 1), {"is_cascade": True, "min_score": 1.5}, {}, "min_score", id="no score"
        ),
        pytest.param(
            (0, 1), {"is_cascade": True, "max_error": 0.0}, {}, "max_error", id="no error at all"
        ),
        pytest.param(
            (0, 1),
            {"is_cascade": True, "min_score": 0.5, "certainty": 0.9},
            {},
            "certainty",
            id="a certainty of nothing",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(
    trio: Trio, places: tuple[int, ...], more: Any, options: Any, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        trio.run(trio.together(*places, **more), **options)
    assert caught.value.field == field
    assert not trio.house.model.asked


def test_a_version_of_another_prompt_is_no_second_opinion(trio: Trio) -> None:
    _, strange = trio.house.prompt(trio.project, title="Q")
    with pytest.raises(NotFound):
        trio.run(Together((trio.versions[0].id, strange.id)))


@pytest.mark.slow
def test_a_cheap_version_that_tells_no_confidence_is_refused_before_anything_is_asked(
    trio: Trio,
) -> None:
    trio.run()
    trio.house.model.asked.clear()
    with pytest.raises(InvalidInput, match="does not tell how sure"):
        trio.run(trio.together(0, 1, is_cascade=True, min_score=0.5))
    assert not trio.house.model.asked


# The threshold, and what it will cost


@dataclass
class Measured:
    """A cheap version that was measured: sure and right of most, unsure and wrong of the last."""

    house: House
    project: int
    prompt: Any
    versions: list[PromptVersion]

    def together(self, **more: Any) -> Together:
        ids = tuple(each.id for each in self.versions)
        return Together(ids, is_cascade=True, **more)

    def settle(self, **more: Any) -> Any:
        project = self.house.container.studio.get_project(self.project)
        request = RunRequest(together=self.together(**more))
        return self.house.container.runs.opinions.settle(self.versions, project, request)


@pytest.fixture
def measured(house: House) -> Measured:
    container = house.container
    container.models.default = replace(container.models.default, prices={"scripted": (1.0, 1.0)})
    adopt(container.models, container.models.default, house.model)
    region = {"from_name": "topic", "to_name": "text", "type": "choices"}
    truth = {"result": [{**region, "value": {"choices": ["A"]}}], "ground_truth": True}
    wires = [{"data": {"text": f"t {n}"}, "annotations": [{**truth}]} for n in range(80)]
    project, tasks = house.fake.seed(CONFIG, wires)
    prompt, first = house.prompt(project, text="First label {text}")
    second = house.version(prompt, "Second label {text}")

    async def complete(request: Request) -> Reply:
        is_sure = tasks.index(request.task_id) < 70
        answer, score = ("A", 0.9) if is_sure else ("B", 0.3)
        text = json.dumps({"topic": answer})
        return Reply(text, Usage(10, 2), 0.01, 1, score, "json_schema", request.model)

    house.model.complete = complete  # type: ignore[method-assign]
    options = {"subset": Subset.HAS_GT, "slot": Slot.EVALUATE}
    house.run(prompt, first, project, **options)
    return Measured(house, project, prompt, [first, second])


@pytest.mark.slow
def test_the_threshold_keeps_the_error_asked_for_and_says_it_is_no_promise(
    measured: Measured,
) -> None:
    found = measured.settle(max_error=0.05)
    assert (found.min_score, found.max_error, found.certainty) == (0.9, 0.05, 0.95)
    assert (found.judged, found.goes_on, found.is_promise) == (80, pytest.approx(1 / 8), False)
    assert "no promise" in found.why
    with pytest.raises(InvalidInput, match="No threshold") as caught:
        measured.settle(max_error=0.02)  # 149 labels would be needed
    assert caught.value.field == "max_error"
    assert measured.settle(max_error=0.25).min_score == 0.3, "ten wrong of eighty"


@pytest.mark.slow
def test_a_changed_or_outdated_measurement_chooses_no_threshold(measured: Measured) -> None:
    store = measured.house.container.store
    [run] = store.runs.search()
    store.runs.mark_stale([run.id], "The ground truth changed.")
    with pytest.raises(InvalidInput, match="was not measured"):
        measured.settle(max_error=0.05)


@pytest.mark.slow
def test_a_changed_version_was_never_measured(measured: Measured) -> None:
    store = measured.house.container.store
    store.prompts.update_version(measured.versions[0].id, text="First label it {text}")
    measured.versions[0] = store.prompts.get_version(measured.versions[0].id)
    with pytest.raises(InvalidInput, match="was not measured"):
        measured.settle(max_error=0.05)


@pytest.mark.slow
def test_a_cascade_costs_the_cheap_version_and_a_share_of_the_dear_one(measured: Measured) -> None:
    container = measured.house.container
    project = container.studio.get_project(measured.project)
    studio, estimates = container.studio, container.estimates_together

    def told(versions: list[PromptVersion], together: Any = None) -> Any:
        return estimates.estimate(studio, project, versions, together, Subset.ALL)

    cheap, dear = (told([each]) for each in measured.versions)
    both = told(measured.versions, measured.settle(max_error=0.05))
    assert both.total_cost == pytest.approx(cheap.total_cost + dear.total_cost / 8)
    assert both.low <= cheap.total_cost < both.high
    assert both.high > both.total_cost, "how many go on is not known exactly"
    assert both.tokens.mean == pytest.approx(cheap.tokens.mean + dear.tokens.mean / 8)
    assert "12% of them are expected to go on" in both.remark
    vote = Vote(measured.settle(max_error=0.05).members)
    everything = told(measured.versions, vote)
    assert everything.total_cost == pytest.approx(cheap.total_cost + dear.total_cost)
    unknown = told(measured.versions, replace(measured.settle(min_score=0.5), goes_on=None))
    assert unknown.total_cost == pytest.approx(cheap.total_cost + dear.total_cost)
    assert "is not known" in unknown.remark


@pytest.mark.slow
def test_an_evaluation_of_a_cascade_measures_what_stands(measured: Measured) -> None:
    run = measured.house.run(
        measured.prompt,
        measured.versions[0],
        measured.project,
        together=measured.together(max_error=0.05),
        subset=Subset.HAS_GT,
        slot=Slot.EVALUATE,
    )
    assert run.correctness.correct == 70, "the dear one of this test is wrong where it is asked"
    store = measured.house.container.store
    assert "asked 10, stands in 10" in run.message
    standing = store.standings.of_versions([each.id for each in measured.versions], run.project_id)
    assert standing[measured.versions[0].id].headline.run_id != run.id  # type: ignore[union-attr]
    assert measured.versions[1].id not in standing
    store.runs.mark_version_stale(measured.versions[1].id, "It was edited.")
    assert store.runs.get(run.id).stale == "It was edited."


# Deleting


def delete(house: House, prompt: Any, version: PromptVersion) -> int:
    patience = Patience(lambda message: None, threading.Event(), give_up_after=10.0)
    deletions = house.container.deletions
    reports = deletions.execute(deletions.plan(prompt, version), patience)
    return sum(report.deleted for report in reports)


@pytest.mark.slow
def test_what_several_wrote_goes_with_the_version_that_led_them(trio: Trio) -> None:
    trio.run(trio.together(0, 1))
    assert delete(trio.house, trio.prompt, trio.versions[1]) == 0
    assert sum(trio.house.held(trio.project).values(), Counter()).total() == 6
    assert delete(trio.house, trio.prompt, trio.versions[0]) == 6
    assert sum(trio.house.held(trio.project).values(), Counter()).total() == 0


@pytest.mark.slow
def test_a_version_is_not_deleted_under_a_run_it_answers_with_others(trio: Trio) -> None:
    trio.house.start(trio.prompt, trio.versions[0], trio.project, together=trio.together(0, 1))
    plan = trio.house.container.deletions.plan(trio.prompt, trio.versions[1])
    assert [run.label for run in plan.runs] == ["P__vote Version 1 + Version 2"]


@pytest.mark.slow
def test_a_promise_sample_of_the_cheap_version_gives_its_threshold(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = measured.versions[0]
    look = SimpleNamespace(threshold=0.6, max_error=0.05, certainty=0.95, n=60, accepted=0.75)
    sample = SimpleNamespace(id=4, held=look, snapshot=snapshot_json(RunSnapshot.of(version)))
    promises = measured.house.container.store.promises
    monkeypatch.setattr(promises, "of_project", lambda project, version_id: [sample])
    found = measured.settle(max_error=0.05)
    assert (found.min_score, found.judged, found.goes_on) == (0.6, 60, 0.25)
    assert "promise sample 4" in found.why
    assert not found.is_promise, "it is of the predictions that were tested, not of this run's"
    other = measured.settle(max_error=0.06)
    assert (other.min_score, other.judged) == (0.9, 80), "of another error nothing was tested"
    sample.snapshot = {**sample.snapshot, "text": "Another {text}"}
    assert measured.settle(max_error=0.05).min_score == 0.9


@pytest.mark.slow
def test_an_answer_is_kept_as_soon_as_it_is_paid_for_while_the_others_are_asked(
    trio: Trio,
) -> None:
    complete, go_on = trio.house.model.complete, threading.Event()

    async def slowly(request: Request) -> Reply:
        while text_of(request) == "Second" and not go_on.is_set():
            await asyncio.sleep(0.01)
        return await complete(request)

    trio.house.model.complete = slowly  # type: ignore[method-assign]
    run = trio.house.start(
        trio.prompt, trio.versions[0], trio.project, together=trio.together(0, 1)
    )
    thread = threading.Thread(target=trio.house.container.executor.execute, args=(run.id,))
    thread.start()
    store = trio.house.container.store
    count = sa.select(sa.func.count()).select_from(tables.answers)

    def kept() -> int:
        with store.database.read() as c:
            return int(c.execute(count).scalar_one())

    try:
        eventually(lambda: kept() == 4, seconds=20)
        assert store.outcomes.task_ids(run.id) == set(), "no task has its outcome yet"
    finally:
        go_on.set()
        thread.join(60)
    assert store.runs.get(run.id).totals.succeeded == 6


@pytest.mark.slow
def test_erasing_a_task_takes_what_each_version_was_paid_for_and_nothing_of_the_others(
    trio: Trio,
) -> None:
    trio.run(trio.together(0, 1, 2))
    store = trio.house.container.store
    count = sa.select(sa.func.count()).select_from(tables.answers)

    def kept() -> int:
        with store.database.read() as c:
            return int(c.execute(count).scalar_one())

    assert kept() == 18
    assert store.erasing.erase_unused_answers(trio.project) == 0, "a run refers to all of them"
    store.erasing.erase_tasks(trio.project, trio.tasks[:2])
    assert kept() == 12
