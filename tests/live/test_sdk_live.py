"""All 30 methods of the SDK by HTTP, on a server of ours beside a real Label Studio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError

from support.documents import run_script, script_of
from support.live_label_studio import LiveLabelStudio, personal_token
from support.live_project import LiveProject
from support.sdk import calls, ended_run
from support.server import Installation
from support.simulator import Simulator

pytestmark = pytest.mark.live

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>"""
KEY = "sk-a-live-secret"


@dataclass
class Live:
    """A running server, and the SDK's client for it."""

    server: Installation
    client: LabelStudio
    token: str
    simulator: Simulator
    project: LiveProject
    tasks: list[int]


def row(number: int) -> dict[str, Any]:
    wire: dict[str, Any] = {"data": {"text": f"message {number}"}}
    if number < 6:
        value = {"choices": ["ab"[number % 2]]}
        region = {"from_name": "topic", "to_name": "text", "type": "choices", "value": value}
        wire["annotations"] = [{"result": [region], "ground_truth": False, "lead_time": 3.0}]
    return wire


@pytest.fixture
def api(
    live: LiveLabelStudio,
    simulator: Simulator,
    server: Installation,
    make_project: Callable[..., LiveProject],
) -> Live:
    project = make_project(CONFIG, [row(n) for n in range(12)])
    server.cli("ground-truth", "add", "--project", project.id, "--all", "--yes")
    server.start()
    client = LabelStudio(base_url=server.url, api_key=live.token, max_retries=0)
    tasks = project.studio.task_ids(project.id)
    return Live(server, client, live.token, simulator, project, tasks)


def ids_of(api: Live) -> dict[str, int]:
    prompts = api.client.prompts
    prompt = prompts.create(title="Topics", associated_projects=[api.project.id])
    version = prompts.versions.create(
        prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
    )
    run = prompts.runs.create(prompt.id, version.id, project=api.project.id, job_id="worker")
    connection = api.client.model_providers.create(
        provider="Custom", endpoint=api.simulator.url, api_key=KEY
    )
    prompts.versions.refine_prompt(
        prompt.id,
        version.id,
        project_id=api.project.id,
        teacher_model_name="simulated",
        teacher_model_provider_connection_id=connection.id,
    )
    return {
        "prompt": prompt.id,
        "version": version.id,
        "run": run.id,
        "project": api.project.id,
        "connection": connection.id,
        "task": api.tasks[0],
    }


def test_each_of_the_thirty_succeeds_and_is_refused(api: Live) -> None:
    ids = ids_of(api)
    unknown = LabelStudio(base_url=api.server.url, api_key="0" * 40, max_retries=0)
    for name, call in calls(unknown, ids).items():
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.status_code == 401, name
    absent = dict.fromkeys(ids, 99999)
    needs_nothing = ("list", "choices", "model_providers.create", "compatible_projects")
    for name, call in calls(api.client, absent).items():
        if name in ("prompts.list", "model_providers.list") or name.endswith(needs_nothing[1:]):
            continue
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.status_code == 404, name
    done = 0
    for name, call in calls(api.client, ids).items():
        found = call()
        assert (found is None) is name.endswith("delete"), name
        assert not isinstance(found, list) or found, name
        assert not hasattr(found, "results") or found.results, name
        done += 1
    assert done == 30
    assert KEY not in api.server.log_path.read_text()
    assert api.token not in api.server.log_path.read_text()


def test_a_script_for_enterprise_with_a_personal_access_token(api: Live) -> None:
    personal = personal_token(api.project.studio.url, api.token)
    client = LabelStudio(base_url=api.server.url, api_key=personal)
    prompts = client.prompts
    assert api.project.id in [each.id for each in prompts.compatible_projects().results]
    prompt = prompts.create(title="Topics", associated_projects=[api.project.id])
    version = prompts.versions.create(
        prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
    )
    run = prompts.runs.create(prompt.id, version.id, project=api.project.id, project_subset="HasGT")
    done = ended_run(client, run)
    assert (done.status, done.total_predictions) == ("Completed", 6)
    page = prompts.subset_tasks(api.project.id, project_subset="HasGT", model_run=run.id)
    right = sum(each.score == 1 for each in page.results[0].task_result_list)
    assert right == done.total_correct_predictions
    counts = {each.subset: each.count for each in prompts.subsets(api.project.id)}
    assert counts == {"All": 12, "HasGT": 6, "Sample": 12}
    whole = prompts.runs.create(prompt.id, version.id, project=api.project.id)
    assert ended_run(client, whole).total_predictions == 12
    held = api.project.versions_per_task()
    assert all(each["Topics__Version 1"] == 1 for each in held.values())
    headers = {"Authorization": f"Token {api.token}"}
    promoting = {"model_version": "Topics__Version 1", "all": True}
    answer = httpx.post(
        f"{api.server.url}/api/projects/{api.project.id}/predictions/promote",
        json=promoting,
        headers=headers,
        timeout=60,
    )
    assert answer.json()["created"] == 6
    me = api.project.studio.whoami().id
    assert {each.completed_by for each in api.project.annotations()} == {me}
    prompts.delete(prompt.id)
    assert api.project.studio.prediction_keys(api.project.id) == []


def test_the_script_of_the_documentation(api: Live) -> None:
    printed = run_script(
        script_of("sdk.md"),
        PROMPTS_URL=api.server.url,
        LABEL_STUDIO_API_KEY=api.token,
        PROJECT=str(api.project.id),
    )
    assert "run Completed 12 of 12" in printed
    assert "annotations made 6" in printed
    assert printed.endswith("done\n")
