"""Versions that cannot be lost: what changes a version that was run becomes the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ml_backend.records import PromptVersion
from support.pages import Page, Pages
from support.runs_made import ran

pytestmark = pytest.mark.slow


@dataclass
class Prompt:
    """A prompt whose Version 1 was evaluated, at its editor."""

    pages: Pages
    id: int
    version: int

    def send(self, do: str, version: int | None = None, **changed: Any) -> Page:
        query = f"?version={version or self.version}"
        form = self.pages.get(f"/ui/prompts/{self.id}{query}").fields("#editor")
        path = f"/ui/prompts/{self.id}/editor{query}"
        return self.pages.post(path, **{**form, "do": do, **changed})

    def undo(self, version: int) -> Page:
        path = f"/ui/prompts/{self.id}/versions/{version}/undo?version={self.version}"
        return self.pages.post(path, follow=False)

    @property
    def versions(self) -> list[PromptVersion]:
        return list(self.pages.container.store.prompts.versions(self.id))

    @property
    def texts(self) -> dict[str, str]:
        return {each.title: each.text for each in self.versions}


@pytest.fixture
def prompt(pages: Pages) -> Prompt:
    made, version = pages.api.prompt()
    pages.container.engine.stop(0)  # runs are begun, and nothing is asked
    ran(pages, version.id, correct=5)
    return Prompt(pages, made.id, version.id)


def test_saving_a_changed_text_leaves_what_was_run_and_makes_the_next(prompt: Prompt) -> None:
    pages = prompt.pages
    pages.container.store.prompts.update_version(prompt.version, parameters={"temperature": 0})
    page = prompt.send("save", text="Which one? {text}")
    assert prompt.texts == {"Version 1": "Which? {text}", "Version 2": "Which one? {text}"}
    assert prompt.versions[1].parameters == {"temperature": 0}
    assert "Version 2 has the changed text. Version 1 was run" in page.text(".made")
    assert page.all(".made a[href*=compare]") == []  # there is nothing of it to compare yet
    # The score that was shown is not that of another text.
    assert pages.container.store.runs.search(version_id=prompt.version)[0].stale == ""


def test_evaluating_a_changed_text_does_so_in_the_same_click(prompt: Prompt) -> None:
    page = prompt.send("run", text="Which one? {text}", baseline="HasGT", said="HasGT")
    assert prompt.texts == {"Version 1": "Which? {text}", "Version 2": "Which one? {text}"}
    [run] = prompt.pages.container.store.runs.search(version_id=prompt.versions[1].id)
    assert run.snapshot.text == "Which one? {text}"
    both = f"versions={prompt.version}&versions={run.version_id}"
    assert both in page.html.replace("&amp;", "&")
    assert "Compare with Version 1" in page.text(".made")


def test_the_same_press_twice_makes_one_version(prompt: Prompt) -> None:
    for do in ("save", "run", "save"):
        prompt.send(do, text="Which one? {text}", baseline="HasGT", said="HasGT")
    assert list(prompt.texts) == ["Version 1", "Version 2"]


def test_a_version_that_was_not_run_is_changed_in_its_place(prompt: Prompt) -> None:
    prompt.send("save", text="Which one? {text}")
    second = prompt.versions[1].id
    page = prompt.send("save", version=second, text="Which of them? {text}")
    assert "Version 2 is saved." in page.text(".notice")
    assert prompt.texts == {"Version 1": "Which? {text}", "Version 2": "Which of them? {text}"}


def test_the_editor_says_what_becomes_of_a_change(prompt: Prompt) -> None:
    page = prompt.pages.get(f"/ui/prompts/{prompt.id}?version={prompt.version}")
    assert "Version 1 was run, so it stays as it is: what you change becomes" in page.text(
        "#editor"
    )


def test_undo_takes_an_unused_version_back_and_keeps_its_text(prompt: Prompt) -> None:
    prompt.send("save", text="Which one? {text}")
    page = prompt.undo(prompt.versions[1].id)
    assert page.status == 200
    assert list(prompt.texts) == ["Version 1"]
    assert page.one("#text").text().strip() == "Which one? {text}"
    assert "Its text is in the editor, not saved" in page.text(".notice")
    again = prompt.undo(99_999)
    assert again.status == 303  # pressed twice: nothing is wrong


def test_undo_of_a_version_that_was_run_says_first_what_goes_with_it(prompt: Prompt) -> None:
    prompt.send("run", text="Which one? {text}", baseline="HasGT", said="HasGT")
    second = prompt.versions[1].id
    page = prompt.undo(second)
    assert page.status == 303
    assert f"/versions/{second}/delete" in page.response.location
    assert list(prompt.texts) == ["Version 1", "Version 2"]


def test_the_api_changes_in_place_as_enterprise_does_unless_asked_not_to(prompt: Prompt) -> None:
    api = prompt.pages.api
    path = f"prompts/{prompt.id}/versions/{prompt.version}"
    kept = api.request("PATCH", f"{path}?keep_if_run=true", json={"prompt": "Next {text}"}).json()
    assert (kept["title"], kept["prompt"]) == ("Version 2", "Next {text}")
    assert prompt.texts["Version 1"] == "Which? {text}"
    changed = api.client.prompts.versions.update(
        prompt.id, prompt.version, title="Version 1", prompt="In place {text}",
        provider_model_id="simulated",
    )  # fmt: skip
    assert changed.prompt == "In place {text}"
    used = api.request("DELETE", f"{path}?only_unused=true")
    assert used.status_code == 400
    assert "has runs or predictions" in used.text
    unused = f"prompts/{prompt.id}/versions/{kept['id']}?only_unused=true"
    assert api.request("DELETE", unused).status_code == 204
    assert list(prompt.texts) == ["Version 1"]
