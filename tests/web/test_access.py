"""Who may see and do what: by the caller's own token, and the rules of a connection's scope."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from support.api import SECRETS, Api
from support.by_hand import delete_project
from support.wire import CONFIG


def status_of(call: Any) -> int:
    with pytest.raises(ApiError) as caught:
        call()
    return int(caught.value.status_code or 0)


@pytest.mark.slow
def test_a_prompt_of_several_projects_needs_all_of_them_to_be_changed(api: Api) -> None:
    secret, _ = api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Secret project")
    prompt = api.client.prompts.create(
        title="Shared", associated_projects=[api.project, secret], description="before"
    )
    version = api.client.prompts.versions.create(
        prompt.id, title="V1", prompt="{text}", provider_model_id="simulated"
    )
    other = api.as_user(hidden=[secret])
    seen = other.prompts.get(prompt.id)
    assert [each.title for each in seen.associated_projects] == ["Seeded"]
    assert other.prompts.list().results[0].id == prompt.id
    calls = (
        lambda: other.prompts.update(prompt.id, description="after"),
        lambda: other.prompts.delete(prompt.id),
        lambda: other.prompts.versions.update(prompt.id, version.id, prompt="x {text}"),
        lambda: other.prompts.versions.delete(prompt.id, version.id),
        lambda: other.prompts.versions.create(
            prompt.id, title="V2", prompt="{text}", provider_model_id="m"
        ),
    )
    for call in calls:
        assert status_of(call) == 403
    assert api.client.prompts.get(prompt.id).description == "before"
    assert api.client.prompts.versions.list(prompt.id) == [version]
    # What is read and run needs the one project alone.
    run = other.prompts.runs.create(prompt.id, version.id, project=api.project, job_id="w")
    assert run.created_by.username == "other"
    assert (
        status_of(lambda: other.prompts.runs.create(prompt.id, version.id, project=secret)) == 404
    )


@pytest.mark.slow
def test_a_prompt_without_a_project_is_its_creators_alone(api: Api) -> None:
    prompt = api.client.prompts.create(title="Mine")
    other = api.as_user()
    assert api.client.prompts.get(prompt.id).title == "Mine"
    assert status_of(lambda: other.prompts.get(prompt.id)) == 404
    assert status_of(lambda: other.prompts.delete(prompt.id)) == 404
    assert other.prompts.list().results == []
    # One made by command belongs to the user of the server's own token.
    by_command = api.container.prompts.create("By command", project=None)
    assert api.client.prompts.get(by_command.id).title == "By command"
    assert status_of(lambda: other.prompts.get(by_command.id)) == 404


@pytest.mark.slow
def test_a_prompt_whose_projects_are_gone_is_its_creators(api: Api) -> None:
    gone, _ = api.studio.seed(CONFIG, [], title="Soon gone")
    prompt = api.client.prompts.create(title="Orphan", associated_projects=[gone])
    other = api.as_user()
    delete_project(api.container.studio, gone)
    api.container.access._seen.clear()
    api.container.access._listed.clear()
    assert api.client.prompts.get(prompt.id).associated_projects == []
    assert status_of(lambda: other.prompts.get(prompt.id)) == 404
    api.client.prompts.delete(prompt.id)
    assert status_of(lambda: api.client.prompts.get(prompt.id)) == 404


@pytest.mark.slow
def test_runs_and_tasks_are_as_visible_as_their_project(api: Api) -> None:
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project, job_id="w")
    other = api.as_user(hidden=[api.project])
    for path in (
        f"inference-runs/{run.id}/",
        f"inference-runs/{run.id}/failures",
        f"prompts/{prompt.id}/compare?versions=1,2",
    ):
        assert api.request("GET", path, other).status_code == 404, path
    for path in ("predictions/delete", "predictions/promote", "connect", "disconnect"):
        answer = api.request("POST", f"projects/{api.project}/{path}", other, json={})
        assert answer.status_code == 404, path


@pytest.mark.slow
def test_scopes_of_connections(api: Api) -> None:
    member = api.as_user()
    api.let_inside()
    owners = api.connection(scope="Organization")
    mine = api.connection(scope="User")
    assert [each.id for each in member.model_providers.list()] == [owners.id]
    assert status_of(lambda: member.model_providers.get(mine.id)) == 404
    endpoint = api.simulator.url
    assert (
        status_of(
            lambda: member.model_providers.create(
                provider="Custom", endpoint=endpoint, scope="Organization"
            )
        )
        == 403
    )
    assert status_of(lambda: member.model_providers.update(owners.id, is_internal=True)) == 403
    assert status_of(lambda: member.model_providers.delete(owners.id)) == 403
    theirs = member.model_providers.create(provider="Custom", endpoint=endpoint, api_key="k")
    assert theirs.scope == "User"
    assert status_of(lambda: api.client.model_providers.get(theirs.id)) == 404
    assert api.connection().scope == "Organization"


@pytest.mark.slow
def test_another_persons_connection_is_not_used(api: Api) -> None:
    prompt, _ = api.prompt()
    mine = api.connection(scope="User")
    version = api.client.prompts.versions.create(
        prompt.id,
        title="With mine",
        prompt="{text}",
        provider_model_id="m",
        model_provider_connection=mine.id,
    )
    member = api.as_user()
    run = lambda: member.prompts.runs.create(prompt.id, version.id, project=api.project)  # noqa: E731
    assert status_of(run) == 403
    refine = lambda: member.prompts.versions.refine_prompt(  # noqa: E731
        prompt.id,
        version.id,
        project_id=api.project,
        teacher_model_name="m",
        teacher_model_provider_connection_id=mine.id,
    )
    assert status_of(refine) == 400
    api.client.model_providers.update(mine.id, scope="Model")
    assert member.model_providers.get(mine.id).scope == "Model"
    assert run().status == "Pending"


@pytest.mark.slow
def test_a_stored_key_does_not_follow_to_another_host(api: Api) -> None:
    made = api.connection(scope="User")
    move = {"endpoint": "http://elsewhere.example/v1"}
    assert status_of(lambda: api.client.model_providers.update(made.id, **move)) == 400
    kept = api.container.store.connections.get(made.id)
    assert (kept.endpoint, kept.api_key) == (api.simulator.url, SECRETS[0])
    moved = api.client.model_providers.update(made.id, api_key="sk-new", **move)
    assert moved.endpoint == move["endpoint"]
    assert api.container.store.connections.get(made.id).api_key == "sk-new"
    with_password = {"endpoint": "http://user:word@host/v1", "api_key": "k"}
    assert status_of(lambda: api.client.model_providers.update(made.id, **with_password)) == 400


@pytest.mark.slow
def test_a_connection_in_use_stays(api: Api) -> None:
    prompt, version = api.prompt()
    made = api.connection()
    versions = api.client.prompts.versions
    changed = versions.update(prompt.id, version.id, model_provider_connection=made.id)
    assert changed.model_provider_connection == made.id
    assert status_of(lambda: api.client.model_providers.delete(made.id)) == 400
    versions.delete(prompt.id, version.id)
    api.client.model_providers.delete(made.id)
    assert api.client.model_providers.list() == []


@pytest.mark.slow
def test_visibility_is_asked_of_label_studio_once_in_a_while(api: Api) -> None:
    api.prompt()
    api.client.prompts.list()

    def asked() -> int:
        calls = api.studio.state()["calls"]
        return int(sum(n for call, n in calls.items() if "projects" in call or "whoami" in call))

    before = asked()
    for _ in range(20):
        api.client.prompts.list()
    assert asked() <= before + 1
