"""Events are looked into, the example pool is true, evaluations go stale, training starts."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.container import Container
from ml_backend.records import Example, Run, RunStatus, Slot, Subset, TruthSource
from ml_backend.services.events import event_queue as queue, event_worker as module
from ml_backend.services.events.event_queue import Heard
from ml_backend.services.writing.lease import NamedLease
from ml_backend.store import tables as t
from support.backends import answering
from support.by_hand import delete_project
from support.house import CONFIG, House

ANNOTATION_READ = "GET /api/tasks/"


def region(choice: str) -> dict[str, Any]:
    return {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [choice]},
    }


class Annotated:
    """A connected project whose events are looked into at once when asked to."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.container = house.container
        self.store = house.container.store
        self.worker = house.container.event_worker
        self.events = house.container.events
        self.studio = house.container.studio
        self.project, self.tasks = house.project(6)
        self.connect()

    def connect(self, host: str = "localhost:9090") -> None:
        said = {"extra_params": None, "label_config": CONFIG, "host": host}
        self.store.contacts.remember(self.project, "", **said)

    def annotate(self, task: int, choice: str = "A", **more: Any) -> int:
        body = {"result": [region(choice)], **more}
        row = self.studio._transport.send("POST", f"api/tasks/{task}/annotations/", body)
        assert isinstance(row, dict)
        return int(row["id"])

    def change(self, annotation: int, **values: Any) -> None:
        self.studio._transport.send("PATCH", f"api/annotations/{annotation}/", values)

    def delete(self, annotation: int) -> None:
        self.studio._transport.send("DELETE", f"api/annotations/{annotation}/")

    def tell(self, action: str, **ids: Any) -> None:
        """What a webhook does, and the server a little later."""
        assert self.events.hear(action, [self.project], **ids) is Heard.QUEUED
        self.work()

    def work(self) -> None:
        self.worker._pauses.clear()
        self.worker.work()

    def pool(self) -> dict[int, tuple[int, Any, bool]]:
        """Annotation -> task, answer, ground truth."""
        return {
            each.annotation_id: (each.task_id, each.answer["topic"], each.ground_truth)
            for each in self.store.examples.of_project(self.project)
        }

    def reads(self) -> int:
        return int(self.house.fake.state()["calls"].get(ANNOTATION_READ, 0))

    def evaluated(self) -> Run:
        prompt, version = self.prompt()
        return self.house.run(prompt, version, self.project, subset=Subset.HAS_GT)

    def prompt(self) -> Any:
        known = self.store.prompts.find("P")
        if known is None:
            return self.house.prompt(self.project)
        return known, self.store.prompts.versions(known.id)[-1]

    def runs(self) -> list[Run]:
        return self.store.runs.search(project_id=self.project)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look into events without waiting for more of them."""
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.0)


@pytest.fixture
def place(house: House, monkeypatch: pytest.MonkeyPatch) -> Annotated:
    # On a busy machine an event is late, which is an answer as well, but not what is tried here.
    monkeypatch.setattr(queue, "ANSWER_SECONDS", 60.0)
    made = Annotated(house)
    made.work()  # the look after the start
    return made


# the pool


@pytest.mark.slow
def test_submitting_changing_and_deleting_change_the_pool(place: Annotated) -> None:
    task = place.tasks[0]
    annotation = place.annotate(task)
    place.tell("ANNOTATION_CREATED", task_ids=[task], annotation_ids=[annotation])
    assert place.pool() == {annotation: (task, "A", False)}

    place.change(annotation, result=[region("B")])
    place.tell("ANNOTATION_UPDATED", task_ids=[task], annotation_ids=[annotation])
    assert place.pool() == {annotation: (task, "B", False)}

    place.change(annotation, ground_truth=True)
    place.tell("ANNOTATION_UPDATED", task_ids=[task], annotation_ids=[annotation])
    assert place.pool() == {annotation: (task, "B", True)}

    place.delete(annotation)
    place.tell("ANNOTATIONS_DELETED", annotation_ids=[annotation])
    assert place.pool() == {}


@pytest.mark.slow
def test_a_skipped_annotation_is_no_example(place: Annotated) -> None:
    annotation = place.annotate(place.tasks[0], was_cancelled=True)
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]], annotation_ids=[annotation])
    assert place.pool() == {}


@pytest.mark.slow
def test_deleted_tasks_take_their_examples_along(place: Annotated) -> None:
    first, second = (place.annotate(task) for task in place.tasks[:2])
    place.tell("ANNOTATIONS_CREATED", task_ids=place.tasks[:2], annotation_ids=[first, second])
    place.studio.delete_tasks(place.project, place.tasks[:1])
    place.tell("TASKS_DELETED", task_ids=place.tasks[:1])
    assert set(place.pool()) == {second}


@pytest.mark.slow
def test_only_the_tasks_of_an_event_are_read(place: Annotated) -> None:
    unseen = place.annotate(place.tasks[1])
    annotation = place.annotate(place.tasks[0])
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]], annotation_ids=[annotation])
    assert set(place.pool()) == {annotation}, "the other task was not named"
    place.tell("ANNOTATIONS_CREATED")
    assert set(place.pool()) == {annotation, unseen}, "an event without ids is about all"


@pytest.mark.slow
def test_tasks_imported_with_annotations_are_examples(place: Annotated) -> None:
    row = {"data": {"text": "new"}, "annotations": [{"result": [region("B")]}]}
    ids = place.studio.import_tasks(place.project, [row])
    place.tell("TASKS_CREATED", task_ids=ids)
    assert [task for task, _, _ in place.pool().values()] == ids


@pytest.mark.slow
def test_an_import_is_looked_at_once_more_when_label_studio_has_committed_it(
    place: Annotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.0)
    task = place.tasks[0]
    place.tell("TASKS_CREATED", task_ids=[task])
    assert place.pool() == {}, "told from within Label Studio's transaction"
    annotation = place.annotate(task)
    place.work()
    assert place.pool() == {annotation: (task, "A", False)}
    reads = place.reads()
    place.work()
    assert place.reads() == reads, "once more and not for ever"


def test_nobody_outside_can_ask_for_that_look(place: Annotated) -> None:
    assert place.events.hear(queue.IMPORT_SETTLED, [place.project]) is Heard.IGNORED


@pytest.mark.slow
def test_many_tasks_are_read_with_all_others(
    place: Annotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MANY_TASKS", 2)
    ids = [place.annotate(task) for task in place.tasks]
    place.tell("ANNOTATIONS_CREATED", task_ids=place.tasks[:3], annotation_ids=ids[:3])
    assert set(place.pool()) == set(ids)


@pytest.mark.slow
def test_a_burst_is_read_once(place: Annotated) -> None:
    for task in place.tasks[:4]:
        place.annotate(task)
    before = place.reads()
    for task in place.tasks[:4]:
        place.events.hear("ANNOTATION_CREATED", [place.project], task_ids=[task])
    place.work()
    assert len(place.pool()) == 4
    assert place.reads() - before == 1
    assert place.store.events.waiting() == 0


@pytest.mark.slow
def test_events_wait_for_a_burst_to_end_but_not_for_ever(
    place: Annotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUIET_SECONDS", 60.0)
    place.annotate(place.tasks[0])
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]])
    assert place.pool() == {}
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.0)
    place.work()
    assert len(place.pool()) == 1


@pytest.mark.slow
def test_a_forged_event_changes_nothing(place: Annotated) -> None:
    annotation = place.annotate(place.tasks[0], ground_truth=True)
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]], annotation_ids=[annotation])
    run = place.evaluated()
    before = place.pool()
    place.tell("ANNOTATIONS_DELETED", annotation_ids=[annotation])
    place.tell("TASKS_DELETED", task_ids=place.tasks)
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[1], 999_999], annotation_ids=[77])
    place.tell("ANNOTATIONS_CREATED")
    place.tell("PROJECT_UPDATED")
    assert place.pool() == before
    assert place.store.runs.get(run.id).stale == ""
    assert place.store.events.waiting() == 0


def test_strange_projects_and_actions_are_ignored(place: Annotated) -> None:
    assert place.events.hear("ANNOTATION_CREATED", [place.project + 7]) is Heard.IGNORED
    assert place.events.hear("SERVER_STARTED", [place.project]) is Heard.IGNORED
    assert place.events.hear("LABEL_STREAM_OPENED", [place.project]) is Heard.IGNORED
    assert place.store.events.waiting() == 0


def test_one_unreadable_annotation_costs_itself_alone(
    place: Annotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml_backend.labeling import LabelingConfig

    real = LabelingConfig.to_answer

    def fragile(self: LabelingConfig, result: Any, data: Any) -> Any:
        if result[0]["value"]["choices"] == ["B"]:
            raise RecursionError
        return real(self, result, data)

    monkeypatch.setattr(LabelingConfig, "to_answer", fragile)
    good = place.annotate(place.tasks[0], "A")
    place.annotate(place.tasks[1], "B")
    place.tell("ANNOTATIONS_CREATED")
    assert set(place.pool()) == {good}


@pytest.mark.slow
def test_a_changed_labeling_config_is_read_with_in_full(place: Annotated) -> None:
    annotation = place.annotate(place.tasks[0])
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]])
    config = CONFIG.replace('name="topic"', 'name="subject"')
    place.studio._transport.send(
        "PATCH", f"api/projects/{place.project}/", {"label_config": config}
    )
    place.tell("PROJECT_UPDATED")
    assert place.pool() == {}, "what answers nothing that is asked now is no example"
    place.studio._transport.send(
        "PATCH", f"api/projects/{place.project}/", {"label_config": CONFIG}
    )
    place.tell("PROJECT_UPDATED")
    assert set(place.pool()) == {annotation}
    reads = place.reads()
    place.tell("PROJECT_UPDATED")
    assert place.reads() == reads, "the same config is no reason to read"


@pytest.mark.slow
def test_a_config_nobody_can_answer_loses_no_event_later(place: Annotated) -> None:
    path = f"api/projects/{place.project}/"
    place.studio._transport.send("PATCH", path, {"label_config": "<View></View>"})
    place.tell("PROJECT_UPDATED")
    annotation = place.annotate(place.tasks[0])
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]])
    place.studio._transport.send("PATCH", path, {"label_config": CONFIG})
    place.tell("PROJECT_UPDATED")
    assert set(place.pool()) == {annotation}


def test_instructions_are_read_again(place: Annotated) -> None:
    words = {"title": "Renamed", "expert_instruction": "<p>Choose <b>A</b>.</p>"}
    place.studio._transport.send("PATCH", f"api/projects/{place.project}/", words)
    place.tell("PROJECT_UPDATED")
    known = place.store.projects.find(place.project)
    assert known is not None
    assert (known.title, known.instruction) == ("Renamed", "Choose A.")


# Label Studio away, projects gone, several servers, restarts


def test_label_studio_away_costs_no_event(
    place: Annotated, caplog: pytest.LogCaptureFixture
) -> None:
    annotation = place.annotate(place.tasks[0])
    place.house.fake.control(down=True)
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]])
    assert place.store.events.waiting() == 1
    assert "Label Studio" in caplog.text
    place.house.fake.control(down=False)
    place.worker.work()
    assert place.pool() == {}, "it is left alone for a while first"
    place.work()
    assert set(place.pool()) == {annotation}
    assert place.store.events.waiting() == 0


def test_pauses_grow_while_label_studio_is_away(place: Annotated) -> None:
    place.house.fake.control(down=True)
    place.events.hear("PROJECT_UPDATED", [place.project])
    pauses = []
    for _ in range(4):
        place.worker._pauses = {k: (s, 0.0) for k, (s, _) in place.worker._pauses.items()}
        place.worker.work()
        pauses.append(place.worker._pauses[place.project][0])
    place.house.fake.control(down=False)
    assert pauses == [2, 4, 8, 16]


@pytest.mark.slow
def test_a_deleted_project_has_no_pool_and_no_follower(place: Annotated) -> None:
    prompt, _ = place.prompt()
    place.store.follows.start(prompt.id, place.project, None)
    place.annotate(place.tasks[0])
    place.tell("ANNOTATIONS_CREATED")
    delete_project(place.studio, place.project)
    place.tell("ANNOTATIONS_CREATED")
    assert place.pool() == {}
    assert place.store.events.waiting() == 0
    follow = place.store.follows.find(prompt.id, place.project)
    assert follow is not None
    assert f"project {place.project}" in follow.message
    assert follow.due_at is None


@pytest.mark.slow
def test_what_happened_while_no_server_was_up_is_seen(place: Annotated) -> None:
    annotation = place.annotate(place.tasks[0])
    later = Container(place.container.settings)
    later.event_worker.work()
    assert set(place.pool()) == {annotation}
    later.close()
    later.store.close()


@pytest.mark.slow
def test_of_two_servers_one_does_it(place: Annotated) -> None:
    place.annotate(place.tasks[0])
    with NamedLease(place.store, f"fit:{place.project}") as ours:
        assert ours
        place.tell("ANNOTATIONS_CREATED")
        assert place.pool() == {}
        assert place.store.events.waiting() == 1
    place.work()
    assert len(place.pool()) == 1


def test_an_event_the_database_did_not_take_is_made_up_for(
    place: Annotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*args: Any, **kwargs: Any) -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(place.store.events, "add", locked)
        annotation = place.annotate(place.tasks[0])
        heard = place.events.hear("ANNOTATION_CREATED", [place.project], task_ids=[place.tasks[0]])
        assert heard is Heard.LATE
    place.work()
    assert set(place.pool()) == {annotation}


def test_a_slow_database_does_not_keep_a_webhook_waiting(
    place: Annotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ANSWER_SECONDS", 0.05)
    with place.store.database.write():
        # Within: the database is locked until after the answer.
        assert place.events.hear("ANNOTATION_CREATED", [place.project]) is Heard.LATE
    place.events._queueing.submit(lambda: None).result(30)
    assert place.store.events.waiting() == 1


# the store's part


def test_an_annotation_id_used_anew_replaces_the_old_example(place: Annotated) -> None:
    examples = place.store.examples
    stale = Example(1, {"text": "old"}, {"topic": "A"}, annotation_id=5)
    assert examples.replace(90, [stale], revision=examples.revision(90))
    fresh = Example(2, {"text": "new"}, {"topic": "B"}, annotation_id=5)
    assert examples.replace(91, [fresh], revision=examples.revision(91))
    assert examples.of_project(90) == []
    assert examples.of_project(91) == [fresh]


def test_a_pool_another_process_changed_is_read_in_full(place: Annotated) -> None:
    config = place.container.predictor_factory.config_of(place.studio.get_project(place.project))
    assert place.container.examples.is_whole(place.project, config)
    other = Container(place.container.settings)
    other.examples.refresh(place.project, config)
    assert other.examples.is_whole(place.project, config)
    assert not place.container.examples.is_whole(place.project, config)
    other.store.close()


# stale evaluations


@pytest.mark.slow
def test_a_new_annotation_outdates_a_run_on_annotations_in_its_words(place: Annotated) -> None:
    place.annotate(place.tasks[0])
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]])
    run = place.evaluated()
    assert (run.truth, run.stale) == (TruthSource.ANNOTATIONS, "")
    place.annotate(place.tasks[1])
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[1]])
    assert place.store.runs.get(run.id).stale == "The annotations changed after this run."


@pytest.mark.slow
def test_an_evaluation_is_stale_once_the_ground_truth_changed(place: Annotated) -> None:
    first = place.annotate(place.tasks[0], ground_truth=True)
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]])
    run = place.evaluated()
    assert (run.status, run.stale) == (RunStatus.COMPLETED, "")

    plain = place.annotate(place.tasks[1])
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[1]])
    assert place.store.runs.get(run.id).stale == "", "no ground truth, no change"

    place.change(plain, ground_truth=True)
    place.tell("ANNOTATION_UPDATED", task_ids=[place.tasks[1]])
    stale = place.store.runs.get(run.id).stale
    assert stale == "The ground truth changed after this run: 1 task."

    again = place.evaluated()
    place.change(first, result=[region("B")])
    place.change(plain, ground_truth=False)
    place.tell("ANNOTATION_UPDATED", task_ids=place.tasks[:2])
    why = "The ground truth changed after this run: 2 tasks."
    assert place.store.runs.get(again.id).stale == why
    assert place.store.runs.get(run.id).stale == stale, "the first reason stays"


@pytest.mark.slow
def test_a_deleted_ground_truth_makes_an_evaluation_stale(place: Annotated) -> None:
    place.annotate(place.tasks[0], ground_truth=True)
    gone = place.annotate(place.tasks[1], ground_truth=True)
    place.tell("ANNOTATIONS_CREATED")
    run = place.evaluated()
    place.delete(gone)
    place.tell("ANNOTATIONS_DELETED", annotation_ids=[gone])
    assert "1 task" in place.store.runs.get(run.id).stale


@pytest.mark.slow
def test_an_evaluation_newer_than_the_pool_is_not_stale(place: Annotated) -> None:
    annotation = place.annotate(place.tasks[0], ground_truth=True)
    run = place.evaluated()  # before any event of that annotation came
    place.tell("ANNOTATION_CREATED", task_ids=[place.tasks[0]], annotation_ids=[annotation])
    assert place.store.runs.get(run.id).stale == ""


@pytest.mark.slow
def test_new_ground_truth_elsewhere_leaves_a_run_of_chosen_tasks(place: Annotated) -> None:
    place.annotate(place.tasks[0], ground_truth=True)
    place.tell("ANNOTATIONS_CREATED")
    prompt, version = place.prompt()
    chosen = {"subset": Subset.CUSTOM, "task_ids": place.tasks[:2], "slot": Slot.EVALUATE}
    run = place.house.run(prompt, version, place.project, **chosen)
    place.annotate(place.tasks[4], ground_truth=True)
    place.tell("ANNOTATIONS_CREATED")
    assert place.store.runs.get(run.id).stale == ""
    place.annotate(place.tasks[1], ground_truth=True)
    place.tell("ANNOTATIONS_CREATED")
    assert place.store.runs.get(run.id).stale != ""


@pytest.mark.slow
def test_a_run_for_all_tasks_is_never_stale(place: Annotated) -> None:
    prompt, version = place.prompt()
    run = place.house.run(prompt, version, place.project)
    place.annotate(place.tasks[0], ground_truth=True)
    place.tell("ANNOTATIONS_CREATED")
    assert place.store.runs.get(run.id).stale == ""


@pytest.mark.slow
def test_a_first_reading_makes_nothing_stale(house: House) -> None:
    place = Annotated(house)
    place.annotate(place.tasks[0], ground_truth=True)
    run = place.evaluated()
    with place.store.database.write() as c:  # as one evaluated by an earlier release
        c.execute(sa.update(t.runs).where(t.runs.c.id == run.id).values(metrics={}))
    place.work()
    assert len(place.pool()) == 1
    assert place.store.runs.get(run.id).stale == ""


# START_TRAINING


@pytest.mark.slow
def test_training_evaluates_on_ground_truth_and_only_once(place: Annotated) -> None:
    _, version = place.prompt()
    annotation = place.annotate(place.tasks[0], ground_truth=True)
    place.tell("START_TRAINING")
    [run] = place.runs()
    assert (run.version_id, run.subset, run.slot) == (version.id, Subset.HAS_GT, Slot.EVALUATE)
    assert run.status is RunStatus.PENDING

    place.tell("START_TRAINING")
    assert len(place.runs()) == 1, "one is open already"
    place.container.executor.execute(run.id)
    asked = len(place.house.model.asked)
    place.tell("START_TRAINING")
    assert len(place.runs()) == 1, "nothing changed since"

    place.change(annotation, result=[region("B")])
    place.tell("ANNOTATION_UPDATED", task_ids=[place.tasks[0]])
    place.tell("START_TRAINING")
    assert len(place.runs()) == 2
    assert len(place.house.model.asked) == asked


@pytest.mark.slow
def test_a_new_version_is_evaluated_by_training(place: Annotated) -> None:
    prompt, _ = place.prompt()
    place.annotate(place.tasks[0], ground_truth=True)
    place.evaluated()
    second = place.house.version(prompt, "Better: {text}")
    place.tell("START_TRAINING")
    assert place.runs()[0].version_id == second.id


@pytest.mark.slow
def test_training_measures_on_what_people_submitted(place: Annotated) -> None:
    place.prompt()
    place.annotate(place.tasks[0])
    place.tell("START_TRAINING")
    [run] = place.runs()
    assert (run.truth, run.options.task_ids) == (TruthSource.ANNOTATIONS, (place.tasks[0],))
    place.house.container.executor.execute(run.id)
    place.tell("START_TRAINING")
    assert len(place.runs()) == 1, "measured already"
    place.annotate(place.tasks[1], ground_truth=True)
    place.tell("START_TRAINING")
    assert place.runs()[0].truth is TruthSource.GROUND_TRUTH, "now there is some"


@pytest.mark.slow
def test_training_without_annotations_or_prompt_costs_nothing(
    place: Annotated, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    place.tell("START_TRAINING")
    assert "nothing to evaluate" in caplog.text
    place.prompt()
    place.tell("START_TRAINING")
    assert "no annotation to evaluate" in caplog.text
    assert place.runs() == []
    assert place.store.events.waiting() == 0


@pytest.mark.slow
def test_training_of_a_project_that_never_was_connected_does_nothing(place: Annotated) -> None:
    place.prompt()
    place.annotate(place.tasks[0], ground_truth=True)
    place.store.contacts.forget(place.project)
    place.tell("START_TRAINING")
    assert place.runs() == []


@pytest.mark.slow
def test_training_takes_the_prompt_of_the_connection(place: Annotated) -> None:
    place.prompt()
    other, _ = place.house.prompt(place.project, "Other")
    place.annotate(place.tasks[0], ground_truth=True)
    said = {"extra_params": None, "label_config": CONFIG}
    with answering({"model_version": "x"}) as url:
        host = url.removeprefix("http://")
        first = place.store.prompts.find("P")
        assert first is not None
        place.store.contacts.remember(place.project, f"prompts/{first.id}", host=host, **said)
        place.store.contacts.remember(place.project, "prompts/gone", host=host, **said)
        place.studio.add_backend(place.project, f"{url}/prompts/{first.id}", "Prompts")
        place.tell("START_TRAINING")
    [run] = place.runs()
    assert run.prompt_id == first.id != other.id


@pytest.mark.slow
def test_the_models_answer_is_what_is_measured(place: Annotated) -> None:
    place.house.model.answer = lambda request: '{"topic": "B"}'
    place.annotate(place.tasks[0], "A", ground_truth=True)
    run = place.evaluated()
    assert run.metrics.overall.n == 1
    assert run.metrics.overall.correct == 0
