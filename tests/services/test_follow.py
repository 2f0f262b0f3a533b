"""Follow: new tasks are predicted by themselves, once, in few runs and within the budget."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import InvalidInput
from ml_backend.records import Failure, Run, RunStatus, Slot, Subset
from ml_backend.services.events import event_worker, follow
from ml_backend.store import Follow, tables as t
from support.backends import answering
from support.house import CONFIG, House

LABEL = "P__Version 1"


class Followed:
    """A connected project whose prompt follows it; imports are told as Label Studio tells them."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.container = house.container
        self.store = house.container.store
        self.following = house.container.follow
        self.url = url
        self.project, _ = house.project(0)
        self.prompt, self.version = house.prompt(self.project)
        self.connect(url.removeprefix("http://"))
        self.backend = self.container.studio.add_backend(self.project, url, "Prompts").id
        self.start()
        self.container.event_worker.work()
        self.store.follows.take(self.follow())

    def connect(self, host: str, path: str = "") -> None:
        said = {"extra_params": None, "label_config": CONFIG, "host": host}
        self.store.contacts.remember(self.project, path, **said)

    def start(self, budget: float | None = None) -> Follow:
        project = self.container.studio.get_project(self.project)
        return self.following.start(self.prompt, project, budget)

    def follow(self) -> Follow:
        found = self.store.follows.find(self.prompt.id, self.project)
        assert found is not None
        return found

    def imports(self, number: int) -> list[int]:
        """Import tasks; Label Studio tells of it and the server looks into it."""
        first = len(self.container.studio.task_ids(self.project))
        rows = [{"data": {"text": f"text {first + n}"}} for n in range(number)]
        ids = self.container.studio.import_tasks(self.project, rows)
        self.container.events.hear("TASKS_CREATED", [self.project], task_ids=ids)
        self.container.event_worker._pauses.clear()
        self.container.event_worker.work()
        return ids

    def wait(self) -> list[Run]:
        """Let the burst be over; return the runs there are now, oldest first."""
        with self.store.database.write() as c:
            due = t.follows.c.due_at.is_not(None)
            c.execute(sa.update(t.follows).where(due).values(due_at=time.time()))
        self.following.work()
        return self.runs()

    def runs(self) -> list[Run]:
        return self.store.runs.search(project_id=self.project)[::-1]

    def execute(self, run: Run) -> Run:
        ended = self.container.executor.execute(run.id)
        assert ended is not None
        return ended

    def price(self, completion: float) -> None:
        """Give the run's recorded cost a value, as a priced model would."""
        with self.store.database.write() as c:
            c.execute(sa.update(t.runs).values(cost=completion))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_worker, "QUIET_SECONDS", 0.0)


@pytest.fixture
def place(house: House) -> Iterator[Followed]:
    with answering({"model_version": LABEL}) as url:
        yield Followed(house, url)


@pytest.mark.slow
def test_imported_tasks_are_predicted_by_themselves(place: Followed) -> None:
    ids = place.imports(3)
    [run] = place.wait()
    assert (run.slot, run.subset, run.label) == (Slot.ALL, Subset.ALL, LABEL)
    assert list(run.options.task_ids) == ids
    assert run.options.only_missing
    assert run.options.follow
    assert place.execute(run).status is RunStatus.COMPLETED
    assert place.wait() == place.runs()
    assert len(place.runs()) == 1, "nothing is due any more"


@pytest.mark.slow
def test_a_hint_without_a_secret_begins_a_run_only_for_tasks_nobody_saw(place: Followed) -> None:
    def hint() -> list[Run]:
        place.container.events.hear("TASKS_CREATED", [place.project], is_hint=True)
        place.container.event_worker._pauses.clear()
        place.container.event_worker.work()
        return place.wait()

    place.imports(2)
    [run] = place.wait()
    place.execute(run)
    with place.store.database.write() as c:  # as if they were gone: a run would ask them again
        c.execute(sa.delete(t.answers))
    for key in place.container.studio.prediction_keys(place.project):
        place.container.studio.delete_prediction(key.id)
    assert len(hint()) == 1, "nothing is new in Label Studio"
    place.container.studio.import_tasks(place.project, [{"data": {"text": "new"}}])
    assert len(hint()) == 2


