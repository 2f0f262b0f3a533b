"""A task tried with a version that need not be saved."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ml_backend.records import ConfidenceWay, Failure, Prediction, TruthSource
from ml_backend.services.callers.authoring import Draft
from ml_backend.services.evaluation.tries import Tried
from ml_backend.web.api.wire.parts import ConfidenceAnswer, Dollars, Exact, Id, Shown


class TryGiven(Exact):
    """What is tried, on which task; what is left out is the version's."""

    project: Annotated[
        Id | None, Field(description="By default the prompt's first that you see.")
    ] = None
    task_id: Annotated[Id | None, Field(description="By default the project's first.")] = None
    version: Annotated[Id | None, Field(description="By default the newest.")] = None
    prompt: Annotated[str, Field(min_length=1)] | None = None
    provider: str | None = None
    provider_model_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    model_provider_connection: Id | None = None
    max_few_shot_examples: Annotated[int, Field(ge=0, le=1000)] | None = None
    parameters: dict[str, Any] | None = None
    system_prompt: str | None = None
    confidence: ConfidenceWay | None = None
    truth: TruthSource | None = None
    budget: Annotated[
        Dollars | None, Field(description="Dollars that the answer may cost at most.")
    ] = None
    fresh: Annotated[bool, Field(description="Ask anew what was answered before.")] = False

    def draft(self) -> Draft:
        return Draft(
            text=self.prompt,
            provider=self.provider,
            model=self.provider_model_id,
            connection_id=self.model_provider_connection,
            max_few_shot_examples=self.max_few_shot_examples,
            parameters=self.parameters,
            system_prompt=self.system_prompt,
            confidence=self.confidence,
        )


class TryProblem(Shown):
    """A part of an answer that does not fit."""

    control: str
    message: str


class TryError(Shown):
    """Why the task has no answer."""

    kind: str
    message: str


class TryAnswer(Shown):
    """What a model answers to one task; nothing of it is a run, or in Label Studio."""

    task_id: int
    previous_task_id: int | None
    next_task_id: int | None
    model: str
    answer: dict[str, Any] | None
    """By control; null where there is none."""
    result: list[dict[str, Any]] | None
    """The same as Label Studio's regions."""
    problems: list[TryProblem]
    error: TryError | None
    raw: str
    """What the model said, word for word."""
    score: float | None
    confidence: ConfidenceAnswer | None
    """Where the score is from, and that of its parts."""
    truth: dict[str, Any] | None
    """What is true of the task; null where nobody said."""
    truth_source: TruthSource
    right: bool | None
    cost_usd: float | None
    """Null where nobody knows the model's price."""
    price_source: str | None
    seconds: float
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    """Of the prompt's, those read from the provider's cache."""
    cache_write_tokens: int
    """Of the prompt's, those written to it, where that is charged."""
    reasoning_tokens: int
    """Of the completion's, those the model thought with."""
    cached: bool
    """Whether it was answered before, and so for free."""

    @classmethod
    def of(cls, tried: Tried) -> TryAnswer:
        outcome, asked = tried.outcome, tried.outcome.asked
        good = outcome if isinstance(outcome, Prediction) else None
        bad = outcome if isinstance(outcome, Failure) else None
        return cls(
            task_id=tried.task.id,
            previous_task_id=tried.before,
            next_task_id=tried.after,
            model=tried.model,
            answer=dict(good.answer) if good else None,
            result=list(good.result) if good else None,
            problems=[
                TryProblem(control=each.control, message=each.message)
                for each in (good.problems if good else ())
            ],
            error=TryError(kind=bad.kind.value, message=bad.message) if bad else None,
            raw=outcome.raw,
            score=good.score if good else None,
            confidence=ConfidenceAnswer.of(good.confidence if good else None),
            truth=tried.truth,
            truth_source=tried.source,
            right=tried.right,
            cost_usd=asked.cost,
            price_source=tried.price.source if tried.price else None,
            seconds=asked.latency,
            calls=asked.calls,
            prompt_tokens=asked.usage.prompt_tokens,
            completion_tokens=asked.usage.completion_tokens,
            cached_tokens=asked.usage.cached_tokens,
            cache_write_tokens=asked.usage.cache_write_tokens,
            reasoning_tokens=asked.usage.reasoning_tokens,
            cached=asked.cached,
        )
