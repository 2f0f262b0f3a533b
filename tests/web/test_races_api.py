"""Races by the API: what they take, how they stand, and who may begin and end them."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.records import RunStatus
from support.api import Api, task
from support.processes import eventually
from support.wire import CONFIG


def raced(api: Api, count: int = 30) -> tuple[Any, Any]:
    """A prompt on a project of truths that are all "a", which the simulated model says too."""
    api.project, api.tasks = api.studio.seed(CONFIG, [task(n, "a") for n in range(count)])
    api.simulator.control(rules=[{"answer": {"topic": "a"}}])
    return api.prompt()


def call(
    api: Api, method: str, on: tuple[Any, Any], more: str = "", client: Any = None, **body: Any
) -> Any:
    prompt, version = on
    path = f"prompts/{prompt.id}/versions/{version.id}/race{more}"
    given = {"json": body} if method == "POST" else {}
    return api.request(method, path, client, **given)


@pytest.mark.slow
def test_a_race_is_planned_begun_watched_and_over(api: Api) -> None:
    on = raced(api)
    body = {"project": api.project, "models": ["simulated", "gpt-4o-mini"]}
    plan = call(api, "POST", on, **body, dry_run=True)
    assert plan.status_code == 200, plan.text
    assert (plan.json()["to_race"], plan.json()["to_hold"]) == (18, 12)
    assert call(api, "GET", on).status_code == 404
    begun = call(api, "POST", on, **body)
    assert begun.status_code == 202, begun.text
    job = begun.json()["job"]

    def over() -> Any:
        found = call(api, "GET", on, f"?job={job}").json()
        return found if RunStatus(found["status"]).is_final else None

    found = eventually(over)
    assert found["status"] == "Completed", found
    result = found["result"]
    assert {each["name"] for each in result["models"]} == {"simulated", "gpt-4o-mini"}
    assert all(each["accuracy"] == 1.0 for each in result["models"])
    assert result["sentence"]
    assert result["calls"] <= result["all_calls"] == 60
    canceled = call(api, "POST", on, f"/cancel?job={job}")
    assert canceled.json()["status"] == "Completed", "what ended stays as it is"


@pytest.mark.slow
def test_what_is_wrong_with_a_race_is_said_by_its_field(api: Api) -> None:
    on = raced(api)
    for more, field in (
        ({"models": ["one"]}, "models"),
        ({"models": ["a", "99:b"]}, "models"),
        ({"models": ["a", "b"], "tolerance": 0}, "tolerance"),
        ({"models": ["a", "b"], "budget": 1.0}, "budget"),
        ({"models": ["a", "b"], "few_shot": [-1]}, "few_shot"),
    ):
        given: dict[str, Any] = {"project": api.project, **more}
        said = call(api, "POST", on, **given)
        assert said.status_code == 400, (more, said.text)
        assert field in said.text, (more, said.text)


@pytest.mark.slow
def test_nobody_races_with_a_connection_of_another_persons_own(api: Api) -> None:
    on = raced(api)
    own = api.container.store.connections.create(
        title="mine", provider="Custom", api_key="k", endpoint=api.simulator.url, scope="User",
        created_by=api.container.studio.whoami().person,
    )  # fmt: skip
    other = api.as_user()
    models = [f"{own.id}:a", f"{own.id}:b"]
    said = call(api, "POST", on, client=other, project=api.project, models=models)
    assert said.status_code == 400
    assert "models" in said.text
