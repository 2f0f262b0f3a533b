"""System text and parameters: part of what is asked, of what is kept, and of every copy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_backend.errors import InvalidInput
from ml_backend.prompting.messages import build
from ml_backend.records import RunSnapshot
from support.house import House

SYSTEM = "You know {everything} about mail."


def test_system_text_goes_before_the_rules_as_it_stands() -> None:
    def first(system: str) -> str:
        messages = build(
            "{text}", description="D", inputs=[], data={"text": "x"}, known=["text"], system=system
        )
        return str(messages[0]["content"])

    assert first(SYSTEM) == f"{SYSTEM}\n\n{first('')}"
    assert first("  ") == first("")


@pytest.mark.slow
def test_a_run_sends_system_text_and_parameters(house: House) -> None:
    project, _ = house.project(1)
    prompt, _ = house.prompt(project)
    version = house.container.prompts.create_version(
        prompt, text="{text}", system_prompt=f"  {SYSTEM}\n", parameters={"temperature": 0.2}
    )
    assert version.system_prompt == SYSTEM
    house.run(prompt, version, project)
    [asked] = house.model.asked
    assert asked.messages[0]["content"].startswith(SYSTEM)
    assert asked.parameters == {"temperature": 0.2}


@pytest.mark.slow
def test_answers_to_another_system_text_or_parameter_are_not_reused(house: House) -> None:
    project, _ = house.project(1)
    prompt, plain = house.prompt(project, text="{text}")
    create = house.container.prompts.create_version
    house.run(prompt, plain, project)
    house.run(prompt, create(prompt, text="{text}"), project)
    assert len(house.model.asked) == 1
    told = create(prompt, text="{text}", system_prompt=SYSTEM)
    house.run(prompt, told, project)
    assert len(house.model.asked) == 2
    house.run(prompt, create(prompt, text="{text}", parameters={"seed": 1}), project)
    assert len(house.model.asked) == 3
    house.run(prompt, create(prompt, text="{text}", system_prompt=SYSTEM), project)
    assert len(house.model.asked) == 3


def test_what_a_run_asked_is_told_from_what_the_version_says_now(house: House) -> None:
    project, _ = house.project(1)
    _, version = house.prompt(project)
    snapshot = RunSnapshot.of(version)
    assert snapshot.asks_as(version)
    changed = replace(version, system_prompt=SYSTEM)
    assert not snapshot.asks_as(changed)
    assert snapshot.as_asked(changed).system_prompt == ""


def test_unknown_parameters_make_no_version(house: House) -> None:
    project, _ = house.project(1)
    prompt, _ = house.prompt(project)
    with pytest.raises(InvalidInput, match="no parameter 'temprature'"):
        house.container.prompts.create_version(
            prompt, text="{text}", parameters={"temprature": 0.2}
        )
    assert len(house.container.store.prompts.versions(prompt.id)) == 1


def test_the_preview_shows_what_is_sent_and_what_stands_in_vain(house: House) -> None:
    project, _ = house.project(1)
    _, version = house.prompt(project)
    container = house.container

    def shown(system: str):
        draft = replace(version, system_prompt=system, parameters={"temperature": 0})
        return container.previews.preview(
            container.studio, container.studio.get_project(project), draft
        )

    found = shown("About {text}")
    assert found.messages[0]["content"].startswith("About {text}\n\n")
    assert found.parameters == "temperature = 0"
    assert "{text} in the system text is sent as it stands" in found.notice
    assert shown(SYSTEM).notice == ""
