"""The sweep after /predict: of several predictions of one prompt on a task the newest stays."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.container import Container
from ml_backend.records import Prompt, PromptVersion, Slot, Stage
from ml_backend.services.predictions import deduplicate as module
from ml_backend.services.publishing.ownership import label_of
from ml_backend.services.writing.writer import Writer
from ml_backend.store import tables as t
from support.backends import answering
from support.by_hand import delete_project
from support.house import House, hurry
from support.labels import own
from support.server import eventually

DELETE_ONE = "DELETE /api/predictions/{id}/"
DELETE_VERSION = "DELETE /api/projects/{id}/model-versions/"
RECOUNT = "POST /api/projects/{id}/import/predictions"
LIST = "GET /api/predictions/"
V1, V2 = "P__Version 1", "P__Version 2"


class Served:
    """A project with a prompt of two versions, and what /predict and Label Studio do with it."""

    def __init__(self, house: House, tasks: int = 3) -> None:
        self.house = house
        self.container = house.container
        self.store = house.container.store
        self.project, self.tasks = house.project(tasks)
        self.prompt, self.first = house.prompt(self.project)
        self.second = house.version(self.prompt, "Label {text} again")
        for version in (self.first, self.second):
            self.register(self.prompt, version)

    def register(self, prompt: Prompt, version: PromptVersion, slot: Slot = Slot.ALL) -> str:
        label = label_of(prompt, version, slot)
        self.own(label, prompt, version, slot)
        return label

    def own(
        self, label: str, prompt: Prompt, version: PromptVersion, slot: Slot = Slot.ALL
    ) -> None:
        url = self.container.studio.url
        own(self.store, url, self.project, label, prompt.id, version.id, slot)

    def answer(self, label: str, tasks: Sequence[int] | None = None, minutes: float = 0) -> None:
        """What /predict notes when it answers, here some minutes from now."""
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        self.store.served.add(self.project, label, tasks or self.tasks, decided_at=at)

    def keep(self, label: str, tasks: Sequence[int] | None = None) -> None:
        """What Label Studio does with an answer, at its leisure."""
        rows = [
            {"task": task, "result": [], "score": None, "model_version": label}
            for task in tasks or self.tasks
        ]
        self.container.studio.import_predictions(self.project, rows)

    def make_due(self) -> None:
        s = t.served.c
        with self.store.database.write() as c:
            c.execute(sa.update(t.served).where(s.sweep_at.is_not(None)).values(sweep_at=0.0))

    def work(self, container: Container | None = None) -> Counter[str]:
        """Sweep what is due, all of it; the calls Label Studio got meanwhile."""
        self.make_due()
        self.house.fake.control(forget_calls=True)
        (container or self.container).sweep.work()
        return self.calls()

    def calls(self) -> Counter[str]:
        return Counter(self.house.fake.state()["calls"])

    def sweeps(self) -> list[int]:
        with self.store.database.read() as c:
            return list(c.execute(sa.select(t.served.c.sweeps).order_by(t.served.c.id)).scalars())

    def held(self) -> dict[int, Counter[str | None]]:
        return self.house.held(self.project)

    def assert_each_task_holds(self, *labels: str) -> None:
        assert self.held() == {task: Counter(labels) for task in self.tasks}

    def counters(self) -> Counter[int]:
        rows = self.house.fake.state()["tasks"]
        return Counter(row["total_predictions"] for row in rows if row["id"] in self.tasks)

    def shown(self) -> str | None:
        return self.container.studio.get_project(self.project).model_version


@pytest.fixture
def served(house: House) -> Served:
    return Served(house)


@pytest.mark.slow
def test_the_row_of_an_older_version_goes_when_a_newer_one_was_handed_out(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    served.work()
    served.assert_each_task_holds(V2)
    assert served.counters() == {1: 3}


@pytest.mark.slow
def test_an_older_version_stored_late_goes_though_its_row_is_the_newest(served: Served) -> None:
    served.answer(V1, minutes=-2)
    served.answer(V2, minutes=-1)
    served.keep(V2)
    served.keep(V1)
    served.work()
    served.assert_each_task_holds(V2)


@pytest.mark.slow
def test_going_back_to_an_older_version_is_a_newer_decision(served: Served) -> None:
    served.answer(V2, minutes=-2)
    served.keep(V2)
    served.answer(V1, minutes=-1)
    served.keep(V1)
    served.work()
    served.assert_each_task_holds(V1)


@pytest.mark.slow
def test_of_the_same_version_twice_the_newest_row_stays(served: Served) -> None:
    for _ in range(2):
        served.answer(V1)
        served.keep(V1)
    newest = {key.id for key in served.container.studio.prediction_keys(served.project)[-3:]}
    served.work()
    left = served.container.studio.prediction_keys(served.project)
    assert {key.id for key in left} == newest
    served.assert_each_task_holds(V1)


@pytest.mark.slow
def test_an_old_answer_stored_after_a_run_published_does_not_beat_it(served: Served) -> None:
    served.answer(V1, minutes=-1)
    served.house.run(served.prompt, served.second, served.project)
    served.keep(V1)
    served.work()
    served.assert_each_task_holds(V2)
    assert served.counters() == {1: 3}


@pytest.mark.slow
def test_an_answer_of_another_version_after_a_run_replaces_what_it_published(
    served: Served,
) -> None:
    served.house.run(served.prompt, served.second, served.project)
    served.answer(V1, served.tasks[:1], minutes=1)
    served.keep(V1, served.tasks[:1])
    served.work()
    assert served.held() == {
        task: Counter([V1 if task == served.tasks[0] else V2]) for task in served.tasks
    }


@pytest.mark.slow
def test_rows_of_which_nothing_is_known_give_way_by_age(served: Served) -> None:
    served.keep(V1)
    served.keep(V2)
    older = "Old name__Version 1"
    served.own(older, served.prompt, served.first)
    served.answer(older)
    served.work()
    served.assert_each_task_holds(V2)


@pytest.mark.slow
def test_other_prompts_slots_and_models_are_left_alone(served: Served) -> None:
    other, version = served.house.prompt(served.project, "Q")
    foreign = served.register(other, version)
    evaluate = served.register(served.prompt, served.first, Slot.EVALUATE)
    for label in (foreign, evaluate, "another model", foreign, evaluate, "another model"):
        served.keep(label)
    served.answer(V1)
    served.keep(V1)
    calls = served.work()
    rest = (foreign, evaluate, "another model") * 2
    served.assert_each_task_holds(*rest, V1)
    assert not calls[DELETE_ONE]
    served.answer(V2)
    served.keep(V2)
    assert served.work()[DELETE_ONE] == 3
    served.assert_each_task_holds(*rest, V2)


@pytest.mark.slow
def test_tasks_that_were_not_served_keep_their_doubles(served: Served) -> None:
    served.keep(V1)
    served.keep(V1)
    served.answer(V2, served.tasks[:1])
    served.keep(V2, served.tasks[:1])
    served.work()
    first, *others = served.tasks
    assert served.held() == {first: Counter([V2]), **{task: Counter([V1, V1]) for task in others}}


@pytest.mark.slow
def test_one_row_alone_stays_whatever_was_handed_out_since(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    calls = served.work()
    served.assert_each_task_holds(V1)
    assert calls == {LIST: 3}, "nothing but the tasks' predictions is read, nothing written"


@pytest.mark.slow
def test_a_prediction_is_looked_at_three_times(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.work()
    assert served.sweeps() == [1, 1, 1]
    served.work()
    served.keep(V2)  # 150 s on: Label Studio takes its time
    served.work()
    served.assert_each_task_holds(V2)
    assert served.sweeps() == [3, 3, 3]
    assert not served.work()


# Many


@pytest.mark.slow
def test_an_old_version_whose_rows_all_go_is_deleted_by_one_call(house: House) -> None:
    served = Served(house, 500)
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    calls = served.work()
    served.assert_each_task_holds(V2)
    assert (calls[DELETE_VERSION], calls[DELETE_ONE]) == (1, 0)
    assert served.counters() == {1: 500}
    assert calls[LIST] < 10, "the project is read, not each task"


@pytest.mark.slow
def test_a_version_of_which_rows_stay_goes_by_id_some_at_a_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELETES_AT_ONCE", 70)
    served = Served(house, 121)
    served.keep(V1)
    some = served.tasks[:120]
    served.answer(V2, some)
    served.keep(V2, some)
    calls = served.work()
    assert (calls[DELETE_VERSION], calls[DELETE_ONE]) == (0, 70)
    assert Counter(served.sweeps()) == {0: 50, 1: 70}, "the others are due yet"
    served.container.sweep.work()
    assert Counter(served.sweeps()) == {1: 120}
    wanted = {task: Counter([V2]) for task in some}
    assert served.held() == {**wanted, served.tasks[120]: Counter([V1])}
    assert served.counters() == {1: 121}


@pytest.mark.slow
def test_a_version_label_studio_may_be_storing_yet_goes_by_id(house: House) -> None:
    served = Served(house, 121)
    some, last = served.tasks[:120], served.tasks[120:]
    served.keep(V1, some)
    served.answer(V2, some)
    served.keep(V2, some)
    served.answer(V1, last)
    calls = served.work()
    assert (calls[DELETE_VERSION], calls[DELETE_ONE]) == (0, module.DELETES_AT_ONCE)
    served.keep(V1, last)
    served.work()
    assert served.held() == {
        **{task: Counter([V2]) for task in some},
        last[0]: Counter([V1]),
    }


# The label stream and the counters


@pytest.mark.parametrize("tasks", [3, 101])
@pytest.mark.slow
def test_a_live_backend_goes_on_being_shown(house: House, tasks: int) -> None:
    served = Served(house, tasks)
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    with answering({"status": "UP", "model_version": V2}) as url:
        served.container.studio.add_backend(served.project, url, "Prompts")
        assert served.shown() == "Prompts"
        calls = served.work()
        assert bool(calls[DELETE_VERSION]) == (tasks > 100)
        assert served.shown() == "Prompts"
    served.assert_each_task_holds(V2)


@pytest.mark.parametrize("tasks", [3, 101])
@pytest.mark.slow
def test_a_shown_version_of_which_nothing_is_left_is_followed_by_the_new_one(
    house: House, tasks: int
) -> None:
    served = Served(house, tasks)
    served.keep(V1)
    served.container.studio.set_model_version(served.project, V1)
    served.answer(V2)
    served.keep(V2)
    served.work()
    assert served.shown() == V2


@pytest.mark.slow
def test_a_shown_version_with_rows_left_is_shown_on(served: Served) -> None:
    served.keep(V1)
    served.container.studio.set_model_version(served.project, V1)
    served.answer(V2, served.tasks[:1])
    served.keep(V2, served.tasks[:1])
    served.work()
    assert served.shown() == V1


@pytest.mark.slow
def test_counters_are_counted_again_only_where_they_went_wrong(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    assert not served.work()[RECOUNT]
    assert served.counters() == {1: 3}
    # Label Studio counts deletes no more once tasks and then a project were deleted.
    studio = served.container.studio
    gone, (task, *_) = served.house.project(2)
    studio.delete_tasks(gone, [task])
    delete_project(studio, gone)
    served.answer(V1, minutes=1)
    served.keep(V1)
    assert served.work()[RECOUNT] == 1
    assert served.counters() == {1: 3}


# Interrupted


@pytest.mark.slow
def test_nothing_is_done_while_a_run_publishes_and_all_of_it_soon_after(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    run = served.house.start(served.prompt, served.second, served.project)
    fence = served.store.runs.claim(run.id, "somebody", 60)
    assert fence is not None
    served.store.runs.change(run.id, fence, stage=Stage.LOADING.value)
    assert not served.work()
    assert served.sweeps() == [0, 0, 0]
    assert served.store.served.due() == [], "not at once again"
    served.store.runs.change(run.id, fence, stage=Stage.ASKING.value)
    served.work()
    served.assert_each_task_holds(V2)


@pytest.mark.slow
def test_while_somebody_writes_the_sweep_does_not_wait(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    writing = served.store.writing
    fence = writing.acquire(served.container.writer.lease, "somebody", 60) or 0
    assert not served.work()
    assert served.sweeps() == [0, 0, 0]
    writing.release(served.container.writer.lease, fence)
    served.work()
    served.assert_each_task_holds(V2)


@pytest.mark.slow
def test_what_was_decided_anew_before_the_right_to_write_came_is_heeded(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.answer(V1, minutes=-3)
    served.answer(V2, minutes=-2)
    served.keep(V1)
    served.keep(V2)
    hold = Writer.hold

    def after_another(writer: Writer, *arguments: Any) -> Any:
        served.answer(V1, minutes=-1)
        return hold(writer, *arguments)

    monkeypatch.setattr(Writer, "hold", after_another)
    served.work()
    served.assert_each_task_holds(V1)


@pytest.mark.slow
def test_while_label_studio_is_away_all_stays_due(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    served.make_due()
    served.house.fake.control(down=True)
    served.container.sweep.work()
    assert served.sweeps() == [0, 0, 0]
    assert served.store.served.due() == [], "tried again later, not at once"
    served.house.fake.control(down=False)
    served.work()
    served.assert_each_task_holds(V2)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["500_after", "500_before", "drop_connection_before"])
@pytest.mark.parametrize("tasks", [3, 101])
def test_a_delete_that_broke_off_is_gone_on_with(house: House, mode: str, tasks: int) -> None:
    served = Served(house, tasks)
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    house.fake.fail("/api/", mode, method="DELETE", skip=0 if tasks > 100 else 1)
    served.work()
    eventually(lambda: served.work() and min(served.sweeps()) > 0)
    served.assert_each_task_holds(V2)
    assert served.counters() == {1: tasks}


@pytest.mark.slow
def test_after_a_kill_in_the_middle_the_next_server_finishes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    container = served.container
    delete = container.studio.delete_prediction
    done: list[int] = []

    def dies(prediction_id: int) -> bool:
        if done:
            raise SystemExit  # nothing catches that: the process ends here
        done.append(prediction_id)
        return delete(prediction_id)

    monkeypatch.setattr(container.studio, "delete_prediction", dies)
    with pytest.raises(SystemExit):
        served.work()
    assert sum(counts.total() for counts in served.held().values()) == 5
    container.close()

    after = Container(container.settings)
    hurry(after, served.house.fake)
    eventually(lambda: served.work(after) and min(served.sweeps()) > 0)
    after.close()
    after.store.close()
    served.assert_each_task_holds(V2)


@pytest.mark.slow
def test_of_two_servers_at_once_one_removes_and_the_other_finds_nothing(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    served.make_due()
    served.house.fake.control(
        forget_calls=True, latency=[{"path": "/api/predictions/", "seconds": 0.05}]
    )
    other = Container(served.container.settings)
    hurry(other, served.house.fake)
    _ = other.sweep
    threads = [
        threading.Thread(target=container.sweep.work) for container in (served.container, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert served.calls()[DELETE_ONE] == 3
    served.work(other)
    assert served.calls()[DELETE_ONE] == 0
    other.close()
    other.store.close()
    served.assert_each_task_holds(V2)


# What is gone


@pytest.mark.slow
def test_a_task_deleted_meanwhile_is_nothing_to_do(served: Served) -> None:
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    served.container.studio.delete_tasks(served.project, served.tasks[:1])
    served.tasks = served.tasks[1:]
    served.work()
    served.assert_each_task_holds(V2)
    assert served.sweeps() == [1, 1, 1]


def test_a_task_id_that_went_to_another_project_is_not_ours(served: Served) -> None:
    studio = served.container.studio
    served.answer(V2)
    studio.delete_tasks(served.project, served.tasks)
    rows = [{"data": {"text": "new"}, "predictions": [_row(V1), _row(V2)]}]
    _, reused = served.house.fake.seed("<View></View>", rows)
    assert reused == served.tasks[:1]
    assert not served.work()[DELETE_ONE]
    assert served.sweeps() == [1, 1, 1]


@pytest.mark.slow
def test_nothing_of_a_deleted_project_is_looked_at_again(served: Served) -> None:
    other = Served.__new__(Served)
    other.__dict__.update(served.__dict__)
    other.project, other.tasks = served.house.project(2)
    for version in (served.first, served.second):
        other.register(served.prompt, version)
    other.keep(V1)
    served.answer(V2)
    other.answer(V2)
    other.keep(V2)
    delete_project(served.container.studio, served.project)
    served.work()
    other.assert_each_task_holds(V2)
    served.make_due()
    assert {each.project_id for each in served.store.served.due()} == {other.project}


def test_what_is_done_with_is_forgotten_after_a_day(served: Served) -> None:
    served.answer(V1, minutes=-25 * 60)
    served.store.served.give_up(served.project)
    served.container.sweep.work()
    assert served.store.served.of_tasks(served.project, served.tasks) == []


@pytest.mark.slow
def test_trouble_of_one_project_does_not_keep_the_others_waiting(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    served.store.served.add(served.project - 1, V1, [1])
    served.keep(V1)
    served.answer(V2)
    served.keep(V2)
    search = served.store.runs.search

    def fails(project_id: int, **more: Any) -> Any:
        if project_id != served.project:
            raise RuntimeError("a row nobody thought of")
        return search(project_id=project_id, **more)

    monkeypatch.setattr(served.store.runs, "search", fails)
    with caplog.at_level(logging.INFO, "ml_backend.services.predictions.deduplicate"):
        served.work()
    served.assert_each_task_holds(V2)
    assert served.sweeps() == [0, 1, 1, 1]
    assert f"project {served.project}: removed" in caplog.text
    assert f"3 of '{V1}'" in caplog.text


def _row(label: str) -> dict[str, Any]:
    return {"result": [], "score": None, "model_version": label}