@pytest.mark.slow
def test_without_asking_for_it_nothing_follows(place: Followed) -> None:
    assert place.store.follows.stop(place.prompt.id, place.project)
    place.imports(3)
    assert place.wait() == []


@pytest.mark.slow
def test_a_burst_is_one_run(place: Followed) -> None:
    before = time.time()
    ids = [task for _ in range(3) for task in place.imports(4)]
    place.following.work()
    assert place.runs() == [], "the burst may go on"
    due = place.follow().due_at
    assert due is not None
    assert before + follow.QUIET_AFTER_IMPORT <= due <= time.time() + follow.QUIET_AFTER_IMPORT
    [run] = place.wait()
    assert list(run.options.task_ids) == ids


@pytest.mark.slow
def test_imports_without_a_pause_do_not_put_a_run_off_for_ever(place: Followed) -> None:
    began = time.time() - follow.LONGEST_BURST + 1
    place.imports(1)
    with place.store.database.write() as c:
        c.execute(sa.update(t.follows).values(first_at=began))
    place.imports(1)
    due = place.follow().due_at
    assert due is not None
    assert due - began == pytest.approx(follow.LONGEST_BURST, abs=0.1)


@pytest.mark.slow
def test_what_comes_during_a_run_waits_for_its_end(place: Followed) -> None:
    first = place.imports(3)
    [run] = place.wait()
    second = place.imports(2)
    assert place.wait() == [run], "one after the other"
    assert place.follow().due_at is not None
    place.execute(run)
    _, later = place.wait()
    assert list(later.options.task_ids) == second
    place.execute(later)
    held = place.house.held(place.project)
    assert {task: dict(each) for task, each in held.items()} == (
        {task: {LABEL: 1} for task in first + second}
    )
    assert len(place.house.model.asked) == 5


