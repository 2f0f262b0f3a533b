"""The system's Chromium for tests, and axe's word on whether everybody can use a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from support.processes import ROOT, watch

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first that is there: without windows to think of it costs a sixth less."""

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"),
    *("--disable-quic", "--disable-background-networking", "--disable-extensions"),
]
PATIENCE = 90_000
"""Milliseconds an expectation waits: on a busy machine everything comes late."""

AXE = ROOT / "node_modules/axe-core/axe.min.js"
GRAVE = {"serious", "critical"}
RUN = """async (rules) => (await axe.run(document, {
  resultTypes: ["violations"], ...(rules.length ? {runOnly: {type: "rule", values: rules}} : {}),
})).violations"""


class NotInstalled(Exception):
    """Something these tests need is not on this machine; the message says how to install it."""


class _Shared:
    """One Playwright for all that use it at a time: a second one beside it does not start."""

    def __init__(self) -> None:
        self._users = 0
        self._running = ExitStack()
        self._playwright: Playwright

    @contextmanager
    def playwright(self) -> Iterator[Playwright]:
        if self._users == 0:
            self._playwright = self._running.enter_context(sync_playwright())
        self._users += 1
        try:
            yield self._playwright
        finally:
            self._users -= 1
            if self._users == 0:
                self._running.close()


_SHARED = _Shared()


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Give a headless Chromium of its own; NotInstalled where the machine has none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise NotInstalled("There is no Chromium here. Install it: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    watch()
    with _SHARED.playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Violation:
    """A rule of axe that a page breaks, and the elements that do."""

    rule: str
    impact: str
    help: str
    elements: tuple[str, ...]


def axe(page: Page, source: Path = AXE, *, rules: Sequence[str] = ()) -> list[Violation]:
    """Return what is serious or critical on a page as it stands, by all rules or by these.

    Evaluated rather than put into the page as a script, which a page's policy would forbid.
    """
    if not source.is_file():
        raise NotInstalled(f"There is no {source}. For npm's packages: make assets")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"{source.read_text()}\nundefined")
    return [
        Violation(each["id"], each["impact"], each["help"], _elements(each["nodes"]))
        for each in page.evaluate(RUN, list(rules))
        if each["impact"] in GRAVE
    ]


def _elements(nodes: list[dict[str, list[str]]]) -> tuple[str, ...]:
    return tuple(" ".join(map(str, node["target"])) for node in nodes)
