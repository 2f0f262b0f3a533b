"""Show in label stream, on every face: with the caller's rights, and only what there is."""

from __future__ import annotations

import pytest

from support.api import STRANGER
from support.pages import Pages, sign_in

pytestmark = pytest.mark.slow


def predicted(pages: Pages, title: str) -> str:
    """The model version of a prompt that predicted all tasks."""
    prompt, version = pages.api.prompt(title)
    pages.api.answered(prompt, version, dict.fromkeys(pages.api.tasks, "a"), subset="All")
    return f"{title}__Version 1"


def shown(pages: Pages) -> str | None:
    return pages.container.studio.get_project(pages.project).model_version


def test_a_click_shows_a_model_version_and_says_what_was_shown_before(pages: Pages) -> None:
    first, second = predicted(pages, "First"), predicted(pages, "Second")
    assert shown(pages) == first
    path = f"/ui/predictions?project={pages.project}"
    page = pages.get(path)
    [form] = page.all("form[action='/ui/predictions/show']")  # not for the one that is shown
    button = form.css_first("button")
    assert button is not None
    assert button.text() == f"Show in label stream: {second}"
    page = pages.post("/ui/predictions/show", project=pages.project, model_version=second)
    assert shown(pages) == second
    assert f"shows {second} now instead of {first}." in page.text(".notice")


def test_what_the_project_does_not_hold_is_refused_with_what_it_holds(pages: Pages) -> None:
    first = predicted(pages, "First")
    page = pages.post("/ui/predictions/show", project=pages.project, model_version="Frist")
    assert page.status == 404
    assert f"It holds: '{first}'" in page.text()
    assert shown(pages) == first


def test_the_api_shows_it_with_the_callers_own_rights(pages: Pages) -> None:
    first, second = predicted(pages, "First"), predicted(pages, "Second")
    path = f"projects/{pages.project}/label-stream"
    assert pages.api.request("GET", path).json()["model_version"] == first
    answer = pages.api.request("POST", path, json={"model_version": second}).json()
    assert (answer["before"], answer["model_version"], answer["predictions"]) == (first, second, 10)
    stranger = pages.api.as_user(hidden=[pages.project])
    refused = pages.api.request("POST", path, stranger, json={"model_version": first})
    assert refused.status_code == 404
    assert shown(pages) == second


def test_a_stranger_changes_nothing(pages: Pages) -> None:
    first, second = predicted(pages, "First"), predicted(pages, "Second")
    pages.api.as_user(hidden=[pages.project])
    with pages.api.app.test_client() as client:
        assert sign_in(client, STRANGER).status_code == 303
        stranger = Pages(pages.api, client)
        page = stranger.post("/ui/predictions/show", project=pages.project, model_version=second)
    assert page.status == 404
    assert shown(pages) == first
