"""A follow that accepts: some are drawn and checked blind, the rest is accepted, and watched."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from ml_backend.errors import Conflict
from ml_backend.records.follow_checks import FollowedTask, FollowGuard, GuardState
from ml_backend.records.promises import PromiseState
from ml_backend.scoring.promises.lots import is_check
from ml_backend.services.checking.batches import ahead_of, answers_of, drift_of, good_place
from ml_backend.services.events.follow import AcceptBy
from ml_backend.services.health.work_said import say_follows
from ml_backend.store import Store, tables as t
from support.annotating import press_update
from support.followed_checks import Checked
from support.house import House
from support.promises import patience, predict, topic


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


@pytest.mark.slow
def test_label_studio_away_is_said_and_tried_again(house: House) -> None:
    place = Checked(house)
    place.imports(20)
    house.fake.control(down=True)
    place.checks._patience = lambda: patience(0.1)  # type: ignore[method-assign]
    guard = place.look()
    assert "Label Studio" in guard.message
    assert place.decided() == []
    house.fake.control(down=False)
    assert place.look().message == ""
    assert place.annotated() == dict.fromkeys(place.accepted(), 1)
    assert len(place.accepted()) == 19


@pytest.mark.slow
def test_what_was_taken_back_or_is_not_the_follows_is_not_accepted(house: House) -> None:
    place = Checked(house)
    place.imports(20)
    place.look()
    [act] = place.store.acceptances.of_project(place.project)
    take_back = place.container.take_back
    take_back.execute(take_back.plan(act.id), patience())
    assert place.annotated() == {}
    by_hand = place.container.studio.import_tasks(place.project, [{"data": {"text": "other"}}])
    scores = dict.fromkeys(by_hand, 0.9)
    predict(house, place.prompt, place.version, place.project, scores)
    place.imports(1)
    place.look()
    assert len(place.decided()) == 21
    assert set(place.annotated()) <= {each.task_id for each in place.decided()[20:]}


@pytest.mark.slow
def test_what_people_label_or_open_of_it_stays(house: House) -> None:
    place = Checked(house)
    labelled, *_ = place.imports(20)
    place.answer([labelled], "B")
    place.look()
    assert labelled not in {each.task_id for each in place.decided()}
    guard = place.guard()
    with pytest.raises(Conflict, match="accepts still"):
        place.container.doubtful_tasks.plan(guard)
    place.container.follow.stop(place.prompt, place.project)
    guard = place.guard()
    assert guard.state is GuardState.STOPPED
    first = place.accepted()[0]
    [task] = place.container.studio.annotated(place.project, [first])
    press_update(house.fake, task.annotations[0].id, result=topic("B"))
    plans = place.container.doubtful_tasks.plan(guard)
    assert sum(sum(plan.kept.values()) for plan in plans) == 1
    place.container.doubtful_tasks.execute(plans, patience())
    assert set(place.annotated()) == {first}


@pytest.mark.slow
def test_a_check_promises_nothing_and_cannot_be_opened_or_asked(house: House) -> None:
    place = Checked(house)
    place.imports(20)
    place.look()
    sample = place.store.promises.get(place.decided_sample())
    samples = place.container.promise_samples
    assert [each.id for each in samples.of_project(place.project)] == [place.sample.id]
    studio = place.container.studio
    seen = samples.state(studio, studio.get_project(place.project), sample)
    assert (seen.promise, seen.sample.state) == (None, PromiseState.DRAWN)
    with pytest.raises(Conflict, match="checks what a follow accepts"):
        samples.open(sample, patience())
    samples.withdraw(sample, "By hand.", patience())
    guard = place.look()
    assert guard.state is GuardState.WITHDRAWN
    assert "were withdrawn" in guard.message
    house.fake.control(down=True)
    assert place.look().message == guard.message, "a tab that cannot be removed talks over nothing"
    house.fake.control(down=False)
    assert place.look().tab is None


# The alarm, by what the store keeps


def stored(house: House) -> Store:
    """Return a store with a prompt, of whose follows the checks are."""
    project, _ = house.project(0)
    house.prompt(project)
    return house.container.store


def checked(store: Store, said: list[bool], limit: float = 0.03) -> FollowGuard:
    """Return a follow whose checks people answered so, one a batch of 20."""
    guard = store.guards.begin(
        project_id=1,
        prompt_id=1,
        version_id=1,
        label="P",
        promise_id=1,
        max_error=limit,
        certainty=0.95,
        threshold=0.5,
        seed="s",
        run_id=0,
        created_by=None,
    )
    rows = [
        {
            "guard_id": guard.id, "project_id": guard.id, "prompt_id": 1, "task_id": place,
            "place": place, "batch": place // 20 + 1, "is_check": place % 20 == 7,
        }
        for place in range(20 * len(said))
    ]  # fmt: skip
    with store.database.write() as c:
        c.execute(sa.insert(t.follow_tasks), rows)
    checks = [row["task_id"] for row in rows if row["is_check"]]
    store.guards.judge(guard.id, dict(zip(checks, said, strict=True)))
    return guard


@pytest.mark.slow
def test_half_the_limit_raises_no_alarm_and_a_break_is_found_within_100_checks(
    house: House,
) -> None:
    store = stored(house)
    rng = random.Random(3)
    for _ in range(3):
        quiet = checked(store, [rng.random() >= 0.015 for _ in range(1_000)])
        assert not drift_of(quiet, store.guards.tasks(quiet.id)).is_alarm
    found = 0
    for _ in range(20):
        said = [rng.random() >= 0.01 for _ in range(150)]
        said += [rng.random() >= 0.16 for _ in range(100)]
        broken = checked(store, said)
        tasks = store.guards.tasks(broken.id)
        drift = drift_of(broken, tasks)
        found += drift.is_alarm and drift.checks > 150
        assert good_place(tasks, drift.good) <= 20 * drift.good
    assert found >= 18


@pytest.mark.slow
def test_a_check_is_judged_once_and_the_order_is_that_of_the_answers(
    house: House,
) -> None:
    store = stored(house)
    guard = checked(store, [True, False])
    assert store.guards.judge(guard.id, {7: False, 27: True}) == 0
    answers = answers_of(store.guards.tasks(guard.id))
    assert [(each.task_id, each.number, each.is_right) for each in answers] == [
        (7, 1, True),
        (27, 2, False),
    ]
    assert store.guards.judge(guard.id, {8: True}) == 0, "it is no check"


def test_the_lot_falls_on_one_of_each_20_and_on_each_place_alike() -> None:
    for seed in ("a", "b"):
        drawn = [place for place in range(2_000) if is_check(seed, place)]
        assert [place // 20 for place in drawn] == list(range(100))
    counts = [sum(is_check(str(seed), place) for seed in range(2_000)) for place in range(20)]
    assert all(60 <= count <= 140 for count in counts)


def test_ahead_is_what_came_after_the_last_batch_with_an_answer() -> None:
    tasks = [FollowedTask(n, n, 1 + n // 10, n % 10 == 0, number=None) for n in range(30)]
    assert ahead_of(tasks) == 27
    tasks[10] = FollowedTask(10, 10, 2, True, number=1, is_right=False)
    assert ahead_of(tasks) == 9


@pytest.mark.slow
def test_the_doctor_says_what_accepts_and_what_had_it_withdrawn(house: House) -> None:
    place = Checked(house)
    assert say_follows(place.store, lambda project: True) == (
        True,
        "1 follow, 1 of them accept.",
    )
    place.imports(20)
    place.look()
    place.store.prompts.update_version(place.version.id, text="Else {text}")
    place.look()
    is_well, said = say_follows(place.store, lambda project: project == place.project)
    assert not is_well
    assert "Nothing more is accepted" in said
    assert "19 tasks were accepted" in said
    assert say_follows(place.store, lambda project: False)[0], "another person's project"
