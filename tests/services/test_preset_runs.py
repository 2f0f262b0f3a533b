"""A run goes through on each preset's server, with all that it does otherwise than OpenAI."""

from __future__ import annotations

import pytest

from ml_backend.llm.presets import PRESETS
from ml_backend.records import RunStatus
from ml_backend.simulator.presets import WAYS
from support.house import House
from support.simulator import Simulator


@pytest.mark.slow
def test_a_run_completes_on_every_presets_server(served: House, simulator: Simulator) -> None:
    project, tasks = served.project(3)
    wrong = {}
    for name in PRESETS:
        simulator.control(preset=name)
        model = WAYS[name].models[-1]
        served.container.store.connections.create(
            **{"title": name, "api_key": "k", "provider": "Custom", "endpoint": simulator.url},
            **{"default_model": model, "details": {"preset": name}},
        )
        prompt = served.container.prompts.create(
            name, project=served.container.studio.get_project(project)
        )
        version = served.container.prompts.create_version(
            prompt,
            **{"text": f"{name}: {{text}}", "connection": name, "model": model},
            parameters={"logprobs": True, "temperature": 0.0, "seed": 7},
        )
        run = served.run(prompt, version, project)
        if run.status is not RunStatus.COMPLETED or run.totals.done != len(tasks):
            wrong[name] = run
    assert wrong == {}
