"""Which model? by clicks: models are chosen, raced, and the winner is saved as a version.

With SCREENSHOTS naming a folder its pictures are taken on the way.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Page, expect

from support.browser import PATIENCE, axe, chromium
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = pytest.mark.browser


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"ui-{name}.png", full_page=True)


def test_models_are_raced_by_clicks(tmp_path: Path) -> None:
    with FakeLabelStudio() as studio, Simulator() as simulator, chromium() as browser:
        truth = [{"result": [region("a")], "ground_truth": True}]
        rows = [{"data": {"text": f"message {n}"}, "annotations": truth} for n in range(60)]
        project, _ = studio.seed(CONFIG, rows)
        simulator.control({"answer": {"topic": "a"}})
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
            "OPENAI_PRICE": "1,2",
        }
        with Installation(tmp_path / "data", **settings).start() as installation:
            client = LabelStudio(base_url=installation.url, api_key=studio.token)
            prompt = client.prompts.create(title="Topics", associated_projects=[project])
            client.prompts.versions.create(
                prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
            )
            page = browser.new_context(reduced_motion="reduce").new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{installation.url}/ui/sign-in")
            page.fill("#token", studio.token)
            page.click("text=Sign in >> nth=-1")
            page.wait_for_url("**/ui/prompts")
            page.goto(f"{installation.url}/ui/prompts/{prompt.id}")
            page.get_by_role("link", name="Which model?").click()
            page.get_by_role("link", name="List the models").click()
            expect(page.locator("#race-listed")).to_contain_text("gpt-4o-mini")
            page.fill("#model_1", "gpt-4o-mini")
            page.fill("#few_shot", "0, 2")
            page.locator("#few_shot").blur()
            expect(page.locator("#race-plan")).to_contain_text("Raced on 36 tasks")
            assert axe(page) == []
            picture(page, "race-form")
            page.get_by_role("button", name="Race", exact=True).click()
            expect(page.locator(".race-sentence")).to_be_visible()
            expect(page.locator(".race-table tbody tr")).to_have_count(4)
            assert axe(page) == []
            picture(page, "race")
            page.set_viewport_size({"width": 390, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390
            picture(page, "race-narrow")
            save = page.get_by_role("button", name="Save winner as version")
            if save.count():
                save.click()
                expect(page.locator("#job")).to_contain_text(re.compile("Saved as"))
