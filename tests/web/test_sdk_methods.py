"""All 30 methods of the SDK, in process: what they give, and how they are refused."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from ml_backend.records import JobKind
from support.api import SECRETS, Api
from support.sdk import calls, ended_run, in_process
from support.server import eventually

NAMES = list(
    calls(
        in_process(None, "t"),
        dict.fromkeys(  # type: ignore[arg-type]
            ("prompt", "version", "run", "project", "connection", "task"), 1
        ),
    )
)
NOTHING = (
    "prompts.list",
    "prompts.create",
    "prompts.compatible_projects",
    "model_providers.list",
    "model_providers.create",
    "model_providers.list_model_provider_choices",
)
"""What needs nothing of anybody's; of these only create names a project."""


def test_there_are_thirty() -> None:
    assert len(NAMES) == 30


@pytest.mark.slow
def test_each_method_succeeds_and_lists_are_not_empty(
    api: Api, ids: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = calls(api.client, ids)
    for name in NAMES:
        found = made[name]()
        deletes = name.endswith("delete")
        assert (found is None) is deletes, name
        if isinstance(found, list):
            assert found, name
        if hasattr(found, "results"):
            assert found.results, name
        assert not any(secret in str(found) for secret in SECRETS), name
    assert not any(secret in caplog.text for secret in (*SECRETS, api.studio.token))


@pytest.mark.slow
def test_each_method_is_401_without_a_known_token(api: Api, ids: dict[str, int]) -> None:
    for name, call in calls(in_process(api.app, "0" * 40), ids).items():
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.status_code == 401, name
        assert caught.value.body["detail"], name


@pytest.mark.slow
def test_each_method_about_a_foreign_project_is_404(api: Api, ids: dict[str, int]) -> None:
    stranger = api.as_user(hidden=[api.project])
    for name, call in calls(stranger, ids).items():
        if name in NOTHING and name != "prompts.create":
            continue
        if name.startswith("model_providers"):
            continue  # the organization's, which the stranger belongs to
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.status_code == 404, name
        assert caught.value.body["detail"], name
    assert stranger.prompts.list().results == []
    listed = stranger.prompts.compatible_projects().results
    assert api.project not in [each.id for each in listed]
    assert api.client.prompts.get(ids["prompt"]).description == ""


@pytest.mark.slow
def test_what_does_not_exist_is_404(api: Api, ids: dict[str, int]) -> None:
    absent = dict.fromkeys(ids, 99999) | {"task": ids["task"]}
    for name, call in calls(api.client, absent).items():
        if name in NOTHING and name != "prompts.create":
            continue
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.status_code == 404, name


# What the SDK parses, without loss


@pytest.mark.slow
def test_every_field_of_a_prompt_comes_back(api: Api) -> None:
    given = {
        "title": "Everything",
        "description": "what it is for",
        "associated_projects": [api.project],
        "input_fields": ["text", "author"],
        "output_classes": {"topic": ["a", "b"]},
        "skill_name": "NamedEntityRecognition",
        "organization": 7,
    }
    made = api.client.prompts.create(**given)
    for name, value in given.items():
        assert getattr(made, name) == value, name
    assert made.created_by.username == "labeler"
    found = api.client.prompts.get(made.id)
    assert [(each.id, each.title) for each in found.associated_projects] == [
        (api.project, "Seeded")
    ]
    assert (found.versions_count, found.runs_count, found.best_score) == (0, 0, None)
    changed = api.client.prompts.update(made.id, title="Renamed", skill_name="TextClassification")
    assert (changed.title, changed.description) == ("Renamed", "what it is for")
    assert changed.created_at == made.created_at
    assert changed.updated_at > made.updated_at


@pytest.mark.slow
def test_fields_and_classes_come_from_the_labeling_config(api: Api) -> None:
    made = api.client.prompts.create(title="Derived", associated_projects=[api.project])
    assert made.input_fields == ["text"]
    assert made.output_classes == ["a", "b"]
    assert made.skill_name == "TextClassification"
    assert made.organization == 1


@pytest.mark.slow
def test_every_field_of_a_version_comes_back(api: Api) -> None:
    prompt, _ = api.prompt()
    connection = api.connection()
    made = api.client.prompts.versions.create(
        prompt.id,
        title="Second",
        prompt="Say which. {text}",
        provider="Custom",
        provider_model_id="gpt-x",
        model_provider_connection=connection.id,
        max_few_shot_examples=4,
        parent_model=prompt.id,
        organization=1,
    )
    assert api.client.prompts.versions.get(prompt.id, made.id) == made
    assert (made.prompt, made.provider, made.provider_model_id) == (
        "Say which. {text}",
        "Custom",
        "gpt-x",
    )
    assert (made.model_provider_connection, made.max_few_shot_examples) == (connection.id, 4)
    assert made.model_display_name == "gpt-x"
    changed = api.client.prompts.versions.update(prompt.id, made.id, max_few_shot_examples=0)
    assert (changed.max_few_shot_examples, changed.prompt) == (0, "Say which. {text}")
    names = [each.title for each in api.client.prompts.versions.list(prompt.id, ordering="-title")]
    assert names == ["Version 1", "Second"]
    default = api.client.prompts.versions.get_default_version_name(prompt.id)
    assert default.default_model_version_name == "Version 3"


@pytest.mark.slow
def test_a_connection_comes_back_without_its_secrets(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {
        "provider": "Custom",
        "endpoint": api.simulator.url,
        "scope": "User",
        "budget_alert_threshold": 12.5,
        "cached_available_models": "a,b",
        "deployment_name": "d",
        "google_location": "l",
        "google_project_id": "p",
        "is_internal": False,
    }
    secret = dict(
        zip(("api_key", "auth_token", "google_application_credentials"), SECRETS, strict=True)
    )
    raw = api.request("POST", "model-provider-connections/", json={**given, **secret})
    assert raw.status_code == 201
    made = raw.json()
    lost = ("google_location", "google_project_id")
    for name, value in given.items():
        if name not in lost:
            assert made[name] == value, name
    assert [made[name] for name in lost] == ["l", "p"]
    shown = [raw.text]
    shown.append(api.request("GET", f"model-provider-connections/{made['id']}/").text)
    shown.append(api.request("GET", "model-provider-connections/").text)
    body = {"api_key": SECRETS[0], "provider": SECRETS[1], "scope": SECRETS[2]}
    shown.append(api.request("PATCH", f"model-provider-connections/{made['id']}/", json=body).text)
    shown.append(caplog.text)
    stored = api.container.store.database.engine.raw_connection().execute(
        "SELECT * FROM connections"
    )
    shown.append(str(stored.fetchall()))
    kept = api.container.store.connections.get(made["id"])
    assert kept.api_key == SECRETS[0]
    assert kept.secrets == {"auth_token": SECRETS[1], "google_application_credentials": SECRETS[2]}
    # A choice that is refused is named; a secret sent in its place is the sender's own doing.
    for text in (*shown[:3], *shown[4:]):
        assert not any(each in text for each in SECRETS)
    assert repr(kept).find(SECRETS[0]) == -1


@pytest.mark.slow
def test_a_run_evaluates_and_every_figure_is_there(api: Api) -> None:
    prompt, version = api.prompt()
    prompts = api.client.prompts
    run = prompts.runs.create(prompt.id, version.id, project=api.project, project_subset="HasGT")
    assert (run.status, run.total_tasks) == ("Pending", 6)
    done = ended_run(api.client, run)
    assert (done.status, done.total_predictions) == ("Completed", 6)
    assert done.triggered_at <= done.predictions_updated_at <= done.completed_at
    titles = {each.title: each.values for each in prompts.indicators.list(run.id)}
    assert titles["Accuracy"]["n"] == 6
    assert titles["Accuracy"]["correct"] == done.total_correct_predictions
    assert prompts.indicators.get(run.id, "accuracy-topic").values["n"] == 6
    found = prompts.get(prompt.id)
    score = done.total_correct_predictions / 6
    assert (found.runs_count, found.best_score) == (1, pytest.approx(score))
    assert prompts.versions.get(prompt.id, version.id).score == pytest.approx(score)
    whole = api.request("GET", f"inference-runs/{run.id}/").json()
    assert (whole["stage"], whole["slot"], whole["done"]) == ("done", "evaluate", 6)
    assert prompts.runs.list(prompt.id, version.id, project_subset="All") == []
    assert prompts.runs.list(prompt.id, version.id, project=api.project)


@pytest.mark.slow
def test_a_sample_and_chosen_tasks(api: Api) -> None:
    prompt, version = api.prompt()
    runs = api.client.prompts.runs
    sample = runs.create(
        prompt.id, version.id, project=api.project, project_subset="Sample", sample_subset_size=3
    )
    assert (sample.total_tasks, sample.sample_subset_size) == (3, 3)
    path = f"prompts/{prompt.id}/versions/{version.id}/inference-runs"
    body = {"project": api.project, "project_subset": "Sample", "sample_subset_size": 3}
    drawn = api.request("POST", path, json={**body, "sample_seed": 4}).json()
    assert api.request("GET", f"inference-runs/{drawn['id']}/").json()["sample_seed"] == 4
    odd = api.request("POST", path, json={"project": api.project, "sample_seed": 4})
    assert (odd.status_code, list(odd.json())) == (400, ["sample_seed"])
    item = {
        "filter": "filter:tasks:data.text",
        "operator": "contains",
        "type": "String",
        "value": "message 7",
    }
    filters = {"conjunction": "and", "items": [item]}
    chosen = runs.create(prompt.id, version.id, project=api.project, filters_json=filters)
    assert (chosen.project_subset, chosen.total_tasks) == ("Custom", 1)
    assert chosen.filters_json == filters
    assert chosen.task_ids == [api.tasks[7]]
    assert ended_run(api.client, chosen).status == "Completed"
    assert ended_run(api.client, sample).status == "Completed"


@pytest.mark.slow
def test_a_canceled_run_says_so(api: Api, ids: dict[str, int]) -> None:
    answer = api.client.prompts.runs.cancel(ids["prompt"], ids["version"], ids["run"])
    assert str(ids["run"]) in answer.detail
    run = api.client.prompts.runs.list(ids["prompt"], ids["version"])[0]
    assert ended_run(api.client, run).status == "Canceled"
    with pytest.raises(ApiError) as caught:
        api.client.prompts.runs.cancel(ids["prompt"], ids["version"], ids["run"])
    assert caught.value.status_code == 400


# Errors in Django REST framework's shapes


def refusal(call: Any) -> tuple[int, Any]:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.status_code, caught.value.body


@pytest.mark.slow
def test_a_refusal_names_the_field(api: Api) -> None:
    prompts = api.client.prompts
    prompt, version = api.prompt()
    cases = {
        "title": lambda: prompts.create(title="Topics"),
        "associated_projects": lambda: prompts.create(
            title="X",
            associated_projects=["one"],  # type: ignore[list-item]
        ),
        "skill_name": lambda: prompts.update(prompt.id, skill_name="Translation"),
        "prompt": lambda: prompts.versions.create(
            prompt.id, title="V", prompt="{unknown}", provider_model_id="m"
        ),
        "model_provider_connection": lambda: prompts.versions.update(
            prompt.id, version.id, model_provider_connection=999
        ),
        "provider": lambda: api.client.model_providers.create(provider="Nobody"),
        "endpoint": lambda: api.client.model_providers.create(provider="Custom", api_key="k"),
        "project_subset": lambda: prompts.runs.create(
            prompt.id, version.id, project=api.project, project_subset="Some"
        ),
        "sample_subset_size": lambda: prompts.runs.create(
            prompt.id, version.id, project=api.project, sample_subset_size=0
        ),
        "parent_model": lambda: prompts.versions.update(prompt.id, version.id, parent_model=999),
    }
    for field, call in cases.items():
        status, body = refusal(call)
        assert status == 400, field
        assert isinstance(body[field], list), (field, body)
        assert body[field][0], field
    status, body = refusal(
        lambda: prompts.versions.create(
            prompt.id, title="Version 1", prompt="{text}", provider_model_id="m"
        )
    )
    assert (status, list(body)) == (400, ["title"])
    status, _ = refusal(lambda: prompts.list(page=9))
    assert status == 404
    status, body = refusal(lambda: prompts.list(page_size=0))
    assert (status, list(body)) == (400, ["page_size"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"title": "\\u0000"}', 400),
        (b'{"title": NaN}', 400),
        (b'{"title": "x", "input_fields": 1e999}', 400),
        (b"[" * 100_000, 400),
        (b'{"title": "\\ud800"}', 400),
    ],
    ids=["broken", "list", "null character", "NaN", "infinite", "deep", "surrogate"],
)
def test_odd_json_is_refused(api: Api, body: bytes, status: int) -> None:
    headers = {"Authorization": f"Token {api.studio.token}", "Content-Type": "application/json"}
    answer = api.app.test_client().post("/api/prompts/", data=body, headers=headers)
    assert answer.status_code == status
    assert json.loads(answer.data)


@pytest.mark.parametrize("number", [0, 2**31, 10**30])
@pytest.mark.slow
def test_numbers_that_no_id_can_be_are_404(api: Api, number: int) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = api.request(method, f"prompts/{number}/", json={})
        assert (answer.status_code, list(answer.json())) == (404, ["detail"])


@pytest.mark.slow
def test_lists_are_paged_ordered_and_searched(api: Api) -> None:
    for title in ("Beta", "Alpha", "Gamma"):
        api.client.prompts.create(title=title, associated_projects=[api.project])
    prompts = api.client.prompts
    first = prompts.list(ordering="title", page_size=2)
    assert [each.title for each in first.results] == ["Alpha", "Beta"]
    assert (first.count, first.previous) == (3, None)
    assert "page=2" in first.next
    assert "ordering=title" in first.next
    second = prompts.list(ordering="title", page_size=2, page=2)
    assert [each.title for each in second.results] == ["Gamma"]
    assert (second.next, "page=1" in second.previous) == (None, True)
    assert [each.title for each in prompts.list(search="ALPH").results] == ["Alpha"]
    assert [each.title for each in prompts.list(ordering="-id").results] == [
        "Gamma",
        "Alpha",
        "Beta",
    ]


@pytest.mark.slow
def test_compatible_projects_are_those_with_something_to_answer(api: Api) -> None:
    plain = '<View><Text name="t" value="$t"/></View>'
    spans = (
        '<View><Text name="t" value="$t"/><Labels name="l" toName="t">'
        '<Label value="P"/></Labels></View>'
    )
    api.studio.seed(plain, [], title="Nothing to answer")
    named, _ = api.studio.seed(spans, [], title="Names")
    find = api.client.prompts.compatible_projects
    everything = {each.title for each in find().results}
    assert {"Seeded", "Names"} <= everything
    assert "Nothing to answer" not in everything
    assert [each.id for each in find(project_type="NamedEntityRecognition").results] == [named]
    assert [each.title for each in find(title="nam").results] == ["Names"]
    assert {each.id for each in find(ids=[named, api.project]).results} == {named, api.project}
    assert find(archived=True).results == []
    one = find(ids=api.project).results[0]
    assert (one.task_number, one.ground_truth_number) == (10, 6)
    assert one.assignment_settings.project == api.project


# Further accesses


@pytest.mark.slow
def test_a_long_deletion_answers_at_once_and_goes_on(api: Api, monkeypatch: Any) -> None:
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    api.studio.control(latency=[{"path": "model-versions", "method": "DELETE", "seconds": 2}])
    monkeypatch.setattr("ml_backend.web.actions.deletions.WAIT_SECONDS", 0.2)
    answer = api.request("DELETE", f"prompts/{prompt.id}/")
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert api.request("GET", f"prompts/{prompt.id}/").status_code == 404
    assert api.client.prompts.list().results == []
    ended = api.container.jobs.wait(api.container.store.jobs.get(job), 20)
    assert ended.status == "Completed"
    shown = api.request("GET", f"jobs/{job}/").json()
    assert (shown["status"], shown["result"]) == ("Completed", {"deleted": 10})
    assert api.studio.state()["predictions"] == []


@pytest.mark.slow
def test_a_deletion_that_fails_leaves_the_prompt(api: Api) -> None:
    prompt, version = api.prompt()
    run = api.client.prompts.runs.create(prompt.id, version.id, project=api.project)
    ended_run(api.client, run)
    other = api.client.prompts.versions.create(
        prompt.id, title="V2", prompt="{text}", provider_model_id="simulated"
    )
    open_run = api.client.prompts.runs.create(
        prompt.id, other.id, project=api.project, job_id="worker"
    )
    status, body = refusal(lambda: api.client.prompts.versions.delete(prompt.id, version.id))
    assert status == 400
    assert str(open_run.id) in body["detail"]
    assert api.client.prompts.versions.get(prompt.id, version.id).title == "Version 1"


@pytest.mark.slow
def test_a_restarted_server_takes_a_deletion_over(api: Api) -> None:
    prompt, _ = api.prompt()
    # As a process leaves it that died right after keeping it.
    job, _ = api.container.store.jobs.create(
        JobKind.DELETE_PROMPT, {}, created_by=None, seconds=0, prompt_id=prompt.id
    )
    assert api.client.prompts.list().results == []
    eventually(lambda: api.container.store.jobs.get(job.id).status == "Completed")
    assert api.container.store.prompts.find(prompt.id) is None


@pytest.mark.slow
def test_work_that_needs_the_callers_token_ends_with_its_process(api: Api) -> None:
    job, _ = api.container.store.jobs.create(
        JobKind.PROMOTE, {}, created_by=None, seconds=0, project_id=api.project
    )
    eventually(lambda: api.container.store.jobs.get(job.id).status.is_final)
    found = api.request("GET", f"jobs/{job.id}/").json()
    assert found["status"] == "Failed"
    assert "Repeat the call" in found["message"]
