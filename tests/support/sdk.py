"""The official SDK over our app: in this process, or by HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
from flask import Flask
from label_studio_sdk import LabelStudio

ENDED = ("Completed", "Failed", "Canceled")


def in_process(app: Flask, token: str) -> LabelStudio:
    """Return the SDK's client, whose calls go straight into the app."""
    client = httpx.Client(transport=httpx.WSGITransport(app=app))  # type: ignore[arg-type]
    return LabelStudio(
        base_url="http://localhost", api_key=token, httpx_client=client, max_retries=0
    )


def ended_run(client: LabelStudio, run: Any, seconds: float = 60.0) -> Any:
    """Return a run of the SDK's type once it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        runs = client.prompts.runs.list(run.parent_model, run.model_version)
        found = next(each for each in runs if each.id == run.id)
        if found.status in ENDED:
            return found
        time.sleep(0.1)
    raise AssertionError(f"run {run.id} did not end in {seconds} s")


def calls(client: LabelStudio, ids: dict[str, int]) -> dict[str, Callable[[], Any]]:
    """Return all 30 methods by name, each as a call about these ids that changes little."""
    prompts, versions, runs = client.prompts, client.prompts.versions, client.prompts.runs
    providers, indicators = client.model_providers, client.prompts.indicators
    prompt, version, run = ids["prompt"], ids["version"], ids["run"]
    project, connection, task = ids["project"], ids["connection"], ids["task"]
    failure = {"task_id": task, "error_type": "Timeout", "error_message": "slow"}
    return {
        "prompts.list": lambda: prompts.list(),
        "prompts.create": lambda: prompts.create(title="Made", associated_projects=[project]),
        "prompts.get": lambda: prompts.get(prompt),
        "prompts.update": lambda: prompts.update(prompt, description="changed"),
        "prompts.compatible_projects": lambda: prompts.compatible_projects(),
        "prompts.subsets": lambda: prompts.subsets(project),
        "prompts.subset_tasks": lambda: prompts.subset_tasks(project, project_subset="HasGT"),
        "prompts.batch_predictions": lambda: prompts.batch_predictions(
            modelrun_id=run, results=[{"task_id": task, "output": {"topic": "a"}}]
        ),
        "prompts.batch_failed_predictions": lambda: prompts.batch_failed_predictions(
            modelrun_id=run, failed_predictions=[failure]
        ),
        "prompts.versions.list": lambda: versions.list(prompt),
        "prompts.versions.create": lambda: versions.create(
            prompt, title="Another", prompt="Which? {text}", provider_model_id="simulated"
        ),
        "prompts.versions.get": lambda: versions.get(prompt, version),
        "prompts.versions.update": lambda: versions.update(
            prompt, version, prompt="Which topic is it? {text}"
        ),
        "prompts.versions.get_default_version_name": lambda: versions.get_default_version_name(
            prompt
        ),
        "prompts.versions.cost_estimate": lambda: versions.cost_estimate(prompt, version),
        "prompts.versions.refine_prompt": lambda: versions.refine_prompt(
            prompt,
            version,
            project_id=project,
            teacher_model_name="simulated",
            teacher_model_provider_connection_id=connection,
        ),
        "prompts.versions.get_refined_prompt": lambda: versions.get_refined_prompt(prompt, version),
        "prompts.runs.list": lambda: runs.list(prompt, version),
        "prompts.runs.create": lambda: runs.create(
            prompt, version, project=project, project_subset="HasGT"
        ),
        "prompts.runs.cancel": lambda: runs.cancel(prompt, version, run),
        "prompts.indicators.list": lambda: indicators.list(run),
        "prompts.indicators.get": lambda: indicators.get(run, "progress"),
        "model_providers.list": lambda: providers.list(),
        "model_providers.create": lambda: providers.create(
            provider="Custom", endpoint="http://127.0.0.1:9/v1", api_key="sk-another-secret"
        ),
        "model_providers.list_model_provider_choices": lambda: (
            providers.list_model_provider_choices()
        ),
        "model_providers.get": lambda: providers.get(connection),
        "model_providers.update": lambda: providers.update(connection, is_internal=True),
        # What deletes comes last.
        "model_providers.delete": lambda: providers.delete(connection),
        "prompts.versions.delete": lambda: versions.delete(prompt, version),
        "prompts.delete": lambda: prompts.delete(prompt),
    }
