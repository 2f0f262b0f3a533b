"""What htmx puts an answer into is there: it sends nothing whose target is missing."""

from __future__ import annotations

import pytest

from support.pages import HTMX, Page, Pages
from support.world import World


def missing(page: Page, ids: set[str]) -> list[str]:
    here = ids | {str(each.attributes["id"]) for each in page.all("[id]")}
    found = [str(each.attributes["hx-target"]) for each in page.all("[hx-target^='#']")]
    return sorted({each for each in found if each.removeprefix("#") not in here})


@pytest.mark.slow
def test_every_target_of_a_page_and_of_a_dialog_opened_as_a_page_is_on_it(pages: Pages) -> None:
    world, lost = World(pages), {}
    for call in world.calls():
        if call.method != "GET" or call.endpoint == "ui.results_csv":
            continue
        page = call.send(pages.client)
        if page.status == 200 and page.all("main"):
            gone = missing(page, set())
            if gone:
                lost[call.path] = gone
    assert lost == {}


@pytest.mark.slow
def test_every_form_of_a_dialog_has_its_errors_in_the_dialog(pages: Pages) -> None:
    world, lost, dialogs = World(pages), {}, 0
    for call in world.calls():
        if call.method != "GET":
            continue
        page = call.send(pages.client, **{"HX-Request": HTMX["HX-Request"]})
        if page.status != 200 or not page.all("dialog #dialog-alert"):
            continue
        dialogs += 1
        here = {each.attributes["id"] for each in page.all("dialog [id]")}
        named = {each.attributes["value"] for each in page.all("dialog input[name=alert]")}
        # The fields of a price come with the estimate, and bring theirs along.
        gone = {each for each in named - here if not str(each).startswith("price-form")}
        if gone:
            lost[call.path] = gone
    assert lost == {}
    assert dialogs > 8