@pytest.mark.slow
def test_an_import_during_the_start_of_a_run_is_not_forgotten(
    place: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.imports(1)
    real = place.container.runs.start

    def start(*args: Any) -> Run:
        run = real(*args)
        place.imports(1)
        return run

    monkeypatch.setattr(place.container.runs, "start", start)
    place.wait()
    assert place.follow().due_at is not None


@pytest.mark.slow
def test_a_forged_import_starts_nothing(place: Followed) -> None:
    place.imports(2)
    [run] = place.wait()
    place.execute(run)
    place.imports(0)
    assert place.wait() == [place.store.runs.get(run.id)]
    assert place.follow().message == ""
    assert place.follow().due_at is None


@pytest.mark.slow
def test_a_project_without_tasks_is_nothing_to_say(place: Followed) -> None:
    place.imports(0)
    assert place.wait() == []
    assert place.follow().message == ""


@pytest.mark.slow
def test_a_task_that_cannot_be_answered_is_not_paid_for_again(place: Followed) -> None:
    place.house.model.answer = lambda request: (
        "no JSON" if "text 1" in json.dumps(request.messages) else '{"topic": "A"}'
    )
    place.imports(3)
    [run] = place.wait()
    ended = place.execute(run)
    assert ended.totals.failed == 1
    [failure] = place.store.outcomes.iter(run.id, ok=False)
    assert isinstance(failure, Failure)
    asked = len(place.house.model.asked)
    place.imports(0)
    assert len(place.wait()) == 1, "an event, or a start of the server, is no reason"
    place.imports(1)
    assert len(place.wait()) == 2, "a new task is"
    assert len(place.house.model.asked) == asked


@pytest.mark.slow
def test_a_project_connected_no_more_is_left_alone(place: Followed) -> None:
    place.container.studio.delete_backend(place.backend)
    place.imports(2)
    assert place.wait() == []
    assert place.follow().message == follow.NOT_CONNECTED
    assert place.follow().due_at is None
    place.container.studio.add_backend(place.project, place.url, "Prompts")
    place.imports(1)
    [run] = place.wait()
    assert len(run.options.task_ids) == 3
    assert place.follow().message == ""


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:1", "/prompts/9"])
def test_another_backend_is_no_connection(place: Followed, elsewhere: str) -> None:
    place.container.studio.delete_backend(place.backend)
    with answering({"model_version": "other"}) as other:
        url = other if elsewhere.startswith("http") else place.url + elsewhere
        place.container.studio.add_backend(place.project, url, "Other")
        place.imports(2)
        assert place.wait() == []
    assert place.follow().message == follow.NOT_CONNECTED


@pytest.mark.slow
def test_a_connection_by_path_with_credentials_counts(place: Followed) -> None:
    place.container.studio.delete_backend(place.backend)
    host = place.url.removeprefix("http://")
    place.connect(host, f"prompts/{place.prompt.id}")
    url = f"http://user:pw@{host}/prompts/{place.prompt.id}/"
    place.container.studio.add_backend(place.project, url, "Ours")
    place.imports(2)
    assert len(place.wait()) == 1


@pytest.mark.slow
def test_label_studio_away_is_tried_again(place: Followed) -> None:
    place.imports(2)
    place.house.fake.control(down=True)
    assert place.wait() == []
    assert place.follow().due_at is not None
    assert "Label Studio" in place.follow().message
    place.house.fake.control(down=False)
    assert len(place.wait()) == 1
    assert place.follow().message == ""


@pytest.mark.slow
def test_after_a_start_of_the_server_every_follow_is_due(place: Followed) -> None:
    place.container.studio.import_tasks(place.project, [{"data": {"text": "unheard of"}}])
    place.container.event_worker._begun = False
    place.container.event_worker.work()
    assert len(place.wait()) == 1


# budgets


def prices(place: Followed) -> None:
    connection = place.container.models.default
    object.__setattr__(connection, "prices", {"scripted": [1.0, 1.0]})


@pytest.mark.slow
def test_a_budget_is_for_all_its_runs_together(place: Followed) -> None:
    prices(place)
    place.start(budget=10.0)
    place.imports(2)
    [run] = place.wait()
    assert run.options.budget == 10.0
    place.execute(run)
    place.price(4.0)
    place.imports(1)
    _, second = place.wait()
    assert second.options.budget == 6.0
    place.execute(second)
    place.price(6.0)  # each of the two
    place.imports(1)
    assert len(place.wait()) == 2
    assert "$10 is used up" in place.follow().message
    place.start(budget=10.0)
    assert place.follow().message == ""
    place.imports(1)
    assert len(place.wait()) == 3, "a new budget counts from now"


@pytest.mark.slow
def test_a_run_its_budget_stopped_is_the_last(place: Followed) -> None:
    prices(place)
    place.start(budget=0.0001)
    place.imports(2)
    [run] = place.wait()
    assert place.execute(run).status is RunStatus.FAILED
    place.imports(1)
    assert len(place.wait()) == 1
    assert place.follow().message.startswith("The budget of $0.0001 is used up")
    assert place.house.model.asked == []


@pytest.mark.slow
def test_with_an_unknown_cost_a_budget_cannot_be_kept(place: Followed) -> None:
    with pytest.raises(InvalidInput, match="price is unknown"):
        place.start(budget=1.0)
    place.store.follows.start(place.prompt.id, place.project, 1.0)
    prices(place)
    place.imports(1)
    [run] = place.wait()
    place.execute(run)
    with place.store.database.write() as c:
        c.execute(sa.update(t.runs).values(cost=None))
    place.imports(1)
    assert len(place.wait()) == 1
    assert place.follow().message == follow.UNKNOWN_COST


@pytest.mark.slow
def test_runs_of_before_and_by_hand_do_not_count(place: Followed) -> None:
    prices(place)
    place.imports(1)
    [run] = place.wait()
    place.execute(run)
    place.price(50.0)
    place.start(budget=10.0)
    place.house.run(place.prompt, place.version, place.project)
    place.price(50.0)
    assert place.store.follows.spent(place.follow()) == 0
    place.imports(1)
    assert place.wait()[-1].options.budget == 10.0


@pytest.mark.slow
def test_deleting_a_prompt_ends_its_following(place: Followed) -> None:
    place.imports(1)
    place.store.prompts.delete(place.prompt.id)
    assert place.store.follows.all() == []
    assert place.wait() == []
