"""Take the screenshots of README and docs of a real Label Studio: `make screenshot`.

Plays the demo, connects two more projects with `ls-prompts connect`, and does with a headless
Chromium (the system's: `apt-get install chromium`) what a person does in Label Studio. Nothing on
the pictures is staged; without OPENAI_API_KEY the answers are the offline baseline's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml_backend import demo as data
from ml_backend.cli.commands.demo_kept import STATE
from ml_backend.cli.local_label_studio import EMAIL, PASSWORD, TOKEN
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import ServerLabelStudio

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE: ViewportSize = {"width": 1280, "height": 800}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PATIENCE = 120_000
SETTLE = 1500
"""Milliseconds until nothing on a page moves any more."""

CONNECTED = "Support mail"
INTERACTIVE = "Support mail, prompt beside the text"
INSTRUCTIONS = "Choose the one thing the customer wants from us: {text}"
INTERACTIVE_CONFIG = """<View>
  <Header value="$subject" size="4"/>
  <Text name="text" value="$text"/>
  <Header value="Prompt" size="5"/>
  <TextArea name="prompt" toName="text" editable="true" maxSubmissions="1" rows="3"
            placeholder="Type a prompt, then Shift+Enter"/>
  <Header value="What is the message about?" size="5"/>
  <Choices name="topic" toName="text" choice="single" showInline="true">
    <Choice value="Billing"/><Choice value="Delivery"/><Choice value="Technical problem"/>
    <Choice value="Account"/><Choice value="Returns"/><Choice value="Product question"/>
    <Choice value="Feedback"/>
  </Choices>
</View>"""
TYPED = "What does this customer want from us?\n\n{text}"


class Studio:
    """The demo's Label Studio: its pages, its API, and our commands with the demo's settings."""

    def __init__(self, page: Page, held: dict[str, Any]) -> None:
        state = json.loads(STATE.read_text())
        self.page = page
        self.demo_project: int = held["project"]
        self.url: str = state["label_studio"]
        self.door = ServerLabelStudio(self.url, TOKEN)
        [server] = self.door.list_backends(self.demo_project)
        self._environment = {
            **os.environ,
            "LABEL_STUDIO_URL": self.url,
            "LABEL_STUDIO_API_KEY": TOKEN,
            "DATA_DIR": f"{state['folder']}/data",
            "PORT": str(urlsplit(server.url).port),
        }

    def sign_in(self) -> None:
        self.page.goto(f"{self.url}/user/login/")
        self.page.fill("input[name=email]", EMAIL)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda address: "/login" not in address, timeout=PATIENCE)

    def command(self, *arguments: str | int) -> None:
        """Run one of our commands."""
        command = [sys.executable, "-m", "ml_backend", *map(str, arguments)]
        subprocess.run(command, cwd=ROOT, env=self._environment, check=True)  # nosec B603  # our own commands

    def go(self, project: int, path: str, wait_for: str) -> None:
        self.page.goto(f"{self.url}/projects/{project}/{path}")
        self.page.wait_for_selector(wait_for, timeout=PATIENCE)
        self.page.wait_for_timeout(SETTLE)

    def save(self, name: str) -> None:
        """Save what the page shows, once all is still and nothing is pointed at."""
        self.page.mouse.move(700, 24)
        self.page.wait_for_timeout(SETTLE)
        self.page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label-studio", required=True)
    options = parser.parse_args()
    found = map(shutil.which, ("chromium", "chromium-headless-shell", "chromium-browser"))
    browser_path = next(filter(None, found), None)
    if browser_path is None:
        sys.exit("No Chromium here. Install it: apt-get install chromium")
    demo = [sys.executable, "-m", "ml_backend", "demo"]
    studio_path = str(Path(options.label_studio).absolute())
    play = [*demo, "--keep", "--json", "--label-studio", studio_path]
    done = subprocess.run(play, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # nosec B603  # our own commands
    try:
        IMAGES.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
            studio = Studio(browser.new_page(viewport=SIZE), json.loads(done.stdout))
            studio.sign_in()
            take_demo(studio)
            take_connected(studio)
            take_interactive(studio)
            browser.close()
    finally:
        subprocess.run([*demo, "--stop"], cwd=ROOT, check=True)  # nosec B603  # our own commands


def take_demo(studio: Studio) -> None:
    """Save what the demo leaves in Label Studio."""
    project = studio.demo_project
    show_columns(studio, project)
    studio.go(project, "data", "text=Sort mail__Version 2")
    studio.save("data-manager")
    task = studio.door.task_ids(project)[5]
    studio.go(project, f"data?task={task}", ".lsf-labels")
    studio.save("task")


def take_connected(studio: Studio) -> None:
    """Save a connected project: its model, retrieved predictions, one of them in the editor."""
    project = make_project(studio, CONNECTED, data.config())
    studio.command("prompts", "create", "Topic", "--project", project, "--text", INSTRUCTIONS)
    studio.command("connect", "--project", project)
    studio.go(project, "settings/ml", "text=A connected model")
    studio.save("connected")
    show_columns(studio, project)
    retrieve(studio, project, "Topic__Version 1")
    studio.save("retrieved")
    task = studio.door.task_ids(project)[2]
    studio.go(project, f"data?task={task}", ".lsf-labels")
    studio.page.get_by_text("Topic__V", exact=False).last.click()
    studio.save("prediction")


def take_interactive(studio: Studio) -> None:
    """Save a task whose prompt was typed beside it."""
    project = make_project(studio, INTERACTIVE, INTERACTIVE_CONFIG)
    studio.command("connect", "--project", project)
    page = studio.page
    show_columns(studio, project)
    task = studio.door.task_ids(project)[2]
    studio.door.retrieve_predictions(project, [task])
    studio.go(project, f"data?task={task}", "text=Auto-Annotation")
    page.get_by_text("Auto-Annotation").click()
    # What the prediction filled in is changed: what the picture shows is the prompt's answer.
    page.get_by_text("Feedback").click()
    page.locator("textarea").first.fill(TYPED)
    with page.expect_response("**/interactive-annotating*", timeout=PATIENCE) as answer:
        page.locator("textarea").first.press("Shift+Enter")
    if "data" not in answer.value.json():
        sys.exit(f"No interactive answer: {answer.value.text()}")
    page.wait_for_timeout(SETTLE)
    if page.get_by_label("Feedback").is_checked():
        sys.exit("The answer did not reach the form.")
    studio.save("interactive")


def make_project(studio: Studio, title: str, xml: str) -> int:
    """Make a project of the demo's messages, some of them annotated and marked by our command."""
    config = LabelingConfig.parse(xml)
    project = studio.door.create_project(title, xml, instruction=f"<p>{INSTRUCTIONS}</p>")
    tasks = []
    for task in data.tasks():
        row: dict[str, Any] = {"data": task["data"]}
        if "ground_truth" in task:
            result = config.to_conversion(task["ground_truth"], task["data"]).result
            row["annotations"] = [{"result": result, "ground_truth": False}]
        tasks.append(row)
    studio.door.import_tasks(project.id, tasks)
    studio.command("ground-truth", "add", "--project", project.id, "--all", "--yes")
    return project.id


