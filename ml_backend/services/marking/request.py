"""Which annotations are to be marked as ground truth, or no longer, as somebody asked for it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.errors import InvalidInput
from ml_backend.next_steps import Step
from ml_backend.records import JsonObject
from ml_backend.services.predictions.selection import require_narrowing

DRAWN = 50
"""Tasks drawn at random where nobody says how many."""
MOST_DRAWN = 100_000
MOST_SEED = 2**53 - 1
NEW_SEEDS = 1_000_000


@dataclass(frozen=True, slots=True)
class MarkRequest:
    """Annotated tasks: named ones, those of a filter, some drawn at random, or all."""

    ground_truth: bool = True
    """False takes marks off."""
    task_ids: tuple[int, ...] | None = None
    annotation_ids: tuple[int, ...] | None = None
    """Of the tasks named: these annotations, where people disagree or another one is meant."""
    filters: JsonObject | None = None
    random: int | None = None
    seed: int | None = None
    everything: bool = False

    def document(self) -> JsonObject:
        """Return the request as a job keeps it."""
        return {
            "ground_truth": self.ground_truth,
            "task_ids": _listed(self.task_ids),
            "annotation_ids": _listed(self.annotation_ids),
            "filters": self.filters,
            "random": self.random,
            "seed": self.seed,
            "all": self.everything,
        }


def mark_request(
    *,
    ground_truth: bool = True,
    task_ids: Sequence[int] | None = None,
    annotation_ids: Sequence[int] | None = None,
    filters: JsonObject | None = None,
    random: int | None = None,
    seed: int | None = None,
    everything: bool = False,
) -> MarkRequest:
    """Return a request, or raise InvalidInput where it names nothing or contradicts itself.

    What is drawn at random has a seed from here on, so that what was counted is what is marked.
    """
    ways = (task_ids is not None) + (filters is not None) + (random is not None) + everything
    if ways != 1:
        several = "Several ways to name tasks exclude each other."
        said = several if ways else "Which tasks is not said."
        raise InvalidInput(said, field="tasks", fix=Step.NAME_TASKS_TO_MARK())
    if task_ids is not None and not task_ids:
        raise InvalidInput("The list of tasks is empty.", field="task_ids")
    if annotation_ids is not None and (task_ids is None or not annotation_ids):
        raise InvalidInput(
            "Annotations are chosen among those of named tasks.",
            field="annotation_ids",
            fix="Name their tasks as well.",
        )
    if filters is not None:
        require_narrowing(filters)
    if random is not None and not 1 <= random <= MOST_DRAWN:
        raise InvalidInput(
            f"{random:,} tasks cannot be drawn.",
            field="random",
            fix=f"Give a number from 1 to {MOST_DRAWN:,}.",
        )
    if seed is not None and (random is None or not 0 <= seed <= MOST_SEED):
        raise InvalidInput(
            f"{seed} is no seed for this: a seed draws tasks at random.",
            field="seed",
            fix=f"Give one from 0 to {MOST_SEED}, with how many to draw.",
        )
    if random is not None and seed is None:
        seed = secrets.randbelow(NEW_SEEDS)
    return MarkRequest(
        ground_truth=ground_truth,
        task_ids=None if task_ids is None else tuple(dict.fromkeys(task_ids)),
        annotation_ids=None if annotation_ids is None else tuple(dict.fromkeys(annotation_ids)),
        filters=filters,
        random=random,
        seed=seed,
        everything=everything,
    )


def request_from(document: JsonObject) -> MarkRequest:
    """Return the request that a job keeps."""
    return mark_request(
        ground_truth=bool(document.get("ground_truth", True)),
        task_ids=document.get("task_ids"),
        annotation_ids=document.get("annotation_ids"),
        filters=document.get("filters"),
        random=document.get("random"),
        seed=document.get("seed"),
        everything=bool(document.get("all")),
    )


def _listed(ids: tuple[int, ...] | None) -> list[int] | None:
    return None if ids is None else list(ids)
