"""Take the README's screenshots of a real Label Studio: `make screenshot`.

Plays the demo, signs in with a headless Chromium (the system's: `apt-get install chromium`), and
saves what the Data Manager and the labeling page show. Nothing on the pictures is staged.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from ml_backend.cli.demo import STATE
from ml_backend.cli.local_label_studio import EMAIL, PASSWORD, TOKEN
from ml_backend.labelstudio import LabelStudioDoor

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label-studio", required=True)
    options = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        sys.exit("No Chromium here. Install it: apt-get install chromium")
    command = [sys.executable, "-m", "ml_backend", "demo", "--keep", "--json"]
    done = subprocess.run(
        [*command, "--label-studio", options.label_studio], stdout=subprocess.PIPE, check=True
    )
    held = json.loads(done.stdout)
    try:
        url = json.loads(STATE.read_text())["label_studio"]
        IMAGES.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
            page = browser.new_page(viewport=SIZE)
            take(page, url, held)
            browser.close()
    finally:
        subprocess.run([sys.executable, "-m", "ml_backend", "demo", "--stop"], check=True)


def take(page: Page, url: str, held: dict[str, Any]) -> None:
    """Save the pictures of one demo project."""
    sign_in(page, url)
    project = held["project"]
    view_with_model_versions(url, project)
    page.goto(f"{url}/projects/{project}/data")
    page.wait_for_selector("text=Sort mail__Version 2", timeout=60_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "data-manager.png")
    task = LabelStudioDoor(url, TOKEN).task_ids(project)[5]
    page.goto(f"{url}/projects/{project}/data?task={task}")
    page.wait_for_selector(".lsf-labels", timeout=60_000)
    page.wait_for_timeout(3000)
    page.screenshot(path=IMAGES / "task.png")


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/login" not in address, timeout=60_000)


def view_with_model_versions(url: str, project: int) -> None:
    """Make the project's tab show the columns a reader of the README wants to see."""
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
    studio = LabelStudioDoor(url, TOKEN)
    studio._transport.send(
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
