"""The page of connections shows one to a model file, and offers no change of it."""

from __future__ import annotations

import pytest

from ml_backend.records import Scope
from support.pages import Pages

FILE = "file:///srv/models/secret-place.gguf"


@pytest.mark.slow
def test_the_pages_show_it_and_offer_no_change(pages: Pages) -> None:
    kept = pages.container.store.connections.create(
        title="Mine",
        provider="Local",
        api_key="",
        endpoint=FILE,
        default_model="mine",
        scope=Scope.ORGANIZATION.value,
    )
    page = pages.get("/ui/connections")
    assert "a file of the server’s machine" in page.text()
    assert "secret-place" not in page.html
    assert f"/ui/connections/{kept.id}/edit" not in page.html
    assert pages.get(f"/ui/connections/{kept.id}/edit").status == 403
    for path in ("edit", "delete"):
        assert pages.post(f"/ui/connections/{kept.id}/{path}", title="x").status == 403
    made = pages.post("/ui/connections/new", title="x", provider="Local", endpoint=FILE)
    assert made.status == 403
    assert [each.id for each in pages.container.store.connections.all()] == [kept.id]
