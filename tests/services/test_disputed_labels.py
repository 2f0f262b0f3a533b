"""Check the label: ranked by how sure the answers are, decided on, undone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ml_backend.errors import Conflict
from ml_backend.records import (
    AuditAction,
    Failure,
    FailureKind,
    Outcome,
    Prediction,
    PromptVersion,
    Run,
    RunOptions,
    RunSnapshot,
    RunStatus,
    Slot,
    Subset,
    TruthSource,
)
from ml_backend.services.disputing.disputed import DisputedLabels
from ml_backend.services.disputing.documents import csv_of
from ml_backend.services.disputing.evidence import Says
from ml_backend.services.evaluation.holdout import HoldoutSplit
from ml_backend.services.refining.mistakes import lessons_of
from ml_backend.services.refining.refine import RefineRequest
from ml_backend.store import Decision
from support.annotating import press_update, submit
from support.house import CONFIG, House
from support.wire import region


class Place:
    """Tasks that people labelled and versions answered."""

    def __init__(self, house: House, labels: list[str | None], *, marked: bool = False) -> None:
        self.house, self.container = house, house.container
        self.store, self.studio = house.container.store, house.container.studio
        self.project_id, self.tasks = house.fake.seed(
            CONFIG, [_task(n, label, marked) for n, label in enumerate(labels)]
        )
        self.truth = TruthSource.GROUND_TRUTH if marked else TruthSource.ANNOTATIONS
        self.prompt, self.version = house.prompt(self.project_id)

    @property
    def project(self) -> Any:
        return self.studio.get_project(self.project_id)

    def answer(
        self, given: list[tuple[str | None, float | None]], version: PromptVersion | None = None
    ) -> Run:
        """Keep a run as it ended; None for an answer is a failure."""
        version = version or self.version
        outcomes = [_outcome(*each) for each in zip(self.tasks, given, strict=False)]
        run = self.store.runs.create(
            prompt_id=self.prompt.id,
            version_id=version.id,
            project_id=self.project_id,
            label=f"{self.prompt.title}__{version.title}",
            slot=Slot.ALL.value,
            subset=Subset.ALL.value,
            snapshot=RunSnapshot.of(version),
            options=RunOptions(truth=self.truth),
            total=len(outcomes),
            handed_out=True,
        )
        self.store.outcomes.add(run.id, outcomes)
        self.store.runs.finish(run.id, 0, RunStatus.COMPLETED, "")
        return self.store.runs.get(run.id)

    def listed(self, run: Run, **more: Any) -> list[int]:
        """Return the places of the disputed tasks, in order."""
        page = self.page(run, **more)
        return [self.tasks.index(each.task_id) for each in page.rows]

    def page(self, run: Run, **more: Any) -> Any:
        return self.container.disputed_labels.page(self.studio, self.project, run, **more)

    def decide(self, run: Run, place: int, decision: Decision) -> Any:
        return self.container.label_decisions.decide(self.project, run, self.tasks[place], decision)

    def undo(self, place: int) -> Any:
        decisions = self.container.label_decisions
        return decisions.undo(self.project, self.prompt.id, self.tasks[place])

    def marks(self, place: int) -> int:
        [task] = self.studio.annotated(self.project_id, [self.tasks[place]])
        return sum(each.ground_truth for each in task.annotations)


def _task(number: int, label: str | None, marked: bool) -> dict[str, Any]:
    made = {"result": [region(label)], "ground_truth": marked, "lead_time": 3.0} if label else None
    return {"data": {"text": f"text {number}"}, "annotations": [made] if made else []}


def _outcome(task_id: int, given: tuple[str | None, float | None]) -> Outcome:
    said, score = given
    if said is None:
        return Failure(task_id, FailureKind.TIMEOUT, "too slow")
    return Prediction(task_id, {"topic": said}, [region(said)], score)


@pytest.mark.slow
def test_the_surest_disputes_come_first_and_what_is_right_is_none(house: House) -> None:
    place = Place(house, ["A", "A", "A", "A", "A", None])
    run = place.answer([("B", 0.6), ("A", 0.99), ("B", 0.9), (None, None), ("B", None), ("B", 0.9)])
    page = place.page(run)
    assert [place.tasks.index(each.task_id) for each in page.rows] == [2, 0]
    assert (page.disputed, page.unranked, page.after) == (2, 2, None)
    first = page.rows[0]
    assert (first.label, first.answer) == ({"topic": "A"}, {"topic": "B"})
    assert first.pairs == (("topic", "A", "B"),)
    assert (first.confidence, first.calibrated) == (0.9, None)
    assert first.data == {"text": "text 2"}
    assert first.labelled_by, "who gave the label"
    assert place.container.disputed_labels.run_of(place.project, place.version).id == run.id
    page = place.page(run, size=1)
    assert (len(page.rows), page.after) == (1, 1)
    assert place.listed(run, first=1) == [0]


@pytest.mark.slow
def test_a_calibration_is_told_and_changes_no_order(house: House) -> None:
    place = Place(house, ["A", "A"])
    run = place.answer([("B", 0.6), ("B", 0.9)])

    class Flat:
        def of(self, outcome: Outcome) -> float | None:
            return 0.75

    container = place.container
    found = DisputedLabels(
        place.store, container.predictor_factory, container.evaluation, lambda run: Flat()
    )
    page = found.page(place.studio, place.project, run)
    assert [(each.task_id, each.calibrated) for each in page.rows] == [
        (place.tasks[1], 0.75),
        (place.tasks[0], 0.75),
    ]


@pytest.mark.slow
def test_other_versions_stand_beside_as_evidence(house: House) -> None:
    place = Place(house, ["A", "A"])
    for said in ("A", "B", "B"):
        other = house.version(place.prompt, f"Other {said} {{text}}")
        place.answer([(said, 0.5)], other)
    run = place.answer([("B", 0.9), ("B", 0.8)])
    first, second = place.page(run).rows
    assert (first.says(Says.ANSWER), first.says(Says.LABEL), len(first.others)) == (2, 1, 3)
    assert second.others == (), "they never answered it"
    head, line, *_ = csv_of(place.page(run)).splitlines()
    assert head.startswith("task,label,labelled_by,answer")
    assert ",2,1," in line


@pytest.mark.slow
def test_a_label_that_was_corrected_meanwhile_is_gone_from_the_list(house: House) -> None:
    place = Place(house, ["A", "A"])
    run = place.answer([("B", 0.9), ("B", 0.8)])
    assert place.listed(run) == [0, 1]
    submit(house.fake, place.tasks[0], [region("B")])
    assert place.listed(run) == [1], "one of two people agrees with the answer"


@pytest.mark.slow
def test_a_wrong_label_loses_its_mark_and_undone_gets_it_back(house: House) -> None:
    place = Place(house, ["A", "A"], marked=True)
    run = place.answer([("B", 0.9), ("B", 0.8)])
    decided = place.decide(run, 0, Decision.LABEL)
    assert len(decided.unmarked) == 1
    assert (place.marks(0), place.marks(1)) == (0, 1)
    assert place.listed(run) == [1]
    told = [each.action for each in place.store.audit.search()]
    assert AuditAction.TRUTH_UNMARKED in told

    undone = place.undo(0)
    assert (undone.marked_again, undone.mark_left_off, place.marks(0)) == (True, False, 1)
    assert place.listed(run) == [0, 1]
    with pytest.raises(Conflict):
        place.undo(0)


@pytest.mark.slow
def test_a_mark_is_not_put_back_on_a_label_that_changed(house: House) -> None:
    place = Place(house, ["A"], marked=True)
    run = place.answer([("B", 0.9)])
    [annotation] = place.decide(run, 0, Decision.LABEL).unmarked
    press_update(house.fake, annotation, result=[region("B")])
    undone = place.undo(0)
    assert (undone.marked_again, undone.mark_left_off, place.marks(0)) == (False, True, 0)


@pytest.mark.slow
def test_decided_tasks_leave_the_list_until_the_answer_is_another(house: House) -> None:
    place = Place(house, ["A", "A", "A"])
    run = place.answer([("B", 0.9), ("B", 0.8), ("B", 0.7)])
    place.decide(run, 0, Decision.GUIDELINE)
    place.decide(run, 2, Decision.GUIDELINE)
    place.decide(run, 1, Decision.PROMPT)
    page = place.page(run)
    assert (page.rows, page.disputed, len(page.decided)) == ((), 0, 3)
    [pair] = page.unclear
    assert (pair.control, pair.label, pair.answer) == ("topic", "A", "B")
    assert pair.task_ids == (place.tasks[0], place.tasks[2])
    place.decide(run, 1, Decision.GUIDELINE)
    assert len(place.page(run).decided) == 3, "in place of what was decided before"
    assert place.listed(place.answer([("B", 0.9), ("B", 0.8), ("B", 0.7)])) == []
    with pytest.raises(Conflict):
        place.container.label_decisions.decide(
            place.project, place.answer([("A", 0.9)]), place.tasks[0], Decision.LABEL
        )


@pytest.mark.slow
def test_enhance_shows_first_where_the_prompt_is_wrong_and_nothing_doubted(house: House) -> None:
    place = Place(house, ["A"] * 40)
    run = place.answer([("B", 0.9)] * 40)
    container = place.container
    asked = RefineRequest(
        place.project, place.prompt, place.version, container.models.default, "teacher"
    )
    lessons = container.refining._lesson(place.studio, asked)[0]
    last, first = max(lessons.task_ids), min(lessons.task_ids)
    place.decide(run, place.tasks.index(last), Decision.PROMPT)
    place.decide(run, place.tasks.index(first), Decision.LABEL)
    lessons = container.refining._lesson(place.studio, asked)[0]
    assert lessons.task_ids[0] == last
    assert first not in lessons.task_ids
    config = container.predictor_factory.config_of(place.project)
    truths = container.evaluation.truths(place.project_id, config, source=place.truth)
    outcomes = place.store.outcomes.newest([run.id])
    chosen = [place.tasks[30], place.tasks[7]]
    found = lessons_of(truths, outcomes, HoldoutSplit("0" * 32), config, chosen)
    held = [each for each in chosen if HoldoutSplit("0" * 32).holds_out(each)]
    assert set(found.task_ids[: 2 - len(held)]) == set(chosen) - set(held)


@pytest.mark.slow
def test_without_a_run_over_labelled_tasks_there_is_nothing_to_dispute(house: House) -> None:
    place = Place(house, [None, "A"])
    with pytest.raises(Conflict):
        place.container.disputed_labels.run_of(place.project, place.version)
    place.answer([("B", 0.9)])
    with pytest.raises(Conflict):
        place.container.disputed_labels.run_of(place.project, place.version)


def simulated(by_pair: bool) -> tuple[list[str], list[tuple[str, float]], set[int]]:
    """1,000 tasks of two classes, 10 % of the labels flipped, a model right on 85 %.

    Its confidence has an AUROC of about .85. ``by_pair`` flips labels of one class alone.
    """
    draw = random.Random(17)
    true = [draw.choice("AB") for _ in range(1000)]
    among = [n for n in range(1000) if not by_pair or true[n] == "A"]
    flipped = set(draw.sample(among, 100))
    other = {"A": "B", "B": "A"}
    labels = [other[each] if n in flipped else each for n, each in enumerate(true)]
    answers = []
    for each in true:
        is_right = draw.random() < 0.85
        score = draw.betavariate(6, 1.5) if is_right else draw.betavariate(2.5, 2.2)
        answers.append((each if is_right else other[each], score))
    return labels, answers, flipped


@pytest.mark.slow
@pytest.mark.parametrize("by_pair", [False, True])
def test_flipped_labels_are_found_five_times_as_often_as_by_chance(
    house: House, by_pair: bool
) -> None:
    labels, answers, flipped = simulated(by_pair)
    place = Place(house, list(labels))
    run = place.answer(list(answers))
    first = place.listed(run, size=100)
    precision = len(flipped & set(first)) / 100
    assert precision >= 0.5, precision
