"""From an empty server to annotations by clicking alone: real server, real Label Studio, Chromium.

With SCREENSHOTS naming a folder the pictures of the docs are taken on the way: ``make screenshot``.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ml_backend import demo
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.prompting.enclosing import put_in
from support.browser import PATIENCE, chromium
from support.by_hand import delete_project
from support.demo_tasks import demo_tasks
from support.live_label_studio import LiveLabelStudio
from support.server import Installation
from support.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TITLE = "Customer mail"
INSTRUCTIONS = "<p>Sort each message by what it is about, and say how urgent it is.</p>"


class Walk:
    """A person at the pages, and what Label Studio then holds."""

    def __init__(
        self, page: Page, url: str, studio: ServerLabelStudio, project: int, model: Simulator
    ) -> None:
        self.page = page
        self.model = model
        self.url = url
        self.studio = studio
        self.project = project
        self._pictures = os.environ.get("SCREENSHOTS", "")

    def picture(self, name: str) -> None:
        """Take a picture for the docs, when pictures are wanted."""
        if self._pictures:
            self.page.wait_for_load_state("networkidle")
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=Path(self._pictures) / f"ui-{name}.png")

    def menu(self, name: str) -> None:
        main = self.page.get_by_role("navigation", name="Main")
        main.get_by_role("link", name=name, exact=True).click()
        self.arrives()

    def arrives(self) -> None:
        """Wait until the page's script is there: before it, a dialog is a page of its own."""
        self.page.wait_for_load_state("load")

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator("body")).to_contain_text(text)
        self.arrives()

    def tab(self, name: str) -> None:
        self.page.get_by_role("navigation", name="Prompt views").get_by_role(
            "link", name=name
        ).click()
        expect(self.page.locator(f"#panel[aria-label='{name}']")).to_be_visible()

    def run_ends(self) -> None:
        """Wait until the run on the page has ended, as its progress tells."""
        expect(self.page.locator("#run progress")).to_have_count(0)
        expect(self.page.locator("main > .notice")).to_have_count(0)

    def predictions(self) -> Counter[str | None]:
        return Counter(row.model_version for row in self.studio.predictions(self.project))


def knowledge() -> list[dict[str, Any]]:
    """What the model knows of the tasks: most always, some only when it is shown the subject."""
    rules = []
    for n, task in enumerate(demo.tasks()):
        text = task["data"]["text"]
        answer = task.get("ground_truth") or {"topic": "Feedback", "urgency": "Low", "entities": []}
        if n % 9 == 0:
            answer = {**answer, "topic": "Feedback", "urgency": "Low"}
        shown = "\n".join(put_in(name, task["data"][name]) for name in ("subject", "text"))
        match = shown if n % 5 == 0 else text[:40]
        rules.append({"match": match, "answer": answer})
    return rules


@pytest.fixture
def walk(live: LiveLabelStudio, tmp_path: Path) -> Iterator[Walk]:
    studio = ServerLabelStudio(live.url, live.token)
    project = studio.create_project(TITLE, demo.config(), instruction=INSTRUCTIONS)
    studio.import_tasks(project.id, demo_tasks())
    with Simulator(latency=0.02) as simulator, chromium() as browser:
        simulator.control(*knowledge(), latency=0.02)
        settings = {
            "LABEL_STUDIO_URL": live.url,
            "LABEL_STUDIO_API_KEY": live.token,
            "LLM_MAX_CONCURRENCY": "16",
        }
        with Installation(tmp_path / "data", **settings).start() as server:
            page = browser.new_page(
                viewport={"width": 1280, "height": 900},
                color_scheme="light",
                reduced_motion="reduce",
            )
            page.set_default_timeout(PATIENCE)
            yield Walk(page, server.url, studio, project.id, simulator)
            page.close()
    delete_project(studio, project.id)
    studio.close()


def test_the_guide_is_walked_from_an_empty_server_to_annotations(
    walk: Walk, live: LiveLabelStudio
) -> None:
    sign_in(walk, live.token)
    add_model(walk)
    connect(walk)
    create_prompt(walk)
    mark_ground_truth(walk)
    evaluate(walk)
    look_at_results(walk)
    write_second_version(walk)
    compare(walk)
    enhance(walk)
    get_predictions(walk)
    delete_predictions(walk)
    create_annotations(walk)
    leave(walk)


def sign_in(walk: Walk, token: str) -> None:
    page = walk.page
    page.goto(walk.url)
    page.get_by_label("Access token").fill("a wrong token")
    page.get_by_role("button", name="Sign in").click()
    walk.sees("Token refused")
    page.get_by_label("Access token").fill(token)
    walk.picture("sign-in")
    page.keyboard.press("Enter")
    walk.sees("No prompts yet")


