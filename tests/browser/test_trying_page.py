"""Try, parameters and prices by clicking, on a real Label Studio that has annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import BrowserContext, Page, expect

from support.browser import PATIENCE, axe, chromium
from support.live_label_studio import RunningLabelStudio
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG, region

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600), pytest.mark.xdist_group("trying")]


TITLE = "Mails to try"


@dataclass
class Walk:
    """A person at the editor of a prompt."""

    context: BrowserContext
    page: Page
    simulator: Simulator
    installation: Installation
    prompt: int

    @property
    def url(self) -> str:
        return f"{self.installation.url}/ui/prompts/{self.prompt}"

    def open(self) -> Page:
        """Open the editor as it is saved."""
        self.simulator.reset()
        self.page.goto(self.url)
        self.page.evaluate("localStorage.clear()")
        self.page.goto(self.url)
        if self.page.locator(".when-folded").is_visible():  # folded, for there are results to read
            self.page.click(".fold-label")
        expect(self.page.locator("#try")).to_be_visible()
        return self.page

    def predictions(self) -> int:
        found = self.installation.json("predictions", "list", "--project", TITLE)
        return sum(row["predictions"] for row in found["model_versions"])


@pytest.fixture(scope="module")
def walk(live: RunningLabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with Simulator() as simulator, chromium() as browser:
        client = LabelStudio(base_url=live.url, api_key=live.token)
        project = client.projects.create(title=TITLE, label_config=CONFIG)
        rows = [{"data": {"text": f"message {n}"}} for n in range(3)]
        for n, row in enumerate(rows):
            row["annotations"] = [{"result": [region("ab"[n % 2])], "lead_time": 2.0}]
        client.projects.import_tasks(project.id, request=rows)
        settings = {
            "LABEL_STUDIO_URL": live.url,
            "LABEL_STUDIO_API_KEY": live.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_MODEL": "simulated",
        }
        with Installation(tmp_path_factory.mktemp("data"), **settings).start() as installation:
            made = installation.json(
                *("prompts", "create", "Topic", "--project", TITLE, "--text", "Which? {text}")
            )
            context = browser.new_context(
                viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
            )
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(f"{installation.url}/ui/sign-in")
            page.fill("#token", live.token)
            page.click("text=Sign in >> nth=-1")
            page.wait_for_url("**/ui/prompts")
            yield Walk(context, page, simulator, installation, made["id"])


def test_a_text_is_tried_as_it_stands_without_a_run_or_a_prediction(walk: Walk) -> None:
    page = walk.open()
    page.fill("#text", "Just typed: {text}")
    page.click("#sending summary")
    page.fill("#system-prompt", "You know <b>mail</b>.")
    page.fill("#parameters", "temperature = 0.2\nseed = 7")
    # What the preview shows of it is there before the button is pressed.
    expect(page.locator("#preview")).to_contain_text("temperature = 0.2, seed = 7")
    page.click("#try")
    trial = page.locator(".trial")
    expect(trial).to_contain_text("tried with simulated")
    expect(trial).to_contain_text("Ground truth")  # as an import makes it
    expect(page.locator("#trial-cost")).to_contain_text("No run, and nothing in Label Studio")
    page.click("#trial-raw summary")
    said = page.locator("#trial-raw pre").inner_text()
    assert json.loads(said)["topic"] in ("a", "b")
    sent = walk.simulator.last_request()
    assert sent["messages"][0]["content"].startswith("You know <b>mail</b>.\n\n")
    assert sent["messages"][-1]["content"].startswith("Just typed: <text>message")
    assert (sent["temperature"], sent["seed"]) == (0.2, 7)
    first = page.locator(".trial h3 a").inner_text()
    page.click(".trial button[name=try]")
    expect(page.locator(".trial h3 a")).not_to_have_text(first)
    expect(page.locator(".preview-head a")).to_have_text(page.locator(".trial h3 a").inner_text())
    assert axe(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert wide <= 390
    assert walk.predictions() == 0
    assert walk.installation.json("runs", "list") == []
    assert walk.installation.json("versions", "show", "Topic")["prompt"] == "Which? {text}"


def test_parameters_that_are_saved_are_what_an_evaluation_sends(walk: Walk) -> None:
    page = walk.open()
    page.click("#sending summary")
    page.fill("#parameters", "temprature = 0.3")
    page.click("[data-key=save]")
    expect(page.locator("#editor-alert")).to_contain_text("There is no parameter 'temprature'.")
    page.fill("#parameters", "temperature = 0.3")
    page.click("[data-key=save]")
    expect(page.locator(".notice").first).to_contain_text("is saved")
    page.click("[data-key=run]")
    expect(page.locator("#score")).to_contain_text("of 3 right")
    assert walk.simulator.last_request()["temperature"] == 0.3


def test_a_full_budget_refuses_a_try_and_says_what_to_do(walk: Walk) -> None:
    walk.installation.cli(
        *("connections", "add", "small", "--provider", "Custom", "--model", "simulated"),
        *("--endpoint", walk.simulator.url, "--price", "simulated=5,5", "--limit", "0.000001"),
    )
    page = walk.open()
    page.select_option("#connection", label="Small (simulated)")
    page.fill("#text", "Never asked before: {text}")
    expect(page.locator("#preview")).to_contain_text("Never asked before: <text>message")
    page.click("#try")
    expect(page.locator("#trial .alert")).to_contain_text("may spend $1e-06")
    expect(page.locator("#trial .alert")).to_contain_text("Raise it under Connections")
    assert walk.simulator.stats()["calls"] == 0


def test_a_slow_model_holds_up_nobody_and_is_shown_to_be_asked(walk: Walk) -> None:
    page = walk.open()
    page.fill("#text", "Slowly: {text}")
    expect(page.locator("#preview")).to_contain_text("Slowly: <text>message")
    walk.simulator.control(hold=True)
    page.click("#try")
    expect(page.locator("#trial-busy")).to_be_visible()
    expect(page.locator("#try")).to_be_disabled()
    other = walk.context.new_page()
    other.goto(f"{walk.installation.url}/ui/prompts")
    expect(other.locator("main")).to_contain_text("Topic")
    other.close()
    walk.simulator.control(hold=False)
    expect(page.locator(".trial")).to_contain_text("tried with simulated")
    expect(page.locator("#trial-busy")).to_be_hidden()


def test_a_price_given_in_place_makes_the_estimate_appear(walk: Walk) -> None:
    page = walk.open()
    estimate = page.locator("#estimate")
    expect(estimate).to_contain_text("Cost unknown")
    page.fill("#estimate [name=price_in]", "0.25")
    estimate.get_by_role("button", name="Use this price").click()
    expect(page.locator("#price-form-alert")).to_contain_text("The price of the answer is missing.")
    page.fill("#estimate [name=price_out]", "2")
    page.keyboard.press("Enter")
    expect(estimate).to_contain_text("≈ $")
    expect(estimate).to_contain_text("Price: given for this connection")
    expect(page.locator("#estimate [name=price_in]")).to_have_count(0)
    page.goto(f"{walk.installation.url}/ui/connections")
    expect(page.locator("tbody")).to_contain_text("given for this connection")
    assert axe(page) == []
    page.click(".price-fold summary >> nth=0")
    page.get_by_role("button", name="My own server: $0").first.click()
    expect(page.locator("tbody")).to_contain_text("$0 in, $0 out")


def test_the_offline_baseline_has_no_editor_of_words(walk: Walk) -> None:
    page = walk.open()
    expect(page.locator("#text")).to_be_visible()
    expect(page.locator("#baseline-note")).to_be_hidden()
    page.select_option("#connection", "baseline")
    expect(page.locator("#text")).to_be_hidden()
    expect(page.locator("#baseline-note")).to_contain_text("reads no prompt")
    expect(page.locator("#preview")).to_contain_text("Nothing is sent to a model")
    page.click("#try")
    expect(page.locator(".trial")).to_contain_text("tried with nearest-annotated-tasks")
    assert axe(page) == []
    page.select_option("#connection", "environment")
    expect(page.locator("#text")).to_be_visible()
