"""A server without what npm brings: the whole way is walked by links and forms alone.

With script and without: our own script runs in the one browser and finds no htmx, which is the
same to the person. Nothing waits for what never comes, and Health says how script comes back.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ml_backend.services.health.page_assets import VENDOR
from support.browser import PATIENCE, axe, chromium
from support.fake_label_studio import FakeLabelStudio
from support.server import ROOT, Installation
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("page assets")]

TASKS, TRUTHS = 30, 24


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server installed where there was no npm, over a fake Label Studio."""
    folder = tmp_path_factory.mktemp("bare")
    left_out = shutil.ignore_patterns("__pycache__", VENDOR.name)
    shutil.copytree(ROOT / "ml_backend", folder / "ml_backend", ignore=left_out)
    with FakeLabelStudio() as studio, Simulator() as simulator:
        rows = [{"data": {"text": f"message number {n}"}} for n in range(TASKS)]
        for n, row in enumerate(rows[:TRUTHS]):
            row["annotations"] = [{"result": [region("ab"[n % 2])], "ground_truth": True}]
        studio.seed(CONFIG, rows, title="Mail")
        simulator.control({"match": "Which", "answer": {"topic": "a"}})
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
            "PYTHONPATH": str(folder),
            "PYTHONSAFEPATH": "1",
        }
        with Installation(folder / "data", **settings).start() as installation:
            installation.settings["token"] = studio.token
            yield installation


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def is_shown(page: Page, words: str) -> bool:
    return page.get_by_text(words).locator("visible=true").count() > 0


@pytest.mark.parametrize("script", [False, True], ids=["no script", "script without htmx"])
def test_the_whole_way_is_walked_without_htmx(
    bare: Installation, browser: Browser, script: bool
) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce", java_script_enabled=script
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{bare.url}/ui/sign-in")
    page.get_by_label("token").first.fill(bare.settings["token"])
    page.get_by_role("button", name="Sign in").click()
    if script:
        assert page.evaluate("() => typeof htmx") == "undefined"

    page.get_by_role("link", name="Create Prompt").first.click()
    title = f"Topic {'by' if script else 'without'} script"
    page.get_by_label("Name").fill(title)
    page.get_by_label("Target Project").select_option(label="Mail")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("button", name="Create Prompt").click()
    page.get_by_label("Prompt", exact=True).fill("Which topic is {text}?")
    assert not is_shown(page, "Estimating…")
    page.get_by_role("button", name="Preview and estimate").click()
    expect(page.locator("#estimate")).to_contain_text(re.compile(r"\d"))
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("Which topic is {text}?")

    page.get_by_role("button", name=re.compile(f"^(Evaluate|Run).* {TRUTHS} tasks")).click()
    # The page of a run under way looks again by itself.
    expect(page.locator("#score")).to_contain_text(f"of {TRUTHS}")
    expect(page.locator("#run progress")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Mismatch")).first.click()
    expect(page.locator("[data-row]").first).to_be_visible()

    page.get_by_role("link", name="Get Predictions for All Tasks").first.click()
    assert not is_shown(page, "Estimating…")
    page.get_by_role("button", name=f"Get predictions for {TASKS} tasks").click()
    expect(page.locator("#run progress")).to_have_count(0)
    page.get_by_role("link", name="Predictions", exact=True).first.click()
    if page.get_by_role("button", name="Show", exact=True).count():
        page.get_by_label("Project").first.select_option(label="Mail")
        page.get_by_role("button", name="Show", exact=True).first.click()
    expect(page.get_by_text(f"{title}__").first).to_be_visible()

    page.get_by_role("link", name="Health", exact=True).first.click()
    assert not is_shown(page, "checking…")
    assert not is_shown(page, "Looking at")
    page.get_by_role("link", name="Check now").first.click()
    expect(page.get_by_text("script and fonts are missing")).to_be_visible()
    expect(page.get_by_text("make assets")).to_be_visible()
    assert page.locator("[aria-busy]").count() == 0 or not script
    if script:
        assert axe(page) == []
    assert complaints == []
    context.close()


def test_the_server_says_at_start_that_its_pages_are_plain(bare: Installation) -> None:
    said = bare.log_path.read_text()
    assert "script and fonts are missing" in said
    assert "make assets" in said
