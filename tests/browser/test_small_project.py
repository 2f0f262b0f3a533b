"""A project of five tasks, as people of Label Studio Community have it, used by clicking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Page, expect

from support.browser import PATIENCE, chromium
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("small project")]


@dataclass
class Opened:
    """A signed-in page, and the prompts of a project of five tasks and of one without any."""

    page: Page
    small: str
    empty: str


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with FakeLabelStudio() as studio, Simulator() as simulator, chromium() as browser:
        rows: list[dict[str, Any]] = [{"data": {"text": f"message {n}"}} for n in range(5)]
        for n, row in enumerate(rows[:3]):
            row["annotations"] = [{"result": [region("ab"[n % 2])], "lead_time": 2.0}]
        projects = [studio.seed(CONFIG, each)[0] for each in (rows, [])]
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        data = tmp_path_factory.mktemp("data")
        with Installation(data, **settings).start() as installation:
            client = LabelStudio(base_url=installation.url, api_key=studio.token)
            prompts = [
                client.prompts.create(title=f"Topics {each}", associated_projects=[each])
                for each in projects
            ]
            for prompt in prompts:
                client.prompts.versions.create(
                    prompt.id,
                    title="Version 1",
                    prompt="Which? {text}",
                    provider_model_id="simulated",
                )
            page = browser.new_context(
                viewport={"width": 1600, "height": 900}, reduced_motion="reduce"
            ).new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{installation.url}/ui/sign-in")
            page.fill("#token", studio.token)
            page.click("text=Sign in >> nth=-1")
            page.wait_for_url("**/ui/prompts")
            small, empty = (f"{installation.url}/ui/prompts/{each.id}" for each in prompts)
            yield Opened(page, small, empty)


def test_five_tasks_are_saved_evaluated_and_run_for_pages(opened: Opened) -> None:
    page = opened.page
    page.goto(opened.small)
    page.fill("#text", "Which one? {text}")
    page.click("[data-key=save]")
    expect(page.locator("main > .notice").first).to_contain_text("Version 1 is saved.")

    button = page.locator("[data-key=run]")
    expect(button).to_have_text("Evaluate 3 tasks")
    why = "since no annotation of this project is marked as ground truth"
    expect(page.locator(".baseline")).to_contain_text(why)
    button.click()
    page.wait_for_url("**run=1**")
    expect(page.locator("#score .display")).to_contain_text("%")
    expect(page.locator("#score")).to_contain_text("against submitted annotations, since no")

    page.check("[name=baseline][value=All]")
    expect(button).to_have_text("Run 5 tasks")
    button.click()
    page.wait_for_url("**run=2**")
    expect(page.locator("main > .notice")).to_have_count(0)  # taken away at the run's end
    expect(page.locator("#panel")).to_contain_text("5 tasks")


def test_what_was_typed_beside_another_choice_blocks_nothing(opened: Opened) -> None:
    page = opened.page
    page.goto(f"{opened.small}?version=1")
    page.fill("#sample-size", "0")
    page.select_option("#sample", "random")
    page.fill("#seed", "no number")
    page.select_option("#sample", "first")
    page.check("[name=baseline][value=All]")
    page.fill("#text", "Which of them? {text}")
    page.click("[data-key=save]")
    # Where it was run the changed text is the next version.
    expect(page.locator(".made, main > .notice").first).to_contain_text(
        re.compile("Version 2 has the changed text|Version 1 is saved")
    )
    page.fill("#sample-size", "0")  # which chooses the sample
    page.click("[data-key=run]")
    expect(page.locator("#editor-alert")).to_contain_text("The sample's size is '0'")


def test_without_tasks_there_is_a_word_and_no_button(opened: Opened) -> None:
    page = opened.page
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(opened.empty)
    expect(page.locator("#no-tasks")).to_contain_text("has no tasks")
    expect(page.locator("[data-key=run]")).to_have_count(0)
    page.check("[name=baseline][value=All]")
    page.fill("#text", "Still saved: {text}")
    page.click("[data-key=save]")
    expect(page.locator("main > .notice").first).to_contain_text("Version 1 is saved.")
    assert complaints == []