def retrieve(studio: Studio, project: int, label: str) -> None:
    """Select all tasks and choose Retrieve Predictions, as a person does."""
    page = studio.page
    studio.go(project, "data", "text=Where is my parcel")
    page.locator("input[type=checkbox]").first.locator("..").click()
    page.get_by_text("200 Tasks", exact=True).first.click()
    page.get_by_text("Retrieve Predictions").click()
    with page.expect_response("**/api/dm/actions*", timeout=PATIENCE):
        page.get_by_text("OK", exact=True).click()
    studio.go(project, "data", f"text={label}")


def show_columns(studio: Studio, project: int) -> None:
    """Make the project's tab show the columns a reader wants to see."""
    shown = {"id", "total_predictions", "predictions_model_versions", "data.text", "data.subject"}
    every = {
        *("id", "inner_id", "completed_at", "total_annotations", "cancelled_annotations"),
        *("total_predictions", "annotators", "annotations_results", "annotations_ids"),
        *("predictions_score", "predictions_results", "predictions_model_versions"),
        *("file_upload", "storage_filename", "created_at", "updated_at", "updated_by"),
        *("avg_lead_time", "draft_exists", "data.id", "data.channel", "data.text"),
        "data.subject",
    }
    hidden = [f"tasks:{name}" for name in sorted(every - shown)]
    studio.door._transport.send(
        "POST",
        "api/dm/views/",
        {
            "project": project,
            "data": {
                "title": "Default",
                "type": "list",
                "hiddenColumns": {"explore": hidden, "labeling": hidden},
                "columnsWidth": {"tasks:predictions_model_versions": 330, "tasks:data.text": 420},
            },
        },
    )


if __name__ == "__main__":
    main()
