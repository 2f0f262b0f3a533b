"""Going through a run's results: filters, pages, cells of the matrix, and all of it as CSV."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from services.test_evaluate import annotation, evaluated, says, seed

from ml_backend.errors import InvalidInput, LabelStudioError
from ml_backend.labelstudio import AnnotatedTask, ServerLabelStudio
from ml_backend.records import Failure, FailureKind, Prediction, Run, Subset, Task
from ml_backend.services.evaluation.results import (
    ResultCounts,
    ResultFilter,
    ResultPage,
    ResultQuery,
)
from ml_backend.store import tables
from support.fake_label_studio import TOKEN
from support.house import CONFIG, House


class NotingDoor(ServerLabelStudio):
    """A door that remembers which tasks it was asked for."""

    def __init__(self, url: str) -> None:
        super().__init__(url, TOKEN)
        self.tasks: list[Any] = []

    def iter_tasks(self, project_id: int, **options: Any) -> Iterator[list[Task]]:
        query = options.get("query") or {}
        self.tasks.append(query.get("selectedItems", {}).get("included"))
        return super().iter_tasks(project_id, **options)

    def iter_annotated(self, project_id: int, **options: Any) -> Iterator[AnnotatedTask]:
        self.tasks.append(options.get("task_ids"))
        return super().iter_annotated(project_id, **options)


@pytest.fixture
def measured(house: House) -> tuple[Run, list[int]]:
    """Six tasks: right, confused, no JSON, right by one of two truths, missed, nobody knows."""
    project, tasks = seed(
        house,
        [annotation("A")],
        [annotation("B")],
        [annotation("B")],
        [annotation("B", 1), annotation("A", 2)],
        [annotation("A")],
        [],
    )
    says(house, {"text 2": "no JSON", "text 4": '{"topic": "B"}'})
    prompt, version = house.prompt(project)
    run = evaluated(house, prompt, version, project, subset=Subset.CUSTOM, task_ids=tasks)
    return run, tasks


def page(house: House, run: Run, **query: Any) -> ResultPage:
    studio = house.container.studio
    project = studio.get_project(run.project_id)
    return house.container.results.page(studio, project, run, ResultQuery(**query))


def ids(found: ResultPage) -> list[int]:
    return [row.outcome.task_id for row in found.rows]


@pytest.mark.slow
def test_each_filter_has_its_tasks_with_the_truth_that_agrees_best(
    house: House, measured: tuple[Run, list[int]]
) -> None:
    run, tasks = measured
    assert house.container.results.counts(run) == ResultCounts(6, 2, 3, 1, 1, True)
    every = page(house, run)
    assert [row.right for row in every.rows] == [True, False, False, True, False, None]
    truths = [row.truth and row.truth["topic"] for row in every.rows]
    assert truths == ["A", "B", "B", "A", "A", None]
    assert [row.task and row.task.data["text"] for row in every.rows] == [
        f"text {number}" for number in range(6)
    ]
    assert isinstance(every.rows[2].outcome, Failure)
    assert every.rows[2].compared == {"topic": None}
    assert every.rows[3].compared["topic"].correct  # type: ignore[union-attr]
    assert (every.before, every.after, every.position) == (None, None, 0)
    shown = {wanted: ids(page(house, run, filter=wanted)) for wanted in ResultFilter}
    assert shown[ResultFilter.RIGHT] == [tasks[0], tasks[3]]
    assert shown[ResultFilter.WRONG] == [tasks[1], tasks[2], tasks[4]]
    assert shown[ResultFilter.REVIEW] == shown[ResultFilter.ERROR] == [tasks[2]]


@pytest.mark.slow
def test_every_cell_of_the_matrix_leads_to_its_tasks(
    house: House, measured: tuple[Run, list[int]]
) -> None:
    run, tasks = measured
    results = house.container.results
    cells = {(each.truth, each.given): each.n for each in results.cells(run, "topic")}
    confusion = run.metrics.controls["topic"].report.confusion
    assert cells == {(each.true, each.given): each.n for each in confusion}
    assert ids(page(house, run, cell=("topic", "B", None))) == [tasks[2]]
    query = ResultQuery(cell=("topic", "A", "A"), filter=ResultFilter.RIGHT)
    assert results.count(run, query) == 2
    assert ids(page(house, run, task_ids=tuple(tasks[3:]), order="-task")) == tasks[:2:-1]


@pytest.mark.slow
def test_only_the_tasks_of_the_page_are_read_by_the_callers_door(
    house: House, measured: tuple[Run, list[int]]
) -> None:
    run, tasks = measured
    door = NotingDoor(house.fake.url)
    project = door.get_project(run.project_id)
    first = house.container.results.page(door, project, run, ResultQuery(size=2))
    query = ResultQuery(size=2, after=first.after)
    second = house.container.results.page(door, project, run, query)
    assert door.tasks == [tasks[:2], tasks[:2], tasks[2:4], tasks[2:4]]
    assert second.position == 2
    assert ids(page(house, run, size=2, before=second.before)) == tasks[:2]
    door.close()


@pytest.mark.slow
def test_a_task_gone_from_label_studio_keeps_its_row(
    house: House, measured: tuple[Run, list[int]]
) -> None:
    run, tasks = measured
    house.container.studio.delete_tasks(run.project_id, [tasks[1]])
    found = page(house, run, filter=ResultFilter.WRONG)
    assert ids(found) == [tasks[1], tasks[2], tasks[4]]
    assert found.rows[0].task is None
    assert found.rows[0].truth is None
    assert found.rows[0].right is False


@pytest.mark.slow
def test_new_results_of_a_running_run_never_shift_the_pages_that_follow(house: House) -> None:
    project, tasks = house.project(9)
    prompt, version = house.prompt(project)
    run = house.start(prompt, version, project)
    store = house.container.store

    def answered(*numbers: int) -> None:
        found = [Prediction(tasks[number], {"topic": "A"}, [], 0.5) for number in numbers]
        store.outcomes.add(run.id, found)

    answered(1, 3, 5)
    first = page(house, run, size=2)
    assert ids(first) == [tasks[1], tasks[3]]
    assert not house.container.results.counts(run).measured
    answered(0, 2, 4, 6)
    second = page(house, run, size=2, after=first.after)
    assert ids(second) == [tasks[4], tasks[5]]
    assert second.position == 4
    back = page(house, run, size=2, before=second.before)
    assert ids(back) == [tasks[2], tasks[3]]
    assert ids(page(house, run, size=5, after=second.after)) == [tasks[6]]


# Runs measured before it was kept what was right


def forget_judgements(house: House, run: Run) -> None:
    """Make the run one of an earlier version."""
    with house.container.store.database.write() as c:
        c.execute(sa.update(tables.runs).values(judged=False))
        c.execute(sa.update(tables.outcomes).values(right=None))
        c.execute(sa.delete(tables.class_pairs))


@pytest.mark.slow
def test_a_run_of_an_earlier_version_is_judged_when_it_is_first_looked_at(
    house: House, measured: tuple[Run, list[int]]
) -> None:
    run, tasks = measured
    results = house.container.results
    forget_judgements(house, run)
    assert results.counts(run) == ResultCounts(6, 2, 3, 1, 1, True)
    forget_judgements(house, run)
    assert ids(page(house, run, cell=("topic", "B", "A"))) == [tasks[1]]
    house.fake.control(forget_calls=True)
    results.counts(run)
    assert not house.fake.state()["calls"]
    assert house.container.store.runs.get(run.id).metrics == run.metrics


@pytest.mark.slow
def test_a_run_that_cannot_be_judged_now_says_so_instead_of_showing_none(
    house: House, measured: tuple[Run, list[int]]
) -> None:
    run, _ = measured
    forget_judgements(house, run)
    house.fake.control(down=True)
    with pytest.raises(LabelStudioError):
        house.container.results.counts(run)
    house.fake.control(down=False)
    assert house.container.results.counts(run).wrong == 3


# What a caller may ask for


def cursor(*said: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


BAD_QUERIES: dict[str, tuple[str, dict[str, Any]]] = {
    "no base64": ("after", {"after": "%%%"}),
    "empty": ("after", {"after": ""}),
    "not ASCII": ("before", {"before": "ä"}),
    "not JSON": ("before", {"before": "AAAA"}),
    "deeply nested": ("after", {"after": base64.b64encode(b"[" * 120).decode()}),
    "too long": ("after", {"after": "A" * 100_000}),
    "of another order": ("after", {"after": cursor("score", 1, 0.5)}),
    "no list": ("after", {"after": base64.b64encode(b"7777").decode()}),
    "too few": ("after", {"after": cursor("task", 1)}),
    "task no number": ("after", {"after": cursor("task", "1 OR 1=1", None)}),
    "task a truth value": ("after", {"after": cursor("task", True, None)}),
    "task too large": ("after", {"after": cursor("task", 2**64, None)}),
    "score no number": ("after", {"order": "score", "after": cursor("score", 1, "x")}),
    "score infinite": ("after", {"order": "score", "after": cursor("score", 1, float("inf"))}),
    "both ways": ("before", {"after": cursor("task", 1, None), "before": cursor("task", 9, None)}),
    "unknown order": ("order", {"order": "cost"}),
    "no rows": ("size", {"size": 0}),
    "too many rows": ("size", {"size": 501}),
    "threshold above 1": ("below", {"below": 70.0}),
    "threshold not a number": ("below", {"below": float("nan")}),
    "task 0": ("task_ids", {"task_ids": (0,)}),
    "too many tasks": ("task_ids", {"task_ids": tuple(range(1, 10_002))}),
}


@pytest.mark.slow
def test_a_query_that_makes_no_sense_is_refused_by_the_name_of_its_field(house: House) -> None:
    project, _ = house.project(1)
    run = house.start(*house.prompt(project), project)
    for name, (field, query) in BAD_QUERIES.items():
        with pytest.raises(InvalidInput) as caught:
            page(house, run, **query)
        assert caught.value.field == field, name
        assert len(str(caught.value)) < 300, name
    with pytest.raises(InvalidInput, match="below"):
        house.container.results.counts(run, 2.0)


# CSV


def rows_of_csv(house: House, run: Run, **query: Any) -> list[dict[str, str]]:
    studio = house.container.studio
    project = studio.get_project(run.project_id)
    parts = house.container.results.csv(studio, project, run, ResultQuery(**query))
    return list(csv.DictReader(io.StringIO("".join(parts), newline="")))


@pytest.mark.slow
def test_the_csv_has_every_result_of_a_filter(
    house: House, measured: tuple[Run, list[int]]
) -> None:
    run, tasks = measured
    rows = rows_of_csv(house, run, size=2)
    assert [row["task"] for row in rows] == [str(each) for each in tasks]
    assert rows[1] | {"score": ""} == {
        "task": str(tasks[1]),
        "data.text": "text 1",
        "answer.topic": "A",
        "truth.topic": "B",
        "match": "wrong",
        "score": "",
        "calibrated": "",
        "score_from": "",
        "confidence.topic": "",
        "cost": "",
        "error": "",
    }
    assert [row["match"] for row in rows] == ["right", "wrong", "wrong", "right", "wrong", ""]
    assert rows[2]["answer.topic"] == ""
    assert rows[2]["error"].startswith("invalid_answer: ")
    wrong = rows_of_csv(house, run, filter=ResultFilter.WRONG, order="-task")
    assert [row["task"] for row in wrong] == [str(tasks[each]) for each in (4, 2, 1)]


DANGEROUS = {
    "=HYPERLINK(1)": "'=HYPERLINK(1)",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "\r=1": "'\r=1",
    'plain, "quoted"\nand broken': 'plain, "quoted"\nand broken',
    " =1": " =1",
    "": "",
    -5: "-5",
    1.5: "1.5",
    None: "",
    True: "true",
}


def test_no_cell_of_the_csv_is_a_formula(house: House) -> None:
    data = [{"text": "x", "=more": value} for value in DANGEROUS]
    tasks = [*({"data": each} for each in data), {"data": {"text": "x", "=more": ["=a", {"b": 1}]}}]
    project, numbers = house.fake.seed(CONFIG, tasks)
    run = house.start(*house.prompt(project), project)
    bad = Failure(numbers[0], FailureKind.TIMEOUT, "late")
    good = [Prediction(each, {"topic": "A"}, [], 0.5) for each in numbers[1:]]
    house.container.store.outcomes.add(run.id, [bad, *good])
    rows = rows_of_csv(house, run)
    assert [row["data.=more"] for row in rows] == [*DANGEROUS.values(), '["=a", {"b": 1}]']


@pytest.mark.slow
def test_the_csv_is_sent_in_parts_of_a_thousand(house: House) -> None:
    project, tasks = house.project(2_300)
    run = house.start(*house.prompt(project), project)
    found = [Prediction(each, {"topic": "A"}, [], 0.5) for each in tasks]
    house.container.store.outcomes.add(run.id, found)
    studio = house.container.studio
    query = ResultQuery(order="score")
    parts = list(house.container.results.csv(studio, studio.get_project(project), run, query))
    assert [part.count("\r\n") for part in parts] == [1, 1_000, 1_000, 300]
    written = [line.split(",")[0] for line in "".join(parts).splitlines()[1:]]
    assert written == [str(each) for each in tasks]
