"""Which prompt serves a connected project, seen by the version ``/setup`` names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml_backend.records import RunOptions, RunSnapshot, RunStatus, Slot, Subset
from support.place import Place


def named(response: Any) -> str:
    assert response.status_code == 200, response.status
    return str(response.json["model_version"])


def complete_run(place: Place, prompt_id: int, version_id: int, **options: Any) -> None:
    run = place.container.store.runs.create(
        prompt_id=prompt_id,
        version_id=version_id,
        project_id=place.project_id,
        label="any",
        slot=Slot.ALL.value,
        subset=Subset.ALL.value,
        snapshot=RunSnapshot(),
        options=RunOptions(**options),
        total=1,
    )
    fence = place.container.store.runs.claim(run.id, "test", 60)
    assert fence is not None
    place.container.store.runs.finish(run.id, fence, RunStatus.COMPLETED, "")


@pytest.mark.slow
def test_setup_names_the_active_version_of_the_projects_prompt(place: Place) -> None:
    prompt, version = place.prompt()
    assert named(place.setup()) == f"{prompt.title}__{version.title}"


@pytest.mark.slow
def test_the_url_goes_before_extra_parameters_and_those_before_the_project(place: Place) -> None:
    place.prompt("Of the project")
    second, _ = place.prompt("In the URL")
    third, _ = place.prompt("In the parameters")
    extra = {"prompt": third.id}
    assert named(place.setup(extra_params=extra)).startswith("In the parameters__")
    path = f"/prompts/{second.id}"
    assert named(place.setup(path, extra_params=extra)).startswith("In the URL__")


@pytest.mark.slow
def test_a_version_in_the_url_is_served_whatever_is_active(place: Place) -> None:
    prompt, first = place.prompt()
    place.container.prompts.create_version(prompt, text="Newer: {text}")
    assert named(place.setup(f"/prompts/{prompt.id}")) == "Topics__Version 2"
    pinned = f"/prompts/{prompt.id}/versions/{first.id}"
    assert named(place.setup(pinned)) == "Topics__Version 1"


@pytest.mark.parametrize(
    "extra",
    [
        {"prompt": "Second", "version": "Version 1"},
        json.dumps({"prompt": "Second", "version": "Version 1"}),
        "Second",
        ' {"prompt": "Second"} ',
    ],
    ids=["object", "object as text", "bare title", "with spaces"],
)
@pytest.mark.slow
def test_extra_parameters_may_be_an_object_or_text(place: Place, extra: Any) -> None:
    place.prompt("Second")
    place.prompt("Third")
    assert named(place.setup(extra_params=extra)) == "Second__Version 1"


@pytest.mark.slow
@pytest.mark.parametrize("extra", [None, "", "{}", {}, [], {"other": 1}], ids=str)
def test_extra_parameters_that_name_no_prompt_leave_it_to_the_project(
    place: Place, extra: Any
) -> None:
    place.prompt()
    assert named(place.setup(extra_params=extra)) == "Topics__Version 1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "status", "words"),
    [
        ('{"prompt": ', 400, "not valid JSON"),
        ([1], 400, "must be an object"),
        ({"prompt": {"a": 1}}, 400, "must be an id, a title or a text"),
        ({"prompt": True}, 400, "must be an id, a title or a text"),
        ({"prompt": "Nobody"}, 404, "There is no prompt 'Nobody'"),
        ({"prompt": 10**30}, 404, "There is no prompt"),
        ({"version": "Version 9"}, 404, "has no version 'Version 9'"),
    ],
    ids=str,
)
def test_extra_parameters_that_make_no_sense_are_explained(
    place: Place, extra: Any, status: int, words: str
) -> None:
    place.prompt()
    response = place.setup(extra_params=extra)
    assert response.status_code == status
    assert words in response.status
    assert words in response.json["error"]


@pytest.mark.slow
def test_predict_uses_the_extra_parameters_that_setup_brought(place: Place) -> None:
    place.prompt("First")
    place.prompt("Second")
    place.setup(extra_params={"prompt": "First"})
    [answer] = place.predict(place.tasks(1)).json["results"]
    assert answer["model_version"] == "First__Version 1"


@pytest.mark.slow
def test_two_connections_of_one_project_keep_their_parameters_apart(place: Place) -> None:
    first, _ = place.prompt("First")
    place.prompt("Second")
    place.setup(extra_params={"prompt": "Second"})
    place.setup(f"/prompts/{first.id}")
    [answer] = place.predict(place.tasks(1)).json["results"]
    assert answer["model_version"] == "Second__Version 1"


def test_a_project_without_a_prompt_says_how_to_make_one(place: Place) -> None:
    response = place.setup()
    assert response.status_code == 404
    assert f"Project {place.project_id} has no prompt yet" in response.status
    assert "POST /api/prompts/" in response.status


@pytest.mark.slow
def test_of_several_prompts_the_one_last_published_serves(place: Place) -> None:
    first, version = place.prompt("First")
    place.prompt("Second")
    assert named(place.setup()) == "Second__Version 1"
    complete_run(place, first.id, version.id)
    assert named(place.setup()) == "First__Version 1"


@pytest.mark.slow
def test_a_draft_changes_nothing_live(place: Place) -> None:
    first, version = place.prompt("First")
    second, draft = place.prompt("Second")
    complete_run(place, first.id, version.id)
    place.container.prompts.create_version(second, text="A draft: {text}")
    complete_run(place, second.id, draft.id, activate=False)
    assert named(place.setup()) == "First__Version 1"


@pytest.mark.slow
def test_a_prompt_without_versions_does_not_push_out_one_that_has_some(place: Place) -> None:
    place.prompt("First")
    project = place.container.studio.get_project(place.project_id)
    empty = place.container.prompts.create("Being written", project=project)
    assert named(place.setup()) == "First__Version 1"
    response = place.setup(f"/prompts/{empty.id}")
    assert response.status_code == 404
    assert "has no version yet" in response.status
