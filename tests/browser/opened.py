"""The page of a prompt with one version, opened by a person who signed in."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from label_studio_sdk import LabelStudio
from playwright.sync_api import Page

from support.browser import PATIENCE, chromium
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation, eventually
from support.simulator import Simulator
from support.wire import CONFIG, region

WITH_TRUTH = 12
TEXT = "Which? {text}"
NUMBERS = itertools.count(1)


@dataclass
class Opened:
    """A page, what stands behind it, and the address of the prompt."""

    page: Page
    studio: FakeLabelStudio
    simulator: Simulator
    url: str
    database: Path
    client: LabelStudio
    prompt: int

    def sign_in(self) -> None:
        self.page.fill("#token", self.studio.token)
        self.page.click("text=Sign in >> nth=-1")

    def end_session(self) -> None:
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("DELETE FROM web_sessions")

    def restore(self) -> Page:
        """Open the editor of Version 1 as it was at first, with a model that answers at once."""
        self.simulator.reset()
        self.client.prompts.versions.update(self.prompt, 1, prompt=TEXT)
        self.page.goto(self.url)
        self.page.evaluate("localStorage.clear()")
        self.page.goto(f"{self.url}?version=1")
        return self.page

    def evaluate(self) -> None:
        """Press Evaluate, of a text that no answer is kept of; the model says nothing for now."""
        self.simulator.control(hold=True)
        self.page.fill("#text", f"Which, for the {next(NUMBERS)}. time? {{text}}")
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_url("**run=*")

    def run_ended(self) -> None:
        """Wait until no run goes on, as the store tells: the page is not asked."""

        def ended() -> bool:
            with closing(sqlite3.connect(self.database)) as database:
                rows = database.execute("SELECT status FROM runs ORDER BY id DESC LIMIT 1")
                return [row[0] for row in rows] == ["Completed"]

        eventually(ended)


@contextmanager
def opened_page(data: Path) -> Iterator[Opened]:
    """Yield the page over a fake Label Studio and a simulated model."""
    with FakeLabelStudio() as studio, Simulator() as simulator, chromium() as browser:
        rows: list[dict[str, Any]] = [{"data": {"text": f"message {n}"}} for n in range(30)]
        for n, row in enumerate(rows[:WITH_TRUTH]):
            row["annotations"] = [{"result": [region("ab"[n % 2])], "ground_truth": True}]
        project, _ = studio.seed(CONFIG, rows)
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        with Installation(data, **settings).start() as installation:
            client = LabelStudio(base_url=installation.url, api_key=studio.token)
            prompt = client.prompts.create(title="Topics", associated_projects=[project])
            client.prompts.versions.create(
                prompt.id, title="Version 1", prompt=TEXT, provider_model_id="simulated"
            )
            page = browser.new_context(
                viewport={"width": 1600, "height": 900}, reduced_motion="reduce"
            ).new_page()
            page.set_default_timeout(PATIENCE)
            url = f"{installation.url}/ui/prompts/{prompt.id}"
            database = data / "prompts.db"
            opened = Opened(page, studio, simulator, url, database, client, prompt.id)
            page.goto(f"{installation.url}/ui/sign-in")
            opened.sign_in()
            page.wait_for_url("**/ui/prompts")
            yield opened
