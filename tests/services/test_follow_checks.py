"""A follow that accepts: some are drawn and checked blind, the rest is accepted, and watched."""

from __future__ import annotations

import pytest

from ml_backend.errors import Conflict
from ml_backend.records.follow_checks import GuardState
from ml_backend.records.promises import PromiseState
from ml_backend.services.events.follow import AcceptBy
from support.followed_checks import Checked
from support.house import House
from support.promises import patience


@pytest.mark.slow
def test_without_a_promise_of_these_numbers_it_is_refused(house: House) -> None:
    place = Checked(house, start=False)
    with pytest.raises(Conflict, match="Nothing is promised"):
        place.start(AcceptBy(0.03))
    assert place.store.follows.all() == []
    assert place.store.guards.accepting() == []


@pytest.mark.slow
def test_what_reaches_the_threshold_is_accepted_but_for_one_in_20(house: House) -> None:
    place = Checked(house)
    low = place.imports(5, score=0.1)
    high = place.imports(40, score=0.9)
    unsure = place.imports(3, score=None)
    guard = place.look()
    assert guard.message == ""
    assert sorted(place.drawn() + place.accepted()) == high
    assert len(place.drawn()) == 2
    assert place.annotated() == dict.fromkeys(place.accepted(), 1)
    held = house.held(place.project)
    assert all(not held[task] for task in place.drawn()), "nobody sees what is checked"
    assert all(held[task] for task in [*low, *unsure, *place.accepted()])
    assert place.store.promises.closed_tasks(place.project) == set(place.drawn())
    [tab] = [each for each in place.container.studio.tabs(place.project) if "Check" in each.title]
    assert tab.title == "Check · P"
    assert tab.task_ids == frozenset(place.drawn())
    [act] = place.store.acceptances.of_project(place.project)
    assert (act.selection["follow"], act.promise_id, act.made) == (guard.id, None, 38)


@pytest.mark.slow
def test_an_answered_check_is_ordinary_truth_and_its_prediction_is_back(house: House) -> None:
    place = Checked(house)
    place.imports(40)
    place.look()
    first, second = place.drawn()
    place.answer([first])
    place.look()
    assert place.checks.figures(place.guard()).answered == 1
    assert place.open_checks() == [second]
    place.answer([second], "B")
    place.look()
    figures = place.checks.figures(place.guard())
    assert (figures.answered, figures.wrong, figures.ahead) == (2, 1, 0)
    place.container.promise_samples.work()
    assert place.store.promises.closed_tasks(place.project) == frozenset()
    held = house.held(place.project)
    assert sum(held[first].values()) == sum(held[second].values()) == 1
    assert not [x for x in place.container.studio.tabs(place.project) if "Check" in x.title]


@pytest.mark.slow
def test_it_goes_200_tasks_ahead_of_its_checks_and_no_further(house: House) -> None:
    place = Checked(house)
    place.imports(300)
    guard = place.look()
    assert len(place.accepted()) == 200
    assert guard.waiting == 300 - 200 - len(place.drawn())
    assert "wait until people" in guard.message
    place.imports(10)
    place.look()
    assert len(place.accepted()) == 200, "nor does another run let it"
    place.answer(place.open_checks()[:1])
    guard = place.look()
    assert len(place.accepted()) + len(place.drawn()) == 310
    assert (guard.waiting, guard.message) == (0, "")
    assert place.annotated() == dict.fromkeys(place.accepted(), 1)


@pytest.mark.slow
def test_an_alarm_ends_it_and_what_came_since_the_last_good_check_is_taken_back(
    house: House,
) -> None:
    place = Checked(house)
    place.imports(100)
    place.look()
    place.answer(place.open_checks())
    place.look()
    good = set(place.accepted())
    for _ in range(4):
        place.imports(200)
        place.look()
        place.answer(place.open_checks(), "B")
        if not place.look().is_accepting:
            break
    guard = place.guard()
    assert guard.state is GuardState.ALARMED
    assert "of the last" in guard.message
    assert "at most 50 % was promised" in guard.message
    before = place.annotated()
    place.imports(20)
    place.look()
    assert place.annotated() == before, "nothing more is accepted"
    place.container.promise_samples.work()
    assert place.store.promises.closed_tasks(place.project) == frozenset()
    doubtful = place.container.doubtful_tasks
    tasks = doubtful.tasks(guard)
    last = max(e.place for e in place.decided() if e.is_check and e.is_right)
    assert tasks == {e.task_id for e in place.decided() if e.place > last and not e.is_check}
    assert set(place.accepted()) - good <= tasks
    plans = doubtful.plan(guard)
    assert sum(plan.would_delete for plan in plans) == len(tasks)
    doubtful.execute(plans, patience())
    assert set(place.annotated()) == set(place.accepted()) - tasks
    assert doubtful.plan(guard) == []


@pytest.mark.slow
def test_another_version_and_a_withdrawn_promise_end_it(house: House) -> None:
    place = Checked(house)
    place.imports(20)
    place.look()
    place.store.prompts.update_version(place.version.id, text="Else {text}")
    place.imports(20)
    guard = place.look()
    assert guard.state is GuardState.WITHDRAWN
    assert "changed" in guard.message
    assert len(place.decided()) == 20
    assert place.store.follows.find(place.prompt.id, place.project) is not None
    sample = place.store.promises.get(place.decided_sample())
    assert sample.state is PromiseState.WITHDRAWN