def add_model(walk: Walk) -> None:
    page = walk.page
    walk.menu("Connections")
    page.get_by_role("link", name="Add connection").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("main")
    dialog.get_by_label("Provider").select_option("Custom")
    expect(dialog.locator("#provider-fields")).to_contain_text("a server of yours, a gateway")
    dialog.get_by_label("Endpoint").fill("http://127.0.0.1:9/v1")
    dialog.get_by_label("API key").fill("sk-a-secret-of-the-walk")
    dialog.get_by_label("Default model").fill("gpt-4o-mini")
    dialog.get_by_label("Prices").fill("gpt-4o-mini=0.15,0.60")
    dialog.get_by_role("button", name="Add connection").click()
    page.get_by_role("link", name=re.compile("^Test")).or_(
        page.get_by_role("button", name=re.compile("^Test"))
    ).last.click()
    walk.sees("unreachable")
    page.get_by_role("link", name=re.compile("^Edit")).last.click()
    dialog.get_by_label("Endpoint").fill(walk.model.url)
    dialog.get_by_label("API key").fill("sk-a-secret-of-the-walk")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("link", name=re.compile("^Test")).or_(
        page.get_by_role("button", name=re.compile("^Test"))
    ).last.click()
    walk.sees("✓")
    assert "sk-a-secret-of-the-walk" not in page.content()
    walk.picture("connections")


def connect(walk: Walk) -> None:
    page = walk.page
    walk.menu("Health")
    walk.sees(re.compile(r"Set up.*\d of \d ready"))
    page.locator("main select").select_option(label=TITLE)
    page.get_by_role("button", name=re.compile("^Connect")).first.click()
    card = page.locator(f"#project-{walk.project}")
    expect(card).to_contain_text("✓ connected")
    assert len(walk.studio.list_backends(walk.project)) == 1
    walk.picture("health")


def create_prompt(walk: Walk) -> None:
    page = walk.page
    walk.menu("Prompts")
    page.get_by_role("link", name="Create Prompt").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Sort mail")
    dialog.get_by_label("Target Project").select_option(label=TITLE)
    expect(dialog).to_contain_text("60 annotations")
    dialog.get_by_label("Model connection").select_option(index=1)
    walk.picture("create")
    dialog.get_by_role("button", name="Create Prompt").click()
    expect(page.get_by_role("heading", name="Sort mail")).to_be_visible()
    walk.arrives()


