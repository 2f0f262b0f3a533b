"""What a run would cost, from a sample of its real tasks and a price table, with an interval.

The very messages that would be sent are made for the sample, few-shot examples included. How many
tokens they are is told from their length, corrected by what earlier runs of the prompt measured on
the same model where there are any.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from ml_backend.errors import PromptsError
from ml_backend.kinds import SAMPLE_SIZE
from ml_backend.labelstudio import LabelStudioReader, Project, queries
from ml_backend.llm.prices import Price
from ml_backend.next_steps import Step
from ml_backend.prompting.completion_limit import LimitRule, thinking_room
from ml_backend.records import ConfidenceWay, PromptVersion, ProviderName, Subset, Task, TruthSource
from ml_backend.scoring.forecast import Total, from_measured, from_sizes
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import truth_of
from ml_backend.services.evaluation.holdout import split_of
from ml_backend.services.inference.model_requests import ModelRequest, asks_the_same
from ml_backend.services.inference.predictor import Predictor, PredictorInputs
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.inference.token_counts import size_of, tokens_of
from ml_backend.services.models.budgets import price_of, rates_of
from ml_backend.services.models.model_catalogue import ModelCatalogue
from ml_backend.services.recent import Recent
from ml_backend.services.runs.run_tasks import sample_of
from ml_backend.store import Store

TRUTHS_KEPT = 30.0
"""Seconds in which the tasks with a truth are not read again, unless their number changes."""
PAGES, PAGE = 4, 10
SAMPLED = PAGES * PAGE
DRAWN_FROM = 5_000
"""Tasks up to which a random sample is drawn to be looked at; reading more ids takes too long."""
MEASURED_FROM = 5
"""Paid answers from which what they measured tells more than the length of texts."""
EARLIER_RUNS = 5

ANSWER_TOKENS = 24
"""For each control, where no annotation says how long an answer is."""
RATING_TOKENS = 8
"""Of an answer that says how sure it is."""
ANSWER_LIKE_OTHERS = (0.4, 1.0, 2.5)
ANSWER_UNKNOWN = (0.2, 1.0, 6.0)
# Models that think before they answer are charged for what they do not show.
THINKING_TOKENS = (0, 400, 4_000)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take if nothing of it was answered before: tokens and, by price, dollars."""

    model: str
    tasks: int
    sampled: int
    measured: bool
    """Whether earlier runs say how many tokens such messages have."""
    prompt_tokens: float
    """A task, on average."""
    completion_tokens: float
    tokens: Total
    """Of all tasks and answers."""
    prompt: Total | None
    """Dollars; None where nobody knows the price, which is not nothing."""
    completion: Total | None
    price: Price | None
    kept: int = 0
    """Of those sampled: answered already, so that asking again is free unless it is fresh."""
    samples: int = 1
    truth: TruthSource | None = None
    """Of a HasGT run: which annotations make its tasks."""
    limit: int = 0
    """Tokens that no answer of those sampled may exceed; 0 where none are named."""
    retiring: str = ""
    """That its model is retired, or will be soon; "" mostly."""
    parts: tuple[Estimate, ...] = ()
    """Of each version where several answer together, as if it were asked all tasks."""
    remark: str = ""
    """How the sum was made of these."""
    confidence: ConfidenceWay = ConfidenceWay.NONE
    """How it asks for confidence, AUTO being decided."""

    @property
    def unknown(self) -> str:
        """Why no cost is told, and how to mend that; empty where one is."""
        if self.price is not None:
            return ""
        return (
            f"The price of {self.model!r} at this connection is unknown. "
            f"{Step.ADD_PRICE(model=self.model)}"
        )

    @property
    def asked_besides(self) -> str:
        """What asking for confidence adds, in words; "" where it is asked in no answer."""
        if self.confidence is not ConfidenceWay.RATED:
            return ""
        return (
            "each answer says how sure it is: about "
            f"{RATING_TOKENS} completion tokens of it, counted here"
        )

    @property
    def prompt_cost(self) -> float | None:
        return self.prompt.mean if self.prompt else None

    @property
    def completion_cost(self) -> float | None:
        return self.completion.mean if self.completion else None

    @property
    def total(self) -> Total | None:
        """Dollars; it costs at least ``low``, for kept answers cost nothing."""
        if self.prompt is None or self.completion is None:
            return None
        both = self.prompt + self.completion
        asked = 1 - self.kept / self.sampled if self.sampled else 1.0
        return Total(both.mean, both.low * asked, both.high)

    @property
    def total_cost(self) -> float | None:
        return self.total.mean if self.total else None

    @property
    def low(self) -> float | None:
        return self.total.low if self.total else None

    @property
    def high(self) -> float | None:
        return self.total.high if self.total else None


@dataclass(frozen=True, slots=True)
class Measured:
    """An answer that was paid for: how long its prompt is told to be, and what was counted."""

    size: float
    prompt_tokens: float
    completion_tokens: float


