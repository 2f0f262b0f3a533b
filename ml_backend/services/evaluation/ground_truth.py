"""What is true of tasks: their ground truth, or all that people have submitted.

Label Studio Community has no button that marks an annotation as ground truth. So where nothing is
marked, submitted annotations are what a prompt is measured on, unless somebody chose otherwise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_backend.errors import InvalidInput
from ml_backend.labeling import Agreement, LabelingConfig
from ml_backend.labelstudio import Annotation, LabelStudioReader, Project
from ml_backend.next_steps import Step
from ml_backend.records import JsonObject, Outcome, Prediction, TruthSource
from ml_backend.services.inference.annotations import read_annotation
from ml_backend.services.truths import People, iter_true
from ml_backend.store import Store
from ml_backend.store.database import storable

Compared = dict[str, Agreement | None]


@dataclass(slots=True)
class GroundTruth:
    """A task's true answers, of several people perhaps."""

    data: Mapping[str, Any]
    answers: list[JsonObject] = field(default_factory=list)
    people: list[int | None] = field(default_factory=list)
    """Who gave each answer."""

    def judge(self, outcome: Outcome, config: LabelingConfig) -> tuple[Compared, JsonObject]:
        """Return how an outcome agrees with the truth it agrees with best, and that truth.

        A failed task is a miss in every control that its ground truth answers.
        """
        given = outcome.answer if isinstance(outcome, Prediction) else {}
        compared, best = max(
            ((config.compare(given, answer, self.data), answer) for answer in self.answers),
            key=lambda pair: _goodness(pair[0]),
        )
        if isinstance(outcome, Prediction):
            return dict(compared), best
        return dict.fromkeys(compared), best


@dataclass(slots=True)
class ProjectGroundTruth:
    """The truths of a project by task, and a digest of each annotation they were read from."""

    by_task: dict[int, GroundTruth] = field(default_factory=dict)
    digests: dict[int, list[str]] = field(default_factory=dict)
    """Of those that are in the example pool as well: an empty annotation is not."""
    unread: dict[int, list[str]] = field(default_factory=dict)
    """Task -> why annotations of it that should be true cannot be read."""


class GroundTruthReader:
    """Reads truths from Label Studio."""

    def __init__(self, store: Store, studio: LabelStudioReader) -> None:
        self._store = store
        self._studio = studio

    def read(
        self,
        project_id: int,
        config: LabelingConfig,
        source: TruthSource,
        task_ids: Sequence[int] | None = None,
    ) -> ProjectGroundTruth:
        """Return the truths of a project, or of these tasks; what cannot be read is told apart."""
        found = ProjectGroundTruth()
        for task_id, data, annotation in self._annotations(project_id, source, task_ids):
            read = read_annotation(annotation, data, config)
            if read.answer is None:
                found.unread.setdefault(task_id, []).append(read.why)
                continue
            answer = read.answer
            if annotation.result:
                said = digest(task_id, annotation.id, answer)
                found.digests.setdefault(task_id, []).append(said)
            truths = found.by_task.setdefault(task_id, GroundTruth(data))
            truths.answers.append(answer)
            truths.people.append(annotation.completed_by)
        return found

    def task_ids(self, project_id: int, source: TruthSource) -> list[int]:
        """Return the tasks that have a truth, in order."""
        found = self._annotations(project_id, source, None)
        return sorted({task_id for task_id, _, _ in found})

    def _annotations(
        self, project_id: int, source: TruthSource, task_ids: Sequence[int] | None
    ) -> Iterator[tuple[int, Mapping[str, Any], Annotation]]:
        """Yield task, data and annotation of those that are true: ``services.truths`` has the rule.

        Of a task that several annotated not all need be a truth, and of some none is.
        """
        only_marked = source is TruthSource.GROUND_TRUTH
        with People(self._store, project_id) as people:
            for task in iter_true(
                self._store,
                self._studio,
                project_id,
                task_ids=task_ids,
                ground_truth_only=only_marked,
            ):
                for annotation in task.annotations:
                    if annotation.was_cancelled or (only_marked and not annotation.ground_truth):
                        continue
                    if people.made(annotation):
                        yield task.id, task.data, annotation


def truth_of(project: Project, chosen: TruthSource | None = None) -> TruthSource:
    """Return what is true in a project: what was chosen, else ground truth where any is marked.

    A run keeps the answer, so that nothing it is measured on changes with the first mark.
    """
    if chosen is not None:
        return chosen
    return TruthSource.GROUND_TRUTH if project.ground_truths else TruthSource.ANNOTATIONS


def truth_words(project: Project, chosen: TruthSource | None = None) -> str:
    """Say what is true in a project, and why where nobody chose it."""
    found = truth_of(project, chosen)
    by_default = chosen is None and found is TruthSource.ANNOTATIONS
    why = ", since no annotation of this project is marked as ground truth"
    return found.words + (why if by_default else "")


class NoGroundTruth(InvalidInput):
    """A project has nothing to be measured on."""


def no_truth(project: Project, source: TruthSource, field_name: str) -> NoGroundTruth:
    """Return the error of a project that has nothing to be measured on."""
    if source is TruthSource.ANNOTATIONS:
        return NoGroundTruth(
            f"Project {project.title!r} has no ground truth: nobody has submitted an annotation.",
            field=field_name,
            fix="Annotate some tasks in Label Studio; annotations made from predictions that "
            "nobody opened or changed are no truth.",
        )
    return NoGroundTruth(
        f"Project {project.title!r} has no ground truth.",
        field=field_name,
        fix=Step.MEASURE_ON_ANNOTATIONS(),
    )


def digest(task_id: int, annotation_id: int, answer: JsonObject) -> str:
    """Return a short text that is the same for the same answer of the same annotation."""
    said = json.dumps([task_id, annotation_id, answer], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(storable(said).encode()).hexdigest()


def answer_digest(answer: JsonObject) -> str:
    """Return a short text that is the same for the same answer, whoever gave it."""
    said = json.dumps(answer, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(storable(said).encode()).hexdigest()


def _goodness(compared: Mapping[str, Agreement]) -> tuple[bool, float]:
    values = list(compared.values())
    return all(a.correct for a in values), sum(a.score for a in values)
