"""Which predictions could be accepted: what a promise sample is drawn from, and promises of."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, PredictionRow, Project, queries
from ml_backend.prompting.neighbours import normal_form
from ml_backend.records import Example, Prompt, PromptVersion, ProviderName, Slot
from ml_backend.records.promises import Eligible, Withheld, short
from ml_backend.services.fingerprints import fingerprint
from ml_backend.services.publishing.ownership import Owned, Ownership
from ml_backend.store import Store

HAS_ANNOTATION = {"filters": queries.all_of(queries.condition("annotations_ids", "greater", 0))}
"""The query for tasks that anybody annotated or skipped."""


class LeftOut(StrEnum):
    """Why a task cannot be drawn."""

    ANNOTATED = "annotated"
    """People annotated it, or skipped it: it needs no prediction any more."""
    WITHOUT = "without a prediction"
    NO_SCORE = "without a score"
    DRAFTED = "with an unsubmitted draft"
    """Whoever began it saw the predictions that stood there."""
    SEVERAL = "with several predictions of this version"
    OF_OTHERS = "with predictions of others"
    """They are not ours to take away, and whoever labels the task would see them."""
    CLOSED = "in another promise sample"
    LIKE_AN_EXAMPLE = "that read like a few-shot example"
    """The answer may have been in the prompt."""


@dataclass(frozen=True, slots=True)
class Population:
    """All that could be accepted, and why the other tasks could not; ``rows`` are by task."""

    label: str
    eligible: tuple[Eligible, ...] = field(repr=False)
    left_out: Mapping[str, int]
    rows: Mapping[int, PredictionRow] = field(repr=False)
    ours: Mapping[int, Sequence[PredictionRow]] = field(repr=False)
    """Task -> every prediction of ours on it, of whatever prompt."""
    owned: Owned = field(repr=False)
    pool_revision: int | None = None
    pool_digest: str = ""

    @property
    def tasks(self) -> list[int]:
        return [each.task_id for each in self.eligible]

    @property
    def scores(self) -> list[float]:
        return [each.score for each in self.eligible]

    def withheld(self, task_ids: Sequence[int]) -> list[Withheld]:
        """Return the predictions of ours that tasks hold, to be kept while they are labelled.

        Of several under one label the newest.
        """
        found: dict[tuple[int, str], Withheld] = {}
        for task_id in task_ids:
            for row in self.ours.get(task_id, ()):
                owner = self.owned.owner(row)
                if owner is not None:
                    found[task_id, owner.label] = to_withheld(row, owner.prompt_id, owner.slot)
        return list(found.values())


def to_withheld(row: PredictionRow, prompt_id: int, slot: Slot) -> Withheld:
    """Return a prediction as it is kept out of Label Studio."""
    return Withheld(
        task_id=row.task_id,
        label=row.model_version or "",
        prompt_id=prompt_id,
        slot=slot,
        score=row.score,
        result=row.result,
        prediction_id=row.id,
    )


class Populations:
    """Reads from Label Studio what could be accepted of a version's predictions."""

    def __init__(self, store: Store, ownership: Ownership) -> None:
        self._store = store
        self._ownership = ownership

    def read(
        self,
        studio: LabelStudioReader,
        project: Project,
        prompt: Prompt,
        version: PromptVersion,
        config: LabelingConfig,
    ) -> Population:
        """Return the population of a version's predictions in its project, slot *all*."""
        ownership = self._ownership.reading(studio)
        ownership.identify(project)
        label = ownership.expected(prompt, version, Slot.ALL, project.id)
        owned = ownership.ours(project.id)
        every = set(studio.task_ids(project.id))
        by_task: dict[int, list[PredictionRow]] = defaultdict(list)
        for row in studio.predictions(project.id):
            by_task[row.task_id].append(row)
        mine = {
            task_id: [row for row in rows if row.model_version == label and owned.holds(row)]
            for task_id, rows in by_task.items()
            if task_id in every
        }
        out: dict[LeftOut, set[int]] = {
            LeftOut.ANNOTATED: set(studio.task_ids(project.id, query=HAS_ANNOTATION)),
            LeftOut.DRAFTED: set(studio.task_ids(project.id, query=queries.DRAFTED)),
            LeftOut.CLOSED: set(self._store.promises.withheld_tasks(project.id)),
            LeftOut.WITHOUT: {each for each in every if not mine.get(each)},
            LeftOut.OF_OTHERS: {
                task_id
                for task_id, rows in by_task.items()
                if any(not owned.holds(row) for row in rows)
            },
            LeftOut.SEVERAL: {task_id for task_id, rows in mine.items() if len(rows) > 1},
            LeftOut.NO_SCORE: {
                task_id for task_id, rows in mine.items() if rows and not _is_score(rows[-1].score)
            },
        }
        revision, digest = None, ""
        if shows_examples(version):
            revision = self._store.examples.revision(project.id)
            pool = self._store.examples.of_project(project.id)
            digest = pool_digest(pool)
            out[LeftOut.LIKE_AN_EXAMPLE] = self._alike(studio, project, config, pool)
        left, counts = set(every), dict[str, int]()
        for why, tasks in out.items():
            if gone := left & tasks:
                counts[why.value] = len(gone)
                left -= gone
        eligible = tuple(_eligible(mine[task_id][0]) for task_id in sorted(left))
        return Population(
            label=label,
            eligible=eligible,
            left_out=counts,
            rows={task_id: mine[task_id][0] for task_id in left},
            ours={
                task_id: [row for row in by_task[task_id] if owned.holds(row)] for task_id in left
            },
            owned=owned,
            pool_revision=revision,
            pool_digest=digest,
        )

    @staticmethod
    def _alike(
        studio: LabelStudioReader,
        project: Project,
        config: LabelingConfig,
        pool: Sequence[Example],
    ) -> set[int]:
        """Return the tasks that are an example of the pool, or read the same as one."""
        tasks = {example.task_id for example in pool}
        forms = {form_of(config, example.data) for example in pool} - {""}
        for page in studio.iter_tasks(project.id, project=project) if forms else ():
            tasks |= {task.id for task in page if form_of(config, task.data) in forms}
        return tasks


def shows_examples(version: PromptVersion) -> bool:
    """Return whether a version's answers depend on what people annotated."""
    return bool(version.max_few_shot_examples) or version.provider is ProviderName.BASELINE


def pool_digest(pool: Sequence[Example], without: frozenset[int] = frozenset()) -> str:
    """Return a digest of what a pool says, but for some tasks."""
    rows = sorted(
        json.dumps([each.task_id, each.annotation_id, each.answer], sort_keys=True)
        for each in pool
        if each.task_id not in without
    )
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()


def form_of(config: LabelingConfig, data: Mapping[str, Any]) -> str:
    """Return what is the same for tasks that read the same, "" where that cannot be told."""
    try:
        text = normal_form("\n".join(text for _, text in config.inputs(data)))
        files = sorted(each.url for each in config.attachments(data))
    except Exception:  # whatever one task's data provokes: it is alike no other
        return ""
    return "\n".join([text, *files]).strip()


def data_digest(data: Mapping[str, Any]) -> str:
    """Return a digest of a task's data: the id may pass to another task."""
    said = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _is_score(score: float | None) -> bool:
    return score is not None and math.isfinite(score)


def _eligible(row: PredictionRow) -> Eligible:
    assert row.score is not None  # nosec B101  # for types: those without are left out
    return Eligible(row.task_id, float(row.score), short(fingerprint(row.result)))
