"""How sure an answer is: asked for in the way there is, kept with where it is from, published."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from ml_backend.labeling import LabelingConfig
from ml_backend.records import (
    Confidence,
    ConfidenceSource,
    ConfidenceWay,
    Prediction,
    PromptVersion,
)
from ml_backend.records.abilities import measured
from ml_backend.services.inference.answer_confidence import by_tokens
from support.house import CONFIG, House

TASK = {"text": "Ann met Bob"}
SPANS = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices>
<Labels name="names" toName="text"><Label value="P"/><Label value="Q"/></Labels></View>"""


def made(house: House, project: int, **fields: Any) -> PromptVersion:
    prompt = house.container.prompts.create(
        "Q", project=house.container.studio.get_project(project)
    )
    return house.container.prompts.create_version(prompt, text="Label {text}", **fields)


def ran(
    house: House, project: int, version: PromptVersion, **options: Any
) -> dict[int, Prediction]:
    prompt = house.container.store.prompts.get(version.prompt_id)
    run = house.run(prompt, version, project, **options)
    found = house.container.store.outcomes.iter(run.id)
    return {each.task_id: each for each in found if isinstance(each, Prediction)}


def knows_logprobs(house: House, known: bool = True) -> None:
    """Have the environment's model known to give log-probabilities, as a measurement finds out."""
    at = house.container.models.as_asked(house.container.models.default)
    model = house.container.models.default.default_model
    house.container.store.abilities.keep(at, model, measured("2026-11-30", logprobs=known))


def scores(house: House) -> list[float | None]:
    found = house.fake.state()["predictions"]
    rows = found.values() if isinstance(found, dict) else found
    return [row["score"] for row in rows]


# Rated by the model itself


@pytest.mark.slow
def test_a_model_of_which_nothing_is_known_rates_its_answers(house: House) -> None:
    house.model.answer = lambda request: '{"topic": "A", "confidence": 80}'
    project, tasks = house.project(2)
    found = ran(house, project, made(house, project))
    asked = house.model.asked[0]
    assert list(asked.schema["properties"]) == ["topic", "confidence"]
    assert '"confidence" (last' in asked.messages[0]["content"].splitlines()[-1]
    assert not asked.logprobs
    assert found[tasks[0]].confidence == Confidence(ConfidenceSource.RATED, 0.8, {"topic": 0.8})
    assert found[tasks[0]].answer == {"topic": "A"}
    assert scores(house) == [0.8, 0.8]


@pytest.mark.slow
@pytest.mark.parametrize("said", ['{"topic": "A"}', '{"topic": "A", "confidence": "very"}'])
def test_an_answer_without_a_sensible_rating_is_as_good_as_any(house: House, said: str) -> None:
    house.model.answer = lambda request: said
    project, tasks = house.project(1)
    found = ran(house, project, made(house, project))[tasks[0]]
    assert (found.score, found.confidence, found.problems) == (None, None, ())
    assert len(house.model.asked) == 1


@pytest.mark.slow
def test_what_was_dropped_of_an_answer_takes_its_rating_along(house: House) -> None:
    house.model.answer = lambda request: json.dumps(
        {
            "topic": "A",
            "names": [{"quote": "nowhere", "occurrence": 1, "label": "P"}],
            "confidence": 99,
        }
    )
    project, tasks = house.project(1, SPANS)
    found = ran(house, project, made(house, project))[tasks[0]]
    assert found.problems
    assert found.score is None


@pytest.mark.slow
def test_a_rating_comes_back_with_a_kept_answer(house: House) -> None:
    house.model.answer = lambda request: '{"topic": "A", "confidence": 80}'
    project, tasks = house.project(1)
    version = made(house, project)
    ran(house, project, version)
    again = ran(house, project, version)[tasks[0]]
    assert (again.asked.cached, again.score, len(house.model.asked)) == (True, 0.8, 1)


@pytest.mark.slow
def test_a_version_may_ask_for_nothing(house: House) -> None:
    knows_logprobs(house)
    project, _ = house.project(1)
    ran(house, project, made(house, project, confidence=ConfidenceWay.NONE))
    asked = house.model.asked[0]
    assert list(asked.schema["properties"]) == ["topic"]
    assert "confidence" not in json.dumps(asked.messages)
    assert not asked.logprobs


