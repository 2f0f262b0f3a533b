"""The server's app over a fake Label Studio and a simulated model, as Label Studio talks to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_backend.container import Container
from ml_backend.web import create_app
from support.api import Api, task
from support.fake_label_studio import FakeLabelStudio
from support.place import Place, close, settings
from support.sdk import in_process
from support.simulator import Simulator
from support.wire import CONFIG


@pytest.fixture
def studio(fake: FakeLabelStudio) -> FakeLabelStudio:
    return fake


@pytest.fixture
def place(
    tmp_path: Path, migrated: Path, studio: FakeLabelStudio, simulator: Simulator
) -> Iterator[Place]:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    project_id, task_ids = studio.seed(CONFIG, [{"data": {"text": "a task", "author": "Kim"}}])
    container = Container(settings(tmp_path, studio, simulator.url, PREDICT_DEADLINE="20"))
    yield Place(container, create_app(container).test_client(), project_id, task_ids)
    close(container)


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
