"""Review first by the API: with the caller's rights, for prompts and projects they see."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api
from support.sdk import ended_run

PATH = "projects/{}/review-first"


@pytest.fixture
def prompt(api: Api) -> Any:
    """A prompt whose version predicted all ten tasks; six of them are annotated."""
    made, version = api.prompt()
    run = api.client.prompts.runs.create(made.id, version.id, project=api.project)
    assert ended_run(api.client, run).status == "Completed"
    return made


def ask(api: Api, method: str, client: Any = None, **more: Any) -> Any:
    return api.request(method, PATH.format(api.project), client, **more)


@pytest.mark.slow
def test_a_tab_is_planned_made_listed_and_ended(api: Api, prompt: Any) -> None:
    body = {"prompt": prompt.id, "size": 50, "sampling": "uncertainty"}
    plan = ask(api, "POST", json={**body, "dry_run": True}).json()
    assert (plan["batch"], plan["waiting"], plan["tab"], plan["dry_run"]) == (4, 0, None, True)
    assert api.studio.state()["views"] == []

    made = ask(api, "POST", json=body).json()
    assert made["url"] == f"{api.studio.url}/projects/{api.project}/data?tab={made['tab']}"
    assert (made["title"], made["state"]) == ("Review first · Topics", "kept")
    assert sum(made["kinds"].values()) == 4
    assert (made["sampling"], made["sampling_before"]) == (
        "Uncertainty sampling",
        "Sequential sampling",
    )
    [listed] = ask(api, "GET", params={"prompt": prompt.id}).json()
    assert listed == {**made, "kinds": None, "dry_run": False, "version": None, "unscored": 0}
    assert ask(api, "GET").json() == [listed]

    ended = ask(api, "DELETE", params={"prompt": prompt.id}).json()
    assert (ended["removed"], ended["sampling"]) == (True, "put back")
    assert ask(api, "GET").json() == []
    again = ask(api, "DELETE", params={"prompt": prompt.id})
    assert again.status_code == 400
    assert "/review-first" in again.text, "what to do is said in the API's words"


@pytest.mark.slow
def test_it_is_made_with_the_callers_own_rights(api: Api, prompt: Any) -> None:
    other = api.as_user()
    # The server's own token would be refused from here on.
    api.studio.control(settings={"legacy": False})
    made = ask(api, "POST", other, json={"prompt": prompt.id})
    assert made.status_code == 200, made.text
    [*_, tab] = api.studio.state()["views"]
    assert (tab["id"], tab["user"]) == (made.json()["tab"], 2)


@pytest.mark.slow
def test_what_is_misspelt_or_out_of_bounds_is_named(api: Api, prompt: Any) -> None:
    for wrong, field in (
        ({"size": 10}, "size"),
        ({"below": 2}, "below"),
        ({"sampling": "by the moon"}, "sampling"),
        ({"sizes": 60}, "sizes"),
        ({"version": 987}, "version"),
    ):
        answer = ask(api, "POST", json={"prompt": prompt.id, **wrong})
        assert (answer.status_code in (400, 404), field in answer.text) == (True, True), wrong
    assert api.studio.state()["views"] == []
