"""Every page in a browser: both themes, wide and narrow, for everybody, light, and inert.

Over a fake Label Studio and a simulated model; the walk through a real one is test_guide_walk.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Browser, Page, expect

from support.browser import PATIENCE, axe, chromium
from support.fake_label_studio import FakeLabelStudio
from support.sdk import ended_run
from support.server import Installation
from support.simulator import Simulator
from support.wire import region

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]
"""One worker for all of them: the place they look at takes its time to make."""

HOSTILE = '"><img src=x onerror="window.hit=1"><script>window.hit=1</script>{{7*7}}\''
CONFIG = """<View><Text name="text" value="$text"/><Choices name="topic" toName="text">
<Choice value="a"/><Choice value="b"/><Choice value="&lt;script&gt;window.hit=1&lt;/script&gt;"/>
</Choices></View>"""
LABELS = ["a", "b", "<script>window.hit=1</script>"]
MOST_BYTES = 150_000


@dataclass
class Place:
    """A server with a prompt that has been used in every way, by somebody malicious."""

    url: str
    token: str
    project: int
    prompt: int
    versions: list[int]
    run: int
    connection: int
    task: int


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with FakeLabelStudio() as studio, Simulator() as simulator:
        rows: list[dict[str, Any]] = [{"data": {"text": f"{HOSTILE} {n}"}} for n in range(60)]
        for n, row in enumerate(rows[:30]):
            result = [region(LABELS[n % 3])]
            row["annotations"] = [{"result": result, "ground_truth": True}]
        project, tasks = studio.seed(CONFIG, rows)
        simulator.control({"match": "Please", "answer": {"topic": LABELS[2]}})
        settings = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_API_KEY": studio.token,
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-a-secret-key",
            "OPENAI_MODEL": "simulated",
        }
        data: Path = tmp_path_factory.mktemp("data")
        with Installation(data, **settings).start() as installation:
            client = LabelStudio(base_url=installation.url, api_key=studio.token)
            yield used(client, installation.url, studio.token, project, simulator.url, tasks[0])


def used(client: LabelStudio, url: str, token: str, project: int, model: str, task: int) -> Place:
    prompts = client.prompts
    prompt = prompts.create(title=HOSTILE[:60], associated_projects=[project], description=HOSTILE)
    versions = [
        prompts.versions.create(
            prompt.id,
            title=f"v{n} <b>",
            prompt=f"{'Please. ' * n}Which? {{text}}",
            provider_model_id="simulated",
        )
        for n in range(2)
    ]
    connection = client.model_providers.create(
        provider="Custom", endpoint=model, api_key="sk-another-secret"
    )
    runs = [
        prompts.runs.create(prompt.id, each.id, project=project, project_subset=subset)
        for each, subset in ((versions[0], "HasGT"), (versions[1], "HasGT"), (versions[1], "All"))
    ]
    ended = [ended_run(client, each) for each in runs]
    assert {each.status for each in ended} == {"Completed"}
    return Place(
        url,
        token,
        project,
        int(prompt.id),
        [int(each.id) for each in versions],
        int(ended[1].id),
        int(connection.id),
        task,
    )


PAGES = {
    "prompts": "/ui/prompts",
    "create": "/ui/prompts/new",
    "import": "/ui/prompts/import",
    "results": "/ui/prompts/{prompt}",
    "mismatches": "/ui/prompts/{prompt}/results?filter=mismatch",
    "result": "/ui/runs/{run}/tasks/{task}",
    "messages": "/ui/runs/{run}/tasks/{task}/messages",
    "accept": "/ui/runs/{run}/tasks/{task}/accept?beside=1",
    "report": "/ui/runs/{run}/report",
    "alignment": "/ui/prompts/{prompt}/alignment",
    "what needs no look": "/ui/prompts/{prompt}/accept",
    "draw": "/ui/prompts/{prompt}/accept/draw?version={second}&error=20",
    "versions": "/ui/prompts/{prompt}/versions",
    "compare": "/ui/prompts/{prompt}/compare?versions={first}&versions={second}&go=1",
    "history": "/ui/prompts/{prompt}/history",
    "enhance": "/ui/prompts/{prompt}/enhance",
    "race": "/ui/prompts/{prompt}/race",
    "ground truth": "/ui/ground-truth?project={project}",
    "mark": "/ui/ground-truth/plan?project={project}&do=unmark&scope=all",
    "predictions": "/ui/predictions?project={project}",
    "connections": "/ui/connections",
    "add connection": "/ui/connections/new",
    "health": "/ui/health",
    "no such page": "/ui/nothing",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def signed_in(browser: Browser, place: Place, **options: Any) -> Page:
    # Colours that fade into each other have no contrast to speak of.
    context = browser.new_context(reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    # Each page is weighed with all it brings, as at a first visit.
    context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(f"{place.url}/ui/sign-in")
    page.fill("#token", place.token)
    page.click("text=Sign in >> nth=-1")
    page.wait_for_url("**/ui/prompts")
    return page


def address(place: Place, path: str) -> str:
    first, second = place.versions
    numbers = {"prompt": place.prompt, "project": place.project, "first": first, "second": second}
    numbers |= {"run": place.run, "task": place.task}
    for name, number in numbers.items():
        path = path.replace(f"{{{name}}}", str(number))
    return f"{place.url}{path}"


@pytest.fixture(scope="module")
def wide(browser: Browser, place: Place) -> Iterator[Page]:
    size = {"width": 1280, "height": 800}
    page = signed_in(browser, place, viewport=size, color_scheme="light")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def narrow(browser: Browser, place: Place) -> Iterator[Page]:
    size = {"width": 390, "height": 844}
    page = signed_in(browser, place, viewport=size, color_scheme="dark")
    yield page
    page.context.close()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("shape", ["wide", "narrow"])
def test_page_is_for_everybody_light_and_inert(
    request: pytest.FixtureRequest, place: Place, path: str, shape: str
) -> None:
    page: Page = request.getfixturevalue(shape)
    complaints: list[str] = []
    sizes: list[int] = []

    def hear(message: Any) -> None:
        if message.type == "error" and "404" not in message.text:
            complaints.append(message.text)

    def weigh(request: Any) -> None:
        sizes.append(request.sizes()["responseBodySize"])

    page.on("console", hear)
    page.on("requestfinished", weigh)
    page.goto(address(place, path), wait_until="networkidle")
    page.remove_listener("console", hear)
    page.remove_listener("requestfinished", weigh)
    assert complaints == []
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert axe(page) == []
    other, own = ("dark", "light") if shape == "wide" else ("light", "dark")
    page.emulate_media(color_scheme=other)  # type: ignore[arg-type]
    assert axe(page, rules=["color-contrast"]) == []
    page.emulate_media(color_scheme=own)  # type: ignore[arg-type]
    assert sum(sizes) < MOST_BYTES
    assert "sk-a-secret-key" not in page.content()
    assert place.token not in page.content()


def test_a_prompt_is_exported_and_imported_by_clicks(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    page = signed_in(browser, place)
    with page.expect_download() as download:
        page.locator(f'a[href="/ui/prompts/{place.prompt}/export"]').first.click()
    path = tmp_path / "prompt.yaml"
    download.value.save_as(path)
    page.get_by_role("link", name="Create Prompt").click()
    page.get_by_role("link", name="Import a file").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Prompt file").set_input_files(path)
    dialog.get_by_label("Target Project").select_option(str(place.project))
    dialog.get_by_label(re.compile("^Name")).fill("Imported")
    dialog.get_by_role("button", name="Check the file").click()
    expect(dialog).to_contain_text("A new prompt, Imported")
    assert axe(page) == []
    dialog.get_by_role("button", name="Import", exact=True).click()
    notice = page.locator("main > .notice")
    expect(notice).to_contain_text("Imported Imported: 2 of 2 versions are new.")
    assert page.evaluate("window.hit") is None
    # What does not fit is said beside the file, which can be chosen anew.
    path.write_text(path.read_text().replace("model:", "modle:"))
    page.goto(f"{place.url}/ui/prompts/new")
    page.get_by_role("link", name="Import a file").click()
    dialog.get_by_label("Prompt file").set_input_files(path)
    dialog.get_by_label("Target Project").select_option(str(place.project))
    dialog.get_by_role("button", name="Check the file").click()
    expect(dialog).to_contain_text("has no field 'modle'")
    page.context.close()


def test_without_script_one_signs_in_edits_saves_runs_and_reads(
    browser: Browser, place: Place
) -> None:
    page = signed_in(browser, place, java_script_enabled=False)
    page.goto(f"{place.url}/ui/prompts/{place.prompt}")
    page.get_by_label("Prompt", exact=True).fill("Without script, which? {text}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".made")).to_contain_text("has the changed text")  # the other was run
    page.get_by_role("button", name=re.compile(r"^(Evaluate|Run) 30 tasks")).click()
    # The page of a run under way looks again by itself.
    expect(page.locator("#score")).to_contain_text("of 30")
    expect(page.locator("#run progress")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Mismatch")).click()
    expect(page.locator(".filters [aria-current]")).to_contain_text("Mismatch")
    page.context.close()


def test_a_dialog_is_gone_through_by_keyboard_and_gives_the_focus_back(
    wide: Page, place: Place
) -> None:
    wide.goto(f"{place.url}/ui/prompts")
    opener = wide.get_by_role("link", name="Create Prompt").first
    opener.focus()
    wide.keyboard.press("Enter")
    dialog = wide.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert axe(wide) == []
    inside = "document.querySelector('dialog[open]').contains(document.activeElement)"
    for _ in range(12):
        wide.keyboard.press("Tab")
        assert wide.evaluate(f"{inside} || document.activeElement === document.body")
    wide.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
