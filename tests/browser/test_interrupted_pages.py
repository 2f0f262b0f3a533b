"""Answers that come late, in another order or not at all, as on a busy machine: pages stay whole.

What comes when is told by routes of the browser and a model that is held, never by waiting.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from browser.opened import Opened
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("editor page")]

SAME_PAGE = "window.samePage === true"


def evaluate(page: Page, opened: Opened) -> None:
    """Begin a run that the model does not let end."""
    opened.evaluate()
    expect(page.locator("#run progress")).to_be_visible()


def let_go(opened: Opened) -> None:
    opened.simulator.control()
    opened.run_ended()


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Prompt views").get_by_role("link", name=name).click()


class Held:
    """Requests to an address that got their answer at once and are given it later."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._kept: list[Callable[[], None]] = []
        page.route(address, self._keep, times=1)

    def _keep(self, route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        self._kept.append(lambda: route.fulfill(response=answer))

    def wait(self) -> None:
        while not self._kept:
            self._page.wait_for_timeout(20)

    def give(self) -> None:
        self.wait()
        self._kept.pop()()


def abort(page: Page, address: str, times: int = 1) -> None:
    page.route(address, lambda route: route.abort(), times=times)


def test_links_work_as_soon_as_they_are_there(page: Page) -> None:
    page.evaluate(
        """() => {
          window.samePage = true;
          new MutationObserver((_, observer) => {
            const link = document.querySelector("#panel[aria-label=Versions] nav a[href*=history]");
            if (link) { observer.disconnect(); link.click(); }
          }).observe(document.body, {childList: true, subtree: true});
        }"""
    )
    tab(page, "Versions")
    expect(page.locator("#panel[aria-label=History]")).to_be_visible()
    assert page.evaluate(SAME_PAGE)


def test_ended_session_is_said_by_what_the_page_asks_itself_and_left_for_when_one_presses(
    page: Page, opened: Opened
) -> None:
    page.evaluate("window.samePage = true")
    opened.end_session()
    page.fill("#text", "Another thought {text}")
    told = page.locator("#alert")
    expect(told).to_contain_text("Your session has ended.")
    page.locator("#text").press_sequentially("!")
    assert page.evaluate(SAME_PAGE)
    told.get_by_role("link", name="Sign in").click()
    opened.sign_in()
    page.wait_for_url("**version=1**")
    expect(page.locator("#text")).to_have_value("Another thought {text}!")


def test_what_is_typed_while_it_is_saved_is_kept(page: Page) -> None:
    saving = Held(page, "**/editor?*")
    page.fill("#text", "Which one? {text}")
    page.keyboard.press("Control+s")
    saving.wait()
    page.fill("#text", "Which one of them? {text}")
    with page.expect_navigation():
        saving.give()
    expect(page.locator("#text")).to_have_value("Which one of them? {text}")
    expect(page.locator("#unsaved")).to_be_visible()


def test_panel_of_before_the_end_of_a_run_is_not_what_stays(page: Page, opened: Opened) -> None:
    evaluate(page, opened)
    late = Held(page, "**/alignment?*")
    tab(page, "Alignment")
    late.wait()
    let_go(opened)
    expect(page.locator("#run progress")).to_have_count(0)
    late.give()
    expect(page.locator("#panel[aria-label=Alignment]")).to_contain_text("Agreement with")


def test_run_that_ended_before_its_page_came_is_not_announced(page: Page, opened: Opened) -> None:
    def after_the_end(route: Route) -> None:
        let_go(opened)
        route.continue_()

    page.route("**/ui/prompts/*run=*", after_the_end, times=1)
    opened.evaluate()
    expect(page.locator("#score .display")).to_contain_text("%")
    expect(page.locator("main > .notice")).to_have_count(0)


@pytest.mark.parametrize("address", ["**/score?*", "**/progress?*"])
def test_end_of_a_run_is_seen_although_an_answer_is_lost(
    page: Page, opened: Opened, address: str
) -> None:
    evaluate(page, opened)
    abort(page, address, times=2)
    let_go(opened)
    expect(page.locator("#alert")).to_contain_text("asks again by itself")
    expect(page.locator("#run progress")).to_have_count(0)
    expect(page.locator("#score .display")).to_contain_text("%")
    expect(page.locator("#alert")).to_be_empty()


def test_what_a_page_waits_for_is_asked_again(page: Page) -> None:
    abort(page, "**/estimate*")
    page.goto(page.url)
    expect(page.locator("#estimate")).to_contain_text("12 tasks")


def test_tabs_outlive_an_answer_that_failed(page: Page, opened: Opened) -> None:
    before = page.url
    page.route(
        "**/alignment?*",
        lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"),
        times=1,
    )
    tab(page, "Alignment")
    # The second is said in place of the first as soon as anything else is answered.
    expect(page.locator("#alert")).to_contain_text(re.compile("did not answer|answers again"))
    assert page.url == before
    tab(page, "Alignment")
    expect(page.locator("#panel[aria-label=Alignment]")).to_be_visible()


def test_what_is_typed_in_a_panel_outlives_its_renewal(page: Page, opened: Opened) -> None:
    evaluate(page, opened)
    page.locator("#review-below summary").click()
    page.fill("#below", "0.25")
    page.evaluate("document.getElementById('panel').dataset.before = ''")
    let_go(opened)
    expect(page.locator("#panel[data-before]")).to_have_count(0)
    expect(page.locator("#below")).to_have_value("0.25")
    expect(page.locator("#below")).to_be_focused()
