"""Runs over a simulated model server whose answers are odd: what stands, what it cost and why."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.records import Failure, Prediction, RunStatus, Subset
from support.house import House
from support.simulator import Simulator

CONFIG = """<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">
<Choice value="Positive"/><Choice value="Negative"/><Choice value="Neutral"/></Choices></View>"""
YES = '{"sentiment": "Positive"}'
NO = '{"sentiment": "Negative"}'
ERROR = {"code": 502, "message": "Upstream went away"}


def _choice(message: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop", **more}]}


# What a task is answered with, once unless said otherwise; and the calls it takes.
TAKEN: dict[str, tuple[dict[str, Any], int]] = {
    "harmony": (
        {"answer": f"<|channel|>analysis<|message|>{NO}?<|end|><|start|>assistant<|channel|>final"
                   f"<|message|>{YES}"}, 1),
    "tag": ({"answer": f"<thinking>Could be {NO}.</thinking>\n{YES}"}, 1),
    "corrected": ({"answer": f"{NO}\n\nWait, corrected:\n{YES}"}, 1),
    "two readings": ({"answer": f"Either {NO} or {YES}", "times": 1}, 2),
    "comma": ({"answer": '{"sentiment": "Positive",}'}, 1),
    "no brace": ({"answer": '{"sentiment": "Positive"'}, 1),
    "wrapped": ({"answer": {"answer": {"sentiment": "Positive"}}}, 1),
    "another case": ({"answer": {"Sentiment": "Positive"}}, 1),
    "schema": ({"answer": {"type": "object", "properties": {"sentiment": "Positive"}}}, 1),
    "wrong key": ({"answer": {"label": "Positive"}, "times": 1}, 2),
    "reasoning": ({"reply": _choice({"content": None, "reasoning_content": YES})}, 1),
    "invalid json": ({"fault": "invalid_json", "answer": YES, "times": 2}, 3),
    "error in choice": ({"fault": "error_in_choice", "times": 1}, 2),
    "limit in choice": (
        {"reply": _choice({"content": ""}, error={"code": 429, "message": "Slow down"}),
         "times": 1}, 2),
    "stream": ({"fault": "stream", "answer": YES}, 1),
    "trailer": ({"fault": "done_trailer", "answer": YES}, 1),
    "bare call": ({"fault": "bare_call", "times": 1}, 2),
    "no choice": ({"reply": {"object": "chat.completion", "choices": []}, "times": 1}, 2),
}  # fmt: skip
LOST: dict[str, tuple[dict[str, Any], str, str]] = {
    "always wrong": (
        {"answer": {"label": "Positive"}},
        'The answer has no "sentiment"; it has "label".', '{"label": "Positive"}'),
    "never called": (
        {"fault": "bare_call"}, "The answer is empty.", '"function": null'),
    "always invalid": (
        {"fault": "invalid_json", "answer": YES},
        "The answer is not a JSON object. The provider says of it: Failed to generate JSON.",
        '{"sentiment": "Positive",'),
    "always thinking": (
        {"reply": _choice({"content": None, "reasoning_content": f"Perhaps {NO}"})},
        "The server put all that the model said into its reasoning field", "reasoning_content"),
    "always both": (
        {"answer": f"Either {NO} or {YES}"},
        "The answer holds several objects that differ", "Either"),
}  # fmt: skip


def asked(
    served: House, simulator: Simulator, rules: dict[str, dict[str, Any]]
) -> dict[str, Prediction | Failure]:
    """Run a task for each rule on an endpoint that is proven, and return what became of each."""
    names = ["proving", *rules]
    project, ids = served.fake.seed(CONFIG, [{"data": {"text": f"<{name}>"}} for name in names])
    prompt, version = served.prompt(project)
    simulator.control({"match": "<proving>", "answer": YES})
    first = served.run(prompt, version, project, subset=Subset.CUSTOM, task_ids=(ids[0],))
    assert first.status is RunStatus.COMPLETED, first.message
    told = [{"match": f"<{name}>", **rule} for name, rule in rules.items()]
    simulator.control(*told, {"answer": YES})
    run = served.run(prompt, version, project)
    assert run.status is RunStatus.COMPLETED, run.message
    outcomes = {each.task_id: each for each in served.container.store.outcomes.iter(run.id)}
    return {name: outcomes[task_id] for name, task_id in zip(names, ids, strict=True)}


@pytest.mark.slow
def test_odd_answers_become_the_right_labels_at_the_right_price(
    served: House, simulator: Simulator
) -> None:
    outcomes = asked(served, simulator, {name: rule for name, (rule, _) in TAKEN.items()})
    made = {
        name: (outcomes[name].answer, outcomes[name].asked.calls)
        if isinstance(outcomes[name], Prediction)
        else outcomes[name].message
        for name in TAKEN
    }
    assert made == {name: ({"sentiment": "Positive"}, calls) for name, (_, calls) in TAKEN.items()}


@pytest.mark.slow
def test_answers_that_stay_unusable_say_why_and_are_kept(
    served: House, simulator: Simulator
) -> None:
    outcomes = asked(served, simulator, {name: rule for name, (rule, _, _) in LOST.items()})
    for name, (_, message, raw) in LOST.items():
        outcome = outcomes[name]
        assert isinstance(outcome, Failure), name
        assert outcome.kind.value == "invalid_answer", name
        assert message in outcome.message, name
        assert raw in outcome.raw, name
        assert outcome.asked.calls == 3, name


@pytest.mark.slow
def test_a_wrong_key_is_named_to_the_model_and_null_is_an_answer_after_one_call(
    served: House, simulator: Simulator
) -> None:
    rules = {"unclear": {"answer": {"sentiment": None}}, "wrong": {"answer": {"label": "Positive"}}}
    outcome = asked(served, simulator, rules)["unclear"]
    assert isinstance(outcome, Prediction)
    assert (outcome.answer, outcome.result, outcome.problems) == ({"sentiment": None}, [], ())
    assert outcome.asked.calls == 1
    messages = simulator.last_request()["messages"]
    assert 'The answer has no "sentiment"; it has "label".' in messages[-1]["content"]
