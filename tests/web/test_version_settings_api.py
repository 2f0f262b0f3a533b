"""Parameters and system text of versions, over the API: never dropped."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api

GIVEN = {"title": "Set", "prompt": "{text}", "provider_model_id": "simulated"}


def make(api: Api, prompt_id: int, **more: Any) -> Any:
    return api.request("POST", f"prompts/{prompt_id}/versions", json={**GIVEN, **more})


@pytest.mark.slow
def test_parameters_and_system_text_are_stored_shown_and_changed(api: Api) -> None:
    prompt, _ = api.prompt()
    made = make(api, prompt.id, parameters={"temperature": 0.2}, system_prompt="You label.").json()
    assert (made["parameters"], made["system_prompt"]) == ({"temperature": 0.2}, "You label.")
    path = f"prompts/{prompt.id}/versions/{made['id']}"
    assert api.request("PATCH", path, json={"title": "Other"}).json()["parameters"] == {
        "temperature": 0.2
    }
    changed = api.request("PATCH", path, json={"parameters": {"seed": 3}, "system_prompt": ""})
    assert changed.json()["parameters"] == {"seed": 3}
    assert api.request("GET", path).json()["system_prompt"] == ""


@pytest.mark.slow
def test_how_confidence_is_asked_for_is_stored_shown_and_changed(api: Api) -> None:
    prompt, _ = api.prompt()
    made = make(api, prompt.id).json()
    assert made["confidence"] == "auto"
    path = f"prompts/{prompt.id}/versions/{made['id']}"
    assert api.request("PATCH", path, json={"confidence": "none"}).json()["confidence"] == "none"
    assert api.request("PATCH", path, json={"title": "B"}).json()["confidence"] == "none"
    assert make(api, prompt.id, title="C", confidence="high").status_code == 400
    assert len(api.client.prompts.versions.list(prompt.id)) == 2


@pytest.mark.slow
def test_an_unknown_parameter_is_refused_with_those_there_are(api: Api) -> None:
    prompt, version = api.prompt()
    for answer in (
        make(api, prompt.id, parameters={"temprature": 0.2}),
        api.request(
            "PATCH",
            f"prompts/{prompt.id}/versions/{version.id}",
            json={"parameters": {"temprature": 0.2}},
        ),
    ):
        assert answer.status_code == 400
        said = answer.text
        assert "no parameter 'temprature'" in said
        assert "temperature, top_p" in said
        assert "parameters" in answer.json()
    assert len(api.client.prompts.versions.list(prompt.id)) == 1


@pytest.mark.slow
def test_a_parameter_change_makes_an_evaluation_stale(api: Api) -> None:
    prompt, version = api.prompt()
    run = api.answered(prompt, version, dict.fromkeys(api.tasks[:6], "a"))
    path = f"prompts/{prompt.id}/versions/{version.id}"
    api.request("PATCH", path, json={"parameters": {"temperature": 1}})
    assert "was changed" in api.container.store.runs.get(run.id).stale
