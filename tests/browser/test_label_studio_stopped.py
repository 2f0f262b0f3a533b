"""A real Label Studio that is stopped as by a debugger: connected to, and silent for good."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Page, expect

from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.services.callers.bridge import AWAY_SECONDS
from support.browser import PATIENCE, axe, chromium
from support.live_label_studio import LiveLabelStudio, personal_token
from support.sdk import ended_run
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.xdist_group("stopped")]

TASKS = 12
MOST_SECONDS = 3.0


@dataclass
class Stopped:
    """A signed-in page of somebody who looked around a moment ago, and the Label Studio behind."""

    page: Page
    client: LabelStudio
    studio: LiveLabelStudio
    pages: dict[str, str]
    prompt: int

    def send(self, signum: signal.Signals) -> None:
        assert self.studio.pid is not None
        os.killpg(os.getpgid(self.studio.pid), signum)

    def seconds(self, path: str) -> float:
        """Open a page that finds out for itself; return how long that took."""
        time.sleep(AWAY_SECONDS)
        began = time.monotonic()
        self.page.goto(path, wait_until="domcontentloaded")
        return time.monotonic() - began


@pytest.fixture(params=["legacy token", "personal access token"])
def stopped(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stopped]:
    with LiveLabelStudio() as studio, Simulator() as simulator, chromium() as browser:
        direct = ServerLabelStudio(studio.url, studio.token)
        project = direct.create_project("Mail", CONFIG)
        direct.import_tasks(project.id, [{"data": {"text": f"m {n}"}} for n in range(TASKS)])
        direct.close()
        simulator.control({"match": "Which", "answer": {"topic": "a"}})
        token = studio.token
        if request.param == "personal access token":
            token = personal_token(studio.url, studio.token)
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        with Installation(tmp_path_factory.mktemp("data"), **settings).start() as server:
            client = LabelStudio(base_url=server.url, api_key=studio.token)
            prompt = client.prompts.create(title="Topics", associated_projects=[project.id])
            version = client.prompts.versions.create(
                prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
            )
            run = client.prompts.runs.create(
                prompt.id, version.id, project=project.id, project_subset="All"
            )
            assert ended_run(client, run).status == "Completed"
            page = browser.new_context(
                viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
            ).new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{server.url}/ui/sign-in")
            page.fill("#token", token)
            page.click("text=Sign in >> nth=-1")
            page.wait_for_url("**/ui/prompts")
            pages = {
                "prompt": f"{server.url}/ui/prompts/{prompt.id}",
                "predictions": f"{server.url}/ui/predictions?project={project.id}",
                "health": f"{server.url}/ui/health",
            }
            for address in pages.values():
                page.goto(address)
                expect(page.locator("main")).to_be_visible()
            seen = Stopped(page, client, studio, pages, int(prompt.id))
            yield seen
            seen.send(signal.SIGCONT)


def test_pages_and_api_go_on_within_seconds_with_what_is_known(stopped: Stopped) -> None:
    page = stopped.page
    stopped.send(signal.SIGSTOP)
    for name, address in stopped.pages.items():
        quickest = min(stopped.seconds(address) for _ in range(2))
        print(f"{name}: {quickest:.2f} s")
        assert quickest < MOST_SECONDS, name
        expect(page.locator("#away")).to_contain_text("Label Studio does not answer.")
        assert axe(page) == []
        if name == "prompt":
            expect(page.locator("#text")).to_have_value("Which? {text}")
            expect(page.locator("#panel [data-row]")).to_have_count(TASKS)
        if name == "predictions":
            expect(page.locator("#versions tbody")).to_contain_text("Topics__Version 1")
    assert stopped.client.prompts.get(stopped.prompt).title == "Topics"
    stopped.send(signal.SIGCONT)
    stopped.seconds(stopped.pages["prompt"])
    expect(page.locator("#away")).to_have_count(0)
    expect(page.locator("#panel [data-row]").first).to_contain_text("m 0")
