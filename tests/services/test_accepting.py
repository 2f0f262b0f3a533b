"""Accepting by a score or a promise: written down before, made once, and not a row below."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.kinds import LeftOut
from ml_backend.records.promises import PromiseState
from ml_backend.services.accepting.book import AcceptanceBook
from ml_backend.services.accepting.documents import of_accept_plan
from ml_backend.services.accepting.request import accept_request
from ml_backend.services.predictions.accept_rule import why_not_by_score
from ml_backend.services.predictions.selection import select
from ml_backend.store import tables as t
from support.accepted import accept, acts, annotated, plan, request, rows_of
from support.house import House
from support.processes import eventually
from support.promises_made import LABEL, LOOSE, drawn, opened, patience, region, row, scored

# By a score


def test_the_score_itself_is_accepted_and_none_is_not(house: House) -> None:
    project, tasks, _, _ = scored(house, [0.9, 0.8, 0.7999999, None])
    counted = plan(house, project, min_score=0.8).promote
    assert [each.task_id for each in counted.candidates] == tasks[:2]
    assert counted.skipped(LeftOut.BELOW) == counted.skipped(LeftOut.UNSCORED) == 1
    assert counted.for_people == 2
    assert accept(house, project, min_score=0.8).created == 2
    assert annotated(house, project) == set(tasks[:2])


def test_none_and_nan_reach_no_threshold() -> None:
    assert why_not_by_score(None, 0.0) is LeftOut.UNSCORED
    assert why_not_by_score(float("nan"), 0.0) is LeftOut.UNSCORED
    assert why_not_by_score(0.0, 0.0) is None


def test_every_act_is_kept_with_its_rows(house: House) -> None:
    project, _, prompt, version = scored(house, [0.9, 0.8, 0.1])
    report = accept(house, project, min_score=0.8)
    (act,) = acts(house, project)
    assert (act.id, act.prompt_id, act.version_id) == (report.acceptance, prompt.id, version.id)
    assert (act.planned, act.made, act.threshold, act.is_open) == (2, 2, 0.8, False)
    assert act.selection["model_versions"] == [LABEL]
    assert act.created_by is not None
    assert act.created_by.id == act.studio_user
    held = {each.id: each for each in house.container.studio.predictions(project)}
    made = {
        each.id: task.id
        for task in house.container.studio.iter_annotated(project)
        for each in task.annotations
    }
    for kept in rows_of(house, act.id):
        assert (kept.label, kept.score) == (LABEL, held[kept.prediction_id].score)
        assert made[kept.annotation_id or 0] == kept.task_id == held[kept.prediction_id].task_id


def test_a_second_time_nothing_is_accepted_and_nothing_written(house: House) -> None:
    project, _, _, _ = scored(house, [0.9, 0.8])
    accept(house, project, min_score=0.8)
    again = accept(house, project, min_score=0.8)
    assert (again.created, again.acceptance) == (0, None)
    assert len(acts(house, project)) == 1
    assert house.container.accepting.accept(project, request(min_score=0.5), patience()) is None


def test_what_people_annotated_stays_theirs(house: House) -> None:
    project, tasks, _, _ = scored(house, [0.9, 0.9])
    house.container.studio.create_annotation(tasks[0], [region("B")])
    report = accept(house, project, min_score=0.5)
    assert report.created == 1
    assert [each.task_id for each in rows_of(house, report.acceptance)] == [tasks[1]]


@pytest.mark.parametrize(
    "asked",
    [
        {"min_score": 0.5, "max_error": 0.1},
        {"min_score": 1.5},
        {"min_score": float("nan")},
        {"max_error": 0.0},
        {"max_error": 1.0},
        {"max_error": 0.1, "certainty": 1.0},
        {"certainty": 0.9},
    ],
    ids=str,
)
def test_numbers_that_mean_nothing_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        request(**asked)


def test_a_prediction_that_came_between_counting_and_accepting_is_not_accepted(
    house: House,
) -> None:
    """Label Studio makes annotations by task and version: a second row would become one too."""
    project, tasks, _, _ = scored(house, [0.9, 0.9])
    counted = plan(house, project, min_score=0.5)
    house.container.studio.import_predictions(project, [row(tasks[0], "B", 0.1)])
    report = house.container.accepting.execute(counted, patience())
    assert report.created == 1
    assert annotated(house, project) == {tasks[1]}


@pytest.mark.slow
def test_what_came_under_the_very_call_is_deleted_again(house: House) -> None:
    project, tasks, _, _ = scored(house, [0.9, 0.9])
    counted = plan(house, project, min_score=0.5)
    house.fake.fail("dm/actions", "delay", seconds=1.0)
    late = threading.Timer(
        0.5, house.container.studio.import_predictions, (project, [row(tasks[0], "B", 0.1)])
    )
    asked = house.fake.state()["calls"].get("POST /api/dm/actions/", 0)

    def begin() -> None:
        eventually(lambda: house.fake.state()["calls"].get("POST /api/dm/actions/", 0) > asked)
        late.start()

    thread = threading.Thread(target=begin)
    thread.start()
    report = house.container.accepting.execute(counted, patience())
    thread.join()
    late.join()
    held = {
        task.id: [each.result[0]["value"]["choices"] for each in task.annotations]
        for task in house.container.studio.iter_annotated(project)
    }
    assert held == {task: [["A"]] for task in tasks}, "none below the threshold"
    assert any("deleted again" in note for note in report.notes)


# By a promise


@pytest.mark.slow
def test_only_what_is_promised_is_accepted(house: House) -> None:
    scores = [0.5 + n / 100 for n in range(40)]
    project, tasks, prompt, version = scored(house, scores)
    sample = opened(house, drawn(house, project, prompt, version, 15))
    assert sample.looks[0].threshold is not None, sample.looks[0].why
    studio = house.container.studio
    (later,) = studio.import_tasks(project, [{"text": "later"}])
    labelled = {each.task_id for each in house.container.store.promises.tasks(sample.id)}
    (first, second, *_) = sorted(set(tasks) - labelled, reverse=True)
    held = {key.task_id: key.id for key in studio.prediction_keys(project)}
    studio.delete_prediction(held[first])
    studio.delete_prediction(held[second])
    again = [row(first, "B", scores[tasks.index(first)]), row(second, "A", 0.99)]
    studio.import_predictions(project, [*again, row(later, "A", 0.99)])

    counted = plan(house, project, **LOOSE)
    assert counted.promise is not None
    assert counted.promise.sample.id == sample.id
    assert of_accept_plan(counted)["drawn_before"] == 0
    left = counted.promote
    assert left.skipped(LeftOut.OUTSIDE) == 1, "imported later"
    assert left.skipped(LeftOut.REPLACED) == 2, "another answer, and another score"
    report = house.container.accepting.execute(counted, patience())
    made = {each.task_id for each in rows_of(house, report.acceptance)}
    threshold = sample.looks[0].threshold
    sure = {task for task, score in zip(tasks, scores, strict=True) if score >= threshold}
    assert made == sure - labelled - {first, second}
    assert len(made) > 10
    assert acts(house, project)[0].promise_id == sample.id


@pytest.mark.slow
def test_a_task_that_took_the_id_of_a_deleted_one_is_not_promised(house: House) -> None:
    scores = [0.5 + n / 100 for n in range(40)]
    project, tasks, prompt, version = scored(house, scores)
    sample = opened(house, drawn(house, project, prompt, version, 15))
    labelled = {each.task_id for each in house.container.store.promises.tasks(sample.id)}
    studio = house.container.studio
    last = max(tasks)
    while last in labelled:  # the highest ids are given out again once they are all gone
        last -= 1
    gone = list(range(last, max(tasks) + 1))
    counted = plan(house, project, **LOOSE)
    assert counted.promise is not None
    assert last in counted.promise.covered()
    studio.delete_tasks(project, gone)
    again = studio.import_tasks(project, [{"text": f"another {n}"} for n in gone])
    assert again == gone
    studio.import_predictions(project, [row(last, "A", scores[tasks.index(last)])])

    with pytest.raises(Conflict):
        house.container.accepting.execute(counted, patience())
    counted = plan(house, project, **LOOSE)
    assert counted.promise is not None
    assert last not in counted.promise.covered()
    assert counted.promote.skipped(LeftOut.OUTSIDE) == 1
    report = house.container.accepting.execute(counted, patience())
    assert last not in {each.task_id for each in rows_of(house, report.acceptance)}
    project_read = studio.get_project(project)
    shown = house.container.promise_samples.promise_of(studio, project_read, version.id)
    assert shown is not None
    assert last not in shown.covered()


@pytest.mark.slow
def test_tasks_of_a_sample_are_not_accepted_while_people_label_them(house: House) -> None:
    project, tasks, prompt, version = scored(house, [0.9] * 30)
    sample = drawn(house, project, prompt, version, 12)
    labelled = [each.task_id for each in house.container.store.promises.tasks(sample.id)]
    house.container.studio.import_predictions(project, [row(labelled[0], "A", 0.9)])
    counted = plan(house, project, min_score=0.5).promote
    assert counted.skipped(LeftOut.SAMPLED) == 1
    assert {each.task_id for each in counted.candidates} == set(tasks) - set(labelled)


@pytest.mark.slow
def test_nothing_is_accepted_by_an_error_that_nothing_promises(house: House) -> None:
    project, _, prompt, version = scored(house, [0.9] * 40)
    with pytest.raises(Conflict, match="No promise sample was drawn") as caught:
        plan(house, project, **LOOSE)
    assert "draw_promise" in caught.value.fix
    sample = drawn(house, project, prompt, version, 15)
    with pytest.raises(Conflict, match="is not opened yet") as caught:
        plan(house, project, **LOOSE)
    assert "end_promise" in caught.value.fix
    opened(house, sample)
    assert plan(house, project, **LOOSE).promise is not None
    assert plan(house, project, max_error=0.5, certainty=0.5).promise is not None, "stricter holds"
    for stricter in ({"max_error": 0.2, "certainty": 0.6}, {"max_error": 0.4, "certainty": 0.9}):
        with pytest.raises(Conflict, match="was not asked for"):
            plan(house, project, **stricter)
    assert annotated(house, project) <= {
        each.task_id for each in house.container.store.promises.tasks(sample.id)
    }


@pytest.mark.slow
def test_a_promise_that_ended_between_counting_and_accepting_accepts_nothing(
    house: House,
) -> None:
    project, _, prompt, version = scored(house, [0.9] * 40)
    sample = opened(house, drawn(house, project, prompt, version, 15))
    counted = plan(house, project, **LOOSE)
    before = annotated(house, project)
    house.container.store.prompts.update_version(version.id, text="Another {text}")
    with pytest.raises(Conflict, match="was changed"):
        house.container.accepting.execute(counted, patience())
    assert annotated(house, project) == before
    assert acts(house, project) == []
    assert sample.state is PromiseState.OPENED


def test_a_promise_is_of_one_version(house: House) -> None:
    project, _, _, _ = scored(house, [0.9])
    accepting = house.container.accepting
    for selection in (
        select(labels=[LABEL, "other"], everything=True),
        select(labels=["other"], everything=True),
    ):
        with pytest.raises(InvalidInput) as caught:
            accepting.plan(project, accept_request(selection, max_error=0.1))
        assert caught.value.field == "model_version"


def test_a_promise_is_of_all_that_it_accepts(house: House) -> None:
    """The wrong ones of many may all be among the few that somebody chose."""
    everything = select(labels=[LABEL], everything=True)
    for chosen in ({"task_ids": [1]}, {"filters": {"conjunction": "and", "items": []}}):
        selection = replace(everything, everything=False, **chosen)
        with pytest.raises(InvalidInput) as caught:
            accept_request(selection, max_error=0.1)
        assert caught.value.field == "tasks"
        assert accept_request(selection, min_score=0.1).selection == selection


# Interrupted


@pytest.mark.slow
def test_another_request_does_not_go_on_with_what_was_interrupted(house: House) -> None:
    project, _, _, _ = scored(house, [0.9, 0.8, 0.3])
    house.fake.control(faults=[{"path": "dm/actions", "mode": "500_before", "times": 5}])
    with pytest.raises(Exception, match="broke off"):
        accept(house, project, min_score=0.8)
    (first,) = acts(house, project)
    assert (first.is_open, first.planned, first.made) == (True, 2, 0)
    report = accept(house, project, min_score=0.2)
    second, first = acts(house, project)
    assert (report.created, second.made, first.made) == (3, 3, 0)
    assert not first.is_open


@pytest.mark.slow
def test_what_was_deleted_before_it_went_on_is_made_again_and_can_be_taken_back(
    house: House,
) -> None:
    project, _, _, _ = scored(house, [0.9, 0.8])
    house.fake.control(faults=[{"path": "dm/actions", "mode": "500_before", "times": 5}])
    with pytest.raises(Exception, match="broke off"):
        accept(house, project, min_score=0.8)
    (act,) = acts(house, project)
    first, _ = rows_of(house, act.id)
    deleted = 999_999  # was made and read back, and somebody deleted it since
    house.container.store.acceptances.note_made(act.id, {first.prediction_id: deleted})
    assert accept(house, project, min_score=0.8).acceptance == act.id
    held = house.container.studio.iter_annotated(project)
    made = {each.id for task in held for each in task.annotations}
    assert {each.annotation_id for each in rows_of(house, act.id)} == made


@pytest.mark.slow
def test_what_label_studio_made_and_did_not_say_is_kept_as_made(
    house: House,
) -> None:
    project, _, _, _ = scored(house, [0.9, 0.8])
    house.fake.control(faults=[{"path": "dm/actions", "mode": "500_after", "times": 1}])
    report = accept(house, project, min_score=0.5)
    assert report.created == 2
    assert all(each.annotation_id for each in rows_of(house, report.acceptance))


def died(house: House, project: int, acceptance: int | None, *, unmade: int = 0) -> None:
    """Leave an acceptance as a process that died before it wrote down what was made."""
    a, r = t.acceptances.c, t.accepted_rows.c
    with house.container.store.database.write() as c:
        c.execute(sa.update(t.acceptances).where(a.id == acceptance).values(completed_at=None))
        c.execute(
            sa.update(t.accepted_rows)
            .where(r.acceptance_id == acceptance)
            .values(annotation_id=None)
        )
    for each in list(house.container.studio.iter_annotated(project))[:unmade]:
        house.container.studio.delete_annotation(each.annotations[0].id)


@pytest.mark.slow
def test_what_a_process_that_died_had_made_is_read_back_by_the_server_itself(house: House) -> None:
    project, _, _, _ = scored(house, [0.9, 0.8, 0.3])
    report = accept(house, project, min_score=0.5)
    kept = rows_of(house, report.acceptance)
    died(house, project, report.acceptance)
    assert acts(house, project)[0].is_open
    reading_back = house.container.reading_back
    assert reading_back.work in [each._work for each in house.container.repeaters]
    lease = house.container.writer
    with lease.hold(patience()):
        reading_back.work()
        assert acts(house, project)[0].is_open, "whoever writes may be at it"
    reading_back.work()
    assert rows_of(house, report.acceptance) == kept
    assert not acts(house, project)[0].is_open


@pytest.mark.slow
def test_what_was_not_made_waits_for_whoever_asks_again_and_is_not_asked_for_all_the_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, tasks, _, _ = scored(house, [0.9, 0.8])
    report = accept(house, project, min_score=0.5)
    died(house, project, report.acceptance, unmade=1)
    before = annotated(house, project)
    house.container.reading_back.work()
    (act,) = acts(house, project)
    assert (act.is_open, act.planned, act.made) == (True, 2, 1)
    with monkeypatch.context() as patched:
        patched.setattr(AcceptanceBook, "settle", lambda *_: pytest.fail("asked for again"))
        house.container.reading_back.work()
    assert annotated(house, project) == before
    assert accept(house, project, min_score=0.5).acceptance == act.id
    assert annotated(house, project) == set(tasks)
