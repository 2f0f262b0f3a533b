"""Ground truth by clicking on a real Label Studio: one, ticked, at random; evaluated; taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Page, expect

from ml_backend.labelstudio import ServerLabelStudio
from support.browser import PATIENCE, axe, chromium
from support.by_hand import delete_project
from support.live_label_studio import LiveLabelStudio
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TASKS, ANNOTATED = 300, 120


@dataclass
class Person:
    """Somebody at the page of a project's ground truth, and what Label Studio then holds."""

    page: Page
    studio: ServerLabelStudio
    project: int
    tasks: list[int]
    truth: str
    prompt: str

    def marked(self) -> list[int]:
        found = self.studio.iter_annotated(self.project, ground_truth_only=True)
        return [task.id for task in found]

    def presses(self, name: str) -> None:
        """Press a button of the open dialog, and see what came of it."""
        self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
        expect(self.page.locator(".outcome")).to_contain_text("Ground truth:")


@pytest.fixture
def person(live: LiveLabelStudio, tmp_path: Path) -> Iterator[Person]:
    studio = ServerLabelStudio(live.url, live.token)
    project = studio.create_project("Ground truth by hand", CONFIG).id
    rows: list[dict[str, Any]] = [{"data": {"text": f"message {n}"}} for n in range(TASKS)]
    for n, row in enumerate(rows[:ANNOTATED]):
        # As people made them in the editor: nothing is marked.
        made = {"ground_truth": False, "lead_time": 3.0}
        row["annotations"] = [{"result": [region("ab"[n % 2])], **made}]
    rows[1]["annotations"].append({**rows[0]["annotations"][0]})  # somebody sees it otherwise
    tasks = studio.import_tasks(project, rows)
    with Simulator() as simulator, chromium() as browser:
        settings = {
            "LABEL_STUDIO_URL": live.url,
            "LABEL_STUDIO_API_KEY": live.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        with Installation(tmp_path / "data", **settings).start() as server:
            client = LabelStudio(base_url=server.url, api_key=live.token)
            prompt = client.prompts.create(title="Topics", associated_projects=[project])
            client.prompts.versions.create(
                prompt.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
            )
            page = browser.new_page(
                viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
            )
            page.set_default_timeout(PATIENCE)
            page.goto(f"{server.url}/ui/sign-in")
            page.fill("#token", live.token)
            page.click("text=Sign in >> nth=-1")
            page.wait_for_url("**/ui/prompts")
            address = f"{server.url}/ui/ground-truth?project={project}"
            yield Person(
                page, studio, project, tasks, address, f"{server.url}/ui/prompts/{prompt.id}"
            )
    delete_project(studio, project)
    studio.close()


def test_from_none_to_an_evaluation_on_it_and_back_by_clicks(person: Person) -> None:
    page, tasks = person.page, person.tasks
    page.get_by_role("link", name=re.compile("^Ground truth of Ground truth by hand")).click()
    expect(page.locator("main")).to_contain_text("Ground truth: 0 of 120 annotated tasks")
    assert axe(page) == []

    page.locator(f"#task-{tasks[0]}").get_by_role("button", name=re.compile("^Mark")).click()
    expect(page.locator("main > .notice")).to_contain_text(f"Task {tasks[0]} is ground truth now.")
    assert person.marked() == tasks[:1]

    # Two people disagree on the second: none is marked before somebody chooses.
    for task in tasks[1:4]:
        page.get_by_label(f"Tick task {task}", exact=True).check()
    page.get_by_role("button", name="Mark ticked…", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 tasks would be marked")
    expect(dialog).to_contain_text("1 task: annotators disagree")
    assert axe(page) == []
    person.presses("Mark 2 tasks")
    assert person.marked() == [tasks[0], *tasks[2:4]]
    page.get_by_role("link", name=f"task {tasks[1]}", exact=True).click()
    row = page.locator(f"#task-{tasks[1]}")
    expect(row).to_contain_text("annotators disagree: choose")
    row.get_by_role("button", name=re.compile("^Mark")).last.click()
    expect(page.locator("main > .notice")).to_contain_text("is ground truth now")
    assert person.marked() == tasks[:4]

    page.goto(person.truth)
    page.get_by_role("button", name="Mark at random…", exact=True).click()
    expect(dialog).to_contain_text("50 tasks would be marked, drawn at random from 116")
    expect(dialog).to_contain_text("This is no promise sample")
    person.presses("Mark 50 tasks")
    assert len(person.marked()) == 54

    page.goto(person.prompt)
    page.get_by_role("button", name="Evaluate 54 tasks").click()
    expect(page.locator("#score")).to_contain_text(re.compile("of 54"))

    page.goto(f"{person.truth}&marked=1")
    expect(page.locator("#annotated tbody tr")).to_have_count(40)
    page.get_by_role("link", name="Unmark all…", exact=True).click()
    person.presses("Unmark 54 tasks")
    assert person.marked() == []
    assert person.studio.get_project(person.project).annotations == ANNOTATED + 1
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(person.truth)
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    assert axe(page) == []