@pytest.mark.slow
def test_examples_teach_no_rating(house: House) -> None:
    house.model.answer = lambda request: '{"topic": "A", "confidence": 80}'
    region = {"from_name": "topic", "to_name": "text", "type": "choices"}
    result = [{"id": "r", **region, "value": {"choices": ["B"]}}]
    done = [{"data": {"text": f"text {n}"}, "annotations": [{"result": result}]} for n in range(2)]
    project, _ = house.fake.seed(CONFIG, [*done, {"data": {"text": "text 2"}}])
    ran(house, project, made(house, project, few_shot=2))
    messages = house.model.asked[-1].messages
    shown = [each["content"] for each in messages if each["role"] == "assistant"]
    assert shown
    assert all("confidence" not in each for each in shown)


# Log-probabilities


@pytest.mark.slow
def test_log_probabilities_are_asked_for_by_themselves_and_are_no_other_request(
    served: House,
) -> None:
    project, tasks = served.project(2)
    plain = made(served, project, confidence=ConfidenceWay.NONE)
    first = ran(served, project, plain)
    assert first[tasks[0]].score is None
    knows_logprobs(served)
    version = served.container.store.prompts.update_version(plain.id, confidence="auto")
    again = ran(served, project, version)
    # What was paid for is used as it is.
    assert [each.asked.cached for each in again.values()] == [True, True]
    fresh = ran(served, project, version, fresh=True)[tasks[0]]
    assert fresh.confidence is not None
    assert fresh.confidence.source is ConfidenceSource.LOGPROBS
    assert fresh.confidence.controls == {"topic": fresh.score}
    assert 0 < fresh.score < 1


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False])
def test_the_simulator_s_confidence_arrives_as_it_was_told(
    served: House, simulator: Any, known: bool
) -> None:
    simulator.control(confidence={"accuracy": 0.6, "auroc": 0.97})
    knows_logprobs(served, known)
    tasks = [{"data": {"text": f"text {n} truth: {'AB'[n % 2]}"}} for n in range(60)]
    project, ids = served.fake.seed(CONFIG, tasks)
    found = ran(served, project, made(served, project))
    right = {task: "AB"[n % 2] for n, task in enumerate(ids)}
    good = [each.score for task, each in found.items() if each.answer["topic"] == right[task]]
    bad = [each.score for task, each in found.items() if each.answer["topic"] != right[task]]
    source = ConfidenceSource.LOGPROBS if known else ConfidenceSource.RATED
    assert {each.confidence.source for each in found.values() if each.confidence} == {source}
    assert len(found) == 60
    pairs = [(a or 0) > (b or 0) for a in good for b in bad]
    assert sum(pairs) / len(pairs) > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json_schema", "tool", "json_object", "text"])
def test_a_rating_comes_in_every_form_of_an_answer(
    served: House, simulator: Any, form: str
) -> None:
    simulator.control(form=form)
    project, _ = served.project(4)
    found = ran(served, project, made(served, project))
    assert [each.confidence is not None for each in found.values()] == [True] * 4
    assert {each.problems for each in found.values()} == {()}


@pytest.mark.slow
def test_answers_without_a_rating_are_held_against_no_form(served: House, simulator: Any) -> None:
    simulator.control(rules=[{"answer": {"topic": "A"}}])
    project, _ = served.project(8)
    ran(served, project, made(served, project))
    assert set(simulator.stats()["forms"]) == {"json_schema"}


@pytest.mark.slow
def test_a_provider_that_refuses_them_is_asked_without_and_later_to_rate(
    served: House, simulator: Any
) -> None:
    simulator.control(rejects={"logprobs": None})
    knows_logprobs(served)
    project, _ = served.project(3)
    version = made(served, project)
    found = ran(served, project, version)
    assert len(found) == 3
    assert {each.score for each in found.values()} == {None}
    way = served.container.predictor_factory.way_of(version)
    assert way is ConfidenceWay.RATED


