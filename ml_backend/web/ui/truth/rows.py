"""An annotated task as a line of the page: its data, what people said, and who agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ml_backend.errors import PromptsError
from ml_backend.labeling import LabelingConfig
from ml_backend.services.marking.judging import Judged, Said, Standing
from ml_backend.web.ui.shell.answer_words import answer_words
from ml_backend.web.ui.shell.filters import shown

LONGEST_DATA = 300
LONGEST_ANSWER = 160
DISAGREE = {
    Standing.DISAGREE: ("annotators disagree: choose", "warning"),
    Standing.UNOPENED: ("no truth: nobody opened it", "warning"),
}


@dataclass(frozen=True, slots=True)
class Annotated:
    """An annotation on its line."""

    id: int
    answer: str
    by: str
    made_at: datetime | None
    is_marked: bool
    is_peoples: bool


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task with its annotations; ``word`` says how it stands where that is not plain."""

    task_id: int
    data: str
    annotations: tuple[Annotated, ...]
    is_marked: bool
    may_choose: bool
    """Whether it can be ticked: it has an annotation that people made, or a mark to take off."""
    word: str
    kind: str


def line_of(found: Judged, people: Mapping[int, str], inputs: tuple[str, ...]) -> TaskLine:
    """Return a task's line."""
    data = found.task.data
    named = [name for name in inputs if name in data] or list(data)
    word, kind = DISAGREE.get(found.standing, ("", ""))
    if not word and found.has_several:
        word, kind = "annotators agree", "positive"
    return TaskLine(
        task_id=found.task.id,
        data=" · ".join(shown(data[name], LONGEST_DATA) for name in named),
        annotations=tuple(_annotated(each, people) for each in found.said),
        is_marked=any(each.annotation.ground_truth for each in found.said),
        may_choose=found.standing is not Standing.NOTHING,
        word=word,
        kind=kind,
    )


def inputs_of(config: str) -> tuple[str, ...]:
    """Return the task data that a labeling config shows, none where it cannot be read."""
    try:
        return tuple(LabelingConfig.parse(config).input_fields)
    except PromptsError:
        return ()


def _annotated(said: Said, people: Mapping[int, str]) -> Annotated:
    annotation = said.annotation
    by = annotation.completed_by
    made = annotation.created_at
    return Annotated(
        id=annotation.id,
        answer=answer_words(said.answer, LONGEST_ANSWER),
        by=people.get(by or 0) or (f"user {by}" if by else "somebody who is gone"),
        made_at=datetime.fromisoformat(made) if made else None,
        is_marked=annotation.ground_truth,
        is_peoples=said.is_peoples,
    )
