"""Our app over a fake Label Studio and a simulated model, as Label Studio talks to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from ml_backend.container import Container
from ml_backend.records import Prompt, PromptVersion
from ml_backend.settings import Settings
from support.fake_label_studio import FakeLabelStudio
from support.wire import CONFIG

CREATED = "1795381976"
TEXT = "Which topic? {text}"


@dataclass
class Place:
    """A project in Label Studio, and our app with its container."""

    container: Container
    client: FlaskClient
    project_id: int
    task_ids: list[int]
    config: str = CONFIG
    auth: tuple[str, str] | None = None
    """What Label Studio sends along: None for the project's own secret."""

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
        return self.post(f"{path}/setup", json={**body, **more})

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
        return self.post(f"{path}/predict", json={**body, **more})

    def post(self, path: str, **more: Any) -> Any:
        """POST with the secret of the project, as Label Studio does once it is connected."""
        return self.client.post(path, auth=self.auth or self.secret(), **more)

    def secret(self, project_id: int | None = None) -> tuple[str, str]:
        """The user and password of a project's connection, made on first use."""
        kept, number = self.container.store.secrets, project_id or self.project_id
        word = f"a secret of project {number}"
        if kept.newest(number) is None:
            kept.place(kept.add(number, word, None, anew=False))
        known = kept.newest(number)
        assert known is not None
        return known.user, word

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


def close(container: Container) -> None:
    """Leave nothing open."""
    container.close()
    container.studio.close()
    if "backend" in vars(container):
        container.backend._studio.close()
    container.loop.run(container.models.close())
    container.loop.stop()
    container.store.close()
