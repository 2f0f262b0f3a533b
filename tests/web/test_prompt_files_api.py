"""Prompts as files by the API: what a caller sees goes out, what they may change comes in."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api
from support.wire import CONFIG


def exported(api: Api, prompt_id: int, client: Any = None) -> Any:
    return api.request("GET", f"prompts/{prompt_id}/export", client)


def imported(api: Api, body: dict[str, Any], client: Any = None) -> Any:
    return api.request("POST", "prompts/import", client, json={"project": api.project, **body})


@pytest.mark.slow
def test_a_prompt_goes_out_and_comes_back_to_the_byte(api: Api) -> None:
    prompt, version = api.prompt()
    found = exported(api, prompt.id).json()
    assert (found["prompt"], found["title"], found["left_out"]) == (prompt.id, "Topics", [])
    told = imported(api, {"file": found["file"], "title": "Again", "dry_run": True}).json()
    assert (told["dry_run"], told["new_prompt"], told["prompt"]) == (True, True, None)
    assert [each["action"] for each in told["versions"]] == ["add"]
    assert len(api.client.prompts.list().results) == 1
    made = imported(api, {"file": found["file"], "title": "Again"}).json()
    again = exported(api, made["prompt"]).json()["file"]
    assert again == found["file"].replace("title: Topics", "title: Again", 1)
    mine = api.client.prompts.get(made["prompt"])
    assert mine.created_by.username
    assert mine.output_classes == ["a", "b"]
    kept = imported(api, {"file": found["file"]}).json()
    assert [(each["action"], each["id"]) for each in kept["versions"]] == [("keep", version.id)]


@pytest.mark.slow
def test_what_does_not_fit_names_its_line(api: Api) -> None:
    prompt, _ = api.prompt()
    text = exported(api, prompt.id).json()["file"]
    wrong = imported(api, {"file": text.replace("model:", "modle:"), "title": "New"})
    assert wrong.status_code == 400
    assert "Line 5: a version has no field 'modle'. Did you mean 'model'?" in str(wrong.json())
    unknown = imported(api, {"file": text, "dryrun": True})
    assert (unknown.status_code, list(unknown.json())) == (400, ["dryrun"])
    assert len(api.client.prompts.list().results) == 1


@pytest.mark.slow
def test_nobody_reaches_what_they_have_no_access_to(api: Api) -> None:
    prompt, _ = api.prompt()
    text = exported(api, prompt.id).json()["file"]
    other, _ = api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Theirs")
    stranger = api.as_user(hidden=[api.project])
    assert exported(api, prompt.id, stranger).status_code == 404
    assert imported(api, {"file": text}, stranger).status_code == 404
    # In a project of theirs they make one of their own of that title, and learn of no other.
    made = imported(api, {"file": text, "project": other}, stranger).json()
    assert (made["new_prompt"], made["prompt"] != prompt.id) == (True, True)
    assert api.container.store.prompts.get(prompt.id).project_ids == (api.project,)
    own = imported(api, {"file": text, "project": other, "title": "Own"}, stranger).json()
    assert api.container.store.prompts.get(own["prompt"]).project_ids == (other,)


@pytest.mark.slow
def test_a_connection_of_another_is_neither_named_nor_used(api: Api) -> None:
    prompt, _ = api.prompt()
    connection = api.connection(scope="User")
    store = api.container.store
    title = store.connections.get(connection.id).title
    (version,) = store.prompts.versions(prompt.id)
    store.prompts.update_version(
        version.id, connection_id=connection.id, provider=connection.provider
    )
    text = exported(api, prompt.id).json()["file"]
    assert f"connection: {title}" in text
    other = api.as_user()
    hidden = exported(api, prompt.id, other)
    assert hidden.status_code == 200
    assert title not in hidden.json()["file"]
    made = imported(api, {"file": text, "title": "Borrowed"}, other).json()
    assert f"There is no connection {title!r} here" in made["notes"][0]
    (version,) = store.prompts.versions(made["prompt"])
    assert version.connection_id is None
