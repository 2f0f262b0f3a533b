"""Runs with Gemini and Vertex AI, over their wire: scans, filters, limits, and what it took."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.records import Connection, FailureKind, ProviderName, RunStatus
from ml_backend.settings import Settings
from support.fake_label_studio import TOKEN, FakeLabelStudio
from support.files import pdf
from support.google_accounts import account
from support.house import House, ScriptedModel
from support.models import KEY
from support.place import close
from support.simulator import Simulator

CONFIG = """<View><Pdf name="scan" value="$scan"/><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices></View>"""
SCAN = f"data:application/pdf;base64,{base64.b64encode(pdf('')).decode()}"
SAFETY = {"candidates": [{"finishReason": "SAFETY", "index": 0}],
          "usageMetadata": {"promptTokenCount": 100, "totalTokenCount": 100}}  # fmt: skip


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(key=KEY) as running:
        yield running


@pytest.fixture(params=[ProviderName.GEMINI, ProviderName.VERTEX_AI])
def house(
    request: Any, fake: FakeLabelStudio, data_dir: Path, simulator: Simulator
) -> Iterator[House]:
    values = {"LABEL_STUDIO_URL": fake.url, "LABEL_STUDIO_API_KEY": TOKEN}
    container = Container(Settings.from_env({**values, "DATA_DIR": str(data_dir)}))
    is_gemini = request.param is ProviderName.GEMINI
    text = "" if is_gemini else account(f"{simulator.root}/token", KEY)
    container.models.default = Connection(
        None,
        "Google",
        request.param,
        endpoint=simulator.root,
        default_model="gemini-2.5-flash",
        api_key=KEY if is_gemini else "",
        secrets={"google_application_credentials": text} if text else {},
        prices={"gemini-2.5-flash": (1.0, 10.0)},
    )
    yield House(container, fake, ScriptedModel())
    close(container)


@pytest.mark.slow
def test_a_scan_goes_along_a_filter_costs_its_task_and_a_spent_day_stops(
    house: House, simulator: Simulator
) -> None:
    rows = [{"data": {"scan": SCAN, "text": f"message {n}"}} for n in range(4)]
    project, _ = house.fake.seed(CONFIG, rows)
    prompt, version = house.prompt(project, "P", "Which is {text} in {scan}?")
    simulator.control({"match": "message 2", "reply": SAFETY})
    run = house.run(prompt, version, project)
    assert (run.status, run.totals.succeeded, run.totals.failed) == (RunStatus.COMPLETED, 3, 1)
    [failure] = house.container.runs.failures(run)
    assert failure.kind is FailureKind.REFUSED
    assert "SAFETY" in failure.message
    assert simulator.stats()["files"] == 4
    used = run.totals.usage
    assert used.uncounted == 0
    assert run.totals.cost == pytest.approx(
        (used.prompt_tokens + 10 * used.completion_tokens) / 1e6
    )
    project, _ = house.fake.seed(
        CONFIG, [{"data": {"scan": SCAN, "text": f"x {n}"}} for n in range(9)]
    )
    prompt, version = house.prompt(project, "Q", "Which is {text} in {scan}?")
    simulator.control({"fault": "quota"})
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert "used up" in str(run.message)
