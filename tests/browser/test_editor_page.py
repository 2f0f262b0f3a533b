"""The prompt editor in a browser: what its script adds, and that nothing typed is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Page, expect

from support.browser import PATIENCE, chromium
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("editor page")]


@dataclass
class Opened:
    """A page of a person who signed in, and the address of a prompt with one version."""

    page: Page
    simulator: Simulator
    url: str
    token: str
    database: Path


def sign_in(page: Page, token: str) -> None:
    page.fill("#token", token)
    page.click("text=Sign in >> nth=-1")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with FakeLabelStudio() as studio, Simulator() as simulator, chromium() as browser:
        rows: list[dict[str, Any]] = [{"data": {"text": f"message {n}"}} for n in range(30)]
        for n, row in enumerate(rows[:12]):
            row["annotations"] = [{"result": [region("ab"[n % 2])], "ground_truth": True}]
        project, _ = studio.seed(CONFIG, rows)
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        data: Path = tmp_path_factory.mktemp("data")
        with Installation(data, **settings).start() as installation:
            client = LabelStudio(base_url=installation.url, api_key=studio.token)
            prompt = client.prompts.create(title="Topics", associated_projects=[project])
            client.prompts.versions.create(
                prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
            )
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{installation.url}/ui/sign-in")
            sign_in(page, studio.token)
            page.wait_for_url("**/ui/prompts")
            url = f"{installation.url}/ui/prompts/{prompt.id}"
            yield Opened(page, simulator, url, studio.token, data / "prompts.db")


@pytest.fixture
def page(opened: Opened) -> Page:
    """The editor of Version 1 as it is saved."""
    opened.simulator.reset()
    opened.page.goto(opened.url)
    opened.page.evaluate("localStorage.clear()")
    opened.page.goto(f"{opened.url}?version=1")
    return opened.page


def test_variable_goes_where_the_caret_is(page: Page) -> None:
    page.fill("#text", "ab")
    page.evaluate("document.getElementById('text').setSelectionRange(1, 1)")
    page.click("[data-insert='{text}']")
    page.keyboard.type("!")
    expect(page.locator("#text")).to_have_value("a{text}!b")


def test_preview_follows_the_text_and_the_task(page: Page) -> None:
    expect(page.locator("#preview")).to_contain_text("Which? message 0")
    page.click("#answer-schema summary")
    page.fill("#text", "Tell me: {text}")
    expect(page.locator("#preview")).to_contain_text("Tell me: message 0")
    expect(page.locator("#answer-schema pre")).to_be_visible()
    page.click("text=Next task")
    expect(page.locator("#preview")).to_contain_text("Tell me: message 1")
    page.fill("#text", "And now: {text}")
    expect(page.locator("#preview")).to_contain_text("And now: message 1")
    page.fill("#text", "Which {txet}?")
    expect(page.locator("#variable-notes")).to_contain_text("no field {txet}")


def test_button_says_how_many_tasks_of_which_baseline(page: Page) -> None:
    button = page.locator("[data-key=run]")
    expect(button).to_have_text("Evaluate 12 tasks")
    page.check("[name=baseline][value=All]")
    expect(button).to_have_text("Run 30 tasks")
    page.fill("#sample-size", "7")
    expect(page.locator("[name=baseline][value=Sample]")).to_be_checked()
    expect(button).to_have_text("Run 7 tasks")
    page.fill("#tasks", "1-4")
    expect(button).to_have_text("Run 4 tasks")


def test_what_is_not_saved_outlives_a_reload_and_a_refusal(page: Page) -> None:
    expect(page.locator("#unsaved")).to_be_hidden()
    page.fill("#text", "Which {txet}?")
    expect(page.locator("#unsaved")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator("#editor-alert")).to_contain_text("uses {txet}")
    page.reload()
    expect(page.locator("#text")).to_have_value("Which {txet}?")
    page.click("[data-discard]")
    expect(page.locator("#text")).to_have_value("Which? {text}")
    expect(page.locator("#unsaved")).to_be_hidden()
    page.reload()
    expect(page.locator("#text")).to_have_value("Which? {text}")


def test_text_saved_as_a_new_version_is_no_change_of_the_old_one(page: Page) -> None:
    page.fill("#text", "Else {text}")
    page.click("text=Save as a new version")
    page.click("[value=save-as]")
    page.wait_for_url("**version=2**")
    page.select_option("#shown-version", "1")
    page.wait_for_url("**version=1**")
    expect(page.locator("#text")).to_have_value("Which? {text}")
    expect(page.locator("#unsaved")).to_be_hidden()


def test_session_that_ended_costs_nothing_that_was_typed(page: Page, opened: Opened) -> None:
    page.fill("#text", "Long thought {text}")
    with closing(sqlite3.connect(opened.database)) as database, database:
        database.execute("DELETE FROM web_sessions")
    page.click("[data-key=save]")
    page.wait_for_url("**/ui/sign-in**")
    sign_in(page, opened.token)
    page.wait_for_url("**version=1**")
    expect(page.locator("#text")).to_have_value("Long thought {text}")
    expect(page.locator("#draft-note")).to_be_visible()


def test_evaluation_shows_its_progress_and_then_its_score(page: Page, opened: Opened) -> None:
    opened.simulator.control(latency=1.5)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**run=1**")
    page.focus("#cancel-run")
    expect(page.locator("#live")).to_contain_text("of 12 tasks done")
    assert page.evaluate("document.activeElement.id") == "cancel-run", "progress keeps the focus"
    expect(page.locator("#score .display")).to_contain_text("%")
    expect(page.locator("#live")).to_contain_text("Run completed: 12 of 12 tasks done.")
    assert not page.locator("#run").count()


def test_dialog_of_all_tasks_opens_and_gives_the_focus_back(page: Page) -> None:
    opener = page.get_by_role("link", name="Get Predictions for All Tasks")
    opener.click()
    expect(page.locator("dialog[open]")).to_contain_text("30 tasks")
    expect(page.locator("dialog .estimate")).to_contain_text("Cost unknown")
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(opener).to_be_focused()
