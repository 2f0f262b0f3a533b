"""Drawing a promise sample: from all that could be accepted, kept with how, never in secret."""

from __future__ import annotations

import random

import pytest

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.records.promises import Hiding, PromiseState, digest_of
from ml_backend.services.promises.asking import fewest, size_by_default
from ml_backend.services.promises.draw import drawn_by
from support.annotating import draft, submit
from support.house import House
from support.promises import draw, predict, request, state, tasks_of, topic


def made(house: House, count: int = 12) -> tuple[int, list[int], tuple, str]:
    project, tasks = house.project(count)
    prompt, version = house.prompt(project)
    scores = {task: 0.5 + n / 100 for n, task in enumerate(tasks)}
    label = predict(house, prompt, version, project, scores)
    return project, tasks, (prompt, version), label


def test_a_sample_is_drawn_of_all_that_could_be_accepted_and_says_how(house: House) -> None:
    project, tasks, made_of, label = made(house)
    sample = draw(house, project, *made_of, size=6)
    assert (sample.state, sample.hiding, sample.label) == (
        PromiseState.DRAWN, Hiding.HIDDEN, label,
    )  # fmt: skip
    assert [each.task_id for each in sample.population] == tasks
    assert [each.score for each in sample.population] == [0.5 + n / 100 for n in range(12)]
    assert sample.population_digest == digest_of(sample.population)
    # The seed that is kept draws the very same of the population that is kept.
    assert tasks_of(house, sample) == drawn_by(sample.seed, tasks, 6)
    assert house.container.store.promises.closed_tasks(project) == set(tasks_of(house, sample))


def test_what_could_not_be_accepted_is_left_out_and_told(house: House) -> None:
    project, tasks, made_of, label = made(house, 16)
    studio = house.container.studio
    submit(house.fake, tasks[0], topic("A"))
    submit(house.fake, tasks[1], [], was_cancelled=True)
    other = {"result": topic("B"), "score": 0.9, "model_version": "somebody's"}
    studio.import_predictions(project, [{"task": tasks[2], **other}])
    twice = {"result": topic("A"), "score": 0.9, "model_version": label}
    studio.import_predictions(project, [{"task": tasks[3], **twice}])
    draft(house.fake, tasks[4], topic("A"))
    studio.import_tasks(project, [{"text": "new"}])
    predict(house, *made_of, project, {studio.import_tasks(project, [{"text": "x"}])[0]: None})
    plan = house.container.promise_samples.plan(studio, request(house, project, *made_of))
    assert plan.population.left_out == {
        "annotated": 2,
        "without a prediction": 1,
        "with predictions of others": 1,
        "with an unsubmitted draft": 1,
        "with several predictions of this version": 1,
        "without a score": 1,
    }
    assert plan.population.tasks == tasks[5:]


def test_a_task_is_in_one_open_sample_at_a_time(house: House) -> None:
    project, _, made_of, _ = made(house, 24)
    first = draw(house, project, *made_of, size=10)
    second = draw(house, project, *made_of, size=8)
    assert not set(tasks_of(house, first)) & set(tasks_of(house, second))
    assert second.left_out == {"in another promise sample": 10}


def test_a_task_like_an_example_is_left_out_of_what_shows_examples(house: House) -> None:
    project, tasks, (prompt, _), _ = made(house)
    version = house.container.prompts.create_version(prompt, text="Label {text}", few_shot=2)
    predict(house, prompt, version, project, dict.fromkeys(tasks, 0.9))
    twin = house.container.studio.import_tasks(project, [{"text": "TEXT  3"}])[0]
    submit(house.fake, twin, topic("A"))
    config = house.container.predictor_factory.config_of(
        house.container.studio.get_project(project)
    )
    house.container.examples.refresh(project, config)
    plan = house.container.promise_samples.plan(
        house.container.studio, request(house, project, prompt, version)
    )
    assert tasks[3] not in plan.population.tasks
    assert plan.population.left_out["that read like a few-shot example"] == 1


def test_it_is_said_beforehand_where_no_promise_is_possible(house: House) -> None:
    project, _, made_of, _ = made(house)
    samples, studio = house.container.promise_samples, house.container.studio
    plan = samples.plan(studio, request(house, project, *made_of, max_error=0.03))
    assert "no number of labels promises at most 3 % wrong" in plan.why
    assert plan.needed is None
    with pytest.raises(Conflict, match="no number of labels"):
        draw(house, project, *made_of, max_error=0.03)
    few = samples.plan(studio, request(house, project, *made_of, size=1))
    assert "1 labels are too few" in few.why
    assert few.needed is not None
    with pytest.raises(InvalidInput, match="cannot be drawn"):
        samples.plan(studio, request(house, project, *made_of, size=13))
    assert house.container.store.promises.of_project(project) == []
    assert house.container.store.promises.closed_tasks(project) == frozenset()


def test_nothing_is_drawn_while_a_run_may_still_publish(house: House) -> None:
    project, _, made_of, _ = made(house)
    house.start(*made_of, project)
    with pytest.raises(Conflict, match="under way"):
        draw(house, project, *made_of)


@pytest.mark.parametrize(("tasks", "needed", "drawn"), [(1000, 104, 265), (100_000, 99, 257)])
def test_as_many_are_drawn_as_leave_room_for_some_mistakes(
    tasks: int, needed: int, drawn: int
) -> None:
    assert fewest(tasks, 0.03, 0.95) == pytest.approx(needed, abs=4)
    assert size_by_default(tasks, 0.03, 0.95) == pytest.approx(drawn, abs=25)


def test_every_task_is_as_likely_to_be_drawn() -> None:
    dice = random.Random(5)
    counts = dict.fromkeys(range(20), 0)
    for _ in range(2_000):
        for each in drawn_by(f"{dice.random()}", list(range(20)), 5):
            counts[each] += 1
    assert all(400 < n < 600 for n in counts.values())


def test_who_looks_at_the_sample_sees_where_to_label_it(house: House) -> None:
    project, _, made_of, _ = made(house)
    sample = draw(house, project, *made_of, size=6)
    now = state(house, sample)
    assert now.tab_url == f"{house.fake.url}/projects/{project}/data?tab={now.sample.tab['id']}"
    [tab] = [each for each in house.container.studio.tabs(project) if "Promise" in each.title]
    assert tab.task_ids == set(tasks_of(house, sample))
    assert (now.progress.done, now.progress.total, now.is_ready) == (0, 6, False)
