"""Runs with Azure AI Foundry, whose chat completions take no PDF: a scan is answered or refused."""

from __future__ import annotations

import base64

import pytest

from ml_backend.records import FailureKind, ProviderName, RunStatus
from support.files import pdf, scan
from support.house import House
from support.simulator import Simulator

CONFIG = """<View><Pdf name="scan" value="$scan"/>
<Choices name="topic" toName="scan"><Choice value="A"/><Choice value="B"/></Choices></View>"""


def inline(content: bytes) -> str:
    return f"data:application/pdf;base64,{base64.b64encode(content).decode()}"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "/azure/openai/v1"], ids=["Model Inference API", "v1"])
def test_scans_are_answered_by_their_pages_and_what_is_none_is_refused_with_the_reason(
    served: House, simulator: Simulator, path: str
) -> None:
    rows = [scan((40, 60), (50, 30)), pdf(""), pdf("A letter of twenty words or more, to be read.")]
    project, tasks = served.fake.seed(CONFIG, [{"data": {"scan": inline(each)}} for each in rows])
    on = served.container.store.connections.create(
        title="Foundry", provider=ProviderName.AZURE_AI_FOUNDRY.value, api_key="k",
        endpoint=f"{simulator.root}{path}", default_model="simulated",
    )  # fmt: skip
    prompt, _ = served.prompt(project, text="What is it?")
    version = served.container.prompts.create_version(
        prompt, text="What is it about?", connection=on.id, model="simulated"
    )
    run = served.run(prompt, version, project)
    assert (run.status, run.totals.succeeded, run.totals.failed) == (RunStatus.COMPLETED, 2, 1)
    [failure] = served.container.runs.failures(run)
    assert (failure.task_id, failure.kind) == (tasks[1], FailureKind.NO_INPUT)
    assert "scan whose page 1 is not one picture" in failure.message
    stats = simulator.stats()
    assert (stats["images"], stats["files"]) == (2, 0), "two pages of one scan, and no PDF"
