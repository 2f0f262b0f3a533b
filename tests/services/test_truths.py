"""A project in which nothing is marked as ground truth is measured on what people submitted."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from services.test_evaluate import annotation, compared, evaluated, says

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import Project
from ml_backend.llm import Request
from ml_backend.next_steps import Step
from ml_backend.records import PromptVersion, Subset, TruthSource
from ml_backend.services.evaluation.comparison import Comparison
from ml_backend.services.evaluation.indicators import indicators_of
from ml_backend.services.evaluation.subset_tasks import TaskQuery
from ml_backend.services.marking.request import mark_request
from ml_backend.services.refining.refine import Refinement, RefineRequest
from ml_backend.services.writing.patience import Patience
from support.house import CONFIG, House

WHY = "submitted annotations, since no annotation of this project was marked as ground truth"
PLAIN = {"ground_truth": False, "lead_time": 3.0}
ANNOTATIONS, GROUND_TRUTH = TruthSource.ANNOTATIONS, TruthSource.GROUND_TRUTH


def community(house: House, annotated: int = 3, tasks: int = 5) -> tuple[int, list[int]]:
    """A project as Label Studio Community makes them: people annotate and can mark nothing."""
    rows: list[dict[str, Any]] = [{"data": {"text": f"text {n}"}} for n in range(tasks)]
    for n, row in enumerate(rows[:annotated]):
        row["annotations"] = [annotation("AB"[n % 2], **PLAIN)]
    return house.fake.seed(CONFIG, rows)


def project_of(house: House, project_id: int) -> Project:
    return house.container.studio.get_project(project_id)


def mark(house: House, task_id: int) -> None:
    """Have a task's annotation be ground truth."""
    set_marks(house, [task_id], True)


def set_marks(house: House, task_ids: list[int], value: bool) -> None:
    marks = house.container.marks
    project = project_of(house, house.fake.state()["projects"][-1]["id"])
    plan = marks.plan(project, mark_request(task_ids=task_ids, ground_truth=value))
    marks.execute(plan, Patience(lambda message: None, threading.Event()))


@pytest.mark.slow
def test_a_run_is_measured_on_what_people_submitted_and_says_why(house: House) -> None:
    project, tasks = community(house)
    run = evaluated(house, *house.prompt(project), project)
    assert run.options.task_ids == tuple(tasks[:3])
    assert (run.truth, run.measured_on) == (ANNOTATIONS, WHY)
    assert (run.metrics.overall.n, run.metrics.overall.correct) == (3, 2)
    accuracy = indicators_of(run)[0].values
    assert (accuracy["truth"], accuracy["measured_on"]) == ("annotations", WHY)


@pytest.mark.slow
def test_what_was_chosen_stays_chosen(house: House) -> None:
    project, _ = community(house)
    prompt, version = house.prompt(project)
    with pytest.raises(InvalidInput, match="has no ground truth") as refused:
        evaluated(house, prompt, version, project, truth=GROUND_TRUTH)
    assert refused.value.fix == Step.MEASURE_ON_ANNOTATIONS()
    run = evaluated(house, prompt, version, project, truth=ANNOTATIONS)
    assert run.measured_on == "submitted annotations"
    mark(house, run.options.task_ids[0])
    assert evaluated(house, prompt, version, project).measured_on == "ground truth"
    again = evaluated(house, prompt, version, project, truth=ANNOTATIONS)
    assert (again.truth, again.totals.total) == (ANNOTATIONS, 3)


def test_a_project_that_nobody_annotated_says_what_to_do(house: House) -> None:
    project, _ = community(house, annotated=0)
    with pytest.raises(InvalidInput, match="nobody has submitted an annotation") as refused:
        evaluated(house, *house.prompt(project), project)
    assert refused.value.fix.startswith("Annotate some tasks in Label Studio")


@pytest.mark.slow
def test_the_first_mark_changes_nothing_of_earlier_runs(house: House) -> None:
    project, tasks = community(house)
    prompt, version = house.prompt(project)
    run = evaluated(house, prompt, version, project)
    mark(house, tasks[1])
    runs = house.container.store.runs
    assert (runs.get(run.id).truth, runs.get(run.id).measured_on) == (ANNOTATIONS, WHY)
    config = house.container.predictor_factory.config_of(project_of(house, project))
    assert house.container.evaluation.measure(run, config) == run.metrics
    later = evaluated(house, prompt, version, project)
    assert (later.truth, later.options.task_ids) == (GROUND_TRUTH, (tasks[1],))


@pytest.mark.slow
def test_a_run_that_is_resumed_keeps_its_truth(house: House) -> None:
    project, tasks = community(house)
    run = house.start(*house.prompt(project), project, subset=Subset.HAS_GT)
    house.container.runs.cancel(run)
    mark(house, tasks[0])
    house.container.runs.resume(house.container.store.runs.get(run.id))
    ended = house.container.executor.execute(run.id)
    assert ended is not None
    assert (ended.truth, ended.metrics.overall.n) == (ANNOTATIONS, 3)


# Comparing


