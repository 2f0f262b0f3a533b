"""The SDK's client over our app, and a project with ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from label_studio_sdk import LabelStudio

from ml_backend.container import Container
from support.fake_label_studio import FakeLabelStudio
from support.sdk import ended_run, in_process
from support.simulator import Simulator
from support.wire import region

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

    def let_inside(self) -> None:
        """Have everybody's connections lead to this machine, as by PRIVATE_ENDPOINTS."""
        self.container.private_endpoints.everybody = True

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
