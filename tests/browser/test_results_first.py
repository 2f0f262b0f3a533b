"""Results as people read them: a real Label Studio, long tasks, many classes, slow answers.

At 1280×900 and at 390; what is pressed is pressed by a mouse or a key, and its effect is asked of
the page and of Label Studio.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Browser, Page, StorageState, expect

from ml_backend.labelstudio import ServerLabelStudio
from support.browser import PATIENCE, axe, chromium
from support.by_hand import delete_project
from support.live_label_studio import LiveLabelStudio
from support.sdk import ended_run
from support.server import Installation, eventually
from support.simulator import Simulator

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("results first"),
]

TASKS = 40
CLASSES = [f"{n:02d} {'a class with a name of sixty letters ' * 2}"[:60].strip() for n in range(40)]
CONFIG = f"""<View>
  <Text name="text" value="$text"/><Text name="subject" value="$subject"/>
  <Text name="customer" value="$customer"/><Text name="date" value="$date"/>
  <Choices name="topic" toName="text">
    {"".join(f'<Choice value="{each}"/>' for each in CLASSES)}
  </Choices>
</View>"""
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


def given(n: int) -> str:
    """What the model says of a task: every fifth it takes for the class after it."""
    return CLASSES[(n + 1) % 40] if n % 5 == 0 else CLASSES[n]


def rows() -> list[dict[str, Any]]:
    """Tasks of 2,000 characters and four fields, each annotated by a person and none marked."""
    found: list[dict[str, Any]] = []
    for n in range(TASKS):
        data = {
            "text": f"Mail {n}. {'It came late and the box was open; what happens now? ' * 40}"[
                :2000
            ],
            "subject": f"Subject {n} about an order and what became of it on its way",
            "customer": f"Customer {n} of a street with a long name",
            "date": f"2026-11-{n % 28 + 1:02d}",
        }
        result = [
            {
                "from_name": "topic",
                "to_name": "text",
                "type": "choices",
                "value": {"choices": [CLASSES[n]]},
            }
        ]
        found.append({"data": data, "annotations": [{"result": result, "lead_time": 3.0}]})
    return found


@dataclass
class Place:
    """A server over a real Label Studio, with a prompt whose first version was evaluated."""

    url: str
    token: str
    studio_url: str
    model: Simulator
    browser: Browser
    database: Path
    prompt: int
    evaluated: int
    over_all: int
    session: StorageState | None = None
    """The cookie of who signed in: once for all tests."""

    def page(self, size: dict[str, int], **options: Any) -> Page:
        if self.session is None:
            self.session = self._sign_in()
        context = self.browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            reduced_motion="reduce",
            storage_state=self.session,
            **options,
        )
        context.set_default_timeout(PATIENCE)
        return context.new_page()

    def _sign_in(self) -> StorageState:
        context = self.browser.new_context()
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{self.url}/ui/sign-in")
        page.fill("#token", self.token)
        page.click("text=Sign in >> nth=-1")
        page.wait_for_url("**/ui/prompts")
        session = context.storage_state()
        context.close()
        return session

    @property
    def address(self) -> str:
        return f"{self.url}/ui/prompts/{self.prompt}"

    def runs(self) -> list[tuple[int, str]]:
        with closing(sqlite3.connect(self.database)) as database:
            return list(database.execute("SELECT id, status FROM runs ORDER BY id"))

    def all_ended(self) -> None:
        eventually(lambda: {each for _, each in self.runs()} <= {"Completed", "Failed", "Canceled"})

    def teach(self, **options: Any) -> None:
        """Have the model answer, each task its own, after so many seconds."""
        rules = [
            {"match": f"Mail {n}. ", "answer": {"topic": given(n)}, **options} for n in range(TASKS)
        ]
        self.model.control(*rules)


@pytest.fixture(scope="module")
def place(live: LiveLabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    studio = ServerLabelStudio(live.url, live.token)
    project = studio.create_project("Mail by topic", CONFIG)
    studio.import_tasks(project.id, rows())
    data = tmp_path_factory.mktemp("data") / "data"
    with Simulator() as model, chromium() as browser:
        settings = {
            "LABEL_STUDIO_URL": live.url,
            "LABEL_STUDIO_API_KEY": live.token,
            "OPENAI_BASE_URL": model.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
            "LLM_MAX_CONCURRENCY": "2",  # so that forty slow answers come one after the other
        }
        with Installation(data, **settings).start() as server:
            client = LabelStudio(base_url=server.url, api_key=live.token)
            prompt = client.prompts.create(title="Mail by topic", associated_projects=[project.id])
            version = client.prompts.versions.create(
                prompt.id,
                title="Version 1",
                prompt="Which topic? {text}",
                provider_model_id="simulated",
            )
            found = Place(
                server.url, live.token, live.url, model, browser,
                data / "prompts.db", int(prompt.id), 0, 0,
            )  # fmt: skip
            found.teach()
            for subset in ("All", "HasGT"):
                begun = client.prompts.runs.create(
                    prompt.id, version.id, project=project.id, project_subset=subset
                )
                ended = ended_run(client, begun)
                assert ended.status == "Completed"
                found.over_all, found.evaluated = found.evaluated, int(ended.id)
            yield found
    delete_project(studio, project.id)
    studio.close()


BOXES = """(selector) => [...document.querySelectorAll(selector)].map((each) => {
  const box = each.getBoundingClientRect();
  return {left: box.left, right: box.right, top: box.top, bottom: box.bottom};
})"""


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    found: list[dict[str, float]] = page.evaluate(BOXES, selector)
    return found


def test_eight_rows_stand_on_the_first_screen_with_prediction_and_truth(place: Place) -> None:
    page = place.page(WIDE)
    page.goto(place.address, wait_until="networkidle")
    seen = [box for box in boxes(page, "tr[data-row]") if box["bottom"] <= 900]
    assert len(seen) >= 8
    for label in ("Prediction", "Confidence"):
        cells = boxes(page, f"tr[data-row] > [data-label={label}]")[:8]
        assert all(box["left"] >= 0 and box["right"] <= 1280 for box in cells), label
    truths = page.locator("tr[data-row] > td:nth-child(3)")
    assert truths.first.text_content()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = page.locator(".results-box")
    assert box.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert {round(each["bottom"] - each["top"]) for each in seen[:8]} <= set(range(30, 60))
    assert "✗ Mismatch" in str(page.locator("tr[data-row]").first.text_content())
    expect(page.locator(".score-line")).to_contain_text("80% accuracy")
    line = boxes(page, ".score-line")[0]
    assert line["bottom"] - line["top"] < 60
    assert axe(page) == []
    page.context.close()


def test_on_a_telephone_the_first_row_comes_soon_and_nothing_scrolls_sideways(place: Place) -> None:
    page = place.page(NARROW)
    page.goto(place.address, wait_until="networkidle")
    assert boxes(page, "tr[data-row]")[0]["top"] < 1200
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert axe(page) == []
    page.context.close()


def test_editor_and_results_stand_side_by_side_where_there_is_room(place: Place) -> None:
    page = place.page({"width": 1600, "height": 900})
    page.goto(place.address, wait_until="networkidle")
    editor, panel = boxes(page, ".editor")[0], boxes(page, "#panel")[0]
    assert editor["right"] <= panel["left"]
    expect(page.locator("#model")).to_be_visible()
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    expect(page.locator("#model")).to_be_hidden()
    page.click("text=Edit >> nth=0")
    expect(page.locator("#model")).to_be_visible()
    page.reload()
    expect(page.locator("#model")).to_be_visible()
    page.click("text=Fold the editor")
    expect(page.locator("#model")).to_be_hidden()
    page.locator("#text").focus()
    expect(page.locator("#model")).to_be_visible()
    page.context.close()


def test_without_script_the_editor_unfolds_and_a_row_opens(place: Place) -> None:
    page = place.page(WIDE, java_script_enabled=False)
    page.goto(place.address)
    expect(page.locator("#model")).to_be_hidden()
    page.locator(".fold-label").click()
    expect(page.locator("#model")).to_be_visible()
    page.locator("[data-unfold]").first.click()
    expect(page.locator("h1")).to_contain_text("Task")
    page.context.close()


def test_a_row_opens_wherever_it_is_pressed_and_by_keys(place: Place) -> None:
    page = place.page(WIDE)
    page.goto(place.address, wait_until="networkidle")
    row = page.locator("tr[data-row]").nth(1)
    row.locator("td.data").first.click()
    expect(page.locator(".detail")).to_have_count(1)
    expect(page.locator(".detail")).to_contain_text("Raw answer")
    page.locator("tr[data-row]").nth(1).locator("td").nth(1).click()
    expect(page.locator(".detail")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-unfold]").nth(3)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".detail")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".detail")).to_have_count(0)
    link = page.locator("tr[data-row] a[target=_blank]").first
    assert str(link.get_attribute("href")).startswith(place.studio_url)
    with page.context.expect_page() as opened:
        link.click()
    opened.value.close()
    assert "/ui/prompts/" in page.url
    page.context.close()


def test_the_threshold_of_review_lives_in_its_chip(place: Place) -> None:
    page = place.page(WIDE)
    page.goto(place.address, wait_until="networkidle")
    page.locator("#review-below summary").click()
    page.fill("#below", "much")
    page.locator("#review-below button").click()
    expect(page.locator("#panel [role=alert]")).to_contain_text("'much' is no confidence")
    page.goto(place.address, wait_until="networkidle")
    page.locator("#review-below summary").click()
    page.fill("#below", "0.9")
    page.locator("#review-below button").click()
    expect(page.locator("#review-below summary")).to_contain_text("< 0.9")
    page.context.close()


def test_a_run_over_all_tasks_has_its_mismatches(place: Place) -> None:
    page = place.page(WIDE)
    page.goto(f"{place.address}?run={place.over_all}", wait_until="networkidle")
    page.get_by_role("link", name="Mismatch 8").click()
    expect(page.locator("tr[data-row]")).to_have_count(8)
    expect(page.locator("tr[data-row]", has_text="✗ Mismatch")).to_have_count(8)
    expect(page.locator("tr[data-row] .sign.negative")).to_have_count(8)
    expect(page.locator("#panel")).not_to_contain_text("Not measured")
    page.context.close()


def test_forty_classes_with_long_names_are_one_screen(place: Place) -> None:
    page = place.page(WIDE)
    page.goto(f"{place.address}/alignment", wait_until="networkidle")
    matrix = boxes(page, "table.matrix")[0]
    assert matrix["bottom"] - matrix["top"] <= 900
    assert matrix["right"] <= 1280
    assert page.locator("table.matrix tbody tr").count() == 41
    box = page.locator("[aria-label^='Confusion matrix']")
    assert box.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert page.locator("table.matrix thead th").nth(1).get_attribute("title") == CLASSES[0]
    lines = boxes(page, "table.classes tbody tr")
    assert len(lines) == 40
    assert max(each["bottom"] - each["top"] for each in lines) <= 60
    expect(page.locator("table.classes tbody th").first).to_have_text(CLASSES[0])
    assert axe(page) == []
    page.locator("table.matrix a").first.click()
    expect(page.locator("tr[data-row]").first).to_be_visible()
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.goto(f"{place.address}/alignment", wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert max(each["bottom"] - each["top"] for each in boxes(page, "table.classes tbody tr")) <= 80
    page.context.close()


# What it shows is read in the same task of the browser: nothing can come between.
PRESS = """() => {
  const button = document.querySelector("[data-key=run]");
  button.click();
  const shows = button.getAttribute("aria-busy");
  button.click();
  return shows;
}"""


def test_a_double_click_makes_one_run_whose_rows_come_one_by_one(place: Place) -> None:
    page = place.page(WIDE)
    before = place.runs()
    place.teach(latency=1.5)
    page.goto(place.address, wait_until="networkidle")
    page.fill("#text", "Which topic is it? Slowly, please. {text}")
    assert page.evaluate(PRESS) == "true"
    page.wait_for_url("**run=*")
    expect(page.locator("#run progress")).to_be_visible()
    expect(page.locator("#new-results")).to_contain_text("results come as the model answers")
    expect(page.locator("tr[data-row]").first).to_be_visible()
    met = page.locator("tr[data-row]").count()
    assert met < TASKS, "rows come while the run goes on"
    first = page.locator("tr[data-row]").first.text_content()
    expect(page.locator("tr[data-row]")).not_to_have_count(met)
    if page.locator("#run progress").count():
        assert page.locator("tr[data-row]").first.text_content() == first  # nothing moved
    expect(page.locator("#run progress")).to_have_count(0)
    expect(page.locator("tr[data-row]")).to_have_count(TASKS)
    expect(page.locator("tr[data-row]").first).to_contain_text("✗ Mismatch")
    place.all_ended()
    assert len(place.runs()) == len(before) + 1
    place.teach()
    page.context.close()


def test_two_tabs_that_ask_the_same_make_one_run(place: Place) -> None:
    place.teach(latency=1.5)
    page = place.page(WIDE)
    other = page.context.new_page()
    page.goto(place.address, wait_until="networkidle")
    page.fill("#text", "Which of all the topics? {text}")
    with page.expect_navigation():  # to the version that the text is saved as
        page.click("[data-key=save]")
    page.wait_for_load_state("networkidle")
    other.goto(page.url, wait_until="networkidle")
    before = place.runs()
    page.locator("[data-key=run]").click()
    other.locator("[data-key=run]").click()
    for each in (page, other):
        each.wait_for_url("**run=*")
    place.all_ended()
    assert len(place.runs()) == len(before) + 1
    place.teach()
    page.context.close()


def test_without_script_a_form_that_is_sent_twice_makes_one_run(place: Place) -> None:
    page = place.page(WIDE, java_script_enabled=False)
    page.goto(place.address)
    before = place.runs()
    page.fill("#text", "Which topic, without script? {text}")
    page.locator("[data-key=run]").dblclick(no_wait_after=True)
    # No waiting for one navigation: the second press breaks the first one's off.
    expect(page).to_have_url(re.compile("run="))
    place.all_ended()
    assert len(place.runs()) == len(before) + 1
    page.context.close()


def test_a_run_that_fails_says_why_and_asks_no_more(place: Place) -> None:
    place.model.control({"match": "Mail", "fault": "auth"})
    page = place.page(WIDE)
    page.goto(place.address, wait_until="networkidle")
    page.fill("#text", "Which topic will it never be? {text}")
    page.locator("[data-key=run]").click()
    page.wait_for_url("**run=*")
    expect(page.locator("#score")).to_contain_text("Failed")
    expect(page.locator("#run[hx-get], #new-results[hx-get]")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3000)
    assert [each for each in asked if "/progress" in each or "/new-results" in each] == []
    place.teach()
    page.context.close()
