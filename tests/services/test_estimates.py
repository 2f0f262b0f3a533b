"""What a run is said to cost before it is started, and what it then costs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.llm import Request
from ml_backend.next_steps import Step
from ml_backend.records import CallRecord, Prediction, Prompt, PromptVersion, Subset, Usage
from ml_backend.services.inference.token_counts import size_of
from ml_backend.services.models.budgets import cost_of, price_of
from ml_backend.services.runs.estimates import Estimate
from support.house import CONFIG, House
from support.models import adopt

SEEDS = 100
SEEDS_WITH_A_RUN = 40
"""Each writes a run and reads a sample of the project, a fifth of a second."""
TASKS = 150
PRICES = {"scripted": [2.0, 8.0]}


@dataclass
class Place:
    house: House
    project: int
    tasks: list[int]
    prompt: Prompt
    version: PromptVersion

    def estimate(self, subset: Subset = Subset.ALL, **options: Any) -> Estimate:
        studio = self.house.container.studio
        project = studio.get_project(self.project)
        return self.house.container.estimates.estimate(
            studio, project, self.version, subset, **options
        )

    def questions(self) -> list[Any]:
        container = self.house.container
        recipe = container.predictor_factory.recipe(
            container.studio.get_project(self.project), self.version
        )
        predictor = container.predictor_factory.predictor(recipe, self.version)
        pages = container.studio.iter_tasks(self.project)
        return [predictor.prepare(task) for page in pages for task in page]


@pytest.fixture
def place(house: House) -> Place:
    dice = random.Random(1)
    words = ["parcel", "invoice", "refund", "late", "broken", "überfällig", "請求書"]
    texts = [
        " ".join(dice.choices(words, k=max(1, int(dice.lognormvariate(3, 0.8)))))
        for _ in range(TASKS)
    ]
    tasks = [{"data": {"text": text}} for text in texts]
    for task in tasks[:12]:
        choice = {"from_name": "topic", "to_name": "text", "type": "choices"}
        task["annotations"] = [  # type: ignore[assignment]
            {"result": [{**choice, "value": {"choices": ["A"]}}], "ground_truth": True}
        ]
    project, ids = house.fake.seed(CONFIG, tasks)
    made = house.container.store.connections.create(
        title="priced", provider="Custom", api_key="", endpoint="http://model.invalid/v1",
        default_model="scripted", prices=PRICES,
    )  # fmt: skip
    adopt(house.container.models, made, house.model)
    prompt = house.container.prompts.create(
        "P", project=house.container.studio.get_project(project)
    )
    version = house.container.prompts.create_version(
        prompt, text="Which topic? {text}", connection="priced"
    )
    house.container.examples.refresh(
        project,
        house.container.predictor_factory.config_of(house.container.studio.get_project(project)),
    )
    return Place(house, project, ids, prompt, version)


class Usages:
    """Token counts as a provider might report them: a tokenizer of its own, answers that vary."""

    def __init__(self, seed: int, sizes: dict[tuple[int, bool], float]) -> None:
        self.dice = random.Random(seed)
        self.sizes = sizes
        """Of the questions of a test, which all seeds ask; known once counted."""
        self.per_token = self.dice.uniform(0.75, 1.35)
        self.counts_schema = self.dice.random() < 0.5
        self.answer = self.dice.uniform(5, 14)

    def of(self, question: Any) -> Usage:
        known = (id(question), self.counts_schema)
        if known not in self.sizes:
            schema = question.schema if self.counts_schema else None
            self.sizes[known] = size_of(question.messages, schema).middle
        size = self.sizes[known] * self.per_token
        calls = 2 if self.dice.random() < 0.05 else 1  # asked again now and then
        prompt = sum(size * self.dice.lognormvariate(0, 0.1) for _ in range(calls))
        completion = sum(self.answer * self.dice.lognormvariate(0, 0.4) for _ in range(calls))
        return Usage(round(prompt), round(completion))


@pytest.mark.slow
def test_runs_nobody_measured_before_end_inside_the_interval(place: Place) -> None:
    told = place.estimate()
    assert (told.tasks, told.measured) == (TASKS, False)
    assert (told.price.source, told.price.dated) == ("given for this connection", "")
    questions = place.questions()
    inside = 0
    sizes: dict[tuple[int, bool], float] = {}
    for seed in range(SEEDS):
        usages = Usages(seed, sizes)
        cost = sum(cost_of(told.price, usages.of(question)) or 0.0 for question in questions)
        inside += told.low <= cost <= told.high
    print(f"{inside} of {SEEDS} inside, {told.low:.4f} to {told.high:.4f}")
    assert inside >= 90


@pytest.mark.slow
def test_runs_after_a_measured_one_end_inside_a_narrower_interval(place: Place) -> None:
    before = place.estimate()
    questions = place.questions()
    runs = place.house.container.store.runs
    inside, widths = 0, []
    sizes: dict[tuple[int, bool], float] = {}
    for seed in range(SEEDS_WITH_A_RUN):
        usages = Usages(seed, sizes)
        run = place.house.start(place.prompt, place.version, place.project)
        asked = usages.dice.sample(questions, 20)
        outcomes = [
            Prediction(
                each.task.id, {}, [], asked=CallRecord(usages.of(each), 0.0, request_key=each.key)
            )
            for each in asked
        ]
        place.house.container.store.outcomes.add(run.id, outcomes)
        fence = runs.claim(run.id, "test", 60)
        runs.change(run.id, fence, prompt_tokens=1)
        told = place.estimate()
        assert told.measured
        cost = sum(cost_of(told.price, usages.of(question)) or 0.0 for question in questions)
        inside += told.low <= cost <= told.high
        widths.append((told.high - told.low) / told.total_cost)
        # The next seed's provider counts otherwise: its runs must not learn from this one.
        runs.change(run.id, fence, snapshot=replace(run.snapshot, model=f"gone {seed}"))
    share, width = inside / SEEDS_WITH_A_RUN, sum(widths) / len(widths)
    print(f"{share:.0%} inside, mean width {width:.2f} of the cost")
    assert share >= 0.9
    assert width < 0.5 * (before.high - before.low) / before.total_cost


@pytest.mark.slow
def test_a_real_run_costs_what_was_estimated_once_it_was_measured(place: Place) -> None:
    def answer(request: Request) -> str:
        size = sum(len(message["content"]) for message in request.messages)
        place.house.model.usage = Usage(size // 5, 7)
        return '{"topic": "A"}'

    place.house.model.answer = answer
    first = place.estimate()
    ended = place.house.run(place.prompt, place.version, place.project)
    assert first.low <= ended.totals.cost <= first.high
    told = place.estimate()
    assert told.measured
    assert told.kept == told.sampled
    again = place.house.run(place.prompt, place.version, place.project, fresh=True)
    assert told.low <= again.totals.cost <= told.high
    free = place.house.run(place.prompt, place.version, place.project)
    assert told.low == free.totals.cost == 0.0


@pytest.mark.slow
def test_sample_is_the_one_a_run_would_draw(place: Place) -> None:
    few = place.estimate(Subset.SAMPLE, sample_size=5)
    drawn = place.estimate(Subset.SAMPLE, sample_size=5, sample_seed=1)
    assert (few.tasks, drawn.tasks, drawn.sampled) == (5, 5, 5)
    assert few.prompt_tokens != drawn.prompt_tokens


@pytest.mark.slow
def test_ground_truth_is_not_read_again_while_its_number_stays(place: Place) -> None:
    assert place.estimate(Subset.HAS_GT).tasks == 12
    before = place.house.fake.state()["calls"]
    assert place.estimate(Subset.HAS_GT).tasks == 12
    again = place.house.fake.state()["calls"]
    listed = {name: again[name] - before.get(name, 0) for name in again if "api/tasks" in name}
    assert sum(listed.values()) == 1, "only the sampled tasks"
    place.house.fake.seed(CONFIG, [])
    studio = place.house.container.studio
    studio._transport.send("PATCH", "api/annotations/1/", {"ground_truth": False})
    assert place.estimate(Subset.HAS_GT).tasks == 11


@pytest.mark.slow
def test_subsets_samples_and_few_shot_examples_count(place: Place) -> None:
    everything = place.estimate()
    some = place.estimate(Subset.HAS_GT)
    assert (some.tasks, some.sampled) == (12, 12)
    assert place.estimate(Subset.SAMPLE).tasks == 20
    assert place.estimate(task_ids=place.tasks[:3]).tasks == 3
    three = place.estimate(samples=3)
    assert three.total_cost == pytest.approx(3 * everything.total_cost)
    assert three.tokens.mean == pytest.approx(3 * everything.tokens.mean)
    assert everything.unknown == ""
    place.version = place.house.container.prompts.create_version(
        place.prompt, text="Which topic? {text}", connection="priced", few_shot=5
    )
    assert place.estimate().prompt_cost > 1.2 * everything.prompt_cost


@pytest.mark.slow
def test_a_model_that_thinks_has_a_wide_interval(place: Place) -> None:
    plain = place.estimate()
    place.house.container.store.connections.update(
        place.version.connection_id or 0, prices={**PRICES, "gpt-6-luna": [2.0, 8.0]}
    )
    place.version = place.house.container.prompts.create_version(
        place.prompt, text="Which topic? {text}", connection="priced", model="gpt-6-luna"
    )
    thinking = place.estimate()
    assert thinking.high > 3 * plain.high


@pytest.mark.slow
def test_pictures_count_up_to_the_most_one_is_known_to_cost(house: House, tmp_path: Path) -> None:
    config = CONFIG.replace("</View>", '<Image name="i" value="$image"/></View>')
    data = {"text": "t", "image": "https://images.example.com/1.png"}
    project, _ = house.fake.seed(config, [{"data": data}])
    house.container.store.connections.create(
        title="priced", provider="Custom", api_key="", endpoint="http://model.invalid/v1",
        default_model="scripted", prices=PRICES,
    )  # fmt: skip
    studio = house.container.studio
    prompt = house.container.prompts.create("P", project=studio.get_project(project))
    version = house.container.prompts.create_version(prompt, text="{text}", connection="priced")
    told = house.container.estimates.estimate(
        studio, studio.get_project(project), version, Subset.ALL
    )
    assert told.high > 50_000 * 2.0 / 1e6
    assert told.prompt_tokens > 1000


@pytest.mark.parametrize("count", [2, 0], ids=["tasks", "no tasks"])
def test_tokens_are_told_where_the_price_is_unknown_and_the_cost_is_never_zero(
    house: House, count: int
) -> None:
    project, _ = house.project(count)
    prompt, version = house.prompt(project)
    studio = house.container.studio
    told = house.container.estimates.estimate(
        studio, studio.get_project(project), version, Subset.ALL
    )
    costs = (told.prompt_cost, told.completion_cost, told.total_cost, told.low, told.high)
    assert costs == (None,) * 5
    assert "'scripted'" in told.unknown
    assert Step.ADD_PRICE(model="scripted") in told.unknown
    assert told.tasks == count
    if count:
        assert 0 < told.tokens.low < told.tokens.mean < told.tokens.high
        each = told.prompt_tokens + told.completion_tokens
        assert told.tokens.mean == pytest.approx(each * count)
        with pytest.raises(InvalidInput, match="price"):
            house.start(prompt, version, project, budget=1.0)


def test_the_price_table_names_its_date() -> None:
    from ml_backend.records import Connection, ProviderName

    price = price_of(Connection(None, "o", ProviderName.OPENAI), "gpt-4o-mini")
    assert price is not None
    assert price.source.startswith("genai-prices")
    assert price.dated[:2] == "20"


@pytest.mark.slow
def test_the_most_an_answer_may_take_is_told_and_bounds_what_it_is_thought_to(place: Place) -> None:
    assert place.estimate().limit == 128
    version = replace(place.version, parameters={"max_tokens": 2})
    told = replace(place, version=version).estimate()
    assert (told.limit, told.tokens.high - told.prompt_tokens * TASKS > 0) == (2, True)
    assert told.completion_tokens == 2