def mark_ground_truth(walk: Walk) -> None:
    page = walk.page
    page.locator(".baseline").get_by_role("link", name="Mark…").click()
    walk.sees("Ground truth: 0 of 60 annotated tasks")
    walk.picture("ground-truth")
    page.get_by_role("link", name="Mark all…", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Mark 60 tasks").click()
    walk.sees("60 tasks marked. Ground truth: 60 of 60 annotated tasks.")
    assert walk.studio.get_project(walk.project).ground_truths == 60
    walk.menu("Prompts")
    page.get_by_role("link", name="Sort mail", exact=True).click()
    expect(page.get_by_role("heading", name="Sort mail")).to_be_visible()
    walk.arrives()


def evaluate(walk: Walk) -> None:
    page = walk.page
    text = page.get_by_label("Prompt", exact=True)
    assert "Sort each message" in text.input_value()
    text.fill("What is this message about, and how urgent is it?\n\n{text}\n{nothing}")
    page.keyboard.press("Control+s")
    expect(page.locator("#editor-alert")).to_contain_text("{nothing}")
    text.fill("What is this message about, and how urgent is it?\n\n")
    page.get_by_role("button", name="{text}").click()
    assert text.input_value().endswith("{text}")
    page.keyboard.press("Control+s")
    walk.sees("Version 1 is saved.")
    expect(page.locator("#estimate")).to_contain_text("60 tasks")
    page.get_by_label("Prompt", exact=True).focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#score")).to_contain_text(re.compile(r"of 60"))
    walk.run_ends()
    walk.arrives()
    assert walk.predictions() == {"Sort mail__Version 1__evaluate": 60}
    walk.picture("prompt")


def look_at_results(walk: Walk) -> None:
    page = walk.page
    walk.tab("Results")
    page.get_by_role("link", name=re.compile("^Mismatch")).click()
    expect(page.locator(".filters [aria-current]")).to_contain_text("Mismatch")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    walk.sees("Raw answer")
    walk.picture("results")
    walk.tab("Alignment")
    walk.picture("alignment")
    page.get_by_role("link", name=re.compile("^See ")).first.click()
    expect(page.locator("#panel[aria-label='Results']")).to_be_visible()


def write_second_version(walk: Walk) -> None:
    page = walk.page
    page.get_by_label("Prompt", exact=True).fill("Sort this message.\n\n{subject}\n{text}")
    page.get_by_text("Save as a new version").click()
    page.get_by_role("button", name="Save as").click()
    walk.sees("Version 2 is made.")
    page.get_by_role("button", name="Evaluate 60 tasks").click()
    expect(page.locator("#score")).to_contain_text(re.compile(r"of 60"))
    walk.run_ends()
    # One prompt's evaluations replace each other: no task shows two.
    assert walk.predictions() == {"Sort mail__Version 2__evaluate": 60}
    walk.tab("Versions")
    walk.picture("versions")


def compare(walk: Walk) -> None:
    page = walk.page
    walk.tab("Compare")
    # The last two versions stand there by themselves.
    expect(page.locator("#comparison")).to_contain_text("60 tasks with ground truth")
    walk.picture("compare")


def enhance(walk: Walk) -> None:
    page = walk.page
    page.get_by_text("Edit", exact=True).click()
    page.get_by_role("link", name="Enhance Prompt").click()
    walk.sees("held out")
    walk.model.control(latency=0.02)  # as a teacher it knows nothing but what it is shown
    page.get_by_role("button", name=re.compile("^(Ask for a better|Draft)")).click()
    expect(
        page.get_by_role("heading", name=re.compile("^What (changes|it drafted)"))
    ).to_be_visible()
    walk.picture("enhance")
    walk.model.control(*knowledge(), latency=0.02)
    page.get_by_role("button", name=re.compile("^Save as")).click()
    page.get_by_role("button", name=re.compile("^Evaluate .* held-out")).click()
    expect(page.locator("#held-out .verdict")).to_contain_text("Held-out")


def get_predictions(walk: Walk) -> None:
    page = walk.page
    walk.menu("Prompts")
    walk.picture("prompts")
    page.get_by_role("link", name="Sort mail", exact=True).click()
    walk.sees("Get Predictions for All Tasks")
    page.get_by_role("link", name="Get Predictions for All Tasks").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("200 tasks")
    walk.picture("all-tasks")
    dialog.get_by_role("button", name=re.compile("^Get predictions for 200 tasks")).click()
    page.wait_for_url("**run=*")
    walk.run_ends()
    held = walk.predictions()
    [shown] = [label for label in held if label and not label.endswith("__evaluate")]
    assert held[shown] == 200
    walk.tab("History")
    walk.picture("history")


def delete_predictions(walk: Walk) -> None:
    page = walk.page
    walk.menu("Predictions")
    page.get_by_label("Project").select_option(label=TITLE)
    walk.sees("200")
    walk.picture("predictions")
    before = walk.predictions()
    [label] = [each for each in before if each and each.endswith("__evaluate")]
    row = page.get_by_role("row").filter(has_text=label)
    row.get_by_role("link", name=re.compile("^Delete")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{before[label]} predictions")
    walk.picture("delete")
    dialog.get_by_role("button", name=f"Delete {before[label]} predictions").click()
    walk.sees("The project still holds")
    del before[label]
    assert walk.predictions() == before


def create_annotations(walk: Walk) -> None:
    page = walk.page
    walk.menu("Predictions")
    page.get_by_label("Project").select_option(label=TITLE)
    [label] = [each for each in walk.predictions() if each and not each.endswith("__evaluate")]
    row = page.get_by_role("row").filter(has_text=label)
    row.get_by_role("link", name=re.compile("^Create")).click()
    dialog = page.get_by_role("dialog")
    made = dialog.get_by_role("button", name=re.compile(r"^Create \d+ annotations"))
    expect(made).to_be_visible()
    expect(dialog).to_contain_text("You become their author")
    walk.picture("annotations")
    expect(made).to_have_text("Create 140 annotations")
    made.click()
    page.wait_for_url("**/predictions/outcome/*")
    walk.sees("140 annotations")
    by_whom = Counter(
        annotation.completed_by
        for task in walk.studio.iter_annotated(walk.project)
        for annotation in task.annotations
        if not annotation.ground_truth
    )
    assert by_whom == {walk.studio.whoami().id: 140}


def leave(walk: Walk) -> None:
    walk.page.get_by_role("button", name="Sign out").click()
    walk.sees("You are signed out")
    walk.page.goto(f"{walk.url}/ui/prompts")
    expect(walk.page.get_by_label("Access token")).to_be_visible()
