"""Prompts written in Label Studio itself: in the editor, the connection or the instructions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from web.test_ml_protocol import results
from web.test_prompt_sources import named

from ml_backend.records import Origin
from support.place import Place
from support.simulator import Simulator

TEXT_IN_PARAMS = "Which topic is it? {text}"
PROMPT_CONFIG = """<View>
  <TextArea name="prompt" toName="text"/>
  <Text name="text" value="$text"/>
  <Choices name="topic" toName="text"><Choice value="a"/><Choice value="b"/></Choices>
</View>"""


def instruct(place: Place, html: str) -> None:
    """Write the project's labeling instructions."""
    path = f"api/projects/{place.project_id}/"
    body = {"expert_instruction": html}
    place.container.studio._transport.send("PATCH", path, body, what="the project")


def typed(text: Any) -> dict[str, Any]:
    region = {"from_name": "prompt", "to_name": "text", "type": "textarea"}
    return {"result": [{**region, "value": {"text": text}}]}


def sent(simulator: Simulator, *markers: str) -> bool:
    """Whether each text stood in a message of a request since ``watch``."""
    return all(simulator.stats()["markers"].get(marker) for marker in markers)


# the labeling instructions


@pytest.mark.slow
def test_the_labeling_instructions_are_the_prompt_of_last_resort(
    place: Place, simulator: Simulator
) -> None:
    guide = "Say a for {praise} & b for the rest."
    simulator.control(markers=[guide, "message number 1"])
    instruct(place, "<h1>Guide</h1><p>Say <b>a</b> for {praise} &amp; b for the rest.</p>")
    label = named(place.setup())
    assert label.startswith(f"Project {place.project_id} instructions__v-")
    [item] = results(place.predict(place.tasks(1)))
    assert item["model_version"] == label
    assert sent(simulator, guide, "message number 1")
    [prompt] = place.container.store.prompts.all()
    assert prompt.origin is Origin.INSTRUCTIONS
    assert prompt.project_ids == (place.project_id,)


@pytest.mark.slow
def test_every_wording_of_the_instructions_is_a_version_of_its_own(place: Place) -> None:
    instruct(place, "<p>One.</p>")
    one = named(place.setup())
    instruct(place, "<p>Two.</p>")
    place.container.backend._reader._refresh(place.project_id)
    two = named(place.setup())
    instruct(place, "<p>One.</p>")
    place.container.backend._reader._refresh(place.project_id)
    assert named(place.setup()) == one != two
    [prompt] = place.container.store.prompts.all()
    assert len(place.container.store.prompts.versions(prompt.id)) == 2


@pytest.mark.slow
def test_predict_writes_the_version_that_setup_named_whatever_is_read_meanwhile(
    place: Place,
) -> None:
    instruct(place, "<p>One.</p>")
    label = named(place.setup())
    instruct(place, "<p>Two.</p>")
    place.container.backend._reader._projects.clear()  # so that predicting reads the project again
    assert results(place.predict(place.tasks(1)))[0]["model_version"] == label
    assert named(place.setup()) != label


@pytest.mark.slow
def test_a_prompt_of_the_project_goes_before_its_instructions(place: Place) -> None:
    instruct(place, "<p>One.</p>")
    assert "instructions__" in named(place.setup())
    place.prompt()
    assert named(place.setup()) == "Topics__Version 1"


@pytest.mark.slow
def test_instructions_are_read_once_and_then_from_the_store(place: Place, studio: Any) -> None:
    instruct(place, "<p>One.</p>")
    named(place.setup())
    studio.control(forget_calls=True)
    for _ in range(10):
        named(place.setup())
    assert studio.state()["calls"] == {}


def test_without_any_source_the_message_says_what_to_write(place: Place) -> None:
    response = place.setup()
    assert response.status_code == 404
    assert "has no prompt yet" in response.status
    assert "labeling instructions" in response.json["fix"]


@pytest.mark.slow
def test_a_taken_title_does_not_stop_the_instructions(place: Place) -> None:
    place.container.prompts.create(f"Project {place.project_id} instructions", project=None)
    instruct(place, "<p>One.</p>")
    assert named(place.setup()).startswith(f"Project {place.project_id} instructions (2)__v-")


# a text in the extra parameters


@pytest.mark.slow
@pytest.mark.parametrize(
    "extra",
    [{"prompt": TEXT_IN_PARAMS}, json.dumps({"prompt": TEXT_IN_PARAMS}), TEXT_IN_PARAMS],
    ids=["object", "object as text", "bare text"],
)
def test_a_text_in_the_extra_parameters_is_a_version(place: Place, extra: Any) -> None:
    place.prompt()
    label = named(place.setup(extra_params=extra))
    assert label.startswith(f"Project {place.project_id} extra parameters__v-")
    [item] = results(place.predict(place.tasks(1)))
    assert item["model_version"] == label