class Estimates:
    """Estimates by the caller's token."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        evaluation: Evaluation,
        catalogue: ModelCatalogue,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._evaluation = evaluation
        self._predictor_factory = predictor_factory
        self._true_tasks: Recent[tuple[object, ...], list[int]] = Recent(TRUTHS_KEPT)

    def estimate(
        self,
        studio: LabelStudioReader,
        project: Project,
        version: PromptVersion,
        subset: Subset,
        *,
        task_ids: Sequence[int] | None = None,
        count: int | None = None,
        samples: int = 1,
        sample_size: int = SAMPLE_SIZE,
        sample_seed: int | None = None,
        truth: TruthSource | None = None,
    ) -> Estimate:
        """Return what a run would cost; raises whatever keeps it from running.

        ``task_ids`` are the tasks of the run where they are known already, ``count`` how many of
        the subset's there are where finding them would take reading all; size and seed are those
        of a Sample subset, the truth is that of a HasGT one.
        """
        source = None
        if subset is Subset.HAS_GT:
            source = truth_of(self._evaluation.reading(studio).counted(project), truth)
        recipe = self._predictor_factory.recipe(project, version)
        price = price_of(recipe.connection, version.model)
        if task_ids is None:
            task_ids = self._true_tasks_of(studio, project, version, source) if source else None
            if subset is Subset.SAMPLE and sample_seed is None:
                task_ids = studio.task_ids(project.id, first=sample_size)
            elif subset is Subset.SAMPLE and project.tasks <= DRAWN_FROM:
                task_ids = sample_of(studio.task_ids(project.id), sample_size, sample_seed)
            elif subset is Subset.SAMPLE:
                count = sample_size  # any tasks from all over are like it
        if count is None:
            count = project.tasks if task_ids is None else len(task_ids)
        version = replace(version, confidence=self._predictor_factory.way_of(version))
        predictor = self._predictor(recipe, version)
        questions = _askable(predictor, self._sample(studio, project, task_ids))
        if version.provider is ProviderName.BASELINE or not count or not questions:
            nothing = _of_nothing(version, count, len(questions), price, source)
            return replace(nothing, retiring=self._catalogue.retirement_of_version(version))
        measured = self._measured(studio, project, version)
        prompt, completion = self._tokens(recipe, version, questions, count, measured)
        rates = rates_of(price, prompt.mean / count) if price else None
        return Estimate(
            model=version.model,
            tasks=count,
            sampled=len(questions),
            measured=bool(measured),
            prompt_tokens=prompt.mean / count,
            completion_tokens=completion.mean / count,
            tokens=(prompt + completion).times(samples),
            prompt=prompt.times(rates[0] * samples) if rates else None,
            completion=completion.times(rates[1] * samples) if rates else None,
            price=price,
            kept=len(self._store.outcomes.find_answers([each.keys[0] for each in questions])),
            samples=samples,
            truth=source,
            limit=max(predictor.limit(each).tokens for each in questions),
            retiring=self._catalogue.retirement(recipe.connection, version.model),
            confidence=version.confidence,
        )

    # Which tasks

    def _true_tasks_of(
        self,
        studio: LabelStudioReader,
        project: Project,
        version: PromptVersion,
        source: TruthSource,
    ) -> list[int]:
        """Return the tasks of a HasGT run of a version."""
        found = self._with_truth(studio, project, source)
        if version.refined_from is None:
            return found
        split = split_of(self._store, project.id, version.prompt_id, found)
        return [task_id for task_id in found if split.holds_out(task_id)]

    def _with_truth(
        self, studio: LabelStudioReader, project: Project, source: TruthSource
    ) -> list[int]:
        """Return the tasks with a truth; a person who tries options asks again and again."""
        counted = (
            project.id,
            source,
            project.ground_truths,
            project.annotations,
            project.tasks,
        )

        def read() -> list[int]:
            return self._evaluation.reading(studio).true_tasks(project.id, source)

        return self._true_tasks.get(counted, read)

    def _sample(
        self, studio: LabelStudioReader, project: Project, task_ids: Sequence[int] | None
    ) -> list[Task]:
        """Return tasks from all over those of a run: neighbours are often alike."""
        if task_ids is not None:
            chosen = _spread(task_ids, SAMPLED)
            return _tasks(studio, project.id, chosen) if chosen else []
        pages = max(1, -(-project.tasks // PAGE))
        found = []
        for page in _spread(range(1, pages + 1), PAGES):
            found += studio.task_page(project.id, page=page, page_size=PAGE)[0]
        return found

    # How many tokens

    def _predictor(self, recipe: PredictorInputs, version: PromptVersion) -> Predictor:
        pool = []
        if version.max_few_shot_examples:
            pool = self._store.examples.of_project(recipe.project.id)
        return self._predictor_factory.predictor(recipe, version, examples=pool)

    def _tokens(
        self,
        recipe: PredictorInputs,
        version: PromptVersion,
        questions: Sequence[ModelRequest],
        count: int,
        measured: Sequence[Measured],
    ) -> tuple[Total, Total]:
        """Return the prompt and completion tokens of all tasks."""
        sizes = [size_of(each.messages, each.schema) for each in questions]
        if measured:
            middle = [size.middle for size in sizes]
            pairs = [(each.size, each.prompt_tokens) for each in measured]
            answers = [(1.0, each.completion_tokens) for each in measured]
            return from_measured(middle, count, pairs), from_measured([1.0], count, answers)
        low, middle, high = (
            [getattr(size, name) for size in sizes] for name in ("low", "middle", "high")
        )
        prompt = from_sizes(low, middle, high, count)
        rule = LimitRule.of(version.provider, version.model, version.parameters)
        limits = [rule.limit(each.room) for each in questions]
        most = fmean(each.given or each.answer for each in limits)
        return prompt, self._answers(recipe, version, count, most)

    def _answers(
        self, recipe: PredictorInputs, version: PromptVersion, count: int, most: float
    ) -> Total:
        """Return the completion tokens of tasks nobody asked yet, from how people answer.

        No answer takes more than ``most``, thoughts left out.
        """
        pool = self._store.examples.of_project(recipe.project.id)[:100]
        factors = ANSWER_LIKE_OTHERS if pool else ANSWER_UNKNOWN
        mean = float(ANSWER_TOKENS * max(1, len(recipe.config.controls)))
        if pool:
            texts = [json.dumps(example.answer, ensure_ascii=False) for example in pool]
            mean = sum(tokens_of(text) for text in texts) / len(texts)
        if version.confidence is ConfidenceWay.RATED:
            mean += RATING_TOKENS
        thinks = thinking_room(version.model, version.parameters) > 0
        thoughts = THINKING_TOKENS if thinks else (0, 0, 0)
        low, middle, high = (
            min(factor * mean, most) + thought
            for factor, thought in zip(factors, thoughts, strict=True)
        )
        return Total(count * middle, count * low, count * high)

    def _measured(
        self, studio: LabelStudioReader, project: Project, version: PromptVersion
    ) -> list[Measured]:
        """Return what earlier runs of the prompt on the same model measured; too few are none."""
        runs = self._store.runs.search(
            prompt_id=version.prompt_id, project_id=project.id, alone=True
        )
        found: list[Measured] = []
        used = 0
        for run in sorted(runs, key=lambda each: (each.version_id != version.id, -each.id)):
            same = (run.snapshot.model, run.snapshot.connection_id)
            if same != (version.model, version.connection_id) or not run.totals.usage.prompt_tokens:
                continue
            if len(found) >= SAMPLED or used >= EARLIER_RUNS:
                break
            used += 1
            asked_with = run.snapshot.as_asked(version)
            paid = self._store.outcomes.usage(run.id)
            chosen = _spread(sorted(paid), SAMPLED - len(found))
            try:
                recipe = self._predictor_factory.recipe(project, asked_with)
                predictor = self._predictor(recipe, asked_with)
                tasks = _tasks(studio, project.id, chosen) if chosen else []
            except PromptsError:
                continue  # what it asked cannot be asked any more
            calls = run.options.samples
            for question in _askable(predictor, tasks):
                usage, key = paid[question.task.id]
                if asks_the_same(question.key, key):
                    size = size_of(question.messages, question.schema).middle
                    said = usage.completion_tokens / calls
                    if version.confidence is ConfidenceWay.RATED and not question.rating:
                        said += RATING_TOKENS
                    found.append(Measured(size, usage.prompt_tokens / calls, said))
        return found if len(found) >= MEASURED_FROM else []


def _of_nothing(
    version: PromptVersion,
    count: int,
    sampled: int,
    price: Price | None,
    truth: TruthSource | None,
) -> Estimate:
    """Return the estimate of a run that no model is asked in."""
    nothing = Total(0.0, 0.0, 0.0)
    free = nothing if price else None
    return Estimate(
        version.model, count, sampled, False, 0.0, 0.0, nothing, free, free, price, truth=truth
    )


def _askable(predictor: Predictor, tasks: Sequence[Task]) -> list[ModelRequest]:
    questions = (predictor.prepare(task) for task in tasks)
    return [question for question in questions if question.failure is None]


def _tasks(studio: LabelStudioReader, project_id: int, task_ids: Sequence[int]) -> list[Task]:
    query = queries.selecting(task_ids)
    return [task for page in studio.iter_tasks(project_id, query=query) for task in page]


def _spread(items: Sequence[int], number: int) -> list[int]:
    """Return up to so many of the items, evenly from first to last."""
    if len(items) <= number:
        return list(items)
    step = (len(items) - 1) / max(1, number - 1)
    return [items[round(place * step)] for place in range(number)]
