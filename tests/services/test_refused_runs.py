"""Runs over HTTP against servers that refuse: stopped at once, or learnt from, and resumable."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from services.test_few_shot_runs import CONFIG as FEW_SHOT, annotated

from ml_backend.records import Prediction, Run, RunStatus, Subset
from ml_backend.services.evaluation.tries import TryRequest
from ml_backend.services.refining.refine import RefineRequest
from support.fake_label_studio import FakeLabelStudio
from support.files import image
from support.house import House, served_house
from support.simulator import Simulator

PICTURES = """<View><Image name="img" value="$image"/>
<Choices name="topic" toName="img"><Choice value="A"/><Choice value="B"/></Choices></View>"""
CASES = [
    (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
    (400, {"error": {"message": "The model `m` has been decommissioned and is no longer supported.",
                     "code": "model_decommissioned"}}),
    (400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.",
                      "status": "INVALID_ARGUMENT"}}]),
    (429, {"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient"}),
    (200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
    (200, "<!doctype html><title>Some web UI</title>"),
]  # fmt: skip


@pytest.fixture
def served(fake: FakeLabelStudio, simulator: Simulator, data_dir: Path) -> Iterator[House]:
    with served_house(
        fake, simulator, data_dir, OPENAI_API_KEY="sk-of-the-tests-123", LLM_MAX_CONCURRENCY="16"
    ) as house:
        yield house


def sentence(body: object) -> str:
    while not isinstance(body, str):
        body = body[0] if isinstance(body, list) else body.get("error") or body["message"]
    return "Some web UI" if body.startswith("<") else body


@pytest.mark.slow
@pytest.mark.parametrize(("status", "body"), CASES)
def test_a_run_that_cannot_work_stops_at_once_and_goes_on_later(
    served: House, simulator: Simulator, status: int, body: object
) -> None:
    project, _ = served.project(20)
    prompt, version = served.prompt(project)
    simulator.control({"fault": "said", "status": status, "body": body})
    run = served.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert simulator.stats()["calls"] == 1
    assert sentence(body) in run.message
    assert "{" not in run.message
    simulator.control()
    resumed = served.execute(served.container.runs.resume(run))
    assert (resumed.status, resumed.totals.succeeded) == (RunStatus.COMPLETED, 20)


@pytest.mark.slow
def test_credit_that_ends_midway_costs_no_more_than_the_calls_in_flight(
    served: House, simulator: Simulator
) -> None:
    project, _ = served.project(100)
    prompt, version = served.prompt(project)
    simulator.control({"match": "text 5", "fault": "said", **gone("billing_error")}, latency=0.005)
    run = served.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert 5 <= run.totals.succeeded < 100
    assert run.totals.failed == 0
    refused = simulator.stats()["statuses"]["400"]
    assert refused <= 16
    simulator.control()
    simulator_calls = simulator.stats()["calls"]
    resumed: Run = served.execute(served.container.runs.resume(run))
    assert (resumed.status, resumed.totals.succeeded) == (RunStatus.COMPLETED, 100)
    assert simulator.stats()["calls"] - simulator_calls == 100 - run.totals.succeeded


def gone(code: str) -> dict[str, object]:
    return {"status": 400, "body": {"error": {"message": "No.", "code": code}}}


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1, 3])
def test_a_model_without_a_system_role_answers_every_task(
    served: House, simulator: Simulator, samples: int
) -> None:
    project, tasks = served.project(100)
    prompt, version = served.prompt(project)
    simulator.control(no_system={"object": "error", "message": "System role not supported"})
    run = served.run(prompt, version, project, samples=samples)
    assert (run.totals.succeeded, run.totals.failed) == (100, 0)
    assert simulator.stats()["calls"] <= 100 * samples + 5
    assert len(served.held(project)) == len(tasks)
    roles = [message["role"] for message in simulator.last_request()["messages"]]
    assert roles == ["user"]


@pytest.mark.slow
def test_a_refused_answer_is_asked_again_without_a_system_message(
    served: House, simulator: Simulator
) -> None:
    project, _ = served.project(3)
    prompt, version = served.prompt(project)
    refusal = {"message": "Conversation roles must alternate user/assistant/user/assistant/..."}
    simulator.control({"match": "text", "fault": "unknown_label", "times": 1}, no_system=refusal)
    run = served.run(prompt, version, project)
    assert run.totals.succeeded == 3, json.dumps(dict(run.totals.failures))


@pytest.mark.slow
def test_pictures_examples_tries_and_teachers_need_no_system_role(
    served: House, simulator: Simulator
) -> None:
    simulator.control(no_system={"error": {"message": "System role not supported"}})
    inline = f"data:image/png;base64,{base64.b64encode(image()).decode()}"
    pictures, _ = served.fake.seed(PICTURES, [{"data": {"image": inline}} for _ in range(3)])
    prompt, version = served.prompt(pictures, "Seen", "Which is {image}?")
    assert served.run(prompt, version, pictures).totals.succeeded == 3
    sent = simulator.last_request()["messages"]
    assert [part["type"] for part in sent[0]["content"]][:2] == ["text", "text"]

    marked = [annotated(n, truth=True) for n in range(12)]
    project, _ = served.fake.seed(FEW_SHOT, marked)
    container = served.container
    studio = container.studio
    prompt = container.prompts.create("P", project=studio.get_project(project))
    version = container.prompts.create_version(prompt, text="Which topic? {text}", few_shot=3)
    run = served.run(prompt, version, project, subset=Subset.HAS_GT)
    assert run.totals.succeeded == 12
    roles = [message["role"] for message in simulator.last_request()["messages"]]
    assert roles == ["user", "assistant"] * 3 + ["user"]

    where = studio.get_project(project)
    found = container.tries.ask(studio, TryRequest(where, version, fresh=True), "me")
    assert isinstance(found.outcome, Prediction)
    asked = RefineRequest(where, prompt, version, container.models.default, "simulated")
    assert container.refining.refine(studio, asked).prompt