@pytest.mark.slow
def test_a_run_asks_as_it_began_whatever_is_found_out_of_the_model(house: House) -> None:
    house.model.answer = lambda request: '{"topic": "A", "confidence": 80}'
    project, _ = house.project(1)
    version = made(house, project)
    prompt = house.container.store.prompts.get(version.prompt_id)
    run = house.start(prompt, version, project)
    knows_logprobs(house)
    house.execute(run)
    assert "confidence" in house.model.asked[0].schema["properties"]
    kept = house.container.store.runs.get(run.id).snapshot
    assert (kept.confidence, kept.confidence_asked) == (ConfidenceWay.AUTO, ConfidenceWay.RATED)
    assert kept.is_of(version)


@pytest.mark.parametrize(
    ("parameters", "known", "way"),
    [
        ({}, None, ConfidenceWay.RATED),
        ({}, False, ConfidenceWay.RATED),
        ({}, True, ConfidenceWay.LOGPROBS),
        ({"logprobs": True}, None, ConfidenceWay.LOGPROBS),
    ],
)
def test_a_version_asks_in_the_best_way_there_is(
    house: House,
    parameters: Mapping[str, Any],
    known: bool | None,
    way: ConfidenceWay,
) -> None:
    project, _ = house.project(1)
    version = made(house, project, parameters=dict(parameters))
    if known is not None:
        knows_logprobs(house, known)
    assert house.container.predictor_factory.way_of(version) is way


def test_each_control_and_each_region_is_as_probable_as_its_tokens() -> None:
    config = LabelingConfig.parse(SPANS)
    text = json.dumps(
        {
            "topic": "A",
            "names": [
                {"quote": "Bob", "occurrence": 1, "label": "P"},
                {"quote": "Ann", "occurrence": 1, "label": "Q"},
            ],
        }
    )
    doubts = {'"A"': 0.5, '"Bob"': 0.5, '"P"': 0.5, '"Ann"': 0.125}
    tokens, rest = [], text
    while rest:
        word = next((each for each in doubts if rest.startswith(each)), rest[0])
        tokens.append({"token": word, "logprob": math.log(doubts.get(word, 1.0))})
        rest = rest[len(word) :]
    answer = json.loads(text)
    made_of_it = config.to_conversion(answer, TASK)
    found = by_tokens(tokens, text, answer, made_of_it, config)
    assert found is not None
    regions = {
        each["value"]["text"]: found.regions[each["id"]]
        for each in made_of_it.result
        if each["from_name"] == "names"
    }
    assert regions == pytest.approx({"Ann": 0.125, "Bob": 0.25})
    assert found.controls == pytest.approx({"topic": 0.5, "names": 1 / 32})
    assert found.task == pytest.approx(1 / 64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"Topic": "A"}', 0.5, id="a key in another case"),
        pytest.param('{"answer": {"topic": "A"}}', 0.5, id="in a wrapper"),
        pytest.param('{"topic": "no class"}', None, id="an answer that does not fit"),
        pytest.param('{"answer": "{\\"topic\\": \\"A\\"}"}', None, id="written in a string"),
    ],
)
def test_what_was_renamed_is_found_and_what_was_mended_is_none(
    text: str, expected: float | None
) -> None:
    config = LabelingConfig.parse(CONFIG)
    answer = json.loads(text)
    said = [{"token": text, "logprob": math.log(0.5)}]
    found = by_tokens(said, text, answer, config.to_conversion(answer, TASK), config)
    assert (found.task if found else None) == (
        None if expected is None else pytest.approx(expected)
    )


# Several answers


@pytest.mark.slow
def test_several_answers_agree_control_by_control_whatever_each_says(house: House) -> None:
    told = iter(json.dumps({"topic": each, "confidence": 20}) for each in "AAB")
    house.model.answer = lambda request: next(told)
    project, tasks = house.project(1)
    found = ran(house, project, made(house, project), samples=3)[tasks[0]]
    assert found.confidence is not None
    assert found.confidence.source is ConfidenceSource.SAMPLES
    assert found.confidence.controls == pytest.approx({"topic": 2 / 3})
