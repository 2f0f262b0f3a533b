"""The API as two users: the second never gets what is of the first one's project."""

from __future__ import annotations

import logging
from collections import Counter
from itertools import count
from typing import Any

import pytest
from hypothesis import strategies as st

from support.api import STRANGER, Api
from support.fuzzing import Fuzz
from support.pages import Pages, sign_in
from support.world import KEY, SECRET, World


def _signed_in(api: Api) -> Pages:
    client = api.app.test_client()
    assert sign_in(client, api.studio.token).status_code == 303
    return Pages(api, client)


@pytest.fixture
def world(api: Api) -> World:
    return World(_signed_in(api))


def _aim(case: Any, world: World, number: int) -> None:
    """Have most requests name what there is: of ids at random hardly any would."""
    there = {
        **{"prompt_id": world.prompt.id, "version_id": world.run.version_id},
        **{"project_id": world.api.project, "inference_run_id": world.run.id},
    }
    path = case.operation.path
    ids = {
        "/api/prompts": world.prompt.id,
        "/api/inference-runs": world.run.id,
        "/api/jobs": (world.suggestion.id, world.deletion.id, world.marking.id)[number % 3],
        "/api/model-provider-connections": world.connection.id,
    }
    there["id"] = next((each for start, each in ids.items() if path.startswith(start)), 1)
    for name in case.path_parameters or {}:
        if name in there and number % 4:
            case.path_parameters[name] = there[name]
    bodies = {
        **{"project": world.api.project, "associated_projects": [world.api.project]},
        **{"project_id": world.api.project, "modelrun_id": world.run.id, "modelrun": world.run.id},
        **{"model_provider_connection": world.connection.id, "run": world.run.id},
        **{"teacher_model_provider_connection_id": world.connection.id},
    }
    for holder in (case.body, case.query):
        if isinstance(holder, dict):
            for name, value in bodies.items():
                if name in holder and number % 2:
                    holder[name] = value


def _rows(world: World) -> dict[str, Any]:
    """All of the first user's that a request of the second's must leave as it was."""
    store = world.pages.container.store
    state = world.pages.studio.state()
    return {
        "prompt": store.prompts.get(world.prompt.id),
        "versions": store.prompts.versions(world.prompt.id),
        "run": store.runs.get(world.run.id),
        "connection": store.connections.get(world.connection.id or 0),
        **{name: each for name, each in state.items() if name != "calls"},
    }


@pytest.mark.slow
@pytest.mark.fuzz
def test_a_second_user_gets_and_changes_nothing_of_the_first_ones(
    fuzz: Fuzz, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    import schemathesis  # half a second to load: not for every process that collects
    from schemathesis import GenerationMode

    caplog.set_level(logging.CRITICAL)
    api = world.api
    api.as_user(hidden=[api.project])
    before = _rows(world)
    headers = {"Authorization": f"Token {STRANGER}"}
    schema = schemathesis.openapi.from_wsgi("/api/schema", api.app)
    operations = [each.ok() for each in schema.get_all_operations()]
    answered: Counter[int] = Counter()
    number = count()

    def law(case: Any) -> None:
        _aim(case, world, next(number))
        response = case.call(headers=headers)
        answered[response.status_code] += 1
        fuzz.watch.counts[str(response.status_code)] += 1
        assert response.status_code < 500, (case.method, case.path, response.text)
        sent = f"{case.body!r}{case.query!r}"
        for mark in (SECRET, KEY):
            assert mark not in response.text or mark in sent, (case.path, response.text)

    asked = st.sampled_from(operations).flatmap(
        lambda each: each.as_strategy(generation_mode=GenerationMode.POSITIVE)
    )
    fuzz(law, 300, case=asked)
    assert answered[404] > 50, answered
    assert _rows(world) == before
