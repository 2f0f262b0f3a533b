"""The server's app over a fake Label Studio and a simulated model, as Label Studio talks to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from label_studio_sdk import LabelStudio

from ml_backend.container import Container
from ml_backend.records import Prompt, PromptVersion
from ml_backend.settings import Settings
from ml_backend.web import create_app
from support.fake_label_studio import FakeLabelStudio
from support.sdk import ended_run, in_process
from support.simulator import Simulator
from support.wire import CONFIG, region

CREATED = "1795381976"
TEXT = "Which topic? {text}"


@pytest.fixture(scope="session")
def studio_process() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio() as fake:
        yield fake


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def studio(studio_process: FakeLabelStudio) -> FakeLabelStudio:
    studio_process.reset()
    return studio_process


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    simulator_process.reset()
    return simulator_process


@dataclass
class Place:
    """A project in Label Studio, and our app with its container."""

    container: Container
    client: FlaskClient
    project_id: int
    task_ids: list[int]
    config: str = CONFIG

    @property
    def uid(self) -> str:
        """How Label Studio names the project."""
        return f"{self.project_id}.{CREATED}"

    def prompt(self, title: str = "Topics", text: str = TEXT) -> tuple[Prompt, PromptVersion]:
        """A prompt of the project with one version."""
        project = self.container.studio.get_project(self.project_id)
        prompt = self.container.prompts.create(title, project=project)
        return prompt, self.container.prompts.create_version(prompt, text=text)

    def setup(self, path: str = "", extra_params: Any = None, **more: Any) -> Any:
        """POST /setup as Label Studio does."""
        body = {
            "project": self.uid,
            "schema": self.config,
            "hostname": "http://localhost:8080",
            "access_token": "a-legacy-token",
            "extra_params": extra_params,
        }
        return self.client.post(f"{path}/setup", json={**body, **more})

    def predict(
        self, tasks: Sequence[Any], path: str = "", context: Any = None, **more: Any
    ) -> Any:
        """POST /predict as Label Studio does."""
        body = {
            "tasks": list(tasks),
            "project": self.uid,
            "label_config": self.config,
            "params": {"login": None, "password": None, "context": context},
        }
        return self.client.post(f"{path}/predict", json={**body, **more})

    def wire(self, task_id: int, data: Mapping[str, Any]) -> dict[str, Any]:
        """A task as Label Studio sends it."""
        more = {"meta": {}, "annotations": [], "predictions": [], "is_labeled": False}
        return {"id": task_id, "data": dict(data), "project": self.project_id, **more}

    def tasks(self, number: int, word: str = "message") -> list[dict[str, Any]]:
        return [self.wire(n, {"text": f"{word} number {n}"}) for n in range(1, number + 1)]


def settings(data_dir: Path, studio: FakeLabelStudio, model_url: str, **more: str) -> Settings:
    return Settings.from_env(
        {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": model_url,
            "OPENAI_MODEL": "simulated",
            "OPENAI_API_KEY": "sk-a-secret-key",
            "DATA_DIR": str(data_dir),
            **more,
        }
    )


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database has its tables: copying it is quicker than migrating."""
    folder = tmp_path_factory.mktemp("migrated")
    container = Container(Settings.from_env({"DATA_DIR": str(folder)}))
    container.store.close()
    return folder


@pytest.fixture
def place(
    tmp_path: Path, migrated: Path, studio: FakeLabelStudio, simulator: Simulator
) -> Iterator[Place]:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    project_id, task_ids = studio.seed(CONFIG, [{"data": {"text": "a task", "author": "Kim"}}])
    container = Container(settings(tmp_path, studio, simulator.url, PREDICT_DEADLINE="20"))
    yield Place(container, create_app(container).test_client(), project_id, task_ids)
    close(container)


def close(container: Container) -> None:
    """Leave nothing open."""
    container.close()
    container.studio.close()
    if "backend" in vars(container):
        container.backend._studio.close()
    container.loop.run(container.models.close())
    container.loop.stop()
    container.store.close()


STRANGER = "a" * 40
SECRETS = ("sk-a-provider-secret", "an-auth-token-secret", "google-secret")


def task(number: int, truth: str | None = None) -> dict[str, Any]:
    wire: dict[str, Any] = {"data": {"text": f"message {number}"}}
    if truth:
        wire["annotations"] = [{"result": [region(truth)], "ground_truth": True}]
    return wire


@dataclass
class Api:
    """The SDK's client over our app, and a project with ground truth."""

    container: Container
    app: Any
    client: LabelStudio
    studio: FakeLabelStudio
    simulator: Simulator
    project: int
    tasks: list[int]

    def prompt(self, title: str = "Topics") -> tuple[Any, Any]:
        prompt = self.client.prompts.create(title=title, associated_projects=[self.project])
        version = self.client.prompts.versions.create(
            prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
        )
        return prompt, version

    def connection(self, **more: Any) -> Any:
        values = {"provider": "Custom", "endpoint": self.simulator.url, "api_key": SECRETS[0]}
        return self.client.model_providers.create(**{**values, **more})

    def as_user(self, **user: Any) -> LabelStudio:
        """Another user's client; ``hidden`` are projects they do not see."""
        known = {"id": 2, "email": "other@example.com", "username": "other", "hidden": []}
        users = {STRANGER: {**known, **user}}
        self.studio.control(settings={"users": users})
        return in_process(self.app, STRANGER)

    def request(
        self, method: str, path: str, client: LabelStudio | None = None, **more: Any
    ) -> Any:
        """A call of the API that the SDK has no method for."""
        http = (client or self.client)._client_wrapper.httpx_client
        return http.request(f"api/{path}", method=method, **more)

    def answered(
        self, prompt: Any, version: Any, answers: dict[int, str | None], subset: str = "HasGT"
    ) -> Any:
        """A run in which an outside worker gave these answers, by task; None is a failure."""
        client = self.client.prompts
        run = client.runs.create(
            prompt.id,
            version.id,
            project=self.project,
            project_subset=subset,
            job_id=f"worker-{version.id}",
        )
        good = {task: each for task, each in answers.items() if each is not None}
        results = [{"task_id": task, "output": each} for task, each in good.items()]
        failed = [
            {"task_id": task, "error_type": "Timeout", "error_message": "too slow"}
            for task in answers
            if task not in good
        ]
        if failed:
            client.batch_failed_predictions(modelrun_id=run.id, failed_predictions=failed)
        if results:
            client.batch_predictions(modelrun_id=run.id, results=results)
        return ended_run(self.client, run)


@pytest.fixture
def api(place: Place, studio: FakeLabelStudio, simulator: Simulator) -> Iterator[Api]:
    rows = [task(n, "ab"[n % 2] if n < 6 else None) for n in range(10)]
    project, tasks = studio.seed(CONFIG, rows)
    container = place.container
    app = place.client.application
    container.engine.start()
    client = in_process(app, studio.token)
    yield Api(container, app, client, studio, simulator, project, tasks)
    container.shutdown.set()
    container.engine.stop(5)


@pytest.fixture
def ids(api: Api) -> dict[str, int]:
    """A prompt with a version, a run that an outside worker answers, and a connection."""
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(
        prompt.id, version.id, project=api.project, job_id="worker-1"
    )
    connection = api.connection()
    api.client.prompts.versions.refine_prompt(
        prompt.id,
        version.id,
        project_id=api.project,
        teacher_model_name="simulated",
        teacher_model_provider_connection_id=connection.id,
    )
    return {
        "prompt": prompt.id,
        "version": version.id,
        "run": run.id,
        "project": api.project,
        "connection": connection.id,
        "task": api.tasks[0],
    }
