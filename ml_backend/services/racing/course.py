"""The tasks of a race: which truths may be raced, in what order, and which are kept for its end."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, Project
from ml_backend.prompting.neighbours import normal_form
from ml_backend.records import PromptVersion, TruthSource
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import GroundTruth, no_truth, truth_of
from ml_backend.services.evaluation.holdout import split_of
from ml_backend.store import Store

SHARE = 0.6
"""Of the tasks with a truth: raced. The winner is measured on the others, which it never saw."""

MOST_RACED = 1_000
MOST_HELD = 500
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Course:
    """What is raced on; ``raced`` and ``held`` are in the one random order that all share."""

    source: TruthSource
    truths: Mapping[int, GroundTruth]
    raced: tuple[int, ...]
    held: tuple[int, ...]
    with_truth: int
    """Tasks with a truth that may be raced, and how many of them …"""
    alike: int
    """… read the same as another: of such tasks one is taken."""


def truths_to_race(
    store: Store,
    evaluation: Evaluation,
    project: Project,
    version: PromptVersion,
    config: LabelingConfig,
    source: TruthSource,
) -> dict[int, GroundTruth]:
    """Return the truths that may be raced: the one place that says which.

    Of a version that a teacher wrote only those that no teacher saw.
    """
    truths = evaluation.truths(project.id, config, source=source)
    if version.refined_from is None:
        return truths
    split = split_of(store, project.id, version.prompt_id, truths)
    return {task_id: each for task_id, each in truths.items() if split.holds_out(task_id)}


def course_of(
    store: Store,
    evaluation: Evaluation,
    studio: LabelStudioReader,
    project: Project,
    version: PromptVersion,
    config: LabelingConfig,
    *,
    seed: str,
    truth: TruthSource | None = None,
    begun: Collection[int] = (),
) -> Course:
    """Return the tasks; raises NoGroundTruth for a project without truths.

    ``begun`` are the tasks that a race which goes on has raced: they stay where they were.
    """
    reading = evaluation.reading(studio)
    source = truth_of(reading.counted(project), truth)
    truths = truths_to_race(store, reading, project, version, config, source)
    if not truths:
        raise no_truth(project, source, "project")
    order = sorted(truths, key=lambda each: (each not in begun, _place(seed, each)))
    once: dict[str, int] = {}
    for task_id in order:
        once.setdefault(_form(config, truths[task_id]) or f"\0{task_id}", task_id)
    tasks = list(once.values())
    raced = max(min(round(SHARE * len(tasks)), MOST_RACED), min(len(tasks), 1))
    return Course(
        source=source,
        truths=truths,
        raced=tuple(tasks[:raced]),
        held=tuple(tasks[raced : raced + MOST_HELD]),
        with_truth=len(truths),
        alike=len(truths) - len(tasks),
    )


def _place(seed: str, task_id: int) -> str:
    return hashlib.sha256(f"{seed}:{task_id}".encode()).hexdigest()


def _form(config: LabelingConfig, truth: GroundTruth) -> str:
    """Return what is the same for tasks that read the same, "" where that cannot be told."""
    try:
        text = normal_form("\n".join(text for _, text in config.inputs(truth.data)))
        files = sorted(each.url for each in config.attachments(truth.data))
    except Exception:  # whatever one task's data provokes: it is asked, and fails for all alike
        return ""
    return "\n".join([text, *files]).strip()
