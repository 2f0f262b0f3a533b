"""Axe, on pages that forbid scripts: what the tests of our own pages rest on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.browser import NotInstalled, Violation, axe, chromium

pytestmark = pytest.mark.browser

STRICT = {
    "content-type": "text/html",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'",
}
ADDRESS = "http://pages.invalid/"
PAGE = '<!doctype html><html lang="en"><title>Runs</title><main><h1>Runs</h1>{}</main></html>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param("<button>Evaluate 200 tasks</button>", [], id="nothing"),
        pytest.param("<button></button>", [("button-name", "critical", ("button",))], id="no-name"),
        pytest.param(
            '<form><label>Text <input></label><input id="model"></form>',
            [("label", "critical", ("#model",))],
            id="no-label",
        ),
        pytest.param("<h4>A step too deep</h4>", [], id="moderate-ones-are-left-out"),
    ],
)
def test_grave_violations_are_found_under_a_strict_policy(
    browser: Browser, body: str, found: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    page = browser.new_page()
    page.route(ADDRESS, lambda route: route.fulfill(headers=STRICT, body=PAGE.format(body)))
    page.goto(ADDRESS)
    said = axe(page)
    assert [(each.rule, each.impact, each.elements) for each in said] == found
    assert all(isinstance(each, Violation) and each.help for each in said)
    assert axe(page) == said
    page.close()


def test_without_the_packages_it_says_how_to_get_them(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    with pytest.raises(NotInstalled, match="make assets"):
        axe(page, tmp_path / "axe.min.js")
    page.close()


def test_two_browsers_are_open_at_a_time(browser: Browser) -> None:
    with chromium() as other:
        assert other.new_page().evaluate("1 + 1") == 2
    page = browser.new_page()
    assert page.evaluate("1 + 1") == 2
    page.close()
