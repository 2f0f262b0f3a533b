"""Who sees what, as tables: projects that Label Studio hides, scopes of connections, deletions."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from ml_backend.records import JobKind, Person, Scope
from support.api import Api
from support.wire import CONFIG

HIDDEN, FORBIDDEN = "hidden", "forbidden"
"""How Label Studio answers for a project that a user does not see: by 404, or by 403."""

COLLEAGUE = Person(7, "colleague", "colleague@example.com")


def status_of(call: Any) -> int:
    try:
        call()
    except ApiError as error:
        return int(error.status_code or 0)
    return 200


# Projects


@pytest.mark.slow
@pytest.mark.parametrize("unseen", [HIDDEN, FORBIDDEN])
def test_a_project_label_studio_refuses_is_not_there(api: Api, unseen: str) -> None:
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project, job_id="w")
    other = api.as_user(**{unseen: [api.project]})
    for method, path in (
        ("GET", f"inference-runs/{run.id}/"),
        ("GET", f"inference-runs/{run.id}/failures"),
        ("GET", f"prompts/{prompt.id}/"),
        ("GET", f"prompts/{prompt.id}/versions/{version.id}/"),
        ("GET", f"projects/{api.project}/subsets"),
        ("POST", f"projects/{api.project}/predictions/delete"),
        ("POST", f"projects/{api.project}/connect"),
        ("POST", f"projects/{api.project}/disconnect"),
    ):
        more = {"json": {}} if method == "POST" else {}
        answer = api.request(method, path, other, **more)
        assert answer.status_code == 404, (path, answer.text)
        assert "permission" not in answer.text, path
    runs = other.prompts.runs
    assert status_of(lambda: runs.create(prompt.id, version.id, project=api.project)) == 404
    assert other.prompts.list().results == []


@pytest.mark.slow
@pytest.mark.parametrize("unseen", [HIDDEN, FORBIDDEN])
def test_a_prompt_of_a_project_label_studio_refuses_is_not_changed(api: Api, unseen: str) -> None:
    secret, _ = api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Secret project")
    prompt = api.client.prompts.create(title="Shared", associated_projects=[api.project, secret])
    other = api.as_user(**{unseen: [secret]})
    assert [each.title for each in other.prompts.get(prompt.id).associated_projects] == ["Seeded"]
    assert status_of(lambda: other.prompts.update(prompt.id, description="after")) == 403
    assert status_of(lambda: other.prompts.delete(prompt.id)) == 403


# Connections


ORGANIZATION, USER, MODEL = Scope.ORGANIZATION, Scope.USER, Scope.MODEL
SEEN = "seen"

# Scope, whose organization's, made by the caller, used by a prompt in a project that is … for
# them; the organizations from which the caller has it.
CONNECTIONS: list[tuple[Scope, int | None, bool, str | None, set[int]]] = [
    # An organization's is for all of it and for nobody else; one of no organization for all.
    (ORGANIZATION, 1, False, None, {1}),
    (ORGANIZATION, 2, False, None, {2}),
    (ORGANIZATION, None, False, None, {1, 2}),
    (ORGANIZATION, 2, True, None, {1, 2}),
    (ORGANIZATION, 2, False, SEEN, {2}),
    # A user's own is theirs, whatever organization they work in now.
    (USER, 1, False, None, set()),
    (USER, 1, False, SEEN, set()),
    (USER, 1, True, None, {1, 2}),
    (USER, 2, True, None, {1, 2}),
    # A model's is for those who see a prompt that uses it.
    (MODEL, 1, False, None, set()),
    (MODEL, 1, False, SEEN, {1, 2}),
    (MODEL, 1, False, HIDDEN, set()),
    (MODEL, 1, False, FORBIDDEN, set()),
    (MODEL, 1, True, HIDDEN, {1, 2}),
]


@pytest.mark.slow
@pytest.mark.parametrize("organization", [1, 2])
def test_a_connection_is_there_for_those_its_scope_names(api: Api, organization: int) -> None:
    task = {"data": {"text": "x"}}
    projects = {each: api.studio.seed(CONFIG, [task])[0] for each in (SEEN, HIDDEN, FORBIDDEN)}
    container = api.container
    made = {}
    for number, (scope, whose, mine, used_by, _) in enumerate(CONNECTIONS):
        title = f"Connection {number}"
        made[number] = container.store.connections.create(
            title=title,
            provider="Custom",
            api_key="k",
            endpoint=api.simulator.url,
            scope=scope.value,
            created_by=Person(2, "other", "other@example.com") if mine else COLLEAGUE,
            organization=whose,
        )
        if used_by is not None:
            project = container.studio.get_project(projects[used_by])
            prompt = container.prompts.create(f"Prompt {number}", project=project)
            container.store.prompts.create_version(
                prompt.id,
                title="V",
                text="{text}",
                provider="Custom",
                model="m",
                connection_id=made[number].id,
            )
    other = api.as_user(
        active_organization=organization,
        hidden=[projects[HIDDEN]],
        forbidden=[projects[FORBIDDEN]],
    )
    mine = other.prompts.create(title="Mine", associated_projects=[projects[SEEN]])
    seen = [number for number, row in enumerate(CONNECTIONS) if organization in row[-1]]
    assert [each.id for each in other.model_providers.list()] == [made[n].id for n in seen]
    for number, row in enumerate(CONNECTIONS):
        there = status_of(lambda number=number: other.model_providers.get(made[number].id))
        asks = status_of(
            lambda number=number: other.prompts.versions.create(
                mine.id,
                title=f"V{number}",
                prompt="{text}",
                provider_model_id="m",
                model_provider_connection=made[number].id,
            )
        )
        assert (there, asks) == ((200, 200) if number in seen else (404, 400)), row


# What is being deleted


def begin_deleting(api: Api, kind: JobKind, prompt_id: int, version_id: int | None = None) -> None:
    """A deletion that another server is at work on."""
    api.container.store.jobs.create(
        kind,
        {"title": "going"},
        created_by=COLLEAGUE,
        seconds=3600.0,
        prompt_id=prompt_id,
        version_id=version_id,
    )


@pytest.mark.slow
def test_a_version_being_deleted_is_not_there_any_more(api: Api) -> None:
    prompt, version = api.prompt()
    versions, runs = api.client.prompts.versions, api.client.prompts.runs
    stays = versions.create(
        prompt.id, title="Version 2", prompt="And? {text}", provider_model_id="simulated"
    )
    begin_deleting(api, JobKind.DELETE_VERSION, prompt.id, version.id)
    for call in (
        lambda each: versions.get(prompt.id, each.id),
        lambda each: versions.update(prompt.id, each.id, prompt="Changed? {text}"),
        lambda each: runs.list(prompt.id, each.id),
        lambda each: runs.create(prompt.id, each.id, project=api.project, job_id=f"w{each.id}"),
        lambda each: versions.cost_estimate(prompt.id, each.id),
        lambda each: versions.delete(prompt.id, each.id),
    ):
        assert status_of(lambda call=call: call(version)) == 404
        assert status_of(lambda call=call: call(stays)) == 200
    assert api.client.prompts.get(prompt.id).title == "Topics"
    assert versions.list(prompt.id) == []


@pytest.mark.slow
def test_a_prompt_being_deleted_is_not_there_any_more(api: Api) -> None:
    prompt, version = api.prompt()
    begin_deleting(api, JobKind.DELETE_PROMPT, prompt.id)
    client = api.client.prompts
    assert client.list().results == []
    assert status_of(lambda: client.get(prompt.id)) == 404
    assert status_of(lambda: client.update(prompt.id, description="after")) == 404
    assert status_of(lambda: client.versions.get(prompt.id, version.id)) == 404
    assert status_of(lambda: client.versions.list(prompt.id)) == 404
