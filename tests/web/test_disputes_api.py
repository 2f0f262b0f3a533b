"""Disputed labels by the API: listed, decided with the caller's rights, undone."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api
from support.measured import measured_run, outcome
from support.pages import Pages


@pytest.fixture
def path(api: Api) -> str:
    """A version that disputes the labels of two of six tasks."""
    given = (("b", 0.7), ("a", 0.95), ("a", 0.99))
    answers = [outcome(api.tasks[n], said, score) for n, (said, score) in enumerate(given)]
    with api.app.test_client() as client:
        run = measured_run(Pages(api, client), answers)
    return f"prompts/{run.prompt_id}/versions/{run.version_id}/disputes"


def ask(api: Api, method: str, path: str, client: Any = None, **more: Any) -> Any:
    return api.request(method, path, client, **more)


@pytest.mark.slow
def test_they_are_listed_decided_and_undone(api: Api, path: str) -> None:
    project = {"project": api.project}
    found = ask(api, "GET", path, params=project).json()
    assert [each["task"] for each in found["labels"]] == [api.tasks[1], api.tasks[0]]
    first = found["labels"][0]
    assert (first["label"], first["answer"]) == ({"topic": "b"}, {"topic": "a"})
    assert (first["confidence"], first["calibrated"], first["differs"]) == (0.95, None, ["topic"])
    page = ask(api, "GET", path, params={**project, "size": 1}).json()
    assert (len(page["labels"]), page["next"], page["disputed"]) == (1, 1, 2)

    one = f"{path}/{api.tasks[1]}"
    other = api.as_user()
    api.studio.control(settings={"legacy": False})  # the server's own token is refused from here on
    decided = ask(api, "POST", one, other, json={**project, "decision": "label"})
    assert decided.status_code == 200, decided.text
    assert len(decided.json()["unmarked"]) == 1
    assert decided.json()["decided_by"]
    undone = ask(api, "DELETE", one, other, params=project).json()
    assert (undone["marked_again"], undone["mark_left_off"]) == (True, False)
    assert ask(api, "DELETE", one, other, params=project).status_code == 400


@pytest.mark.slow
def test_what_is_misspelt_is_named(api: Api, path: str) -> None:
    one = f"{path}/{api.tasks[1]}"
    for wrong, field in (
        ({"decision": "both"}, "decision"),
        ({"decision": "label", "runs": 1}, "runs"),
        ({"decision": "label", "run": 987}, "run"),
    ):
        answer = ask(api, "POST", one, json={"project": api.project, **wrong})
        assert (answer.status_code in (400, 404), field in answer.text) == (True, True), wrong
    assert ask(api, "GET", path).status_code == 400
