"""Measuring runs: several truths, people's agreement, all annotations as truth, comparisons."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ml_backend import demo
from ml_backend.cli.next_steps import WORDS as COMMAND_LINE
from ml_backend.errors import InvalidInput
from ml_backend.labeling import LabelingConfig
from ml_backend.llm import Request
from ml_backend.records import (
    Prompt,
    PromptVersion,
    Run,
    Slot,
    Subset,
    TruthSource,
    WrongAnswer,
)
from ml_backend.reporting import run_page
from ml_backend.services.callers.authoring import Draft
from ml_backend.services.evaluation.comparison import Comparison
from ml_backend.services.evaluation.indicators import indicators_of
from ml_backend.services.jobs.documents import of_run_report
from support.by_hand import delete_project
from support.house import CONFIG, House


def annotation(topic: str, by: int = 1, **more: Any) -> dict[str, Any]:
    region = {
        "id": "r1",
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [topic]},
    }
    return {"result": [region], "ground_truth": True, "completed_by": by, **more}


def seed(house: House, *annotated: list[dict[str, Any]]) -> tuple[int, list[int]]:
    tasks = [
        {"data": {"text": f"text {n}"}, "annotations": found} for n, found in enumerate(annotated)
    ]
    return house.fake.seed(CONFIG, tasks)


def says(house: House, answers: dict[str, str]) -> None:
    """Have the model answer by what the messages hold; all else A."""

    def answer(request: Request) -> str:
        text = str(request.messages)
        return next((said for key, said in answers.items() if key in text), '{"topic": "A"}')

    house.model.answer = answer


def evaluated(
    house: House, prompt: Prompt, version: PromptVersion, project: int, **more: Any
) -> Run:
    options = {"subset": Subset.HAS_GT, "slot": Slot.EVALUATE, **more}
    return house.run(prompt, version, project, **options)


@pytest.mark.slow
def test_a_failed_task_is_a_false_negative_of_its_class(house: House) -> None:
    project, _ = seed(house, [annotation("A")], [annotation("B")], [annotation("B")])
    says(house, {"text 1": "no JSON", "text 2": '{"topic": "B"}'})
    run = evaluated(house, *house.prompt(project), project)
    counts = run.metrics.controls["topic"]
    assert (counts.n, counts.correct, counts.failed) == (3, 2, 1)
    rows = {row.name: row for row in counts.report.classes}
    assert (rows["B"].precision, rows["B"].recall) == (1.0, 0.5)
    assert counts.report.micro.recall == pytest.approx(2 / 3)
    shown = {each.key: each.values for each in indicators_of(run)}
    assert shown["confusion-topic"]["classes"] == ["B", "A"]
    assert shown["confusion-topic"]["matrix"] == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert shown["classes-topic"]["macro"]["f1"] == pytest.approx((1 + 2 / 3) / 2)
    assert "calibration" not in shown


@pytest.mark.slow
def test_the_best_of_several_truths_counts_and_people_are_held_against_each_other(
    house: House,
) -> None:
    project, _ = seed(
        house,
        [annotation("B", 1), annotation("A", 2)],
        [annotation("A", 1), annotation("A", 2)],
        # One person's two annotations say nothing of how people agree.
        [annotation("A", 1), annotation("B", 1)],
    )
    run = evaluated(house, *house.prompt(project), project)
    assert run.metrics.overall.correct == 3
    people = run.metrics.humans.overall
    assert (people.n, people.accuracy, people.score) == (2, 0.5, 0.5)
    assert people.low < 0.5 < people.high
    assert run.metrics.humans.controls["topic"] == people


@pytest.mark.slow
def test_all_annotations_may_be_the_truth_and_a_models_own_are_not(house: House) -> None:
    plain = {"ground_truth": False, "lead_time": 3.0}
    promoted = {"ground_truth": False, "lead_time": None, "parent_prediction": 77}
    project, tasks = seed(
        house, [annotation("A", **plain)], [annotation("B", **plain)], [annotation("A", **promoted)]
    )
    prompt, version = house.prompt(project)
    run = evaluated(house, prompt, version, project, truth=TruthSource.ANNOTATIONS)
    assert run.truth is TruthSource.ANNOTATIONS
    assert list(run.options.task_ids) == tasks[:2]
    assert run.metrics.truth is TruthSource.ANNOTATIONS
    assert (run.metrics.overall.n, run.metrics.overall.correct) == (2, 1)


@pytest.mark.slow
def test_an_edited_version_makes_its_evaluations_stale(house: House) -> None:
    project, _ = seed(house, [annotation("A")])
    prompt, version = house.prompt(project)
    run = evaluated(house, prompt, version, project)
    store = house.container.store
    store.runs.mark_version_stale(version.id + 1, "another")
    assert store.runs.get(run.id).stale == ""
    authoring = house.container.authoring
    authoring.update_version(None, prompt, version, Draft(title="Renamed"))
    assert store.runs.get(run.id).stale == ""
    authoring.update_version(None, prompt, version, Draft(text="Which one? {text}"))
    assert "was changed after this run" in store.runs.get(run.id).stale


# Comparing


def compared(house: House, project: int, *versions: PromptVersion, **more: Any) -> Comparison:
    studio = house.container.studio
    options = {"common_only": False, **more}
    return house.container.comparisons.compare(
        studio, studio.get_project(project), versions, **options
    )


@pytest.mark.slow
def test_versions_are_compared_with_what_they_cost(house: House) -> None:
    project, tasks = seed(house, *[[annotation("A")]] * 8)
    prompt, first = house.prompt(project)
    second = house.version(prompt, "Better: {text}")
    third = house.version(prompt, "Best: {text}")
    other, fourth = house.prompt(project, title="Other", text="Else: {text}")
    says(house, {"Label": '{"topic": "B"}'})
    for owner, version in ((prompt, first), (prompt, second), (prompt, third), (other, fourth)):
        evaluated(house, owner, version, project)
    found = compared(house, project, first, second, third, fourth)
    assert (found.tasks, found.left_out, len(found.pairs)) == (8, 0, 6)
    pair = found.pairs[0]
    assert pair.overall.paired.p == pytest.approx(2 / 2**8)
    assert pair.overall.p_holm == pytest.approx(6 * 2 / 2**8)
    assert pair.overall.better == 2
    assert [task for task, _ in pair.changed] == tasks
    assert {right for _, right in pair.changed} == {second.id}
    assert found.pairs[-1].overall.better == 0
    assert found.versions[0].effort.cost is None
    assert found.versions[0].effort.prompt_tokens == 80
    assert found.versions[0].effort.latency is not None
    assert not found.versions[0].changed
    with pytest.raises(InvalidInput, match="each once"):
        compared(house, project, first, first)
    with pytest.raises(InvalidInput, match="no control 'x'"):
        compared(house, project, first, second, control="x")


@pytest.mark.slow
def test_tasks_that_one_run_lacks_are_named(house: House) -> None:
    project, tasks = seed(house, *[[annotation("A")]] * 3)
    prompt, first = house.prompt(project)
    second = house.version(prompt, "Better: {text}")
    evaluated(house, prompt, first, project)
    evaluated(house, prompt, second, project, subset=Subset.CUSTOM, task_ids=tasks[:1])
    with pytest.raises(InvalidInput) as refused:
        compared(house, project, first, second)
    assert f"'Version 2' has 1, lacks 2: {tasks[1]}, {tasks[2]}" in str(refused.value)
    shared = compared(house, project, first, second, common_only=True)
    assert (shared.tasks, shared.left_out) == (1, 2)


# The whole loop on the demo's data


def demo_project(house: House) -> int:
    config = LabelingConfig.parse(demo.config())
    tasks = []
    for task in demo.tasks():
        if "ground_truth" in task:
            result = config.to_conversion(task["ground_truth"], task["data"]).result
            found = [{"result": result, "ground_truth": True}]
            tasks.append({"data": task["data"], "annotations": found})
    return house.fake.seed(demo.config(), tasks)[0]


def demo_answers(mistakes: dict[str, float]) -> Any:
    """A model that knows the truth and is wrong about the topic at the rate its prompt has."""
    truths = {t["data"]["text"]: t["ground_truth"] for t in demo.tasks() if "ground_truth" in t}
    topics = sorted({truth["topic"] for truth in truths.values()})

    def answer(request: Request) -> str:
        said = "\n".join(str(message["content"]) for message in request.messages)
        text = next(each for each in sorted(truths, key=len, reverse=True) if each in said)
        rate = next(rate for word, rate in mistakes.items() if word in said)
        draw = random.Random(f"{rate} {text}")
        truth = dict(truths[text])
        if draw.random() < rate:
            truth["topic"] = draw.choice([each for each in topics if each != truth["topic"]])
        return json.dumps(truth)

    return answer


@pytest.mark.slow
def test_the_loop_of_evaluating_and_comparing_runs_on_the_demo(house: House) -> None:
    project = demo_project(house)
    prompt, first = house.prompt(project, text="draft one: {text}")
    second = house.version(prompt, "draft two: {text}")
    third = house.version(prompt, "draft three: {text}")
    house.model.answer = demo_answers({"draft one": 0.5, "draft two": 0.1, "draft three": 0.11})
    runs = [evaluated(house, prompt, each, project) for each in (first, second, third)]
    assert [run.metrics.overall.n for run in runs] == [60, 60, 60]
    assert [run.metrics.controls["entities"].report.micro.f1 for run in runs] == [1.0] * 3
    found = compared(house, project, first, second, third)
    better, much, equal = found.pairs
    assert (better.overall.better, much.overall.better) == (2, 2)
    assert equal.overall.better == 0
    assert better.controls["entities"].paired.p == 1.0
    only = compared(house, project, second, third, control="urgency")
    assert list(only.pairs[0].controls) == ["urgency"]
    report = house.container.run_reports.report(runs[0], house.container.studio)
    assert json.loads(json.dumps(of_run_report(report)))["metrics"]["overall"]["n"] == 60
    assert "draft one: {text}" in run_page(report, COMMAND_LINE)


@pytest.mark.slow
def test_the_report_lists_wrong_answers_with_what_is_true(house: House) -> None:
    project, tasks = seed(
        house, [annotation("A")], [annotation("B")], [annotation("B")], [annotation("A")] * 2
    )
    says(house, {"text 2": "no JSON"})
    run = evaluated(house, *house.prompt(project), project)
    reports, studio = house.container.run_reports, house.container.studio
    report = reports.report(run, studio)
    wrong = WrongAnswer(tasks[1], "topic", "B", "A")
    assert (report.wrong, report.wrong_left_out) == ((wrong,), 0)
    assert [each.task_id for each in report.failures] == [tasks[2]]
    delete_project(studio, project)
    gone = reports.report(run, studio)
    assert (gone.wrong, gone.wrong_left_out) == ((), 1)
    assert "does not have the project" in gone.wrong_unknown
    assert "1 task more is left out" in run_page(gone, COMMAND_LINE)


@pytest.mark.slow
def test_the_report_names_how_many_wrong_answers_it_leaves_out(house: House) -> None:
    project, tasks = seed(house, *([annotation("B")] for _ in range(203)))
    run = evaluated(house, *house.prompt(project), project)
    report = house.container.run_reports.report(run, house.container.studio)
    assert [each.task for each in report.wrong] == tasks[:200]
    assert report.wrong_left_out == 3


@pytest.mark.slow
def test_a_run_without_truths_reports_nothing_wrong(house: House) -> None:
    project, _ = house.project(2)
    run = house.run(*house.prompt(project), project)
    report = house.container.run_reports.report(run, house.container.studio)
    assert (report.wrong, report.wrong_left_out, report.wrong_unknown) == ((), 0, "")
