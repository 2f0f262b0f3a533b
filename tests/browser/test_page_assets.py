"""Script and fonts, as the sign-in page of a server of ours uses them in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from support.browser import axe, chromium
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("page assets")]

LOADED = """async () => {
  await document.fonts.ready;
  return [...document.fonts].filter((each) => each.status === "loaded")
    .map((each) => each.family.replaceAll('"', '')).sort();
}"""
FAMILIES = (
    """() => [...new Set([...document.fonts].map((each) => each.family.replaceAll('"', '')))]"""
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with FakeLabelStudio() as studio:
        settings = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": studio.token}
        data: Path = tmp_path_factory.mktemp("data")
        with Installation(data, **settings).start() as installation:
            yield installation.url


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page(reduced_motion="reduce")


def test_htmx_and_fonts_come_from_this_server_alone_and_nothing_is_refused(
    server: str, page: Page
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(f"{said.text} {said.location['url']}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server}/ui/sign-in")
    assert page.evaluate("() => htmx.version").startswith("2.0.")
    assert "Figtree" in page.evaluate(LOADED)
    assert set(page.evaluate(FAMILIES)) == {"Figtree", "IBM Plex Mono"}
    assert all(address.startswith(f"{server}/") for address in asked)
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_sign_in(server: str, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{server}/ui/sign-in")
    assert axe(page) == []
