"""Label Studio's own editor in a headless Chromium, used the way a person uses it.

What only the editor knows (is a region marked, what does a control show) is read from ``Htx``, the
store it keeps on the page; everything that changes something is done with its own buttons.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page

from ml_backend.cli.local_label_studio import EMAIL, PASSWORD
from support.browser import PATIENCE, chromium

SIZE = {"width": 1400, "height": 1000}
PREDICTION_TAB = ".lsf-annotation-button:has(.lsf-annotation-button__userpic_prediction)"

LOADED = "() => window.Htx?.annotationStore?.selected && !Htx.isLoading"
COPIED = """() => {
  const store = Htx.annotationStore;
  return store.annotations.length === 2 && store.selected.type === "annotation";
}"""
SUBMITTED_OR_REFUSED = """() =>
  Htx.annotationStore.annotations.some((each) => /^[0-9]+$/.test(each.pk))
  || document.querySelector(".ant-modal-confirm")"""
REFUSAL = """() => document.querySelector(".ant-modal-confirm-body")?.innerText ?? null"""

# Every object is ready, and every region of a text has its highlight.
MARKED = """() => {
  const annotation = Htx.annotationStore.selected;
  const isReady = annotation.objects.every((each) => each.isReady !== false);
  return isReady && annotation.regions.every((each) => each.classification
    || !("_spans" in each) || each._spans?.some((span) => span.isConnected));
}"""

PAGES = """() => Htx.annotationStore.selected.objects
  .filter((each) => each.multiImage || each.isMultiItem)
  .map((each) => [each.name, each.maxItemIndex ?? 0])"""
TURN = """([name, page]) => [...Htx.annotationStore.selected.objects]
  .find((each) => each.name === name).setCurrentItem(page)"""
TURNED = """([name, page]) => {
  const image = [...Htx.annotationStore.selected.objects].find((each) => each.name === name);
  return image.currentItemIndex === page && image.currentImageEntity.imageLoaded;
}"""

# What a person sees selected: [region id or "", control, value]. The controls follow the region
# that is selected a timer later.
SHOWN = """async () => {
  const annotation = Htx.annotationStore.selected;
  const plain = (value) => value === undefined ? null : JSON.parse(JSON.stringify(value));
  const read = (tag) => {
    if (tag.type === "datetime") return tag.datetime ?? null;
    if (tag.type === "ranker") return plain(tag.dataSource.itemIds);
    return plain(tag.selectedValues());
  };
  const tags = [...annotation.names.values()]
    .filter((tag) => tag.isClassificationTag || tag.type === "ranker");
  const seen = [];
  for (const tag of tags) {
    if (!tag.perregion && !tag.peritem) seen.push(["", tag.name, read(tag)]);
  }
  for (const region of annotation.regions) {
    if (region.classification) continue;
    annotation.selectArea(region);
    await new Promise((done) => setTimeout(done, 10));
    for (const result of region.results) {
      if (result.from_name.perregion && result.from_name.displaymode !== "region-list") {
        seen.push([region.cleanId, result.from_name.name, read(result.from_name)]);
      }
    }
  }
  annotation.unselectAreas();
  return seen;
}"""

# Regions of a text that are not to be seen there.
UNMARKED = """() => Htx.annotationStore.selected.regions
  .filter((each) => !each.classification && "_spans" in each
    && !each._spans?.some((span) => span.isConnected))
  .map((each) => each.cleanId)"""


SHOW = (Path(__file__).parent / "show_task.js").read_text()


class NotSubmitted(Exception):
    """The editor refused; the message is what it told the person."""


class Editor:
    """One page, signed in once; ``open`` and ``show`` go from task to task."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._open = ExitStack()
        # No route of the page: routing switches its cache off, and the editor is megabytes.
        only = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {urlsplit(url).hostname}"
        browser = self._open.enter_context(chromium("--no-proxy-server", only))
        self.page: Page = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        self.page.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        """What the page wrote to its console as an error, since a task was last shown."""
        self._is_calm = False
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self) -> None:
        self.page.goto(f"{self.url}/user/login/")
        self.page.fill("input[name=email]", EMAIL)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda address: "/login" not in address)

    def open(self, project: int, task: int) -> None:
        """Show a task that has one prediction, in Label Studio's data manager."""
        self.complaints.clear()
        self._is_calm = False
        self.page.goto(f"{self.url}/projects/{project}/data?task={task}")
        self.page.wait_for_function(LOADED)

    def show(self, project: int, task: int, config: str) -> None:
        """The same in the editor alone, at half the price where the page has one open.

        After what was not submitted the page is loaded anew: nothing stays behind of that.
        """
        if not self._is_calm:
            self.open(project, task)
            return
        self.complaints.clear()
        self._is_calm = False
        self.page.evaluate(SHOW, [project, task, config])
        self.page.wait_for_function(LOADED)

    def copy_prediction(self) -> None:
        """Make an annotation of the prediction with the editor's own button."""
        self.page.locator(f"{PREDICTION_TAB} .lsf-annotation-button__trigger").click()
        self.page.get_by_text("Duplicate Annotation").click()
        self.page.wait_for_function(COPIED)
        self._wait_for_marks()
        for name, last in self.page.evaluate(PAGES):
            for page in [*range(1, last + 1), 0]:
                self.page.evaluate(TURN, [name, page])
                self.page.wait_for_function(TURNED, arg=[name, page])

    def _wait_for_marks(self) -> None:
        try:
            self.page.wait_for_function(MARKED)
        except Error:
            return  # `unmarked` says which

    def shown(self) -> list[tuple[str, str, Any]]:
        """Region id (or ""), control and the value a person sees selected there."""
        return [tuple(each) for each in self.page.evaluate(SHOWN)]

    def unmarked(self) -> list[str]:
        """Ids of the regions of texts that are not highlighted."""
        return list(self.page.evaluate(UNMARKED))

    def submit(self) -> None:
        """Submit with the editor's own button; NotSubmitted when it refuses."""
        self.page.click("button[name=submit]")
        self.page.wait_for_function(SUBMITTED_OR_REFUSED)
        refusal = self.page.evaluate(REFUSAL)
        if refusal is not None:
            raise NotSubmitted(refusal)
        self._is_calm = True

    def screenshot(self, path: Path) -> None:
        self.page.screenshot(path=path, full_page=True)

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
