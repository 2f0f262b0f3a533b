"""A key of one person asks for that person alone, whichever way there is to a model's call.

The table is that of a co-editor, who may change the prompt and sees its project.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from ml_backend.errors import Forbidden, LabelStudioError, PromptsError
from ml_backend.records import JobKind, Person, PromptVersion, RunStatus, Scope, Task
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.services.serving.prompt_sources import Address
from support.api import Api
from support.pages import Pages, sign_in
from support.processes import eventually
from support.wire import CONFIG

OWNER = Person(9, "owner", "owner@example.com")
FIELDS = {
    "text": "Ask theirs {text}", "connection": "kept", "model": "simulated", "few_shot": "0",
    "baseline": "All", "title": "",
}  # fmt: skip


@dataclass
class Shared:
    """A prompt of two people; its version asks with the key of one of them."""

    api: Api
    prompt: int
    version: int
    key: int
    other: Any
    pages: Pages

    @property
    def found(self) -> PromptVersion:
        return self.api.container.store.prompts.get_version(self.version)

    def call(self, method: str, path: str, **json: Any) -> int:
        more = {"json": json} if method != "GET" else {}
        return int(self.api.request(method, path, self.other, **more).status_code)

    def press(self, path: str, **fields: Any) -> int:
        return int(self.pages.post(f"/ui/prompts/{self.prompt}{path}", **fields).status)

    def calls(self) -> int:
        return int(self.api.simulator.stats()["calls"])


@pytest.fixture
def shared(api: Api) -> Any:
    api.let_inside()
    other = api.as_user()
    store = api.container.store
    api.container.private_endpoints.everybody = (
        True  # whose endpoints may be here is told elsewhere
    )
    prompt, version = api.prompt()
    key = store.connections.create(
        title="Owner's", provider="Custom", api_key="sk-of-the-owner", endpoint=api.simulator.url,
        scope=Scope.USER.value, created_by=OWNER, organization=1, default_model="simulated",
    )  # fmt: skip
    store.prompts.update_version(version.id, connection_id=key.id, provider="Custom")
    with api.app.test_client() as client:
        assert sign_in(client, "a" * 40).status_code == 303
        yield Shared(api, prompt.id, version.id, key.id or 0, other, Pages(api, client))


def by_api(shared: Shared) -> dict[str, Callable[[], int]]:
    version = f"prompts/{shared.prompt}/versions/{shared.version}"
    project = shared.api.project
    whole = {"prompt": "New {text}", "title": "N", "provider_model_id": "m"}
    return {
        "text": lambda: shared.call("PATCH", version, prompt="Stolen {text}"),
        "model": lambda: shared.call("PATCH", version, provider_model_id="gpt-dearest"),
        "parameters": lambda: shared.call("PATCH", version, parameters={"seed": 1}),
        "system text": lambda: shared.call("PATCH", version, system_prompt="Obey."),
        "examples": lambda: shared.call("PATCH", version, max_few_shot_examples=9),
        "rename": lambda: shared.call("PATCH", version, title="Theirs"),
        "kept beside": lambda: shared.call("PATCH", f"{version}?keep_if_run=true", prompt="S"),
        "same provider": lambda: shared.call("PATCH", version, provider="Custom", prompt="S"),
        "their key": lambda: shared.call(
            "PATCH", version, model_provider_connection=shared.key, prompt="S {text}"
        ),
        "a new version": lambda: shared.call(
            "POST", f"prompts/{shared.prompt}/versions", **whole,
            model_provider_connection=shared.key,
        ),
        "run": lambda: shared.call("POST", f"{version}/inference-runs", project=project),
        "try": lambda: shared.call(
            "POST", f"prompts/{shared.prompt}/try", project=project, version=shared.version
        ),
        "try a draft": lambda: shared.call(
            "POST", f"prompts/{shared.prompt}/try", project=project, version=shared.version,
            prompt="Draft {text}",
        ),
        "teach": lambda: shared.call(
            "POST", f"{version}/refine", teacher_model_name="m", project_id=project,
            teacher_model_provider_connection_id=shared.key,
        ),
    }  # fmt: skip


def by_page(shared: Shared) -> dict[str, Callable[[], int]]:
    here = f"project={shared.api.project}&version={shared.version}"
    at = f"/versions/{shared.version}"
    return {
        "save": lambda: shared.press(f"/editor?{here}", do="save", **FIELDS),
        "run": lambda: shared.press(f"/editor?{here}", do="run", **FIELDS),
        "try": lambda: shared.press(f"/try?{here}", **FIELDS),
        "restore": lambda: shared.press(f"{at}/restore", title="Mine now"),
        "activate": lambda: shared.press(f"{at}/activate"),
        "leave the choice": lambda: shared.press("/versions/automatic"),
        "predict all": lambda: shared.press(f"/predict-all?{here}", counted="10"),
    }


@pytest.mark.slow
def test_no_co_editor_has_another_persons_version_answer_beside_their_own(shared: Shared) -> None:
    mine = shared.other.prompts.versions.create(
        shared.prompt, title="Mine", prompt="{text}", provider_model_id="simulated"
    )
    calls, project = shared.calls(), shared.api.project
    path = f"prompts/{shared.prompt}/versions/{mine.id}/inference-runs"
    vote = [mine.id, shared.version]
    assert shared.call("POST", path, project=project, vote=vote) == 403
    cascade = {"cascade": vote, "min_score": 0.5}
    assert shared.call("POST", path, project=project, **cascade) == 403
    here = f"project={project}&version={mine.id}"
    form = {"counted": "10", "way": "vote", "other": str(shared.version)}
    assert shared.press(f"/predict-all?{here}", **form) == 403
    assert shared.calls() == calls


@pytest.mark.slow
def test_no_co_editor_has_a_call_paid_or_changes_what_is_asked(shared: Shared) -> None:
    before, wrong = shared.found, []
    for name, act in {**by_api(shared), **by_page(shared)}.items():
        calls = shared.calls()
        answer = act()
        store = shared.api.container.store
        with_key = [
            each
            for each in store.prompts.versions(shared.prompt)
            if each.connection_id == shared.key
        ]
        if shared.calls() != calls or with_key != [before] or store.runs.search():
            wrong.append((name, answer))
        if not (name in by_page(shared) or 400 <= answer < 500):
            wrong.append((name, answer))
        assert store.prompts.get(shared.prompt).active_version_id is None, name
    assert wrong == []


@pytest.mark.slow
def test_with_a_connection_of_their_own_they_may_change_it(shared: Shared) -> None:
    mine = shared.other.model_providers.create(
        provider="Custom", endpoint=shared.api.simulator.url, api_key="sk-mine", scope="User"
    )
    changed = shared.other.prompts.versions.update(
        shared.prompt, shared.version, prompt="Mine {text}", model_provider_connection=mine.id
    )
    assert shared.found.connection_id == mine.id
    assert changed.prompt == "Mine {text}"


@pytest.mark.slow
def test_the_owner_goes_on_with_everything(shared: Shared) -> None:
    owner = shared.api.as_user(id=OWNER.id, username="owner", email=OWNER.email)
    versions = owner.prompts.versions
    assert (
        versions.update(shared.prompt, shared.version, prompt="Mine {text}").prompt == "Mine {text}"
    )
    run = owner.prompts.runs.create(shared.prompt, shared.version, project=shared.api.project)
    container = shared.api.container
    eventually(lambda: not container.store.runs.get(run.id).is_open)
    assert container.store.runs.get(run.id).status is RunStatus.COMPLETED
    assert shared.found.connection_id == shared.key


@pytest.mark.slow
def test_a_run_does_not_go_on_with_a_key_its_version_got_meanwhile(shared: Shared) -> None:
    container = shared.api.container
    store = container.store
    project = container.studio.get_project(shared.api.project)
    theirs = RunRequest(created_by=Person(2, "other", "other@example.com"))
    run = container.runs.start(store.prompts.get(shared.prompt), shared.found, project, theirs)
    container.offer_run(run.id)
    eventually(lambda: not store.runs.get(run.id).is_open)
    ended = store.runs.get(run.id)
    assert (ended.status, "not for you to use" in ended.message) == (RunStatus.FAILED, True)
    assert shared.calls() == 0


@pytest.mark.slow
def test_commands_act_for_the_user_of_the_servers_token_alone(shared: Shared) -> None:
    container = shared.api.container
    prompt, version = container.store.prompts.get(shared.prompt), shared.found
    for act in (
        lambda: container.prompts.require_own(version),
        lambda: container.prompts.connection("Owner's"),
        lambda: container.versions.edit(prompt, version, text="Stolen {text}"),
        lambda: container.prompts.create_version(prompt, text="S {text}", connection="Owner's"),
    ):
        with pytest.raises(Forbidden, match="not for you"):
            act()
    me = {"id": container.studio.whoami().id, "username": "me", "email": "me@example.com"}
    container.store.connections.update(shared.key, created_by=me)
    container.prompts.require_own(version)


@pytest.mark.slow
def test_label_studio_is_answered_with_a_key_where_its_owner_agreed(shared: Shared) -> None:
    """In projects the prompt had when the owner kept the version, and where they ran it."""
    container, version = shared.api.container, shared.found
    keys = OwnKeys(container.store)
    keys.require_project(version, shared.api.project)
    later, _ = shared.api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Later")
    shared.other.prompts.update(shared.prompt, associated_projects=[shared.api.project, later])
    with pytest.raises(Forbidden, match="one person"):
        keys.require_project(version, later)
    with pytest.raises(Forbidden):
        keys.require_project(version, 987)
    backend = container.backend
    config = container.studio.get_project(later).label_config
    with pytest.raises(PromptsError, match="one person"):
        backend.predict(
            later, Address(str(shared.prompt), str(shared.version)), [Task(1, {"text": "x"})],
            label_config=config,
        )  # fmt: skip
    assert shared.calls() == 0
    keys.agree(shared.prompt, OWNER)
    keys.require_project(shared.found, later)


@pytest.mark.slow
def test_whoever_connects_a_further_project_to_their_prompt_is_answered_there(
    shared: Shared,
) -> None:
    container = shared.api.container
    keys = OwnKeys(container.store)
    for person, is_theirs in ((Person(2, "other", "other@example.com"), False), (OWNER, True)):
        number, _ = shared.api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title=person.username)
        project = container.studio.get_project(number)
        with suppress(LabelStudioError):  # nothing answers at our address here
            container.connecting.connect(project, prompt=shared.prompt, person=person)
        assert number in container.store.prompts.get(shared.prompt).project_ids
        if is_theirs:
            keys.require_project(shared.found, number)
        else:
            with pytest.raises(Forbidden, match="one person"):
                keys.require_project(shared.found, number)


@pytest.mark.slow
def test_nobody_has_a_key_answer_what_they_typed_into_a_task(shared: Shared) -> None:
    made = shared.api.container.backend.sources.ephemeral("Do as I say {text}", shared.found)
    assert made.connection_id is None


@pytest.mark.slow
def test_a_teachers_job_is_held_to_who_asked_for_it(shared: Shared) -> None:
    container = shared.api.container
    job = container.jobs.submit(
        JobKind.REFINE,
        {"connection_id": shared.key, "teacher": "m", "goal": ""},
        created_by=Person(2, "other", "other@example.com"),
        prompt_id=shared.prompt,
        version_id=shared.version,
        project_id=shared.api.project,
    )
    with pytest.raises(Forbidden, match="not for you"):
        container.jobs.wait(job, 20)
    assert shared.calls() == 0
