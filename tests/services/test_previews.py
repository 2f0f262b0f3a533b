"""What a model would be sent is shown exactly, for drafts too, and asking nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ml_backend.records import Origin, PromptVersion
from ml_backend.services.prompts.previews import Preview, Variable
from support.house import CONFIG, House

WITH_PICTURE = """<View><Image name="image" value="$image"/>
<Choices name="topic" toName="image"><Choice value="A"/><Choice value="B"/></Choices></View>"""


def annotated(number: int) -> dict[str, Any]:
    region = {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["AB"[number % 2]]},
    }
    return {
        "data": {"text": f"text {number} word{number % 2}"},
        "annotations": [{"result": [region], "ground_truth": True}],
    }


def preview(house: House, version: PromptVersion, project: int, *args: Any, **more: Any) -> Preview:
    container = house.container
    return container.previews.preview(
        container.studio, container.studio.get_project(project), version, *args, **more
    )


@pytest.mark.slow
def test_preview_is_what_a_run_then_sends(house: House) -> None:
    project, ids = house.fake.seed(CONFIG, [annotated(n) for n in range(6)])
    prompt, _ = house.prompt(project)
    version = house.container.prompts.create_version(prompt, text="Label {text} now", few_shot=2)
    shown = {each: preview(house, version, project, each) for each in ids}
    assert house.model.asked == []
    house.run(prompt, version, project)
    assert len(house.model.asked) == 6
    for request in house.model.asked:
        said = shown[request.task_id]
        assert [*said.messages] == request.messages
        assert (said.schema, said.examples, said.problem) == (request.schema, 2, "")


def test_draft_is_previewed_without_being_saved(house: House) -> None:
    project, ids = house.project(3)
    prompt, version = house.prompt(project)
    draft = replace(version, id=0, text="Draft for {text}!")
    first = preview(house, draft, project)
    assert first.task is not None
    assert (first.task.id, first.before, first.after) == (ids[0], None, ids[1])
    assert first.messages[-1]["content"] == "Draft for <text>text 0</text>!"
    assert first.schema is not None
    assert list(first.schema["properties"]) == ["topic", "confidence"]
    middle = preview(house, draft, project, ids[1])
    assert (middle.before, middle.after) == (ids[0], ids[2])
    assert len(house.container.store.prompts.versions(prompt.id)) == 1


@pytest.mark.slow
def test_examples_of_evaluated_tasks_are_left_out_as_in_an_evaluation(house: House) -> None:
    project, ids = house.fake.seed(CONFIG, [annotated(n) for n in range(6)])
    _, version = house.prompt(project)
    draft = replace(version, max_few_shot_examples=2)
    shown = preview(house, draft, project, ids[0], evaluated=ids[:3])
    sent = json.dumps(shown.messages)
    assert all(f"text {n} " not in sent for n in (1, 2))
    assert shown.examples == 2


@pytest.mark.slow
def test_annotations_made_meanwhile_count_with_the_next_pool(house: House) -> None:
    project, ids = house.project(3)
    _, version = house.prompt(project)
    draft = replace(version, max_few_shot_examples=1)
    assert preview(house, draft, project, ids[0]).examples == 0
    house.container.studio.create_annotation(ids[1], annotated(1)["annotations"][0]["result"])
    container = house.container
    config = container.predictor_factory.config_of(container.studio.get_project(project))
    container.examples.refresh_tasks(project, config, [ids[1]])  # as the webhook has it done
    assert preview(house, draft, project, ids[0]).examples == 1


@pytest.mark.parametrize(
    ("text", "problem", "field"),
    [
        ("Label {txet}", "Did you mean {text}?", "txet"),
        ("Label {other.part}", "the tasks have no such field", "other.part"),
    ],
)
def test_unknown_variable_is_a_problem_that_names_it(
    house: House, text: str, problem: str, field: str
) -> None:
    project, ids = house.project(2)
    _, version = house.prompt(project)
    shown = preview(house, replace(version, text=text), project)
    assert problem in shown.problem
    assert (shown.field, shown.messages, shown.after) == (field, (), ids[1])


@pytest.mark.slow
def test_prose_written_elsewhere_keeps_its_braces(house: House) -> None:
    project, _ = house.project(2)
    _, version = house.prompt(project)
    shown = preview(
        house, replace(version, text="{Hi} {text}", origin=Origin.EXTRA_PARAMS), project
    )
    assert shown.messages[-1]["content"] == "{Hi} <text>text 0</text>"


def test_task_that_cannot_be_asked_says_why(house: House) -> None:
    project, ids = house.fake.seed(CONFIG, [{"data": {"text": ""}}, {"data": {"text": "x"}}])
    _, version = house.prompt(project)
    assert "nothing in text" in preview(house, version, project).problem
    gone = preview(house, version, project, ids[1] + 5)
    assert (gone.task, gone.before) == (None, ids[1])
    assert f"has no task {ids[1] + 5}" in gone.problem


def test_project_that_cannot_be_labelled_says_why(house: House) -> None:
    project, _ = house.project(2)
    _, version = house.prompt(project)
    empty, _ = house.fake.seed(CONFIG, [])
    assert "import some" in preview(house, version, empty).problem
    bare, _ = house.fake.seed("<View></View>", [{"data": {"text": "x"}}])
    assert "no labeling config" in preview(house, version, bare).problem


def test_picture_is_shown_as_its_address(house: House) -> None:
    address = "http://pictures.invalid/1.png"
    project, _ = house.fake.seed(WITH_PICTURE, [{"data": {"image": address}}])
    _, version = house.prompt(project, text="What is on {image}?")
    parts = preview(house, version, project).messages[-1]["content"]
    assert [part["type"] for part in parts] == ["text", "text", "attachment"]
    assert parts[-1]["attachment"] == {"kind": "image", "url": address, "name": "image"}


@pytest.mark.parametrize(
    ("text", "used", "unknown", "appended"),
    [
        ("Label {text}", ["text"], (), False),
        ("Label it", [], (), True),
        ("By {author.name}: {nobody}", ["author"], ("nobody",), True),
        ("{text} by {author} {{plain}}", ["text", "author"], (), False),
    ],
)
def test_variables_say_what_is_required_used_and_unknown(
    house: House, text: str, used: list[str], unknown: tuple[str, ...], appended: bool
) -> None:
    data = {"text": "x", "author": {"name": "y"}}
    project, _ = house.fake.seed(CONFIG, [{"data": data}])
    studio = house.container.studio
    told = house.container.previews.variables(studio.get_project(project), text)
    assert told.known == (
        Variable("text", required=True, used="text" in used),
        Variable("author", required=False, used="author" in used),
    )
    assert (told.unknown, told.appended) == (unknown, appended)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({}, "at most 128 tokens"), ({"max_tokens": 40}, "at most 40 tokens, as this version says")],
)
def test_how_long_an_answer_may_get_is_shown(house: House, parameters, said: str) -> None:
    project, _ = house.project(1)
    prompt, _version = house.prompt(project)
    container = house.container
    version = container.prompts.create_version(prompt, text="{text}", parameters=parameters)
    assert preview(house, version, project).limit == said
    assert container.previews.limit(container.studio.get_project(project), version) == said


def test_a_limit_that_goes_by_the_text_says_how_far(house: House) -> None:
    config = CONFIG.replace("</View>", '<TextArea name="why" toName="text"/></View>')
    project, _ = house.project(1, config)
    _prompt, version = house.prompt(project)
    container = house.container
    said = container.previews.limit(container.studio.get_project(project), version)
    assert said == "at most 640 tokens; 4,640 of a task with 4,000 characters"
