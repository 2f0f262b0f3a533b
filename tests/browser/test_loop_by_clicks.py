"""The loop to its end by clicks alone, for projects of any size, on a real Label Studio.

Write, evaluate, change, compare, predict, hand to people: whatever a project has, each end of it
leads on, no version is lost on the way, and a sample is no score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Page, expect

from ml_backend.labelstudio import ServerLabelStudio
from support.browser import PATIENCE, chromium
from support.live_label_studio import EMAIL, PASSWORD, LiveLabelStudio
from support.server import Installation, eventually
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("loop by clicks"),
]

SECOND = "Which one is it, carefully? {text}"


@dataclass
class Loop:
    """A person at the pages of a prompt, and what stands behind them."""

    page: Page
    url: str
    studio: ServerLabelStudio
    client: LabelStudio

    def project(self, tasks: int, annotated: int = 0) -> int:
        """Make a project whose first tasks somebody annotated, none marked as ground truth."""
        title = f"{tasks} tasks, {annotated} annotated"
        project = self.studio.create_project(title, CONFIG)
        rows: list[dict[str, Any]] = [{"data": {"text": f"message {n}"}} for n in range(tasks)]
        for n, row in enumerate(rows[:annotated]):
            row["annotations"] = [
                {"result": [region("ab"[n % 2])], "lead_time": 2.0, "ground_truth": False}
            ]
        if rows:
            self.studio.import_tasks(project.id, rows)
        return project.id

    def prompt(self, project: int) -> Page:
        """Open a prompt for a project, its first version saved."""
        made = self.client.prompts.create(
            title=f"Topics of {project}", associated_projects=[project]
        )
        self.client.prompts.versions.create(
            made.id, title="Version 1", prompt="Which? {text}", provider_model_id="simulated"
        )
        self.page.goto(f"{self.url}/ui/prompts/{made.id}")
        self.page.wait_for_load_state("load")
        return self.page

    def next(self, words: str | re.Pattern[str]) -> None:
        """Press one of the next steps."""
        steps = self.page.locator(".next-steps")
        steps.get_by_text(words).first.click()
        self.page.wait_for_load_state("load")

    def offers(self, *words: str) -> None:
        steps = self.page.locator(".next-steps .actions")
        for each in words:
            expect(steps).to_contain_text(each)

    def edit(self) -> None:
        """Open the editor where the page folds it for want of room."""
        switch = self.page.locator("#editor-open")
        if switch.count() and not switch.is_checked():
            self.page.locator("label[for=editor-open]").first.click()

    def write(self, text: str) -> None:
        self.edit()
        self.page.fill("#text", text)

    def run(self, baseline: str = "") -> None:
        """Press Evaluate or Run, of these tasks, and wait for the end."""
        self.edit()
        if baseline:
            self.page.check(f"[name=baseline][value={baseline}]")
        self.page.click("[data-key=run]")
        self.page.wait_for_url("**run=*")
        self.ends()

    def ends(self) -> None:
        expect(self.page.locator("#run progress")).to_have_count(0)
        expect(self.page.locator(".ending")).to_be_visible()

    def predict(self, tasks: int) -> None:
        """Get predictions for all tasks, by the next step and its dialog."""
        words = f"Get predictions for {tasks} task{'s' * (tasks > 1)}"
        self.next(words)
        self.page.get_by_role("dialog").get_by_role("button", name=words).click()
        self.page.wait_for_url("**run=*")
        self.ends()
        self.offers("Open in the Data Manager", "Create annotations")

    def held(self, project: int) -> dict[str, int]:
        return self.studio.model_versions(project)


@pytest.fixture(scope="module")
def loop(live: LiveLabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    studio = ServerLabelStudio(live.url, live.token)
    with Simulator() as simulator, chromium() as browser:
        # The second text has other answers for some of the tasks.
        rules = [
            {"match": f"carefully? <text>message {n}", "answer": {"topic": "ab"[n % 2]}}
            for n in range(20)
        ]
        simulator.control(*rules, {"match": "message", "answer": {"topic": "a"}})
        settings = {
            "LABEL_STUDIO_URL": live.url,
            "LABEL_STUDIO_API_KEY": live.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        data = tmp_path_factory.mktemp("data")
        with Installation(data, **settings).start() as server:
            client = LabelStudio(base_url=server.url, api_key=live.token)
            page = browser.new_context(
                viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
            ).new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{server.url}/ui/sign-in")
            page.fill("#token", live.token)
            page.click("text=Sign in >> nth=-1")
            page.wait_for_url("**/ui/prompts")
            yield Loop(page, server.url, studio, client)
    studio.close()


def test_without_tasks_the_page_says_how_to_import(loop: Loop) -> None:
    page = loop.prompt(loop.project(0))
    expect(page.locator("[data-key=run]")).to_have_count(0)
    link = page.locator(".next-steps a")
    expect(link).to_have_text("Import tasks in Label Studio")
    expect(link).to_have_attribute("target", "_blank")


@pytest.mark.parametrize("tasks", [1, 5, 300])
def test_without_annotations_it_goes_from_predictions_to_where_versions_disagree(
    loop: Loop, live: LiveLabelStudio, tasks: int
) -> None:
    project = loop.project(tasks)
    page = loop.prompt(project)
    expect(page.locator(".next-steps")).to_contain_text("Nobody has annotated a task")
    loop.predict(tasks)
    first, second = f"Topics of {project}__Version 1", f"Topics of {project}__Version 2"
    assert loop.held(project) == {first: tasks}

    loop.write(SECOND)
    loop.run("All")
    expect(page.locator(".made")).to_contain_text("Version 2 has the changed text")
    eventually(lambda: loop.held(project) == {second: tasks}, every=0.5)
    loop.next("Where versions disagree")
    grid = page.locator("#grid")
    if tasks > 1:
        expect(grid.locator("tbody tr")).to_have_count({5: 2, 300: 25}[tasks])
        expect(grid.locator("thead")).to_contain_text("Version 1")
        expect(grid.locator("thead")).to_contain_text("Version 2")
        expect(grid).to_contain_text("None of them has a truth yet")
    expect(page.locator("#comparison")).to_contain_text("So nobody can say yet which version is")
    mark = grid.get_by_role("link", name="Mark ground truth")
    expect(mark).to_be_visible()
    if tasks == 5:  # where these links lead is the same for any size
        mark.click()
        expect(page.locator("h1")).to_have_text("Ground truth")
        page.go_back()
        in_the_data_manager(loop, live, second)
    loop.page.goto(page.url.split("/compare")[0])
    loop.next("Create annotations")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("Create .*annotation")).click()
    expect(page.locator(".outcome")).to_contain_text("created")


def in_the_data_manager(loop: Loop, live: LiveLabelStudio, model_version: str) -> None:
    """The link opens a tab that shows whose predictions these are, and stores none."""
    page = loop.page.context.new_page()
    try:
        page.goto(f"{live.url}/user/login/")
        page.fill("[name=email]", EMAIL)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: "/login" not in address)
        loop.page.goto(loop.page.url.split("/compare")[0])
        link = loop.page.get_by_role("link", name="Open in the Data Manager")
        page.goto(str(link.get_attribute("href")))
        expect(page.locator("body")).to_contain_text("Prediction model versions")
        expect(page.locator("body")).to_contain_text(model_version)
    finally:
        page.close()


@pytest.mark.parametrize(("tasks", "annotated"), [(19, 6), (20, 6)])
def test_evaluate_on_a_changed_text_keeps_the_old_version_and_compare_names_both(
    loop: Loop, tasks: int, annotated: int
) -> None:
    project = loop.project(tasks, annotated)
    page = loop.prompt(project)
    loop.run("HasGT")
    expect(page.locator(".display")).to_have_text("50%")
    loop.offers("See 3 mismatches", "Enhance", f"Get predictions for {tasks} tasks")
    loop.next("See 3 mismatches")
    expect(page.locator("#panel tbody [data-row]")).to_have_count(3)

    loop.write(SECOND)
    loop.run("HasGT")
    expect(page.locator(".display")).to_have_text("100%")
    made = page.locator(".made")
    expect(made).to_contain_text("Version 1 was run, so it stays as it was")
    made.get_by_role("link", name="Compare with Version 1").click()
    expect(page.locator("h2.versus")).to_contain_text("Version 1 50%")
    expect(page.locator("h2.versus")).to_contain_text("Version 2 100%")
    expect(page.locator("#grid tbody tr")).to_have_count(3)  # the flips
    if tasks == 20:
        the_old_version_is_there_and_a_sample_is_no_score(loop, project, tasks, annotated)


def the_old_version_is_there_and_a_sample_is_no_score(
    loop: Loop, project: int, tasks: int, annotated: int
) -> None:
    page = loop.page
    # The old one is there, with its text and its score.
    page.select_option("#shown-version", label="Version 1")
    expect(page.locator(".display")).to_have_text("50%")
    expect(page.locator("#text")).to_have_value("Which? {text}")

    # A later sample leaves the headline alone, here and in the list.
    page.select_option("#shown-version", label="Version 2")
    expect(page.locator(".display")).to_have_text("100%")
    loop.edit()
    page.fill("#sample-size", "2")
    loop.run("Sample")
    expect(page.locator(".display")).to_have_text("100%")
    expect(page.locator(".beside")).to_contain_text("2 of 2 right")
    expect(page.locator(".beside")).to_contain_text("Sample")
    loop.predict(tasks)
    page.goto(f"{loop.url}/ui/prompts")
    row = page.get_by_role("row").filter(has_text=f"Topics of {project}")
    expect(row).to_contain_text(f"100% {annotated}/{annotated}")
    expect(row).to_contain_text("Sample 100% 2/2")


def test_a_saved_change_is_undone_and_its_text_is_kept(loop: Loop) -> None:
    page = loop.prompt(loop.project(5, 3))
    loop.run("HasGT")
    loop.write(SECOND)
    page.click("[data-key=save]")
    expect(page.locator(".made")).to_contain_text("Version 2 has the changed text")
    page.locator(".made").get_by_role("button", name="Undo").click()
    expect(page.locator("main > .notice").first).to_contain_text("Version 2 is taken back.")
    expect(page.locator("#text")).to_have_value(SECOND)
    expect(page.locator("#shown-version option")).to_have_count(1)


def test_the_label_stream_shows_another_version_by_a_click(loop: Loop) -> None:
    project = loop.project(5)
    loop.prompt(project)
    loop.predict(5)
    other = loop.client.prompts.create(title="Another", associated_projects=[project])
    loop.client.prompts.versions.create(
        other.id, title="Version 1", prompt="Which, then? {text}", provider_model_id="simulated"
    )
    page = loop.page
    page.goto(f"{loop.url}/ui/prompts/{other.id}")
    page.wait_for_load_state("load")
    loop.predict(5)
    assert loop.studio.get_project(project).model_version == f"Topics of {project}__Version 1"
    loop.next("Show in label stream")
    expect(page.locator("main > .notice").first).to_contain_text("shows Another__Version 1 now")
    assert loop.studio.get_project(project).model_version == "Another__Version 1"


def test_with_ground_truth_of_our_own_the_loop_is_walked_too(loop: Loop) -> None:
    project = loop.project(20, 6)
    page = loop.prompt(project)
    loop.next("Mark ground truth")
    page.get_by_role("link", name="Mark all…").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Mark 6")).click()
    eventually(lambda: loop.studio.get_project(project).ground_truths == 6, every=0.5)
    found = loop.client.prompts.list(search=f"Topics of {project}").results
    page.goto(f"{loop.url}/ui/prompts/{found[0].id}")
    page.wait_for_load_state("load")
    loop.run("HasGT")
    expect(page.locator(".display")).to_have_text("50%")
    expect(page.locator(".score-card")).to_contain_text("against ground truth")
    loop.predict(20)
