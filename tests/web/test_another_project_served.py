"""What serves a project that has the number of one a prompt was made for; saying it is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.store import tables as t
from support.api import Api
from support.fake_label_studio import FakeLabelStudio
from support.place import Place
from support.simulator import Simulator

ANEW = (datetime.now(UTC) - timedelta(hours=1, seconds=7)).isoformat()
UID = f"{int(datetime.fromisoformat(ANEW).timestamp())}"


def remake(place: Any, project: int, created_at: str = ANEW, **more: Any) -> None:
    """Make another project of it, as when Label Studio was set up anew a while ago."""
    place.container.studio._transport.send(
        "PATCH", f"api/projects/{project}/", {"created_at": created_at, **more}
    )


def later(place: Any) -> None:
    """As a minute later: what was just read is old."""
    if "backend" in vars(place.container):
        reader = place.container.backend._reader
        for kept in (reader._projects, reader._refused, reader._refreshed, reader._said):
            kept.clear()
        reader._news.clear()


def calls(studio: FakeLabelStudio, act: Callable[[], Any]) -> Counter[str]:
    studio.control(forget_calls=True)
    act()
    return Counter(studio.state()["calls"])


READ = "GET /api/projects/{id}/"


@pytest.mark.slow
def test_a_prompt_of_the_gone_project_is_neither_asked_nor_paid_for(
    place: Place, simulator: Simulator
) -> None:
    place.prompt()
    assert place.predict(place.tasks(1)).status_code == 200
    asked = simulator.stats()
    remake(place, place.project_id)
    later(place)
    for _ in range(2):
        answer = place.predict(place.tasks(2, "other"), project=f"{place.project_id}")
        assert answer.status_code == 409
        said = answer.json["error"]
        assert f"Project {place.project_id} is not the project the prompt 'Topics'" in said
    # /setup knows it from the store now.
    assert place.setup().status_code == 409
    assert simulator.stats() == asked


@pytest.mark.slow
def test_label_studio_itself_says_when_it_made_the_project(place: Place) -> None:
    place.prompt()
    assert place.predict(place.tasks(1)).status_code == 200
    remake(place, place.project_id)
    # What was read a moment ago counts no more: the request says another time.
    answer = place.predict(place.tasks(1), project=f"{place.project_id}.{UID}")
    assert answer.status_code == 409


@pytest.mark.slow
def test_no_more_is_read_than_before(place: Place, studio: FakeLabelStudio) -> None:
    place.prompt()
    first = calls(studio, lambda: place.predict(place.tasks(3)))
    assert first[READ] == 1
    again = calls(studio, lambda: [place.predict(place.tasks(9)) for _ in range(5)])
    assert again[READ] == 0
    assert calls(studio, place.setup)[READ] == 0


@pytest.mark.slow
def test_times_that_requests_make_up_cost_one_reading(
    place: Place, studio: FakeLabelStudio
) -> None:
    place.prompt()
    assert place.predict(place.tasks(1)).status_code == 200

    def made_up(since: int) -> None:
        for each in range(since, since + 5):
            uid = f"{place.project_id}.{int(UID) + 101 * each}"
            assert place.predict(place.tasks(1), project=uid).status_code == 200

    assert calls(studio, lambda: made_up(1))[READ] == 1
    later(place)
    assert calls(studio, lambda: made_up(10))[READ] == 1
    # Another project is found all the same, some seconds later at most.
    place.container.backend._reader._news.clear()
    remake(place, place.project_id)
    assert place.predict(place.tasks(1), project=f"{place.project_id}.{UID}").status_code == 409


@pytest.mark.slow
def test_a_prompt_made_for_the_new_project_pushes_the_former_out(place: Place) -> None:
    former, _ = place.prompt("Former")
    assert place.predict(place.tasks(1)).status_code == 200
    remake(place, place.project_id)
    later(place)
    assert place.predict(place.tasks(1)).status_code == 409
    place.prompt("New")
    place.container.prompts.create_version(former, text="Changed since: {text}")
    answer = place.predict(place.tasks(1))
    assert answer.json["results"][0]["model_version"] == "New__Version 1"


@pytest.mark.slow
def test_extra_parameters_said_by_the_gone_project_are_not_used(place: Place) -> None:
    mine, _ = place.prompt("Named")
    prompts = place.container.store.prompts
    other = place.container.prompts.create("Unbound", project=None)
    prompts.add_project(other.id, place.project_id)
    place.container.prompts.create_version(other, text="Which? {text}")
    assert place.setup(extra_params={"prompt": other.id}).status_code == 200
    assert place.predict(place.tasks(1)).json["results"][0]["model_version"].startswith("Unbound")
    prompts.update(other.id, project_ids=[])
    remake(place, place.project_id)
    later(place)
    # Of the project's own there is one prompt, and it was made for the former project.
    with place.container.store.database.write() as c:
        known = place.container.studio.get_project(place.project_id).created_at
        made = datetime.fromisoformat(known) - timedelta(days=2)
        c.execute(sa.update(t.prompt_projects).values(project_made_at=made))
        c.execute(sa.update(t.contacts).values(seen_at=made))
    answer = place.predict(place.tasks(1))
    assert (answer.status_code, "'Named' was made for" in answer.json["error"]) == (409, True)
    # Said once more by the new project's connection, they count.
    prompts.add_project(other.id, place.project_id)
    place.setup(extra_params={"prompt": other.id}, project=f"{place.project_id}.{UID}")
    assert place.predict(place.tasks(1)).json["results"][0]["model_version"].startswith("Unbound")
    assert mine.id


@pytest.mark.slow
def test_instructions_are_the_new_projects_own(place: Place) -> None:
    remake(place, place.project_id, "2026-01-01T00:00:00.5Z", expert_instruction="Old: {text}")
    assert place.predict(place.tasks(1)).status_code == 200
    remake(place, place.project_id, expert_instruction="New: {text}")
    later(place)
    answer = place.predict(place.tasks(1))
    assert answer.status_code == 200
    [served] = {each["model_version"] for each in answer.json["results"]}
    texts = {
        f"{prompt.title}__{version.title}": version.text
        for prompt in place.container.store.prompts.all()
        for version in place.container.store.prompts.versions(prompt.id)
    }
    assert texts[served] == "New: {text}"


@pytest.mark.slow
def test_while_label_studio_is_away_what_is_known_counts(
    place: Place, studio: FakeLabelStudio
) -> None:
    place.prompt()
    assert place.predict(place.tasks(1)).status_code == 200
    later(place)
    studio.control(down=True)
    assert place.predict(place.tasks(2)).status_code == 200


@pytest.mark.slow
def test_the_api_says_that_it_is_meant(api: Api) -> None:
    prompt, version = api.prompt()
    api.answered(prompt, version, dict.fromkeys(api.tasks, "a"), subset="All")
    remake(api, api.project)
    body = {"project": api.project, "project_subset": "All"}
    path = f"prompts/{prompt.id}/versions/{version.id}/inference-runs"
    refused = api.request("POST", path, json=body)
    assert refused.status_code in (400, 409), refused.text
    assert f"POST /api/prompts/{prompt.id}/projects/{api.project}/rebind" in refused.text
    stranger = api.as_user(hidden=[api.project])
    rebind = f"prompts/{prompt.id}/projects/{api.project}/rebind"
    assert api.request("POST", rebind, stranger).status_code == 404
    assert api.request("POST", f"prompts/{prompt.id}/projects/99/rebind").status_code == 404
    assert api.request("POST", path, json=body).status_code == refused.status_code
    answer = api.request("POST", rebind)
    assert (answer.status_code, answer.json()["associated_projects"]) == (200, [api.project])
    assert api.request("POST", path, json=body).status_code == 201