@pytest.mark.slow
def test_the_model_of_a_text_is_part_of_its_version(place: Place, simulator: Simulator) -> None:
    first = named(place.setup(extra_params={"prompt": TEXT_IN_PARAMS}))
    extra = {"prompt": TEXT_IN_PARAMS, "model": "another"}
    assert named(place.setup(extra_params=extra)) != first
    results(place.predict(place.tasks(1)))
    versions = place.container.store.prompts.versions(1)
    assert [version.model for version in versions] == ["simulated", "another"]


@pytest.mark.slow
def test_braces_that_are_no_variable_stay_prose(place: Place, simulator: Simulator) -> None:
    words = "Answer like {this}: <text>message number 1</text>."
    simulator.control(markers=[words])
    place.setup(extra_params={"prompt": "Answer like {this}: {text}. Be brief."})
    results(place.predict(place.tasks(1)))
    assert sent(simulator, words)


@pytest.mark.slow
def test_a_model_beside_a_stored_prompt_is_refused_when_it_differs(place: Place) -> None:
    place.prompt()
    assert named(place.setup(extra_params={"model": "simulated"})) == "Topics__Version 1"
    response = place.setup(extra_params={"prompt": "Topics", "model": "another"})
    assert response.status_code == 400
    assert "'another'" in response.status


@pytest.mark.slow
def test_a_mistyped_title_does_not_become_a_prompt(place: Place) -> None:
    place.prompt("Topics of the week")
    response = place.setup(extra_params={"prompt": "Topics of teh week"})
    assert response.status_code == 404
    assert len(place.container.store.prompts.all()) == 1


# a text typed into the task


@pytest.fixture
def prompting(place: Place) -> Place:
    place.config = PROMPT_CONFIG
    return place


@pytest.mark.slow
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_is_typed_in_the_editor_goes_before_every_other_source(
    prompting: Place, simulator: Simulator, wrapped: bool
) -> None:
    prompting.prompt()
    context = typed(["Only today:", "pick one. {text}"])
    context = {"context": context} if wrapped else context
    words = "Only today:\npick one. <text>message number 1</text>"
    simulator.control(markers=[words])
    [item] = results(prompting.predict(prompting.tasks(1), context=context))
    assert item["model_version"] == "interactive prompt"
    assert sent(simulator, words)
    by_name = {region["from_name"]: region for region in item["result"]}
    assert set(by_name) == {"prompt", "topic"}
    assert by_name["prompt"]["value"] == {"text": ["Only today:\npick one. {text}"]}


@pytest.mark.slow
def test_a_typed_prompt_needs_no_stored_one_and_leaves_none(prompting: Place) -> None:
    [item] = results(prompting.predict(prompting.tasks(1), context=typed("Which topic?")))
    assert item["result"]
    assert prompting.container.store.prompts.all() == []
    assert prompting.container.store.served.count() == 0


@pytest.mark.slow
def test_a_mistake_in_a_typed_prompt_is_told(prompting: Place) -> None:
    response = prompting.predict(prompting.tasks(1), context=typed("Which {topc}?"))
    assert response.status_code == 400
    assert "topc" in response.status
    assert "text" in response.status


@pytest.mark.slow
@pytest.mark.parametrize(
    "context",
    [{}, {"result": []}, {"result": "x"}, typed(""), typed([1, None]), [1], "x", 7],
    ids=str,
)
def test_a_context_without_a_prompt_leaves_it_to_the_other_sources(
    prompting: Place, context: Any
) -> None:
    prompting.prompt()
    [item] = results(prompting.predict(prompting.tasks(1), context=context))
    assert item["model_version"] == "Topics__Version 1"


@pytest.mark.slow
def test_a_prompt_area_is_never_answered_by_the_model(prompting: Place) -> None:
    prompting.prompt()
    [item] = results(prompting.predict(prompting.tasks(1)))
    assert [region["from_name"] for region in item["result"]] == ["topic"]


@pytest.mark.slow
def test_instructions_that_cannot_be_read_are_said_to_be_the_reason(place: Place) -> None:
    instruct(place, "<div>" * 10_000 + "Say a.")
    for _ in range(2):
        answer = place.predict(place.tasks(1))
        assert answer.status_code == 400
        assert "nested too deeply" in answer.get_data(as_text=True)
