"""The prompt editor in a browser: what its script adds, and that nothing typed is lost."""

from __future__ import annotations

import pytest
from browser.opened import Opened
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("editor page")]


def test_variable_goes_where_the_caret_is(page: Page) -> None:
    page.fill("#text", "ab")
    page.evaluate("document.getElementById('text').setSelectionRange(1, 1)")
    page.click("[data-insert='{text}']")
    page.keyboard.type("!")
    expect(page.locator("#text")).to_have_value("a{text}!b")


def test_preview_follows_the_text_and_the_task(page: Page) -> None:
    expect(page.locator("#preview")).to_contain_text("Which? <text>message 0</text>")
    page.click("#answer-schema summary")
    page.fill("#text", "Tell me: {text}")
    expect(page.locator("#preview")).to_contain_text("Tell me: <text>message 0</text>")
    expect(page.locator("#answer-schema pre")).to_be_visible()
    page.click("text=Next task")
    expect(page.locator("#preview")).to_contain_text("Tell me: <text>message 1</text>")
    page.fill("#text", "And now: {text}")
    expect(page.locator("#preview")).to_contain_text("And now: <text>message 1</text>")
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
    opened.end_session()
    page.click("[data-key=save]")
    page.wait_for_url("**/ui/sign-in**")
    opened.sign_in()
    page.wait_for_url("**version=1**")
    expect(page.locator("#text")).to_have_value("Long thought {text}")
    expect(page.locator("#draft-note")).to_be_visible()


def test_evaluation_shows_its_progress_and_then_its_score(page: Page, opened: Opened) -> None:
    opened.evaluate()
    page.focus("#cancel-run")
    expect(page.locator("#live")).to_contain_text("0 of 12 tasks done")
    assert page.evaluate("document.activeElement.id") == "cancel-run", "progress keeps the focus"
    opened.simulator.control()
    expect(page.locator("#score .display")).to_contain_text("%")
    expect(page.locator("#live")).to_contain_text("Run completed: 12 of 12 tasks done.")
    assert not page.locator("#run").count()
    assert page.evaluate("document.activeElement.id") == "score", "what was pressed is gone"


def test_dialog_of_all_tasks_opens_and_gives_the_focus_back(page: Page) -> None:
    opener = page.get_by_role("link", name="Get Predictions for All Tasks")
    opener.click()
    expect(page.locator("dialog[open]")).to_contain_text("30 tasks")
    expect(page.locator("dialog .estimate")).to_contain_text("Cost unknown")
    assert page.evaluate("document.activeElement.textContent") == "Cancel"
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(opener).to_be_focused()
