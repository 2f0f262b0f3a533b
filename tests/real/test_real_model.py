"""What a real language model answers, and that none of its answers runs on.

It is a weak one: what is held here is that every answer arrives within its limit, is a label or is
told of, never that it is right.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from real.reviews import (
    CLASSES,
    NEGATIVE,
    NUMBER,
    RATING,
    REVIEWS,
    SPANS,
    SUMMARY,
    annotated,
    tasks,
)

from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.answer_room import room_of_answer
from ml_backend.prompting.completion_limit import limit_of
from ml_backend.records import (
    Failure,
    FailureKind,
    Outcome,
    Prediction,
    PromptVersion,
    ProviderName,
    Run,
    RunStatus,
    Subset,
)
from support.house import House
from support.processes import eventually

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
quick = pytest.mark.real_quick
CALM = {"temperature": 0, "seed": 1}
HOW_IT_FELT = "Is this review positive or negative?\n{text}"


def limit_for(config: str, text: str) -> int:
    room = room_of_answer(LabelingConfig.parse(config), {"text": text}, [text])
    return limit_of(room, ProviderName.LOCAL, "smollm2", {}).tokens


def ask(
    house: House,
    config: str,
    prompt: str,
    texts: list[str],
    **version: object,
) -> tuple[Run, list[Outcome]]:
    """Run a prompt over reviews to its end; every answer is held to its limit."""
    project, ids = house.fake.seed(config, tasks(texts))
    run = start(house, project, prompt, **version)
    run = house.execute(run)
    outcomes = list(house.container.store.outcomes.iter(run.id))
    assert len(outcomes) == len(texts)
    for outcome in outcomes:
        limit = limit_for(config, texts[ids.index(outcome.task_id)])
        # The first call within the limit, one after a cut within a wider one.
        most = limit + max(0, outcome.asked.calls - 1) * 2 * limit
        assert 0 < outcome.asked.usage.completion_tokens <= most
    return run, outcomes


def start(house: House, project: int, text: str, **version: object) -> Run:
    container = house.container
    prompt = container.prompts.create("P", project=container.studio.get_project(project))
    options = {"parameters": CALM, **version}
    made: PromptVersion = container.prompts.create_version(prompt, text=text, **options)
    assert (made.provider, made.model) == (ProviderName.LOCAL, "smollm2")
    return house.start(prompt, made, project)


def predictions(outcomes: list[Outcome]) -> list[Prediction]:
    return [each for each in outcomes if isinstance(each, Prediction)]


@quick
def test_a_class_is_answered_for_each_task_and_costs_nothing(house: House) -> None:
    run, outcomes = ask(house, CLASSES, HOW_IT_FELT, REVIEWS[:4])
    assert all(each.answer["feeling"] in ("Positive", "Negative") for each in predictions(outcomes))
    assert run.status is RunStatus.COMPLETED, run.message
    assert (run.totals.succeeded, run.totals.cost) == (4, 0.0)
    assert run.totals.usage.prompt_tokens > 0
    held = house.container.studio.prediction_keys(run.project_id)
    assert len(held) == 4


@quick
def test_the_versions_own_limit_cuts_an_answer_off_and_says_so(house: House) -> None:
    project, _ = house.fake.seed(SUMMARY, tasks(REVIEWS[:1]))
    text = "Write a long story of a thousand words about this.\n{text}"
    run = house.execute(start(house, project, text, parameters={**CALM, "max_tokens": 24}))
    assert run.totals.failures == {FailureKind.TRUNCATED.value: 1}
    assert run.totals.usage.completion_tokens == 24


def test_ratings_are_whole_numbers_of_stars(house: House) -> None:
    _, outcomes = ask(house, RATING, "How many stars, 1 to 5?\n{text}", REVIEWS[:6])
    stars = [each.answer["stars"] for each in predictions(outcomes)]
    assert len(stars) == 6
    assert all(each in range(1, 6) for each in stars)


def test_spans_stand_in_the_text_or_are_told_of(house: House) -> None:
    texts = NEGATIVE[:5]
    prompt = "Copy the product and the problem from the review.\n{text}"
    _, outcomes = ask(house, SPANS, prompt, texts)
    for outcome, text in zip(outcomes, texts, strict=True):
        if isinstance(outcome, Failure):
            assert outcome.kind.is_definite, outcome
            continue
        for region in outcome.result:
            value = region["value"]
            assert text[value["start"] : value["end"]] == value["text"]


def test_a_text_is_written_within_its_limit(house: House) -> None:
    _, outcomes = ask(house, SUMMARY, "Say in five words what this is about.\n{text}", REVIEWS[:3])
    texts = [each.answer["summary"] for each in predictions(outcomes)]
    assert texts
    assert all(each.strip() for each in texts)
    failures = [each.kind for each in outcomes if isinstance(each, Failure)]
    assert set(failures) <= {FailureKind.TRUNCATED}, failures


def test_an_answer_that_does_not_fit_is_asked_for_again_and_never_stored(house: House) -> None:
    text = "A spider has 8 legs. The answer is 8. Answer with the number of legs: 8.\n{text}"
    _, outcomes = ask(house, NUMBER, text, ["A spider has eight legs.", "Eight legs, too."])
    for outcome in outcomes:
        if isinstance(outcome, Prediction):
            assert 0 <= outcome.answer["days"] <= 5
        else:
            assert (outcome.kind, outcome.asked.calls) == (FailureKind.INVALID_ANSWER, 3)


def test_examples_help_or_do_no_harm_on_a_handful(house: House) -> None:
    examples, asked = REVIEWS[:8], REVIEWS[8:]
    right, sent = {}, {}
    for shots in (0, 4):
        project, ids = house.fake.seed(CLASSES, [*annotated(examples), *tasks(asked)])
        container = house.container
        prompt = container.prompts.create(
            f"shots {shots}", project=container.studio.get_project(project)
        )
        version = container.prompts.create_version(
            prompt, text=HOW_IT_FELT, few_shot=shots, parameters=CALM
        )
        subset = {"subset": Subset.CUSTOM, "task_ids": tuple(ids[8:])}
        run = house.execute(house.start(prompt, version, project, **subset))
        assert run.totals.succeeded == 8, run.message
        found = {each.task_id: each for each in container.store.outcomes.iter(run.id)}
        sent[shots] = run.totals.usage.prompt_tokens
        answers = [found[each].answer["feeling"] for each in ids[8:]]
        right[shots] = sum(
            (said == "Negative") == (text in NEGATIVE)
            for said, text in zip(answers, asked, strict=True)
        )
    assert sent[4] > 1.3 * sent[0], sent
    assert right[4] >= right[0], right


def test_a_timeout_ends_the_generation_and_the_next_question_is_answered(
    open_house: Callable[..., House], computes: Callable[[], bool]
) -> None:
    hurried = open_house(LLM_TIMEOUT="1.5")
    project, _ = hurried.fake.seed(SUMMARY, tasks(REVIEWS[:1]))
    text = "Write a long story of a thousand words about this.\n{text}"
    run = hurried.execute(start(hurried, project, text))
    assert run.totals.failures == {FailureKind.TIMEOUT.value: 1}
    eventually(lambda: not computes(), seconds=20)
    patient = open_house()
    project, _ = patient.fake.seed(CLASSES, tasks(REVIEWS[:1]))
    prompt = patient.container.prompts.create(
        "Q", project=patient.container.studio.get_project(project)
    )
    version = patient.container.prompts.create_version(prompt, text=HOW_IT_FELT, parameters=CALM)
    assert patient.run(prompt, version, project).totals.succeeded == 1


def test_a_cancelled_run_ends_the_generation(house: House, computes: Callable[[], bool]) -> None:
    project, _ = house.fake.seed(SUMMARY, tasks(REVIEWS))
    text = "Write a long story of a thousand words about this.\n{text}"
    run = start(house, project, text, parameters={**CALM, "max_tokens": 3_000})
    working = threading.Thread(target=house.execute, args=(run,), daemon=True)
    working.start()
    try:
        eventually(computes, seconds=60)
        house.container.runs.cancel(house.container.store.runs.get(run.id))
    finally:
        working.join(120)
    assert not working.is_alive()
    ended = house.container.store.runs.get(run.id)
    assert ended.status is RunStatus.CANCELED
    assert ended.totals.done < len(REVIEWS)
    eventually(lambda: not computes(), seconds=20)
