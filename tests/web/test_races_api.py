"""Races by the API: what they take, how they stand, and who may begin and end them."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.cli.next_steps import for_command_line
from ml_backend.errors import Conflict
from ml_backend.records import JobKind, RunStatus
from ml_backend.services.upkeep.erasing import Erasing, Erasure
from ml_backend.store import RaceAnswer
from support.api import STRANGER, Api, task
from support.pages import sign_in
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


def pages_read(api: Api) -> int:
    calls = api.studio.state()["calls"]
    return sum(n for name, n in calls.items() if "tasks" in name)


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


@pytest.mark.slow
def test_whoever_lost_the_project_reads_their_race_no_more(api: Api) -> None:
    """Its figures are of the project's truths, and the prompt may be another project's as well."""
    on = raced(api)
    beside, _ = api.studio.seed(CONFIG, [task(1)], title="Beside")
    api.client.prompts.update(on[0].id, associated_projects=[api.project, beside])
    member = api.as_user()
    body = {"project": api.project, "models": ["simulated", "gpt-4o-mini"]}
    begun = call(api, "POST", on, client=member, **body)
    assert begun.status_code == 202, begun.text
    job = begun.json()["job"]
    eventually(lambda: api.container.store.jobs.get(job).status.is_final)
    with api.app.test_client() as client:
        assert sign_in(client, STRANGER).status_code == 303
        page = f"/ui/prompts/{on[0].id}/race/{job}"

        def answers() -> list[int]:
            return [
                call(api, "GET", on, f"?job={job}", member).status_code,
                api.request("GET", f"jobs/{job}/", member).status_code,
                client.get(page).status_code,
                call(api, "POST", on, f"/cancel?job={job}", member).status_code,
            ]

        assert answers() == [200] * 4
        api.as_user(hidden=[api.project])
        api.container.access._seen.clear()
        api.container.access._listed.clear()
        assert answers() == [404] * 4
        assert client.get(f"/ui/prompts/{on[0].id}").status_code in (200, 302), "the prompt is"
    assert call(api, "GET", on, f"?job={job}").status_code == 200, "who sees the project"


@pytest.mark.slow
def test_a_form_that_is_filled_in_reads_the_truths_once(api: Api) -> None:
    on = raced(api)

    def plans(client: Any = None) -> int:
        """Pages of tasks that are read for some plans, beside the sample of each model."""
        before = pages_read(api)
        for models in (["a", "b"], ["a", "c"], ["c", "b"]):
            body = {"project": api.project, "models": models, "dry_run": True}
            said = call(api, "POST", on, client=client, **body)
            assert said.json()["to_race"] == 18, said.text
        return pages_read(api) - before

    first, again = plans(), plans()
    assert again < first
    assert plans(api.as_user()) == first, "what one reads is nobody else's"


@pytest.mark.slow
def test_nothing_is_erased_while_a_race_works_on_it(api: Api) -> None:
    on = raced(api)
    store = api.container.store
    job, _ = store.jobs.create(
        JobKind.RACE, {}, created_by=None, seconds=600,
        prompt_id=on[0].id, version_id=on[1].id, project_id=api.project,
    )  # fmt: skip
    store.races.add(job.id, api.project, [RaceAnswer(0, api.tasks[0], True, 1.0, True)])
    erasure = Erasure(store)
    for wanted in (Erasing(project_id=api.project), Erasing(task_id=api.tasks[0])):
        with pytest.raises(Conflict, match=r"race .* under way") as caught:
            erasure.execute(wanted)
        assert "--cancel" in for_command_line(str(caught.value.fix))
    assert store.races.of(job.id)
    store.jobs.finish(job.id, 1, RunStatus.CANCELED, message="", result={})
    erasure.execute(Erasing(task_id=api.tasks[0]))
    assert store.races.of(job.id) == []
