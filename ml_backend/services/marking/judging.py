"""Which annotation of a task is the one to mark: the one chosen, or the one that all agree on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import AnnotatedTask, Annotation
from ml_backend.records import JsonObject
from ml_backend.services.evaluation.metrics import is_right
from ml_backend.services.inference.annotations import read_answer

IsPeoples = Callable[[Annotation], bool]


class Standing(StrEnum):
    """How a task stands to being marked."""

    READY = "ready"
    MARKED = "marked"
    """It has ground truth already."""
    DISAGREE = "disagree"
    """Several people answered, not all alike: one of their annotations has to be chosen."""
    UNOPENED = "unopened"
    """Its annotations were made from predictions, and nobody opened or changed them."""
    NOTHING = "nothing"
    """It has no submitted annotation, or none of those chosen."""


@dataclass(frozen=True, slots=True)
class Said:
    """An annotation with what it answers; the answer is None where it cannot be read."""

    annotation: Annotation
    answer: JsonObject | None
    is_peoples: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A task with its submitted annotations, the one to mark, and how it stands."""

    task: AnnotatedTask
    said: tuple[Said, ...]
    standing: Standing
    chosen: Said | None = None
    """The one to mark, or that is marked."""

    @property
    def of_people(self) -> list[Said]:
        return [each for each in self.said if each.is_peoples]

    @property
    def has_several(self) -> bool:
        return len(self.of_people) > 1


def judge(
    task: AnnotatedTask,
    config: LabelingConfig,
    is_peoples: IsPeoples,
    chosen: Collection[int] | None = None,
) -> Judged:
    """Return how a task stands; ``chosen`` are annotations that somebody named."""
    said = tuple(
        Said(each, read_answer(each, task.data, config), is_peoples(each))
        for each in task.annotations
        if not each.was_cancelled
    )
    wanted = [each for each in said if chosen is None or each.annotation.id in chosen]
    people = [each for each in wanted if each.is_peoples]
    if not people:
        return Judged(task, said, Standing.UNOPENED if wanted else Standing.NOTHING)
    marked = next((each for each in people if each.annotation.ground_truth), None)
    if marked is not None:
        return Judged(task, said, Standing.MARKED, marked)
    if not agree(people, config, task):
        return Judged(task, said, Standing.DISAGREE)
    # Of several that say the same the newest: whoever looked last has seen the others.
    return Judged(task, said, Standing.READY, people[-1])


def agree(said: Sequence[Said], config: LabelingConfig, task: AnnotatedTask) -> bool:
    """Return whether annotations say the same, by each control's own measure."""
    first = said[0].answer
    for other in said[1:]:
        if first is None or other.answer is None:
            return False
        if first == other.answer:
            continue
        for one, two in ((first, other.answer), (other.answer, first)):
            if not is_right(dict(config.compare(one, two, task.data))):
                return False
    return True


def marks_of(task: AnnotatedTask, chosen: Collection[int] | None = None) -> list[Annotation]:
    """Return the annotations whose marks may come off, whoever made them."""
    return [
        each
        for each in task.annotations
        if each.ground_truth and (chosen is None or each.id in chosen)
    ]
