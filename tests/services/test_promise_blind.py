"""While a promise sample is open nobody sees a prediction of its tasks; then the same are back."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import AnswerError, Conflict, LabelStudioError
from ml_backend.labelstudio import PredictionRow
from ml_backend.records import RunStatus, Slot, Task
from ml_backend.records.promises import Finding, Hiding, PromiseSample, PromiseState
from ml_backend.services.serving.prompt_sources import Address
from ml_backend.store import tables as t
from support.annotating import draft
from support.by_hand import delete_project, get_task
from support.house import House
from support.promises import draw, label, patience, predict, state, tasks_of, topic


class Place:
    """A project whose tasks all have a scored prediction, and a sample of half of them."""

    def __init__(self, house: House, count: int = 12, size: int = 6) -> None:
        self.house, self.samples = house, house.container.promise_samples
        self.project, self.tasks = house.project(count)
        self.prompt, self.version = house.prompt(self.project)
        scores = {task: 0.5 + n / 100 for n, task in enumerate(self.tasks)}
        self.label = predict(house, self.prompt, self.version, self.project, scores)
        self.size = size

    def draw(self, **more: Any) -> PromiseSample:
        options = {"size": self.size, **more}
        return draw(self.house, self.project, self.prompt, self.version, **options)

    def rows(self) -> list[tuple[int, str | None, float | None, str]]:
        """Return what stands in Label Studio, but for ids."""
        rows = self.house.container.studio.predictions(self.project)
        return sorted(_said(row) for row in rows)

    def seen(self, sample: PromiseSample) -> list[Any]:
        """Return the predictions that Label Studio sends whoever opens one of the tasks."""
        studio = self.house.container.studio
        sent = (get_task(studio, task) for task in tasks_of(self.house, sample))
        return [each for wire in sent for each in wire["predictions"]]

    def now(self, sample: PromiseSample) -> PromiseSample:
        return self.house.container.store.promises.get(sample.id)


def _said(row: PredictionRow) -> tuple[int, str | None, float | None, str]:
    return row.task_id, row.model_version, row.score, str(row.result)


@pytest.fixture
def place(house: House) -> Place:
    return Place(house)


# Out of sight and back


@pytest.mark.slow
def test_no_prediction_of_ours_is_seen_until_it_is_opened_and_then_the_same_are_back(
    place: Place,
) -> None:
    house = place.house
    # Another prompt's, and an evaluation's, are taken away as well: each would tell something.
    other, version = house.prompt(place.project, "Q")
    predict(house, other, version, place.project, dict.fromkeys(place.tasks[:9], 0.2), "B")
    before = place.rows()
    sample = place.draw()
    closed = set(tasks_of(house, sample))
    assert place.seen(sample) == []
    assert place.rows() == [row for row in before if row[0] not in closed]
    label(house, tasks_of(house, sample))
    opened = place.samples.open(sample, patience())
    assert (opened.state, opened.hiding) == (PromiseState.OPENED, Hiding.RETURNED)
    assert place.rows() == before
    assert house.container.store.promises.withheld(sample.id) == []
    assert house.container.store.promises.closed_tasks(place.project) == frozenset()
    assert [
        each for each in house.container.studio.tabs(place.project) if "Promise" in each.title
    ] == []


@pytest.mark.slow
def test_the_label_stream_shows_what_it_showed(place: Place) -> None:
    studio = place.house.container.studio
    studio.set_model_version(place.project, place.label)
    sample = place.draw(size=12 - 1)
    assert studio.get_project(place.project).model_version == place.label
    place.samples.withdraw(sample, "changed our minds", patience())
    assert studio.get_project(place.project).model_version == place.label


@pytest.mark.slow
@pytest.mark.parametrize("skip", [0, 2, 5])
def test_hiding_goes_on_where_a_process_died(place: Place, skip: int) -> None:
    before = place.rows()
    place.house.fake.fail("api/predictions/", "status", status=403, method="DELETE", skip=skip)
    with pytest.raises(LabelStudioError):
        place.draw()
    [sample] = place.house.container.store.promises.of_project(place.project)
    assert sample.hiding is Hiding.HIDING
    # What is not hidden yet is closed all the same.
    assert len(place.house.container.store.promises.closed_tasks(place.project)) == 6
    with pytest.raises(Conflict, match="taken off"):
        place.samples.open(sample, patience(), settle=False)
    place.samples.work()
    assert place.now(sample).hiding is Hiding.HIDDEN
    assert place.seen(sample) == []
    place.samples.withdraw(place.now(sample), "", patience())
    assert place.rows() == before


@pytest.mark.slow
def test_who_worked_on_a_task_before_its_prediction_was_hidden_saw_it(place: Place) -> None:
    """Where a process died the predictions stand for long, and then nothing tells that they did."""
    place.house.fake.fail("api/predictions/", "status", status=403, method="DELETE")
    with pytest.raises(LabelStudioError):
        place.draw()
    [sample] = place.house.container.store.promises.of_project(place.project)
    first, second, *others = tasks_of(place.house, sample)
    label(place.house, [first])
    draft(place.house.fake, second, topic("A"))
    place.samples.work()
    assert place.now(sample).hiding is Hiding.HIDDEN
    label(place.house, [second, *others])
    place.samples.open(place.now(sample), patience())
    tasks = place.house.container.store.promises.tasks(sample.id)
    found = {each.task_id: each.finding for each in tasks}
    assert found[first] is found[second] is Finding.SAW_PREDICTION
    assert {found[each] for each in others} == {Finding.RIGHT}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "after"),
    [
        ("status", False),
        ("drop_connection_after", True),
        ("drop_connection_before", False),
        ("500_after", True),
        ("delay_commit", True),
    ],
)
def test_putting_back_goes_on_where_it_broke_off_and_doubles_nothing(
    place: Place, mode: str, after: bool
) -> None:
    before = place.rows()
    sample = place.draw()
    more = {"status": 403} if mode == "status" else {"seconds": 0.5}
    place.house.fake.fail("import/predictions", mode, method="POST", **more)
    if mode == "status":
        with pytest.raises(LabelStudioError):
            place.samples.withdraw(sample, "enough", patience())
        assert place.now(sample).hiding is Hiding.RETURNING
        place.samples.work()
    else:
        place.samples.withdraw(sample, "enough", patience())
    assert place.rows() == before
    assert place.now(sample).is_settled


@pytest.mark.slow
@pytest.mark.parametrize("died", ["before the first", "after all", "twice"])
def test_a_process_that_died_while_putting_back_is_followed(place: Place, died: str) -> None:
    """As a process leaves the store that died around the import."""
    before = place.rows()
    sample = place.draw()
    store, studio = place.house.container.store, place.house.container.studio
    store.promises.withdraw(sample.id, "enough")
    if died != "before the first":
        newest = max(key.id for key in studio.prediction_keys(place.project))
        store.promises.begin_return(sample.id, newest)
        rows = [
            {
                "task": each.task_id,
                "result": each.result,
                "score": each.score,
                "model_version": each.label,
            }
            for each in store.promises.withheld(sample.id)
        ]
        for _ in range(2 if died == "twice" else 1):
            studio.import_predictions(place.project, rows)
    place.samples.work()
    assert place.rows() == before


@pytest.mark.slow
def test_a_project_that_is_gone_takes_its_sample_along(place: Place) -> None:
    sample = place.draw()
    delete_project(place.house.container.studio, place.project)
    place.house.container.store.promises.withdraw(sample.id, "")
    place.samples.work()
    assert place.now(sample).is_settled
    assert place.house.container.store.promises.unsettled() == []


# What else writes predictions


@pytest.mark.slow
def test_a_run_keeps_back_what_it_says_of_the_tasks_until_they_are_opened(place: Place) -> None:
    house = place.house
    sample = place.draw()
    house.model.answer = lambda request: '{"topic": "B"}'
    newer = house.version(place.prompt, "Say {text}")
    run = house.run(place.prompt, newer, place.project)
    assert run.status is RunStatus.COMPLETED
    assert "6 predictions are kept back" in run.message
    assert place.seen(sample) == []
    closed = set(tasks_of(house, sample))
    assert {row[0] for row in place.rows()} == set(place.tasks) - closed
    label(house, sorted(closed), "B")
    place.samples.open(sample, patience())
    # The newest decision stands, once: what the run replaced does not come back beside it.
    assert {task: set(held) for task, held in house.held(place.project).items()} == {
        task: {run.label} for task in place.tasks
    }
    # Tested were the predictions that were drawn, whatever was said of the tasks since.
    findings = {each.finding for each in house.container.store.promises.tasks(sample.id)}
    assert findings == {Finding.WRONG}


@pytest.mark.slow
def test_what_a_sample_keeps_back_is_not_missing(place: Place) -> None:
    place.draw()
    house = place.house
    project = house.container.studio.get_project(place.project)
    missing = house.container.run_tasks.missing(place.prompt, place.version, Slot.ALL, project)
    assert missing == []


@pytest.mark.slow
def test_a_run_that_broke_off_before_does_not_publish_onto_the_tasks_when_it_goes_on(
    place: Place,
) -> None:
    house = place.house
    house.fake.fail("import/predictions", "status", status=400, body="{}", times=6)
    other, version = house.prompt(place.project, "Q")
    run = house.run(other, version, place.project)
    assert run.status is RunStatus.FAILED
    sample = place.draw()
    house.container.runs.resume(run)
    assert house.execute(run).status is RunStatus.COMPLETED
    assert place.seen(sample) == []
    place.samples.withdraw(sample, "", patience())
    held = house.held(place.project)
    assert all(set(each) == {place.label, run.label} for each in held.values())
    assert all(set(each.values()) == {1} for each in held.values())


@pytest.mark.slow
def test_the_ml_backend_gives_nothing_out_on_the_tasks(place: Place) -> None:
    house = place.house
    sample = place.draw()
    closed = tasks_of(house, sample)
    asked = [Task(each, {"text": "x"}) for each in place.tasks]
    answers = house.container.backend.predict(place.project, Address(), asked)
    given = {
        task.id for task, each in zip(asked, answers.outcomes, strict=True) if each is not None
    }
    assert given == set(place.tasks) - set(closed)
    # Nor is it gone on with in the background.
    assert house.container.store.runs.search(project_id=place.project, open_only=True) == []
    one = [Task(closed[0], {"text": "x"})]
    with pytest.raises(AnswerError, match="without a look"):
        house.container.backend.predict(place.project, Address(), one, context={"result": []})


# What would lose or bring back predictions


@pytest.mark.slow
def test_what_a_sample_keeps_is_not_deleted_behind_its_back(place: Place) -> None:
    house, container = place.house, place.house.container
    sample = place.draw()
    with pytest.raises(Conflict, match="put them back"):
        container.deletions.execute(container.deletions.plan(place.prompt), patience())
    place.samples.withdraw(sample, "", patience())
    container.deletions.execute(container.deletions.plan(place.prompt), patience())
    assert place.rows() == []
    assert house.container.store.promises.unsettled() == []


@pytest.mark.slow
def test_a_deleted_version_takes_its_promise_along(place: Place) -> None:
    container = place.house.container
    sample = place.draw()
    label(place.house, tasks_of(place.house, sample))
    assert place.samples.open(sample, patience()).held is not None
    plan = container.deletions.plan(place.prompt, place.version)
    container.deletions.execute(plan, patience())
    now = place.now(sample)
    assert (now.state, now.held) == (PromiseState.WITHDRAWN, None)
    assert "deleted" in now.reason


@pytest.mark.slow
def test_a_prediction_that_came_late_makes_its_task_count_as_wrong(place: Place) -> None:
    """Label Studio stores what ``/predict`` answered after the answer, perhaps long after."""
    sample = place.draw()
    task = tasks_of(place.house, sample)[0]
    row = {"task": task, "result": topic("A"), "score": 0.9, "model_version": "somebody's"}
    place.house.container.studio.import_predictions(place.project, [row])
    label(place.house, tasks_of(place.house, sample))
    assert state(place.house, sample).progress.lost == {"saw prediction": 1}
    place.samples.open(sample, patience())
    found = {e.task_id: e.finding for e in place.house.container.store.promises.tasks(sample.id)}
    assert found[task] is Finding.SAW_PREDICTION
    assert list(found.values()).count(Finding.RIGHT) == 5


@pytest.mark.slow
def test_ours_that_stands_beside_what_is_kept_is_hidden_too(place: Place) -> None:
    """A row that is written while it is being hidden: the next look keeps and hides it."""
    sample = place.draw()
    task = tasks_of(place.house, sample)[0]
    other, version = place.house.prompt(place.project, "Q")
    predict(place.house, other, version, place.project, {task: 0.4}, "B")
    mine = t.promise_samples.c.id == sample.id
    with place.house.container.store.database.write() as c:
        c.execute(sa.update(t.promise_samples).where(mine).values(hiding=Hiding.HIDING.value))
    before = place.rows()
    place.samples.work()
    assert place.seen(sample) == []
    assert len(before) - len(place.rows()) == 1
    assert len(place.house.container.store.promises.withheld(sample.id)) == 7
