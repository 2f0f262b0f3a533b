"""Opening a promise sample: what counts as right, what is promised, and what withdraws it."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.records.promises import Finding, Promise, PromiseSample, PromiseState
from ml_backend.scoring.acceptance import choose_threshold
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.upkeep.erasing import Erasing
from support.annotating import delete, submit
from support.house import CONFIG, House
from support.promises import draw, label, patience, predict, state, tasks_of, topic


class Sampled:
    """A project with predictions of rising scores, and a sample of some of its tasks."""

    def __init__(self, house: House, count: int = 14, size: int = 8, **more: Any) -> None:
        self.house, self.samples = house, house.container.promise_samples
        self.project, self.tasks = house.project(count)
        self.prompt, self.version = house.prompt(self.project)
        scores = {task: 0.5 + n / 100 for n, task in enumerate(self.tasks)}
        self.label = predict(house, self.prompt, self.version, self.project, scores)
        self.sample = draw(house, self.project, self.prompt, self.version, size=size, **more)
        self.drawn = tasks_of(house, self.sample)

    def open(self) -> PromiseSample:
        return self.samples.open(self.sample, patience())

    def findings(self) -> dict[int, Finding | None]:
        tasks = self.house.container.store.promises.tasks(self.sample.id)
        return {each.task_id: each.finding for each in tasks}

    def promise(self) -> Promise | None:
        studio = self.house.container.studio
        project = studio.get_project(self.project)
        return self.samples.promise_of(studio, project, self.version.id)


@pytest.mark.slow
def test_a_promise_is_of_the_predictions_it_was_drawn_from(house: House) -> None:
    place = Sampled(house)
    label(house, place.drawn)
    opened = place.open()
    [look] = opened.looks
    assert (look.n, look.accepted_n, look.wrong_n) == (8, 8, 0)
    assert (look.claimed, look.holds, look.why) == (0.9, True, "")
    promise = place.promise()
    assert promise is not None
    assert promise.sample.label == place.label
    scores = {task: 0.5 + n / 100 for n, task in enumerate(place.tasks)}
    assert promise.threshold == min(scores[task] for task in place.drawn)
    assert set(promise.covered()) == {
        task
        for task, score in scores.items()
        if score >= promise.threshold and task not in place.drawn
    }
    task = next(iter(promise.covered()))
    score = scores[task]
    assert promise.covers(task, score, fingerprint(topic("A")))
    # Of another answer to the same task nothing is promised, nor of another score, or no score.
    assert not promise.covers(task, score, fingerprint(topic("B")))
    assert not promise.covers(task, 0.99, fingerprint(topic("A")))
    assert not promise.covers(task, None, fingerprint(topic("A")))


@pytest.mark.slow
def test_what_is_said_is_the_threshold_of_the_raw_scores_and_the_finite_set(house: House) -> None:
    place = Sampled(house, count=20, size=12)
    wrong = set(place.drawn[:3])
    for task in place.drawn:
        label(house, [task], "B" if task in wrong else "A")
    [look] = place.open().looks
    scores = {task: 0.5 + n / 100 for n, task in enumerate(place.tasks)}
    asked = choose_threshold(
        [scores[task] for task in place.drawn],
        [task not in wrong for task in place.drawn],
        max_error=0.5,
        certainty=0.9,
        population=list(scores.values()),
    )
    assert asked.threshold is not None
    assert (look.threshold, look.accepted, look.error_bound, look.wrong_n) == (
        asked.threshold, asked.accepted, asked.error_bound, asked.wrong_n,
    )  # fmt: skip


@pytest.mark.slow
def test_it_is_opened_when_all_are_labelled(house: House) -> None:
    place = Sampled(house)
    label(house, place.drawn[:-1])
    with pytest.raises(Conflict, match="7 of 8 tasks"):
        place.open()
    assert state(house, place.sample).progress.unlabelled == (place.drawn[-1],)
    assert set(place.findings().values()) == {None}
    label(house, place.drawn[-1:])
    assert state(house, place.sample).is_ready
    assert place.open().state is PromiseState.OPENED
    with pytest.raises(Conflict, match="opened already"):
        place.open()


@pytest.mark.slow
def test_what_no_person_labelled_blind_counts_as_wrong_and_is_told(house: House) -> None:
    place = Sampled(house)
    first, second, third, fourth, *others = place.drawn
    label(house, others)
    submit(house.fake, first, [], was_cancelled=True)
    house.container.studio.delete_tasks(place.project, [second])
    # As *Create Annotations From Predictions* leaves one of a prediction that stood there.
    prediction = house.container.studio.create_prediction(
        {"task": third, "result": topic("A"), "model_version": "x", "score": 0.5}
    )
    submit(house.fake, third, topic("A"), parent_prediction=prediction)
    submit(house.fake, fourth, topic("Z"))
    now = state(house, place.sample).progress
    assert now.lost == {"skipped": 1, "deleted": 1, "from prediction": 1}
    place.open()
    found = place.findings()
    assert [found[each] for each in (first, second, third, fourth)] == [
        Finding.SKIPPED, Finding.DELETED, Finding.FROM_PREDICTION, Finding.UNREADABLE,
    ]  # fmt: skip
    assert {found[each] for each in others} == {Finding.RIGHT}
    [look] = house.container.store.promises.get(place.sample.id).looks
    assert look.n == 8


@pytest.mark.slow
def test_an_annotation_that_was_deleted_is_to_be_made_again(house: House) -> None:
    place = Sampled(house)
    label(house, place.drawn)
    last = max(row["id"] for row in house.fake.state()["annotations"])
    delete(house.fake, last)
    assert state(house, place.sample).progress.done == 7


# Certainty is spent once a draw


@pytest.mark.slow
def test_a_draw_answers_one_request_and_no_other(house: House) -> None:
    place = Sampled(house)
    label(house, place.drawn)
    opened = place.open()
    with pytest.raises(Conflict, match="one request"):
        place.samples.look(opened, max_error=0.4, certainty=0.9)
    assert len(house.container.store.promises.get(opened.id).looks) == 1


@pytest.mark.slow
def test_each_further_look_takes_its_share_of_the_certainty(house: House) -> None:
    place = Sampled(house, count=40, size=20, several_looks=True)
    label(house, place.drawn)
    opened = place.open()
    second = place.samples.look(opened, max_error=0.4, certainty=0.9)
    now = house.container.store.promises.get(opened.id)
    third = place.samples.look(now, max_error=0.3, certainty=0.9)
    shares = [1 - look.claimed for look in (*now.looks, third)]
    assert shares == pytest.approx([0.1 / 2, 0.1 / 6, 0.1 / 12])
    assert (second.number, third.number) == (2, 3)
    # Two who ask at once cannot both have the share of one look.
    with pytest.raises(Conflict, match="same time"):
        place.samples.look(now, max_error=0.2, certainty=0.9)
    with pytest.raises(InvalidInput, match="certain"):
        place.samples.look(now, max_error=0.2, certainty=1.0)


# What withdraws


@pytest.mark.slow
@pytest.mark.parametrize("change", ["text", "model", "config", "nothing"])
def test_another_text_model_or_config_withdraws_the_promise_and_says_why(
    house: House, change: str
) -> None:
    place = Sampled(house)
    label(house, place.drawn)
    opened = place.open()
    changes = {"text": {"text": "Else {text}"}, "model": {"model": "another"}}
    if change in changes:
        house.container.store.prompts.update_version(place.version.id, **changes[change])
    elif change == "config":
        config = CONFIG.replace('value="B"', 'value="C"')
        house.container.studio._update_project(place.project, {"label_config": config})
    if change == "nothing":
        assert place.promise() is not None
        return
    assert place.promise() is None
    now = house.container.store.promises.get(opened.id)
    assert now.state is PromiseState.WITHDRAWN
    assert "changed" in now.reason
    assert now.looks == opened.looks


@pytest.mark.slow
def test_another_pool_of_examples_withdraws_and_the_samples_own_labels_do_not(
    house: House,
) -> None:
    project, tasks = house.project(14)
    prompt, _ = house.prompt(project)
    version = house.container.prompts.create_version(prompt, text="Label {text}", few_shot=2)
    predict(house, prompt, version, project, dict.fromkeys(tasks, 0.9))
    sample = draw(house, project, prompt, version, size=8)
    label(house, tasks_of(house, sample))
    samples = house.container.promise_samples
    samples.open(sample, patience())
    assert state(house, sample).promise is not None
    outside = next(each for each in tasks if each not in tasks_of(house, sample))
    label(house, [outside])
    studio = house.container.studio
    config = house.container.predictor_factory.config_of(studio.get_project(project))
    house.container.examples.refresh(project, config)
    assert state(house, sample).promise is None
    assert "few-shot" in house.container.store.promises.get(sample.id).reason


@pytest.mark.slow
def test_what_changed_while_it_was_labelled_withdraws_it_before_it_is_opened(house: House) -> None:
    place = Sampled(house)
    label(house, place.drawn)
    house.container.store.prompts.update_version(place.version.id, text="Else {text}")
    with pytest.raises(Conflict, match="was withdrawn"):
        place.open()
    assert set(place.findings().values()) == {None}
    place.samples.work()
    assert house.container.store.promises.get(place.sample.id).is_settled


@pytest.mark.slow
def test_a_sample_that_promises_nothing_says_why(house: House) -> None:
    place = Sampled(house)
    label(house, place.drawn, "B")
    opened = place.open()
    assert place.promise() is None
    assert opened.held is None
    assert "wrong" in opened.looks[0].why


# Erasing


@pytest.mark.slow
def test_what_is_erased_of_a_task_is_promised_of_no_more(house: House) -> None:
    place = Sampled(house)
    label(house, place.drawn)
    place.open()
    promise = place.promise()
    assert promise is not None
    task = next(iter(promise.covered()))
    erasure = house.container.erasure
    erasure.execute(Erasing(project_id=place.project, task_id=place.drawn[0]))
    house.container.store.erasing.erase_tasks(place.project, [task])
    kept = {e.task_id: e for e in house.container.store.promises.tasks(place.sample.id)}
    assert kept[place.drawn[0]].result == []
    assert kept[place.drawn[0]].finding is Finding.RIGHT
    now = place.promise()
    assert now is not None
    score = promise.covered()[task][0]
    assert not now.covers(task, score, fingerprint(topic("A")))


@pytest.mark.slow
def test_nothing_is_erased_that_a_sample_is_to_put_back(house: House) -> None:
    place = Sampled(house)
    erasure = house.container.erasure
    with pytest.raises(Conflict, match="nothing was erased"):
        erasure.execute(Erasing(project_id=place.project, task_id=place.drawn[0]))
    with pytest.raises(Conflict, match="nothing was erased"):
        erasure.execute(Erasing(project_id=place.project))
    place.samples.withdraw(place.sample, "", patience())
    erasure.execute(Erasing(project_id=place.project))
    gone = house.container.store.promises.tasks(place.sample.id)
    assert all(each.result == [] and each.fingerprint == "" for each in gone)


@pytest.mark.slow
def test_a_prediction_agrees_with_every_person_who_labelled_a_task_or_counts_as_wrong(
    house: House,
) -> None:
    place = Sampled(house)
    agreed, disagreed, unread, *others = place.drawn
    label(house, [agreed, *others])
    label(house, [agreed])
    # Whichever came first: the best of several labels would say "right".
    label(house, [disagreed], "A")
    label(house, [disagreed], "B")
    label(house, [unread], "A")
    label(house, [unread], "Z")
    place.open()
    found = place.findings()
    assert (found[agreed], found[disagreed]) == (Finding.RIGHT, Finding.WRONG)
    assert found[unread] is Finding.UNREADABLE
