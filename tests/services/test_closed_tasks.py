"""Tasks of a promise sample are no truth and no example of anything until it is opened.

Whoever reads what people annotated does so by ``services.truths.iter_true``: a new reader that does
not fails here, and each that does is asked once with a sample open and once after.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_backend.records import Slot, Subset, TruthSource
from ml_backend.services.evaluation.holdout import HoldoutSplit
from ml_backend.services.evaluation.results import ResultQuery
from ml_backend.services.evaluation.subset_tasks import TaskQuery
from ml_backend.services.marking.request import MarkRequest
from ml_backend.services.racing.course import truths_to_race
from ml_backend.services.refining.mistakes import lessons_of
from ml_backend.services.truths import TruthCounts
from support.house import House
from support.promises import draw, label, patience, predict, tasks_of

ROOT = Path(__file__).parent.parent.parent / "ml_backend"
READS = re.compile(r"\.(iter_annotated|annotated|annotated_page|count_true|count_annotated)\(")

READERS = {
    "services/truths.py": "the filter itself",
    "services/evaluation/evaluation.py": "asks TruthCounts, which subtracts closed tasks",
    "services/evaluation/subset_tasks.py": "asks Evaluation for a count",
    "services/marking/listing.py": "lists what is there, and leaves closed tasks out of it",
    "services/marking/mark_right.py": "refuses closed tasks before it reads one",
    "services/marking/one_label.py": "refuses closed tasks before it reads one",
    "services/marking/marks.py": "reads back the tasks it planned, which iter_true named",
    "services/predictions/promote.py": "which tasks people annotated, not what they said",
    "services/promises/findings.py": "opens the sample itself",
    "cli/commands/demo.py": "makes the demonstration's own annotations",
}
"""Module -> why it may read annotations by another way than ``iter_true``."""


def test_nobody_reads_truths_past_the_filter() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0] != "labelstudio" and READS.search(path.read_text())
    }
    assert found - set(READERS) == set(), "read truths by services.truths.iter_true"
    assert set(READERS) - found == set(), "a module is gone: take its row away"


class Sampled:
    """Tasks with a truth outside, and a sample that people labelled, one task of it wrongly."""

    def __init__(self, house: House) -> None:
        self.house, self.container = house, house.container
        self.project, self.tasks = house.project(14)
        self.prompt, self.version = house.prompt(self.project)
        # What a run says of them, which is what Results, races and teachers look at.
        self.run = house.run(self.prompt, self.version, self.project)
        self.model_version = predict(house, self.prompt, self.version, self.project, {})
        container = house.container
        keys = container.studio.prediction_keys(self.project)
        for key in keys:
            container.studio.delete_prediction(key.id)
        scores = dict.fromkeys(self.tasks, 0.9)
        predict(house, self.prompt, self.version, self.project, scores)
        label(house, self.tasks[:3], "B")
        self.sample = draw(house, self.project, self.prompt, self.version, size=6)
        self.drawn = set(tasks_of(house, self.sample))
        label(house, sorted(self.drawn), "B")
        self.here = container.studio.get_project(self.project)
        self.config = container.predictor_factory.config_of(self.here)

    def outcomes(self) -> dict[int, Any]:
        return self.container.store.outcomes.newest([self.run.id])


SOURCE = TruthSource.ANNOTATIONS
Read = Callable[[Sampled], Any]


def _counted(place: Sampled) -> int:
    return TruthCounts(place.container.store).annotated(place.container.studio, place.project)


def _results(place: Sampled) -> set[int]:
    container = place.container
    query = ResultQuery(size=100)
    page = container.results.page(container.studio, place.here, place.run, query)
    return {row.outcome.task_id for row in page.rows} - set(place.tasks[3:]) | (
        {row.outcome.task_id for row in page.rows} & place.drawn
    )


def _mistakes(place: Sampled) -> int:
    container = place.container
    truths = container.evaluation.truths(place.project, place.config, source=SOURCE)
    nobody = HoldoutSplit("0" * 32)
    lessons = lessons_of(truths, place.outcomes(), nobody, place.config)
    return lessons.wrong + lessons.held_out


def _wrong(place: Sampled) -> int:
    container = place.container
    container.store.results.forget_unscored(place.project)
    container.evaluation.judge(container.store.runs.get(place.run.id))
    return container.results.counts(place.run).wrong


def _pool(place: Sampled) -> set[int]:
    pool = place.container.examples.refresh(place.project, place.config)
    return {each.task_id for each in pool}


def _of_subset(place: Sampled) -> set[int]:
    container = place.container
    query = TaskQuery(Subset.HAS_GT, run=None, prompt_id=place.prompt.id, page_size=100)
    page = container.subsets.page(container.studio, place.here, query)
    return {each.task.id for each in page.results}


def _aligned(place: Sampled) -> set[int]:
    container = place.container
    query = TaskQuery(prompt_id=place.prompt.id, aligned_class="B", page_size=100)
    page = container.subsets.page(container.studio, place.here, query)
    return {each.task.id for each in page.results}


def _raced(place: Sampled) -> set[int]:
    container = place.container
    return set(
        truths_to_race(
            container.store,
            container.evaluation,
            place.here,
            place.version,
            place.config,
            SOURCE,
        )
    )


def _to_mark(place: Sampled) -> set[int]:
    plan = place.container.marks.plan(place.here, MarkRequest(everything=True))
    return {mark.task_id for mark in plan.marks}


def _listed(place: Sampled) -> set[int]:
    listing = place.container.annotated_through(place.container.studio)
    return {row.task.id for row in listing.page(place.here, size=100).rows}


def _run_tasks(place: Sampled) -> set[int]:
    return set(place.container.run_tasks._true_tasks(place.here, SOURCE))


def _disputed(place: Sampled) -> int:
    container = place.container
    container.store.results.forget_unscored(place.project)
    ranked, unranked = container.disputed_labels.ranked(container.store.runs.get(place.run.id))
    return len(ranked) + unranked


TABLE: dict[str, tuple[Read, bool]] = {
    "GroundTruthReader": (
        lambda p: set(p.container.evaluation.truths(p.project, p.config, source=SOURCE)),
        True,
    ),
    "tasks with a truth": (
        lambda p: set(p.container.evaluation.true_tasks(p.project, SOURCE)),
        True,
    ),
    "a run's HasGT subset": (_run_tasks, True),
    "how many have a truth": (_counted, False),
    "the pool of examples": (_pool, True),
    "results, right and wrong": (_wrong, False),
    "rows of results": (_results, True),
    "labels that answers dispute": (_disputed, False),
    "mistakes for a teacher": (_mistakes, False),
    "the HasGT subset of the SDK": (_of_subset, True),
    "alignment": (_aligned, True),
    "truths to race": (_raced, True),
    "what there is to mark": (_to_mark, True),
    "the list of annotated tasks": (_listed, True),
}
"""Reader -> what it finds, and whether that is the tasks or how many they are."""


@pytest.mark.slow
def test_no_reader_of_truths_finds_a_task_before_its_sample_is_opened(house: House) -> None:
    place = Sampled(house)
    outside = set(place.tasks[:3])
    wrong = []
    for name, (read, by_task) in TABLE.items():
        found, expected = read(place), outside if by_task else len(outside)
        if found != expected:
            wrong.append(f"{name}: {found}, not {expected}")
    assert wrong == []
    house.container.promise_samples.open(place.sample, patience())
    every = outside | place.drawn
    for name, (read, by_task) in TABLE.items():
        found, expected = read(place), every if by_task else len(every)
        if found != expected:
            wrong.append(f"{name}: {found}, not {expected}")
    assert wrong == []


@pytest.mark.slow
def test_live_accuracy_counts_no_task_of_an_open_sample(house: House) -> None:
    place = Sampled(house)
    run = house.start(
        place.prompt,
        place.version,
        place.project,
        subset=Subset.HAS_GT,
        slot=Slot.EVALUATE,
        truth=SOURCE,
    )
    assert set(run.options.task_ids or ()) == set(place.tasks[:3])
    done = house.execute(run)
    assert done.metrics is not None
    accuracy = house.container.live_accuracy.of(house.container.store.runs.get(run.id))
    assert accuracy is not None
    assert accuracy.n == 3
