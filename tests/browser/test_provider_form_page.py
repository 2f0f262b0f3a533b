"""The form of a connection follows the chosen provider, and keeps what was typed beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser.opened import opened_page
from playwright.sync_api import expect

from support.browser import axe

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_fields_follow_the_provider_that_is_chosen(tmp_path: Path) -> None:
    with opened_page(tmp_path) as opened:
        page = opened.page
        page.goto(opened.url.partition("/ui/")[0] + "/ui/connections")
        page.get_by_role("link", name="Add connection").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("mine")
        expect(dialog.get_by_label("Deployment")).to_have_count(0)
        dialog.get_by_label("Provider").select_option("AzureOpenAI")
        expect(dialog.get_by_label("Deployment")).to_be_visible()
        dialog.get_by_label("Provider").select_option("Custom:groq")
        expect(dialog.get_by_label("Endpoint")).to_have_value("https://api.groq.com/openai/v1")
        expect(dialog.get_by_label("Deployment")).to_have_count(0)
        expect(dialog.get_by_label("Name")).to_have_value("mine")
        assert axe(page) == []
        if folder := os.environ.get("PICTURES_TO"):
            page.screenshot(path=f"{folder}/form.png", full_page=True)
        dialog.get_by_label("API key").fill("gsk-0123456789ab")
        dialog.get_by_label("Default model").fill("openai/gpt-oss-20b")
        dialog.get_by_role("button", name="Add connection").click()
        expect(page.locator("tbody")).to_contain_text("Groq")
        if folder := os.environ.get("PICTURES_TO"):
            page.screenshot(path=f"{folder}/list.png", full_page=True)
