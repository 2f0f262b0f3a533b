"""The API under load while a run is going, from another process than the server's."""

from __future__ import annotations

from pathlib import Path

import pytest
from label_studio_sdk import LabelStudio

from benchmarks.api_load import ApiLoad, paths_of
from support.fake_label_studio import FakeLabelStudio
from support.sdk import ended_run
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG


@pytest.mark.slow
def test_no_request_fails_while_a_run_is_going(
    tmp_path: Path, studio: FakeLabelStudio, simulator: Simulator
) -> None:
    project, _ = studio.seed(CONFIG, [{"data": {"text": f"message {n}"}} for n in range(600)])
    simulator.control(latency=0.15)
    settings = {
        "LABEL_STUDIO_URL": studio.url,
        "LABEL_STUDIO_API_KEY": studio.token,
        "OPENAI_BASE_URL": simulator.url,
        "OPENAI_API_KEY": "sk-simulated",
        "OPENAI_MODEL": "simulated",
        "LLM_MAX_CONCURRENCY": "16",
    }
    with Installation(tmp_path / "data", **settings) as server:
        server.start()
        client = LabelStudio(base_url=server.url, api_key=studio.token)
        prompt = client.prompts.create(title="Topics", associated_projects=[project])
        version = client.prompts.versions.create(
            prompt.id, title="V1", prompt="{text}", provider_model_id="simulated"
        )
        run = client.prompts.runs.create(prompt.id, version.id, project=project)
        paths = paths_of(project, prompt.id, version.id, run.id)
        with ApiLoad(
            server.url, studio.token, paths, (f"/api/prompts/{prompt.id}/", "description")
        ) as load:
            done = ended_run(client, run, 120)
        log = server.log_path.read_text()
    assert (done.status, done.total_predictions) == ("Completed", 600)
    assert load.wrong == []
    assert load.figures()["requests"] > 60
    assert "database is locked" not in log
    assert "Traceback" not in log
