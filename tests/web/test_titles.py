"""Titles are unique among those who see each other's prompts; of others' nobody learns."""

from __future__ import annotations

from typing import Any

import pytest
from label_studio_sdk.core.api_error import ApiError

from ml_backend.errors import InvalidInput
from support.api import Api
from support.wire import CONFIG

pytestmark = pytest.mark.slow

SECRET = "Layoffs in March"


def refusal(call: Any) -> str:
    with pytest.raises(ApiError) as refused:
        call()
    return str(refused.value.body)


def test_a_title_of_what_one_may_not_see_is_neither_told_nor_taken(api: Api) -> None:
    hidden, _ = api.prompt(SECRET)
    theirs, _ = api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Theirs")
    other = api.as_user(hidden=[api.project])
    same = other.prompts.create(title=SECRET, associated_projects=[theirs])
    free = other.prompts.create(title="Free", associated_projects=[theirs])
    assert other.prompts.update(same.id, title="Mine").title == "Mine"
    assert other.prompts.update(free.id, title=SECRET).title == SECRET
    assert [each.title for each in other.prompts.list().results] == ["Mine", SECRET]
    # Of one's own it is taken, in whatever case the project is.
    assert "already exists" in refusal(
        lambda: other.prompts.create(title=SECRET, associated_projects=[theirs])
    )
    assert "already exists" in refusal(lambda: other.prompts.update(same.id, title=SECRET))
    for ref in (hidden.id, 98765):
        answer = api.request("GET", f"prompts/{ref}/", other)
        assert (answer.status_code, SECRET in answer.text) == (404, False)


def test_nobody_squats_on_a_title_its_owner_wants(api: Api) -> None:
    theirs, _ = api.studio.seed(CONFIG, [{"data": {"text": "x"}}], title="Theirs")
    owner = api.as_user(hidden=[api.project])
    squatter, _ = api.prompt("Invoices")
    mine = owner.prompts.create(title="Invoices", associated_projects=[theirs])
    version = owner.prompts.versions.create(
        mine.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
    )
    run = owner.prompts.runs.create(mine.id, version.id, project=theirs)
    assert run.id
    # Who sees both tells them apart by number.
    container = api.container
    with pytest.raises(InvalidInput, match=f"2 prompts.*{squatter.id}, {mine.id}"):
        container.prompts.find("Invoices")
    assert container.prompts.find(str(mine.id)).id == mine.id
    assert {each.id for each in container.store.prompts.titled("Invoices")} == {
        squatter.id,
        mine.id,
    }


def test_a_connection_of_another_keeps_nobody_from_its_name(api: Api) -> None:
    theirs = api.connection(scope="User")
    store = api.container.store
    store.connections.update(theirs.id, title="Board's key")
    api.let_inside()
    other = api.as_user()
    made = other.model_providers.create(
        provider="Custom", endpoint=api.simulator.url, api_key="sk-mine", scope="User"
    )
    assert store.connections.get(made.id).title == "Custom 1", "no number tells of hidden ones"
    caller_words = api.request(
        "PATCH", f"model-provider-connections/{made.id}", other, json={"title": "Board's key"}
    ).text
    assert "already exists" not in caller_words
    store.connections.update(made.id, title="Board's key")
    with pytest.raises(InvalidInput, match="2 connections"):
        store.connections.get("Board's key")
