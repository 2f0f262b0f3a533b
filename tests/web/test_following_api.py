"""Following by the API: started, listed with what it accepts, ended, and taken back."""

from __future__ import annotations

from typing import Any

import pytest
from web.test_promises_api import Drawing

from support.annotating import submit
from support.api import Api
from support.wire import region


@pytest.fixture
def drawing(api: Api) -> Drawing:
    return Drawing(api)


def ask(drawing: Drawing, method: str, path: str = "", **more: Any) -> Any:
    return drawing.api.request(method, f"projects/{drawing.api.project}/follows{path}", **more)


@pytest.mark.slow
def test_it_follows_and_accepts_only_what_is_promised(drawing: Drawing) -> None:
    body = {"prompt": drawing.prompt.id, "accept_max_error": 0.5, "certainty": 0.9}
    refused = ask(drawing, "POST", json=body)
    assert refused.status_code == 400
    assert "Nothing is promised here" in refused.text
    assert "/api/projects/" in refused.text, "what to do is said in the API's words"
    assert ask(drawing, "GET").json() == []

    plain = ask(drawing, "POST", json={"prompt": drawing.prompt.id}).json()
    assert (plain["accepts"], plain["budget"], plain["spent"]) == (None, None, 0)

    number = drawing.draw().json()["id"]
    drawing.api.container.promise_samples.work()
    for each in drawing.api.container.store.promises.tasks(number):
        submit(drawing.api.studio, each.task_id, [region()])
    assert drawing.post(f"/{number}/open").status_code == 200
    made = ask(drawing, "POST", json=body).json()
    accepts = made["accepts"]
    assert (accepts["state"], accepts["promise"], accepts["promise_sample"]) == (
        "accepting",
        False,
        number,
    )
    assert "checked, not promised" in accepts["why"]
    assert ask(drawing, "GET", params={"prompt": drawing.prompt.id}).json() == [made]

    early = ask(drawing, "POST", "/take-back", json={"prompt": drawing.prompt.id})
    assert early.status_code == 400
    ended = ask(drawing, "DELETE", params={"prompt": drawing.prompt.id}).json()
    assert ended["stopped"] is True
    back = ask(drawing, "POST", "/take-back", json={"prompt": drawing.prompt.id}).json()
    assert (back["would_delete"], back["deleted"]) == (0, 0)