def two(house: House, project: int) -> tuple[PromptVersion, PromptVersion]:
    says(house, {"Better": '{"topic": "B"}'})
    prompt, first = house.prompt(project)
    return first, house.version(prompt, "Better {text}")


def run_of(house: House, version: PromptVersion, project: int, **options: Any) -> None:
    prompt = house.container.store.prompts.get(version.prompt_id)
    evaluated(house, prompt, version, project, **options)


def on(found: Comparison) -> tuple[TruthSource, str, int]:
    return found.truth, found.measured_on, found.tasks


@pytest.mark.slow
def test_versions_are_compared_on_what_people_submitted(house: House) -> None:
    project, tasks = community(house)
    versions = two(house, project)
    for version in versions:
        run_of(house, version, project)
    why = WHY.replace(" was ", " is ")
    assert on(compared(house, project, *versions)) == (ANNOTATIONS, why, 3)
    with pytest.raises(InvalidInput, match="has no ground truth"):
        compared(house, project, *versions, truth=GROUND_TRUTH)
    mark(house, tasks[0])
    after = on(compared(house, project, *versions))
    assert after == (ANNOTATIONS, "submitted annotations, as their runs were", 3)
    chosen = on(compared(house, project, *versions, truth=GROUND_TRUTH))
    assert chosen == (GROUND_TRUTH, "ground truth", 1)


@pytest.mark.slow
def test_versions_measured_on_different_truths_are_compared_on_one(house: House) -> None:
    project, tasks = community(house)
    first, second = two(house, project)
    run_of(house, first, project)
    mark(house, tasks[0])
    run_of(house, second, project)
    found = compared(house, project, first, second)
    assert on(found) == (GROUND_TRUTH, "ground truth", 1)
    assert [each.run.truth for each in found.versions] == [ANNOTATIONS, GROUND_TRUTH]


@pytest.mark.slow
def test_runs_on_ground_truth_that_is_gone_are_compared_on_annotations(house: House) -> None:
    project, tasks = community(house)
    versions = two(house, project)
    mark(house, tasks[0])
    for version in versions:
        run_of(house, version, project)
    set_marks(house, tasks, False)
    found = compared(house, project, *versions)
    assert (found.truth, found.tasks) == (ANNOTATIONS, 1)


# Estimates, subsets, teachers


@pytest.mark.slow
def test_estimates_and_subsets_count_what_people_annotated(house: House) -> None:
    project, tasks = community(house)
    _, version = house.prompt(project)
    studio, where = house.container.studio, project_of(house, project)
    told = house.container.estimates.estimate(studio, where, version, Subset.HAS_GT)
    assert (told.tasks, told.truth) == (3, ANNOTATIONS)
    chosen = house.container.estimates.estimate(
        studio, where, version, Subset.HAS_GT, truth=GROUND_TRUTH
    )
    assert (chosen.tasks, chosen.truth) == (0, GROUND_TRUTH)
    subsets = house.container.subsets
    counts = {each.subset: (each.count, each.truth) for each in subsets.counts(studio, where)}
    assert counts[Subset.HAS_GT] == (3, ANNOTATIONS)
    page = subsets.page(studio, where, TaskQuery(subset=Subset.HAS_GT))
    assert (page.truth, [each.task.id for each in page.results]) == (ANNOTATIONS, tasks[:3])
    assert [each.ground_truth for each in page.results] == [{"topic": each} for each in "ABA"]
    mark(house, tasks[0])
    where = project_of(house, project)
    assert subsets.counts(studio, where)[1].count == 1
    assert house.container.estimates.estimate(studio, where, version, Subset.HAS_GT).tasks == 1


def refined(house: House, project: int, version: PromptVersion) -> Refinement:
    container = house.container
    prompt = container.store.prompts.get(version.prompt_id)
    return container.refining.refine(
        container.studio,
        RefineRequest(
            project_of(house, project), prompt, version, container.models.default, "teacher"
        ),
    )


@pytest.mark.slow
def test_a_teacher_learns_from_what_people_submitted_and_some_is_held_out(house: House) -> None:
    lessons: list[str] = []

    def answer(request: Request) -> str:
        if "reasoning" not in request.schema["properties"]:
            return '{"topic": "A"}'
        lessons.append(json.dumps(request.messages))
        return json.dumps({"reasoning": "x", "prompt": "Better {text}"})

    house.model.answer = answer
    project, tasks = community(house, annotated=20, tasks=25)
    prompt, version = house.prompt(project)
    evaluated(house, prompt, version, project)
    done = refined(house, project, version)
    assert (done.truth, done.document()["truth"]) == (ANNOTATIONS, "annotations")
    assert done.examples > 0
    assert 0 < done.held_out < 20
    made = house.container.refining.accept(prompt, version, done, "Version 2")
    run = evaluated(house, prompt, made, project)
    assert run.options.held_out
    assert (run.truth, run.totals.total) == (ANNOTATIONS, done.held_out)
    held = run.options.task_ids
    assert not set(held) & set(done.task_ids)
    # Which tasks are held out is settled, whatever is marked later.
    set_marks(house, tasks, True)
    later = evaluated(house, prompt, made, project)
    assert (later.truth, later.options.task_ids) == (GROUND_TRUTH, held)
