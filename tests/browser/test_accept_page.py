"""Accept by clicks: a sample is drawn, labelled, opened; what it promises is created, taken back.

With SCREENSHOTS naming a folder its pictures are taken on the way.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ml_backend.container import Container
from ml_backend.settings import Settings
from support.accept_pages import predicted
from support.annotating import submit
from support.browser import PATIENCE, axe, chromium
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation
from support.simulator import Simulator
from support.wire import region

pytestmark = pytest.mark.browser
TASKS, SURE = 400, 340


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"ui-{name}.png", full_page=True)


def seeded(studio: FakeLabelStudio, settings: dict[str, str]) -> tuple[int, int]:
    """Return the prompt and the project of predictions that stand before the server starts."""
    container = Container(Settings.from_env(settings))
    prompt, _, project, _ = predicted(studio, container, TASKS, SURE)
    container.close()
    container.studio.close()
    container.store.close()
    return prompt.id, project


def test_a_promise_is_made_and_used_by_clicks(tmp_path: Path) -> None:
    with FakeLabelStudio() as studio, Simulator() as simulator, chromium() as browser:
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        data = tmp_path / "data"
        prompt, _ = seeded(studio, {**settings, "DATA_DIR": str(data)})
        with Installation(data, **settings).start() as installation:
            context = browser.new_context(
                reduced_motion="reduce", viewport={"width": 1280, "height": 900}
            )
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{installation.url}/ui/sign-in")
            page.fill("#token", studio.token)
            page.click("text=Sign in >> nth=-1")
            page.wait_for_url("**/ui/prompts")
            page.goto(f"{installation.url}/ui/prompts/{prompt}")
            page.get_by_role("link", name="Accept", exact=True).click()
            walk(page, studio)


def walk(page: Page, studio: FakeLabelStudio) -> None:
    verdict = page.locator("#acceptance .verdict")
    expect(verdict).to_contain_text("No promise")
    picture(page, "accept-none")
    draw(page)
    sample = page.locator("section[aria-labelledby=sample-title]")
    expect(sample).to_contain_text(re.compile(r"0 of \d+ tasks labelled"))
    assert axe(page) == []
    picture(page, "accept-labelling")
    label(studio)
    sample.get_by_role("link", name="Look again").click()
    sample.get_by_role("button", name="Open").click()
    expect(verdict).to_contain_text("Promised")
    assert axe(page) == []
    picture(page, "accept-promised")
    page.emulate_media(color_scheme="dark")
    picture(page, "accept-promised-dark")
    assert axe(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    picture(page, "accept-narrow")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    slide(page)
    create_and_take_back(page, studio)


def draw(page: Page) -> None:
    page.locator("#acceptance").get_by_role("link", name="Promise this…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Wrong, at most (%)").fill("5")
    dialog.get_by_label("How certain").focus()
    button = dialog.get_by_role("button", name=re.compile(r"Draw \d+ tasks"))
    expect(dialog.locator("#draw-plan")).to_contain_text("withheld from Label Studio")
    expect(dialog.locator("#draw-plan input[name=error]")).to_have_value("5")
    assert axe(page) == []
    picture(page, "accept-draw")
    button.click()
    expect(dialog).to_be_hidden()


def label(studio: FakeLabelStudio) -> None:
    """Have people label every task of the sample: those that no prediction stands on."""
    state: dict[str, Any] = studio.state()
    predicted_tasks = {row["task"] for row in state["predictions"]}
    for row in state["tasks"]:
        if row["id"] not in predicted_tasks:
            submit(studio, row["id"], [region("a")])


def slide(page: Page) -> None:
    """The slider asks by the keyboard, and so does its field; the address follows."""
    verdict = page.locator("#acceptance .verdict")
    slider = page.get_by_label("Error allowed, in percent")
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#error")).to_have_value("2")
    expect(verdict).to_contain_text("No promise")
    expect(page).to_have_url(re.compile("error=2"))
    assert axe(page) == []
    picture(page, "accept-estimate")
    page.locator("#error").fill("6")
    expect(slider).to_have_value("6")
    expect(verdict).to_contain_text("at most 6 % of them wrong")
    expect(verdict).to_contain_text("Promised")


def create_and_take_back(page: Page, studio: FakeLabelStudio) -> None:
    page.locator("#acceptance").get_by_role("link", name=re.compile("Create .* annotation")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Skipped")
    assert axe(page) == []
    picture(page, "accept-create")
    dialog.get_by_role("button", name=re.compile("Create")).click()
    expect(page.locator("#job")).to_contain_text("annotations created")
    assert made(studio) > 0
    page.get_by_role("link", name="Back").first.click()
    expect(page.locator("#acceptance")).to_contain_text("All of these are annotations by now")
    page.get_by_role("link", name="Take back…").click()
    expect(dialog).to_contain_text("would be deleted")
    picture(page, "accept-take-back")
    dialog.get_by_role("button", name=re.compile("Delete")).click()
    expect(page.locator("#job")).to_contain_text("annotations deleted")
    assert made(studio) == 0


def made(studio: FakeLabelStudio) -> int:
    return sum(bool(row["parent_prediction"]) for row in studio.state()["annotations"])
