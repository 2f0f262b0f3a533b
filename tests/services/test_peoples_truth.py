"""Truth is people's: the one rule, and that every measure, pool and count asks it."""

from __future__ import annotations

from typing import Any

import pytest
from services.test_evaluate import evaluated

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import Annotation, Project
from ml_backend.records import Subset, TruthSource
from ml_backend.services.evaluation.ground_truth import truth_of
from ml_backend.services.evaluation.subset_tasks import TaskQuery
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.truths import is_peoples
from support.annotating import press_update, update
from support.house import CONFIG, House
from support.wire import region

A, B = [region("A")], [region("B")]


def annotation(result: list[dict[str, Any]] = A, **more: Any) -> Annotation:
    wire = {"was_cancelled": False, "ground_truth": False, "parent_prediction": None}
    return Annotation.from_wire({"id": 5, "result": result, **wire, **more})


KNOWN = {5: fingerprint(A)}


@pytest.mark.parametrize(
    ("made", "known", "peoples"),
    [
        (annotation(lead_time=3.0), {}, True),
        (annotation(), {}, True),
        (annotation(lead_time=3.0, parent_prediction=7), KNOWN, True),
        (annotation(parent_prediction=7), {}, False),
        (annotation(parent_prediction=7, ground_truth=True), {}, False),
        (annotation(), KNOWN, False),
        (annotation(ground_truth=True), KNOWN, False),
        (annotation(B, parent_prediction=7), KNOWN, True),
        (annotation(B), KNOWN, True),
        (annotation(parent_prediction=7), {5: ""}, True),
    ],
    ids=[
        "made in the editor",
        "imported, or by the API",
        "made from a prediction and worked on",
        "made from a prediction",
        "made from a prediction and marked",
        "its prediction is gone",
        "its prediction is gone, and it is marked",
        "changed since by whatever way",
        "changed since, its prediction gone",
        "a person said it is right",
    ],
)
def test_whose_an_annotation_is(made: Annotation, known: dict[int, str], peoples: bool) -> None:
    assert is_peoples(made, known.get(made.id)) is peoples


def promoted(house: House, count: int = 3, *, marked: bool = True) -> tuple[int, list[int]]:
    """A project whose every annotation was made from a prediction, as the Data Manager does it."""
    prediction = {"result": A, "model_version": "m"}
    rows = [{"data": {"text": f"text {n}"}, "predictions": [prediction]} for n in range(count)]
    project, tasks = house.fake.seed(CONFIG, rows)
    house.container.studio.promote(project, ["m"], tasks)
    for row in house.fake.state()["annotations"] if marked else ():
        update(house.fake, row["id"], ground_truth=True)
    return project, tasks


def project_of(house: House, project: int) -> Project:
    return house.container.studio.get_project(project)


def counts(house: House, project: int) -> tuple[int, TruthSource | None]:
    found = house.container.subsets.counts(house.container.studio, project_of(house, project))
    [has_gt] = [each for each in found if each.subset is Subset.HAS_GT]
    return has_gt.count, has_gt.truth


@pytest.mark.parametrize("deleted", [False, True], ids=["predictions stand", "predictions gone"])
@pytest.mark.slow
def test_what_nobody_opened_is_no_truth_anywhere(house: House, deleted: bool) -> None:
    project, tasks = promoted(house)
    container, place = house.container, project_of(house, project)
    config = container.predictor_factory.config_of(place)
    assert container.examples.refresh(project, config) == [], "no example either"
    if deleted:
        container.studio.delete_model_version(project, "m")
    for source in TruthSource:
        assert container.evaluation.true_tasks(project, source) == []
        assert container.evaluation.truths(project, config, source=source) == {}
        with pytest.raises(InvalidInput, match="has no ground truth"):
            evaluated(house, *house.prompt(project, f"P {source}"), project, truth=source)
    assert counts(house, project) == (0, TruthSource.ANNOTATIONS)
    page = container.subsets.page(container.studio, place, TaskQuery())
    assert [each.ground_truth for each in page.results] == [None] * 3
    # A person works on one of them.
    first = min(row["id"] for row in house.fake.state()["annotations"])
    press_update(house.fake, first)
    container.evaluation.forget_counts()
    assert container.evaluation.true_tasks(project, TruthSource.GROUND_TRUTH) == tasks[:1]
    assert counts(house, project) == (1, TruthSource.GROUND_TRUTH)
    assert [each.task_id for each in container.examples.refresh(project, config)] == tasks[:1]
    run = evaluated(house, *house.prompt(project, "After"), project)
    assert (run.truth, run.metrics.overall.n) == (TruthSource.GROUND_TRUTH, 1)


@pytest.mark.slow
def test_a_skipped_annotation_that_is_marked_makes_no_ground_truth(house: House) -> None:
    skipped = {"result": [], "was_cancelled": True, "ground_truth": True, "lead_time": 1.0}
    plain = {"result": A, "ground_truth": False, "lead_time": 2.0}
    rows = [
        {"data": {"text": "x"}, "annotations": [skipped]},
        {"data": {"text": "y"}, "annotations": [plain]},
    ]
    project, tasks = house.fake.seed(CONFIG, rows)
    place = project_of(house, project)
    assert place.ground_truths == 1
    assert truth_of(house.container.evaluation.counted(place)) is TruthSource.ANNOTATIONS
    assert counts(house, project) == (1, TruthSource.ANNOTATIONS)
    run = evaluated(house, *house.prompt(project), project)
    assert (run.truth, run.options.task_ids) == (TruthSource.ANNOTATIONS, tuple(tasks[1:]))


def test_counting_what_people_annotated_reads_no_annotation(house: House) -> None:
    plain = {"result": A, "ground_truth": False, "lead_time": 2.0}
    rows = [{"data": {"text": f"{n}"}, "annotations": [plain]} for n in range(30)]
    project, _ = house.fake.seed(CONFIG, rows)
    whole: list[int] = []
    reader = house.container.studio
    listed = reader._iter_part

    def noting(params: Any, *more: Any) -> Any:
        for page in listed(params, *more):
            whole.extend(wire["id"] for wire in page if "annotations" in wire)
            yield page

    reader._iter_part = noting  # type: ignore[method-assign]
    assert counts(house, project) == (30, TruthSource.ANNOTATIONS)
    assert whole == []


@pytest.mark.slow
def test_what_is_known_of_many_is_known_of_each(house: House) -> None:
    """Beyond a page of them all are read at once, with the same answers."""
    project, tasks = promoted(house, 230, marked=False)
    assert house.container.evaluation.true_tasks(project, TruthSource.ANNOTATIONS) == []
    house.container.studio.delete_model_version(project, "m")
    press_update(house.fake, min(row["id"] for row in house.fake.state()["annotations"]))
    found = house.container.evaluation.true_tasks(project, TruthSource.ANNOTATIONS)
    assert found == tasks[:1]
