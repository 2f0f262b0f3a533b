"""What a run would cost, from a sample of its real tasks and a price table.

Tokens are measured where the version has answered tasks of the project before; else they are told
from the very messages that would be sent, by their length.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ml_backend.errors import InvalidInput
from ml_backend.labelstudio import LabelStudioDoor, Project
from ml_backend.llm.prices import MILLION, Price
from ml_backend.records import PromptVersion, ProviderName, Subset, Task
from ml_backend.services.costs import price_of
from ml_backend.services.recipes import Recipe, Recipes
from ml_backend.services.runs import SAMPLE_SIZE
from ml_backend.store import Store

SAMPLES = 4
SAMPLE_PAGE = 10
MEASURED_FROM = 5
"""Paid answers from which their mean tells more than an estimate."""

TOKENS_PER_MESSAGE = 4
ANSWER_TOKENS = 24
"""For each control, where no example says how long an answer is."""


class PriceUnknown(InvalidInput):
    """Nobody knows what this model costs; that is not nothing."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Dollars a run would cost."""

    tasks: int
    sampled: int
    measured: bool
    prompt_tokens: float
    """A task, on average."""
    completion_tokens: float
    prompt_cost: float
    completion_cost: float

    @property
    def total_cost(self) -> float:
        return self.prompt_cost + self.completion_cost


class Estimates:
    """Estimates with the door of the caller."""

    def __init__(self, store: Store, recipes: Recipes) -> None:
        self._store = store
        self._recipes = recipes

    def estimate(
        self, studio: LabelStudioDoor, project: Project, version: PromptVersion, subset: Subset
    ) -> Estimate:
        """Return what a run would cost; raises PriceUnknown, and whatever keeps it from running."""
        recipe = self._recipes.recipe(project, version)
        price = price_of(recipe.connection, version.model)
        if price is None:
            raise PriceUnknown(
                f"The price of {version.model!r} at this connection is unknown.",
                field="provider_model_id",
                fix="Add it with `ls-prompts connections add … --price MODEL=IN,OUT`.",
            )
        count = self._count(studio, project, subset)
        answers, prompt_tokens, completion_tokens = self._store.outcomes.mean_usage(
            version.id, project.id
        )
        measured = answers >= MEASURED_FROM
        if not measured:
            sample = self._sample(studio, project)
            answers = len(sample)
            prompt_tokens = self._prompt_tokens(recipe, version, sample)
            completion_tokens = self._completion_tokens(recipe)
        if version.provider is ProviderName.BASELINE:
            prompt_tokens = completion_tokens = 0.0
        prompt_rate, completion_rate = _rates(price, prompt_tokens)
        return Estimate(
            tasks=count,
            sampled=answers,
            measured=measured,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            prompt_cost=count * prompt_tokens * prompt_rate,
            completion_cost=count * completion_tokens * completion_rate,
        )

    def _count(self, studio: LabelStudioDoor, project: Project, subset: Subset) -> int:
        if subset is Subset.HAS_GT:
            return sum(1 for _ in studio.iter_annotated(project.id, ground_truth_only=True))
        if subset is Subset.SAMPLE:
            return min(SAMPLE_SIZE, project.tasks)
        return project.tasks

    def _sample(self, studio: LabelStudioDoor, project: Project) -> list[Task]:
        """Return tasks from all over the project: neighbours are often alike."""
        pages = max(1, -(-project.tasks // SAMPLE_PAGE))
        wanted = {1 + round(part * (pages - 1) / max(1, SAMPLES - 1)) for part in range(SAMPLES)}
        found = []
        for page in sorted(wanted):
            found += studio.task_page(project.id, page=page, page_size=SAMPLE_PAGE)[0]
        return found

    def _prompt_tokens(self, recipe: Recipe, version: PromptVersion, sample: list[Task]) -> float:
        predictor = self._recipes.predictor(recipe, version, examples=[])
        sizes = []
        for task in sample:
            question = predictor.prepare(task)
            if question.failure is not None:
                continue
            schema = json.dumps(question.schema, ensure_ascii=False)
            texts = [str(message.get("content", "")) for message in question.messages]
            size = sum(tokens_of(text) + TOKENS_PER_MESSAGE for text in texts)
            sizes.append(size + tokens_of(schema))
        return sum(sizes) / len(sizes) if sizes else 0.0

    def _completion_tokens(self, recipe: Recipe) -> float:
        pool = self._store.examples.of_project(recipe.project.id)[:100]
        if pool:
            texts = [json.dumps(example.answer, ensure_ascii=False) for example in pool]
            return sum(tokens_of(text) for text in texts) / len(texts)
        return float(ANSWER_TOKENS * max(1, len(recipe.config.controls)))


def tokens_of(text: str) -> float:
    """Return about how many tokens a text has: four letters of ASCII, one and a half of others."""
    plain = sum(each.isascii() for each in text)
    return plain / 4 + (len(text) - plain) / 1.5


def _rates(price: Price, prompt_tokens: float) -> tuple[float, float]:
    """Return dollars for one prompt and one completion token; long prompts may cost more."""
    prompt, completion = price.prompt, price.completion
    for tier in price.tiers:
        if prompt_tokens > tier.above:
            prompt, completion = tier.prompt, tier.completion
    return prompt / MILLION, completion / MILLION
