"""A real Label Studio connects to the server and retrieves predictions from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ml_backend.container import Container
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.settings import Settings
from support.by_hand import delete_project
from support.live_label_studio import LiveLabelStudio
from support.place import close
from support.server import Installation, eventually
from support.simulator import Simulator
from support.wire import CONFIG

pytestmark = pytest.mark.live

TASKS = [f"message number {n}" for n in range(48)] + ["emoji 🦄 and {braces}", "long " * 50_000]


class Connected:
    """A project of a real Label Studio with a prompt, and the server it can connect to."""

    def __init__(self, live: LiveLabelStudio, installation: Installation) -> None:
        self.installation = installation
        self.door = ServerLabelStudio(live.url, live.token, timeout=60)
        self.container = Container(Settings.from_env(installation.settings))
        self.project = self.door.create_project("Retrieve predictions", CONFIG)
        self.task_ids = self.door.import_tasks(self.project.id, [{"text": t} for t in TASKS])
        self.raw = httpx.Client(
            base_url=live.url, headers={"Authorization": f"Token {live.token}"}, timeout=120
        )

    def prompt(self) -> None:
        prompt = self.container.prompts.create("Topics", project=self.project)
        self.container.prompts.create_version(prompt, text="Which topic? {text}")

    def connect(self, path: str = "", **more: Any) -> httpx.Response:
        body = {
            "project": self.project.id,
            "url": f"{self.installation.url}{path}",
            "title": "Prompts",
            **more,
        }
        return self.raw.post("/api/ml", json=body)

    def retrieve(self) -> None:
        params = {"id": "retrieve_tasks_predictions", "project": str(self.project.id)}
        body = {"selectedItems": {"all": True, "excluded": []}}
        response = self.raw.post("/api/dm/actions", params=params, json=body)
        assert response.status_code == 200, response.text

    def counts(self) -> dict[int, int]:
        """Predictions by task."""
        return Counter(key.task_id for key in self.door.prediction_keys(self.project.id))


@pytest.fixture
def connected(tmp_path: Path, live: LiveLabelStudio, simulator: Simulator) -> Iterator[Connected]:
    settings = {
        "LABEL_STUDIO_URL": live.url,
        "LABEL_STUDIO_API_KEY": live.token,
        "OPENAI_BASE_URL": simulator.url,
        "OPENAI_MODEL": "simulated",
    }
    with Installation(tmp_path / "data", **settings).start() as installation:
        made = Connected(live, installation)
        yield made
        delete_project(made.door, made.project.id)
        made.raw.close()
        made.door.close()
        close(made.container)


def test_retrieving_stores_one_prediction_a_task_and_again_adds_nothing(
    connected: Connected, simulator: Simulator
) -> None:
    connected.prompt()
    simulator.control({"match": "message number 13", "fault": "garbage"})
    response = connected.connect()
    assert response.status_code == 201, response.text
    backend = connected.raw.get(f"/api/ml/{response.json()['id']}").json()
    assert (backend["state"], backend["model_version"]) == ("CO", "Topics__Version 1")

    connected.retrieve()
    poisoned = connected.task_ids[13]
    others = {task_id: 1 for task_id in connected.task_ids if task_id != poisoned}
    assert connected.counts() == others
    assert connected.door.model_versions(connected.project.id) == {"Topics__Version 1": 49}

    calls = simulator.stats()["calls"]
    simulator.control()
    connected.retrieve()
    assert connected.counts() == {**others, poisoned: 1}
    assert simulator.stats()["calls"] == calls + 1

    connected.retrieve()
    assert connected.counts() == {**others, poisoned: 1}
    assert simulator.stats()["calls"] == calls + 1


def test_connecting_without_a_prompt_tells_the_person_what_to_do(connected: Connected) -> None:
    words = f"Project {connected.project.id} has no prompt yet. Write labeling instructions"

    def is_told() -> bool:
        response = connected.connect()
        assert response.status_code == 400
        return words in response.text

    # Right after the start the instructions may take too long to be read.
    eventually(is_told)


def test_extra_parameters_choose_the_prompt(connected: Connected) -> None:
    connected.prompt()
    response = connected.connect(extra_params='{"prompt": "Nobody"}')
    assert response.status_code == 400
    assert "There is no prompt 'Nobody'" in response.text
    response = connected.connect(extra_params={"prompt": "Topics"})
    assert response.status_code == 201
    test = connected.raw.post(f"/api/ml/{response.json()['id']}/predict/test?random=true").json()
    [item] = test["response"]
    assert item["model_version"] == "Topics__Version 1"


def test_versions_and_training_are_answered(connected: Connected) -> None:
    connected.prompt()
    backend = connected.connect("/prompts/1").json()["id"]
    versions = connected.raw.get(f"/api/ml/{backend}/versions").json()
    assert versions == {"versions": ["Topics__Version 1"]}
    assert connected.raw.post(f"/api/ml/{backend}/train", json={}).status_code == 200
