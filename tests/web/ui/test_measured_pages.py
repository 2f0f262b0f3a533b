"""Every page is measured at 100,000 tasks by `make bench`, or the reason it is left out is told."""

from __future__ import annotations

import re

from werkzeug.exceptions import NotFound

from benchmarks.pages_speed import LEFT_OUT, PAGES
from ml_backend.web.ui.shell.prompt_view import TABS
from support.api import Api

TAB = "ui.prompt_tab"


def test_every_page_is_measured_or_named_as_left_out(api: Api) -> None:
    rules = [
        each
        for each in api.app.url_map.iter_rules()
        if each.endpoint.startswith("ui.") and "GET" in (each.methods or ())
    ]
    adapter, measured, lost = api.app.url_map.bind("localhost"), set(), []
    for name, path in PAGES.items():
        try:
            endpoint, values = adapter.match(re.sub(r"\{\w+\}", "7", path.partition("?")[0]))
        except NotFound:
            endpoint, values = "ui.unknown", {}
        if endpoint == "ui.unknown":
            lost.append(f"{name}: {path} is no page")
        measured.add(f"{endpoint}/{values['tab']}" if endpoint == TAB else endpoint)
    there = {each.endpoint for each in rules} - {TAB} | {f"{TAB}/{each}" for each in TABS}
    assert lost == []
    assert measured | LEFT_OUT.keys() == there, "measure it, or say why not"
    assert not measured & LEFT_OUT.keys()
