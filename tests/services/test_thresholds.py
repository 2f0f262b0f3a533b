"""From which score on predictions may be accepted: a promise, or an estimate that says so."""

from __future__ import annotations

import pytest

from ml_backend.scoring.acceptance import labels_needed
from ml_backend.services.accepting.documents import of_threshold
from ml_backend.services.accepting.thresholds import ThresholdAnswer
from ml_backend.services.predictions.selection import select
from support.house import House
from support.promises_made import LABEL, LOOSE, drawn, opened, region, row, scored


def answer(house: House, project: int, **numbers: float) -> ThresholdAnswer:
    container = house.container
    label = container.accepting.one_label(project, select(labels=[LABEL], everything=True))
    found = container.studio.get_project(project)
    asked = {**LOOSE, **numbers}
    return container.thresholds.answer(container.studio, found, label, **asked)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_promise_is_answered_with_what_may_be_accepted_of_it(house: House) -> None:
    project, _, prompt, version = scored(house, [0.5 + n / 100 for n in range(40)])
    sample = opened(house, drawn(house, project, prompt, version, 15))
    (later,) = house.container.studio.import_tasks(project, [{"text": "later"}])
    house.container.studio.import_predictions(project, [row(later, "A", 0.99)])
    found = answer(house, project)
    assert (found.is_promise, found.why, found.sample_id) == (True, "", sample.id)
    assert found.tested.threshold == sample.looks[0].threshold
    assert found.holds.outside == 1, "imported later"
    drawn_tasks = {each.task_id for each in house.container.store.promises.tasks(sample.id)}
    held = house.container.studio.prediction_keys(project)
    sure = [key for key in held if (key.score or 0) >= (found.tested.threshold or 0)]
    unseen = [key for key in sure if key.task_id not in drawn_tasks]
    assert found.holds.accepted + found.holds.outside == len(unseen)
    assert found.holds.accepted > 10
    told = of_threshold(found)
    assert told["curve_is"] == "band"
    assert told["labels_for_2_percent"] == labels_needed(0.02, LOOSE["certainty"])
    assert told["for_people"] == 41 - 15 - found.holds.accepted, "15 are labelled"


@pytest.mark.slow
def test_ordinary_ground_truth_gives_the_figures_and_no_promise(house: House) -> None:
    project, tasks = house.project(40)
    prompt, version = house.prompt(project)
    for task in tasks[:30]:
        house.container.studio.create_annotation(task, [region("A")], ground_truth=True)
    house.run(prompt, version, project)
    found = answer(house, project)
    assert not found.is_promise
    assert "No promise sample was drawn" in found.why
    assert "ordinary ground truth" in found.why
    assert found.tested.labels == 30
    assert of_threshold(found)["curve_is"] == "estimate"


@pytest.mark.slow
def test_a_sample_that_is_labelled_yet_promises_nothing(house: House) -> None:
    project, _, prompt, version = scored(house, [0.9] * 40)
    drawn(house, project, prompt, version, 15)
    found = answer(house, project)
    assert not found.is_promise
    assert "not opened yet" in found.why
