"""Review first: the least sure tasks of all kinds in a tab, kept up while people work."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import Conflict, InvalidInput, LabelStudioError
from ml_backend.labelstudio import Sampling
from ml_backend.records import (
    AuditAction,
    Failure,
    FailureKind,
    Prediction,
    Prompt,
    PromptVersion,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Subset,
)
from ml_backend.services.events import event_worker
from ml_backend.services.reviewing import review_batch
from ml_backend.services.reviewing.review_first import APART, Review, ReviewRequest
from ml_backend.services.reviewing.sampling import SamplingPutBack
from ml_backend.services.reviewing.task_tabs import TabState
from ml_backend.store import ReviewState, ReviewTab, tables as t
from support.annotating import submit
from support.house import House
from support.wire import region

TITLE = "Review first · P"


class Place:
    """A project whose tasks a version answered: the later the surer, every tenth of class B."""

    def __init__(self, house: House, count: int = 120) -> None:
        self.house = house
        self.fake = house.fake
        self.store = house.container.store
        self.studio = house.container.studio
        self.service = house.container.review_first
        self.project_id, self.tasks = house.project(count)
        self.prompt, self.version = house.prompt(self.project_id)
        self.answer(self.prompt, self.version, list(map(self.scored, range(count))))

    def scored(self, place: int) -> Prediction:
        said = "B" if place % 10 == 9 else "A"
        score = (place + 1) / len(self.tasks)
        return Prediction(self.tasks[place], {"topic": said}, [region(said)], score)

    def answer(self, prompt: Prompt, version: PromptVersion, outcomes: list[Any]) -> None:
        """Keep a run over the project as it ended."""
        run = self.store.runs.create(
            prompt_id=prompt.id,
            version_id=version.id,
            project_id=self.project_id,
            label=f"{prompt.title}__{version.title}",
            slot=Slot.ALL.value,
            subset=Subset.ALL.value,
            snapshot=RunSnapshot.of(version),
            options=RunOptions(),
            total=len(outcomes),
            handed_out=True,
        )
        self.store.outcomes.add(run.id, outcomes)
        self.store.runs.finish(run.id, 0, RunStatus.COMPLETED, "")

    @property
    def project(self) -> Any:
        return self.studio.get_project(self.project_id)

    def start(self, size: int = 50, prompt: Prompt | None = None, **more: Any) -> Review:
        request = ReviewRequest(size=size, **more)
        return self.service.start(self.studio, prompt or self.prompt, self.project, request)

    def stop(self) -> Any:
        return self.service.stop(self.studio, self.prompt, self.project)

    def known(self) -> ReviewTab:
        return self.store.review_tabs.get(self.project_id, self.prompt.id)

    def shown(self) -> list[int]:
        """Return the places of the tasks that people see in the tab."""
        [tab] = [each for each in self.studio.tabs(self.project_id) if each.title == TITLE]
        ids = self.studio.task_ids(self.project_id, query=tab.query)
        return [self.tasks.index(each) for each in ids]

    def annotate(self, *places: int) -> None:
        """People submit, and Label Studio tells of it."""
        ids = [self.tasks[each] for each in places]
        for task_id in ids:
            submit(self.fake, task_id, [region("A")])
        worker = self.house.container.event_worker
        self.house.container.events.hear("ANNOTATION_CREATED", [self.project_id], task_ids=ids)
        worker._pauses.clear()
        worker.work()

    def later(self) -> None:
        """Let what is due be due now, and look at it."""
        with self.store.database.write() as c:
            due = t.review_tabs.c.due_at.is_not(None)
            c.execute(sa.update(t.review_tabs).where(due).values(due_at=time.time() - 1))
        self.service.work()

    def patches(self) -> int:
        return int(self.fake.state()["calls"].get("PATCH /api/dm/views/{id}/", 0))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_worker, "QUIET_SECONDS", 0.0)


@pytest.fixture
def place(house: House) -> Place:
    return Place(house)


@pytest.mark.slow
def test_the_least_sure_come_first_and_every_kind_is_among_them(place: Place) -> None:
    review = place.start()
    shown = place.shown()
    assert (review.batch, review.waiting, review.for_people) == (50, 70, 120)
    assert review.kinds == {"A": 38, "B": 12}
    assert set(shown) >= set(range(36)), "the least sure ones, whatever was predicted"
    assert [each for each in range(120) if each % 10 == 9] == [e for e in shown if e % 10 == 9]
    assert place.known().tab_id == place.studio.tabs(place.project_id)[1].id


@pytest.mark.slow
def test_what_needs_no_look_is_left_out(place: Place) -> None:
    """Annotated by a person or of a prediction, skipped, of a promise sample, sure enough."""
    submit(place.fake, place.tasks[0], [region("A")])
    submit(place.fake, place.tasks[1], [], was_cancelled=True)
    closed = frozenset(place.tasks[2:4])
    monkey = pytest.MonkeyPatch()
    monkey.setattr(place.store.promises, "closed_tasks", lambda project_id: closed)
    try:
        review = place.start(below=0.5)
    finally:
        monkey.undo()
    assert place.shown()[0] == 4
    assert max(place.shown()) < 60, "a score of 0.5 and more needs no look"
    assert (review.batch + review.waiting, review.closed) == (59 - 4, 2)


@pytest.mark.slow
def test_tasks_without_a_score_come_first_for_no_threshold_ever_accepts_them(house: House) -> None:
    place = Place(house, 60)
    late, failed, passing = place.tasks[57:60]
    place.answer(
        place.prompt,
        place.version,
        [
            Prediction(late, {"topic": "A"}, [region("A")], None),
            Failure(failed, FailureKind.REFUSED, "no"),
            Failure(passing, FailureKind.CONNECTION, "away"),
        ],
    )
    review = place.start()
    assert {57, 58} <= set(place.shown())
    assert (review.unscored, (review.kinds or {})[""]) == (2, 1)
    assert 59 not in place.shown(), "what may go well another time is asked again"


@pytest.mark.slow
def test_while_people_submit_the_tab_is_filled_up_and_at_most_once_a_minute(place: Place) -> None:
    place.start()
    before = place.patches()
    for number in range(4):
        place.annotate(number * 2, number * 2 + 1)
        place.service.work()
    known = place.known()
    assert place.patches() == before, "the last filling is no minute ago"
    assert known.due_at == pytest.approx(known.looked_at + APART, abs=1.0)
    place.later()
    assert place.patches() == before + 1
    assert set(place.shown()).isdisjoint(range(8))
    assert len(place.shown()) == 50
    place.later()
    assert place.patches() == before + 1, "nothing new is nothing to write"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["renamed", "deleted"])
def test_a_tab_that_is_a_persons_is_left_alone_and_said_so(place: Place, what: str) -> None:
    place.start()
    tab = place.studio.tabs(place.project_id)[1]
    if what == "renamed":
        place.studio.update_tab(place.project_id, tab.id, {**tab.data, "title": "Mine"})
    else:
        place.studio.delete_tab(tab.id)
    place.annotate(0)
    place.later()
    known = place.known()
    assert (known.state, known.due_at) == (ReviewState.LOST, None)
    assert "Somebody" in known.message
    assert len(place.studio.tabs(place.project_id)) == (2 if what == "renamed" else 1)
    place.annotate(1)
    assert place.known().due_at is None
    place.start()
    assert place.known().state is ReviewState.KEPT
    assert len(place.shown()) == 50, "asked for anew it is made anew"
    assert len(place.studio.tabs(place.project_id)) == (3 if what == "renamed" else 2)


@pytest.mark.slow
def test_the_sampling_is_changed_only_when_asked_and_put_back_exactly(place: Place) -> None:
    place.studio.set_sampling(place.project_id, Sampling.UNIFORM)
    place.start()
    assert place.project.sampling == Sampling.UNIFORM
    place.start(sampling=Sampling.UNCERTAINTY.value)
    assert place.project.sampling == Sampling.UNCERTAINTY
    place.start(sampling=Sampling.SEQUENTIAL.value)
    assert place.stop().sampling is SamplingPutBack.PUT_BACK
    assert place.project.sampling == Sampling.UNIFORM
    assert place.store.review_tabs.of_project(place.project_id) == []
    assert [each.title for each in place.studio.tabs(place.project_id)] == ["Default"]
    with pytest.raises(Conflict, match="Nothing of"):
        place.stop()


@pytest.mark.slow
def test_a_sampling_that_a_person_chose_since_is_left(place: Place) -> None:
    place.start(sampling=Sampling.UNCERTAINTY.value)
    place.studio.set_sampling(place.project_id, Sampling.UNIFORM)
    assert place.stop().sampling is SamplingPutBack.LEFT
    assert place.project.sampling == Sampling.UNIFORM


@pytest.mark.slow
def test_two_prompts_do_not_change_the_sampling_over_each_other(place: Place) -> None:
    other, version = place.house.prompt(place.project_id, "Other")
    place.answer(other, version, [place.scored(n) for n in range(120)])
    place.start(sampling=Sampling.UNCERTAINTY.value)
    with pytest.raises(Conflict, match="Uncertainty"):
        place.start(prompt=other, sampling=Sampling.UNIFORM.value)
    place.stop()
    assert place.project.sampling == Sampling.SEQUENTIAL


@pytest.mark.slow
@pytest.mark.parametrize("sent", [False, True])
def test_a_process_that_dies_while_it_changes_the_sampling_leaves_it_to_be_put_back(
    place: Place, sent: bool
) -> None:
    mode = "drop_connection_after" if sent else "drop_connection_before"
    place.fake.fail(f"projects/{place.project_id}/", mode, method="PATCH")
    with pytest.raises(LabelStudioError):
        place.start(sampling=Sampling.UNCERTAINTY.value)
    assert place.stop().sampling is SamplingPutBack.PUT_BACK
    assert place.project.sampling == Sampling.SEQUENTIAL


@pytest.mark.slow
def test_what_was_begun_or_ended_by_a_process_that_died_is_brought_to_its_end(
    place: Place,
) -> None:
    place.fake.fail("dm/views", "drop_connection_after", method="POST", skip=1)
    with pytest.raises(LabelStudioError):
        place.start()
    assert place.known().tab_id is None
    place.later()
    assert len(place.shown()) == 50
    assert len(place.studio.tabs(place.project_id)) == 2

    place.fake.fail("dm/views", "drop_connection_before", method="DELETE")
    with pytest.raises(LabelStudioError):
        place.stop()
    assert place.known().state is ReviewState.ENDING
    place.later()
    assert place.store.review_tabs.of_project(place.project_id) == []
    assert [each.title for each in place.studio.tabs(place.project_id)] == ["Default"]


@pytest.mark.slow
def test_what_somebody_may_not_do_the_server_does_not_do_for_them(place: Place) -> None:
    place.fake.fail("dm/views", "status", method="POST", status=403, body="{}")
    with pytest.raises(LabelStudioError):
        place.start()
    assert place.store.review_tabs.of_project(place.project_id) == []
    place.start()
    place.fake.fail("dm/views", "status", method="DELETE", status=403, body="{}")
    with pytest.raises(LabelStudioError):
        place.stop()
    assert place.known().state is ReviewState.KEPT


@pytest.mark.slow
def test_a_deleted_prompt_takes_its_tab_and_its_sampling_along(place: Place) -> None:
    place.start(sampling=Sampling.UNCERTAINTY.value)
    place.store.prompts.delete(place.prompt.id)
    place.later()
    assert [each.title for each in place.studio.tabs(place.project_id)] == ["Default"]
    assert place.project.sampling == Sampling.SEQUENTIAL
    assert place.store.review_tabs.of_project(place.project_id) == []


@pytest.mark.slow
def test_a_project_that_is_gone_is_forgotten_and_one_that_is_away_is_not(place: Place) -> None:
    place.start()
    place.fake.control(down=True)
    place.later()
    assert "Label Studio" in place.known().message
    place.fake.control(down=False)
    place.studio._transport.send("DELETE", f"api/projects/{place.project_id}/")
    place.later()
    assert place.store.review_tabs.of_project(place.project_id) == []


@pytest.mark.slow
def test_what_a_version_did_not_predict_it_cannot_be_unsure_of(place: Place) -> None:
    new = place.house.version(place.prompt, "Anew: {text}")
    with pytest.raises(Conflict, match="predicted nothing"):
        place.start(version=new)
    for size in (49, 201):
        with pytest.raises(InvalidInput, match="50 to 200"):
            place.start(size=size)
    for below in (float("nan"), -0.1, 1.1):
        with pytest.raises(InvalidInput, match="between 0 and 1"):
            place.start(below=below)
    assert place.studio.tabs(place.project_id) == []


@pytest.mark.slow
def test_a_plan_changes_nothing_and_the_state_is_told_without_asking(place: Place) -> None:
    request = ReviewRequest(size=50)
    plan = place.service.plan(place.studio, place.prompt, place.project, request)
    assert (plan.batch, plan.waiting, plan.tab) == (50, 70, None)
    assert place.service.state(place.prompt, place.project) is None
    assert place.fake.state()["views"] == []
    place.start()
    state = place.service.state(place.prompt, place.project)
    assert state is not None
    assert (state.batch, state.waiting, state.title) == (50, 70, TITLE)
    told = [each.action for each in place.store.audit.search()]
    assert AuditAction.REVIEW_STARTED in told


@pytest.mark.slow
def test_a_large_project_is_asked_about_its_first_tasks_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.start()
    monkeypatch.setattr(review_batch, "EXACT_UP_TO", 10)
    for number in range(50):
        submit(place.fake, place.tasks[number], [region("A")])
    place.later()
    assert len(place.shown()) == 50
    assert min(place.shown()) == 50
    assert Counter(each.title for each in place.studio.tabs(place.project_id))[TITLE] == 1
    assert place.stop().tab is TabState.OURS
