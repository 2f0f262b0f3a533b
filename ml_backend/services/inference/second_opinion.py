"""Several versions asked about a task: a vote of all, or a dear one where a cheap one is not sure.

Each version is asked as it would be alone: by its own request, so that what one of them was paid
for is paid for once, whichever run asks; and within its own limits and those of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ml_backend.errors import RunStopper
from ml_backend.labeling import LabelingConfig
from ml_backend.records import (
    CallRecord,
    ConfidenceSource,
    ExampleSource,
    Failure,
    Member,
    Opinion,
    Outcome,
    Prediction,
    RunOptions,
    Task,
)
from ml_backend.services.inference.model_requests import ModelRequest, joined
from ml_backend.services.inference.predictor import Predictor
from ml_backend.services.inference.self_consistency import agreement, combine, summed
from ml_backend.store import CachedAnswer

Keep = Callable[[CachedAnswer], None]


class Flushing(Protocol):
    """What writes down what calls did cost."""

    def flush(self, *, at_once: bool = False) -> None: ...


class Answering(Protocol):
    """What answers the tasks of a run: one version, or several together."""

    @property
    def guard(self) -> Flushing: ...

    @property
    def few_shot(self) -> ExampleSource | None: ...

    @property
    def uses_cache(self) -> bool: ...

    def prepare(self, task: Task) -> ModelRequest: ...

    async def ask(
        self,
        request: ModelRequest,
        cached: Mapping[str, CachedAnswer],
        *,
        keep: Keep,
        fresh: bool = False,
    ) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards of several versions."""

    each: tuple[Flushing, ...]

    def flush(self, *, at_once: bool = False) -> None:
        for guard in self.each:
            guard.flush(at_once=at_once)


@dataclass(frozen=True, slots=True)
class Voice:
    """One of the versions that answer together."""

    version_id: int
    title: str
    predictor: Predictor

    @classmethod
    def of(cls, member: Member, predictor: Predictor) -> Voice:
        return cls(member.version_id, member.snapshot.version_title, predictor)

    def said(self, outcome: Outcome, *, stands: bool) -> Opinion:
        """Return what is kept of its outcome."""
        asked = replace(outcome.asked, latency=0.0, examples=None)
        if isinstance(outcome, Failure):
            why = f"{outcome.kind.value}: {outcome.message}"
            return Opinion(self.version_id, self.title, stands, why=why, asked=asked)
        return Opinion(
            self.version_id, self.title, stands, outcome.answer, outcome.score, asked=asked
        )


class SecondOpinion:
    """Asks several versions, as a predictor asks one."""

    def __init__(self, voices: Sequence[Voice], config: LabelingConfig) -> None:
        self._voices = tuple(voices)
        self._config = config
        self.guard = Guards(tuple(each.predictor.guard for each in voices))
        pools = (each.predictor.few_shot for each in voices)
        self.few_shot = next((pool for pool in pools if pool is not None), None)
        """Where few-shot examples come from: all versions have them of one pool."""
        self.uses_cache = any(each.predictor.uses_cache for each in voices)

    def prepare(self, task: Task) -> ModelRequest:
        """Return the request for a task; untrusted data never raises out of here."""
        return joined(task, [each.predictor.prepare(task) for each in self._voices])

    async def ask(
        self,
        request: ModelRequest,
        cached: Mapping[str, CachedAnswer],
        *,
        keep: Keep,
        fresh: bool = False,
    ) -> Outcome:
        """Return a task's outcome; ``keep`` gets every answer that was paid for.

        Raises RunStopper where one of the versions does, with what the others took for this task.
        """
        if request.failure is not None:
            return request.failure
        outcomes: list[Outcome] = []
        while (at := self._next(outcomes)) is not None:
            try:
                outcomes.append(
                    await self._voices[at].predictor.ask(
                        request.parts[at], cached, keep=keep, fresh=fresh
                    )
                )
            except RunStopper as stopper:
                _charge(stopper, outcomes)
                raise
        return self._decide(outcomes, request)

    def _next(self, outcomes: Sequence[Outcome]) -> int | None:
        """Return which version is asked after these were, None for no other."""
        raise NotImplementedError

    def _decide(self, outcomes: Sequence[Outcome], request: ModelRequest) -> Outcome:
        raise NotImplementedError


class Vote(SecondOpinion):
    """What most versions say stands; how far they agree is the score.

    One that failed has no vote, and agrees in nothing. Where all failed, the first failure stands.
    """

    def _next(self, outcomes: Sequence[Outcome]) -> int | None:
        return len(outcomes) if len(outcomes) < len(self._voices) else None

    def _decide(self, outcomes: Sequence[Outcome], request: ModelRequest) -> Outcome:
        found = combine(outcomes, self._config, request.task, request.key)
        opinions = [
            voice.said(each, stands=self._agrees(each, found, request.task))
            for voice, each in zip(self._voices, outcomes, strict=True)
        ]
        return _sure(replace(found, opinions=tuple(opinions)))

    def _agrees(self, each: Outcome, found: Outcome, task: Task) -> bool:
        if not isinstance(each, Prediction) or not isinstance(found, Prediction):
            return False
        return agreement(each, found, self._config, task) >= 1.0


class Cascade(SecondOpinion):
    """The second version is asked where the first is not sure, and its outcome stands then."""

    def __init__(
        self, voices: Sequence[Voice], config: LabelingConfig, *, min_score: float
    ) -> None:
        super().__init__(voices, config)
        self._min_score = min_score

    def _next(self, outcomes: Sequence[Outcome]) -> int | None:
        if not outcomes:
            return 0
        return None if len(outcomes) > 1 or is_sure(outcomes[0], self._min_score) else 1

    def _decide(self, outcomes: Sequence[Outcome], request: ModelRequest) -> Outcome:
        last = len(outcomes) - 1
        opinions = [
            voice.said(each, stands=at == last)
            for at, (voice, each) in enumerate(zip(self._voices, outcomes, strict=False))
        ]
        asked = summed([each.asked for each in outcomes], request.key)
        return replace(outcomes[last], asked=asked, opinions=tuple(opinions))


def is_sure(outcome: Outcome, min_score: float) -> bool:
    """Return whether an answer may stand: its confidence reaches the threshold."""
    score = outcome.score if isinstance(outcome, Prediction) else None
    return score is not None and not math.isnan(score) and score >= min_score


def asked_together(
    options: RunOptions, predictors: Sequence[Predictor], config: LabelingConfig
) -> Answering:
    """Return what answers the tasks of a run, where ``predictors`` are those of its versions."""
    voices = [
        Voice.of(member, predictor)
        for member, predictor in zip(options.members, predictors, strict=bool(options.members))
    ]
    if options.vote is not None:
        return Vote(voices, config)
    if options.cascade is not None:
        return Cascade(voices, config, min_score=options.cascade.min_score)
    return predictors[0]


def _sure(found: Outcome) -> Outcome:
    """Return an outcome whose confidence is told as that of several versions."""
    if not isinstance(found, Prediction) or found.confidence is None:
        return found
    return replace(found, confidence=replace(found.confidence, source=ConfidenceSource.VOTE))


def _charge(stopper: RunStopper, outcomes: Sequence[Outcome]) -> None:
    """Have a stopper tell what was spent on a task that gets no outcome now."""
    asked: list[CallRecord] = [each.asked for each in outcomes]
    if not asked:
        return
    spent = summed(asked, "")
    stopper.usage += spent.usage
    stopper.calls += spent.calls
    known = stopper.cost is not None and spent.cost is not None
    stopper.cost = (stopper.cost or 0.0) + (spent.cost or 0.0) if known else None
