"""What a run asked about a task, rendered once more, and whether it is what was sent then."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.labelstudio import Project
from ml_backend.records import (
    JsonObject,
    Outcome,
    PromptVersion,
    ProviderName,
    Run,
    Slot,
    Task,
)
from ml_backend.services.inference.model_requests import ModelRequest, asks_the_same, joined
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.runs.second_opinions import asked_versions
from ml_backend.store import Store


@dataclass(frozen=True, slots=True)
class ReplayedRequest:
    """The messages and answer schema of a task; ``note`` says how far they are those sent."""

    messages: tuple[JsonObject, ...] = ()
    """A file is a part ``{"type": "attachment", "attachment": {"kind", "url", "name"}}``."""
    schema: JsonObject | None = None
    examples: int = 0
    is_exact: bool = False
    """The request has the very key of the one that was sent."""
    note: str = ""
    way: str = ""
    """Where the rules went, for a model that takes no system message."""


class RequestReplay:
    """Renders a run's version as its snapshot has it; asks nobody and reads no annotations."""

    def __init__(self, store: Store, predictor_factory: PredictorFactory) -> None:
        self._store = store
        self._predictor_factory = predictor_factory

    def of(self, project: Project, run: Run, task: Task, outcome: Outcome) -> ReplayedRequest:
        """Return what a run asked; raises what keeps the version from being asked now.

        Few-shot examples come from the pool as it is kept here, so after it changed they are
        others than were sent.
        """
        versions = asked_versions(self._store, run)
        shown = _shown(outcome)
        version = versions[shown]
        if run.worker_job:
            return ReplayedRequest(
                note="An outside worker answered; what it sent is not known here."
            )
        if version.provider is ProviderName.BASELINE:
            return ReplayedRequest(
                note="The offline baseline is sent no messages: it answers as the most similar "
                "annotated tasks do."
            )
        parts = [self._prepare(project, run, task, each) for each in versions]
        question = parts[shown]
        if question.failure is not None:
            return ReplayedRequest(note=question.failure.message)
        key = question.key if len(parts) == 1 else joined(task, parts).key
        sent = outcome.asked.request_key
        is_exact = key == sent
        messages, way = self._predictor_factory.as_sent(version, question.messages, question.schema)
        of_one = f"What {version.title!r} was sent; each version is asked by itself."
        notes = ("" if len(parts) == 1 else of_one, "" if is_exact else _difference(key, sent))
        return ReplayedRequest(
            messages=messages,
            schema=question.schema,
            examples=question.examples,
            is_exact=is_exact,
            note=" ".join(filter(None, notes)),
            way=way,
        )

    def _prepare(
        self, project: Project, run: Run, task: Task, version: PromptVersion
    ) -> ModelRequest:
        recipe = self._predictor_factory.recipe(project, version)
        # The baseline is asked nothing here, and needs no examples for its key.
        pool = self._store.examples.of_project(project.id) if version.max_few_shot_examples else []
        predictor = self._predictor_factory.predictor(
            recipe, version, examples=pool, evaluated=self._evaluated(run)
        )
        return predictor.prepare(task)

    @staticmethod
    def _evaluated(run: Run) -> list[int]:
        return list(run.options.task_ids or ()) if run.slot is Slot.EVALUATE else []


def _shown(outcome: Outcome) -> int:
    """Return which of several versions is shown: the first whose answer stands."""
    stands = (at for at, each in enumerate(outcome.opinions) if each.stands)
    return next(stands, 0)


def _difference(key: str, sent: str) -> str:
    if sent and asks_the_same(key, sent):
        return (
            "Task and prompt are those that were sent; the examples shown to the model are not, "
            "for people have annotated since."
        )
    return (
        "Not what was sent: the task, the labeling config, the model or its connection changed "
        "since this run."
    )
