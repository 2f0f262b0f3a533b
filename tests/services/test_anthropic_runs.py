"""A project answered by Anthropic, over its own API: measured, paid for, stopped where it must."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from services.test_evaluate import evaluated

from ml_backend.llm.prices import find_price
from ml_backend.records import Connection, FailureKind, ProviderName, RunStatus, Subset
from support.fake_label_studio import FakeLabelStudio
from support.files import image, pdf
from support.house import House, served_house
from support.simulator import Simulator

CONFIG = """<View><Image name="img" value="$image"/><Pdf name="pdf" value="$pdf"/>
<Choices name="topic" toName="img"><Choice value="A"/><Choice value="B"/></Choices></View>"""
TRUTH = {
    "from_name": "topic",
    "to_name": "img",
    "type": "choices",
    "value": {"choices": ["A"]},
}
NO_MONEY = {
    "type": "error",
    "error": {
        "type": "invalid_request_error",
        "message": "Your credit balance is too low to access the Anthropic API.",
    },
}


def address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@pytest.fixture
def served(fake: FakeLabelStudio, simulator: Simulator, data_dir: Path) -> Iterator[House]:
    with served_house(fake, simulator, data_dir, LLM_MAX_CONCURRENCY="4") as house:
        house.container.models.default = Connection(
            None,
            "Claude",
            ProviderName.ANTHROPIC,
            endpoint=f"{simulator.root}/anthropic",
            api_key="sk-ant-of-the-tests",
            default_model="claude-haiku-4-5",
            prices={"claude-haiku-4-5": (1.0, 5.0)},
        )
        yield house


@pytest.mark.slow
def test_pictures_and_scans_are_answered_measured_and_paid_for(
    served: House, simulator: Simulator
) -> None:
    data = {"image": address("image/png", image()), "pdf": address("application/pdf", pdf("", ""))}
    truth = [{"result": [TRUTH], "ground_truth": True}]
    project, _ = served.fake.seed(CONFIG, [{"data": data, "annotations": truth}] * 3)
    simulator.control({"answer": {"topic": "A"}})
    prompt, version = served.prompt(project, text="Which topic?")
    run = evaluated(served, prompt, version, project, subset=Subset.HAS_GT)
    assert run.totals.succeeded == 3
    assert run.metrics is not None
    assert run.metrics.overall.correct == 3
    blocks = simulator.last_request()["messages"][-1]["content"]
    assert {"image", "document"} <= {each["type"] for each in blocks}
    stats = simulator.stats()
    usage = run.totals.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.uncounted) == (
        stats["prompt_tokens"],
        stats["completion_tokens"],
        0,
    )
    assert run.totals.cost == pytest.approx(
        (usage.prompt_tokens * 1.0 + usage.completion_tokens * 5.0) / 1_000_000
    )
    listed = find_price(Connection(7, "Claude", ProviderName.ANTHROPIC), "claude-haiku-4-5")
    assert listed is not None, "without an endpoint the price table knows it"
    assert (listed.prompt, listed.completion) == (1.0, 5.0)


@pytest.mark.slow
def test_a_run_without_money_stops_at_once_and_goes_on_later(
    served: House, simulator: Simulator
) -> None:
    project, _ = served.project(8)
    prompt, version = served.prompt(project)
    simulator.control({"fault": "said", "status": 400, "body": NO_MONEY})
    run = served.run(prompt, version, project)
    assert (run.status, simulator.stats()["calls"]) == (RunStatus.FAILED, 1)
    assert "credit balance is too low" in run.message
    assert "Add credit" in run.message
    simulator.control({"match": "text 3", "fault": "refuse"})
    done = served.execute(served.container.runs.resume(run))
    assert (done.status, done.totals.succeeded, done.totals.failed) == (RunStatus.COMPLETED, 7, 1)
    [failure] = served.container.runs.failures(done)
    assert failure.kind is FailureKind.REFUSED
