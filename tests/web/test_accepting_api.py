"""Accepting by the API: in the caller's name, by a score or a promise, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api
from support.labels import own
from support.wire import region

LABEL = "Topics__Version 1"
OTHER = {"id": 2, "email": "other@example.com", "username": "other", "hidden": []}


@pytest.fixture
def scored(api: Api) -> Any:
    """A prompt whose predictions have scores: .95 on the tasks without people's annotations."""
    prompt, version = api.prompt()
    own(api.container.store, api.studio.url, api.project, LABEL, prompt.id, version.id)
    api.container.studio.import_predictions(
        api.project,
        [
            {"task": task, "result": [region("b")], "model_version": LABEL, "score": score}
            for task, score in zip(api.tasks, [0.95] * 8 + [0.4, None], strict=True)
        ],
    )
    return prompt


def ask(api: Api, method: str, path: str, client: Any = None, **more: Any) -> Any:
    return api.request(method, f"projects/{api.project}/predictions/{path}", client, **more)


@pytest.mark.slow
def test_what_is_sure_is_accepted_in_the_callers_name_and_taken_back(api: Api, scored: Any) -> None:
    other = api.as_user()
    body = {"prompt": scored.id, "all": True, "min_score": 0.9}
    counted = ask(api, "POST", "promote", other, json={**body, "dry_run": True}).json()
    assert counted["threshold"] == 0.9
    assert counted["promise"] is False
    assert counted["skipped_below"] + counted["skipped_unscored"] == counted["for_people"] == 2
    done = ask(api, "POST", "promote", other, json=body).json()
    assert done["created"] == counted["would_create"] > 0
    made = [row for row in api.studio.state()["annotations"] if row["parent_prediction"]]
    assert {row["completed_by"] for row in made} == {OTHER["id"]}

    (act,) = ask(api, "GET", "acceptances", other).json()["results"]
    assert (act["id"], act["created"], act["created_by"]) == (
        done["acceptance"],
        done["created"],
        OTHER["id"],
    )
    before = len(api.studio.state()["annotations"])
    counted = ask(api, "POST", "take-back", other, json={"dry_run": True}).json()
    assert (counted["acceptance"], counted["would_delete"]) == (act["id"], done["created"])
    assert len(api.studio.state()["annotations"]) == before
    gone = ask(api, "POST", "take-back", other, json={"acceptance": act["id"]}).json()
    assert gone["deleted"] == done["created"]
    assert not [row for row in api.studio.state()["annotations"] if row["parent_prediction"]]
    assert ask(api, "POST", "take-back", other, json={}).json()["deleted"] == 0


@pytest.mark.slow
def test_an_error_that_nothing_promises_is_refused(api: Api, scored: Any) -> None:
    body = {"model_version": LABEL, "all": True, "max_error": 0.03}
    refused = ask(api, "POST", "promote", json=body)
    assert refused.status_code == 400
    assert "Nothing is promised" in refused.text
    assert "promise sample" in refused.text
    both = ask(api, "POST", "promote", json={**body, "min_score": 0.5})
    assert (both.status_code, list(both.json())) == (400, ["min_score"])
    for odd in ({"max_error": 2}, {"min_score": "NaN"}, {"max_error": 0}):
        assert ask(api, "POST", "promote", json={**body, **odd}).status_code == 400
    assert not [row for row in api.studio.state()["annotations"] if row["parent_prediction"]]


@pytest.mark.slow
def test_the_threshold_is_answered_for_one_version(api: Api, scored: Any) -> None:
    told = ask(api, "GET", "threshold", params={"model_version": LABEL}).json()
    assert (told["promise"], told["predictions"], told["unscored"]) == (False, 10, 1)
    assert (told["labels_needed"], told["labels_for_2_percent"]) == (99, 149)
    assert "No promise sample" in told["why"]
    by_prompt = ask(api, "GET", "threshold", params={"prompt": scored.id}).json()
    assert by_prompt["model_version"] == LABEL
    nothing = ask(api, "GET", "threshold")
    assert (nothing.status_code, list(nothing.json())) == (400, ["model_version"])


@pytest.mark.slow
def test_an_acceptance_of_another_project_is_not_there(api: Api, scored: Any) -> None:
    ask(api, "POST", "promote", json={"prompt": scored.id, "all": True, "min_score": 0.9})
    (act,) = ask(api, "GET", "acceptances").json()["results"]
    elsewhere, _ = api.studio.seed("<View></View>", [], title="Elsewhere")
    path = f"projects/{elsewhere}/predictions/take-back"
    assert api.request("POST", path, json={"acceptance": act["id"]}).status_code == 404
    assert api.request("POST", path, json={}).status_code == 400
    blind = api.as_user(hidden=[api.project])
    assert ask(api, "POST", "take-back", blind, json={}).status_code == 404
    assert ask(api, "GET", "acceptances", blind).status_code == 404
