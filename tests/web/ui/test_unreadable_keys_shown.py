"""A key that cannot be read, on the pages."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ml_backend.store import tables as t
from ml_backend.store.cipher import SecretCipher
from support.pages import Pages


@pytest.mark.slow
def test_pages_name_an_unreadable_key(pages: Pages) -> None:
    connection = pages.api.connection()
    lost = SecretCipher("An-entirely-different_key-0123456789-abc").encrypt("lost")
    with pages.container.store.database.write() as c:
        c.execute(sa.update(t.connections).values(encrypted_key=lost))
    page = pages.get("/ui/connections")
    assert page.status == 200
    assert "key cannot be read" in page.text()
    assert "Edit, under Connections" in page.text()
    for path in (
        "/ui/health",
        f"/ui/connections/{connection.id}/edit",
        f"/ui/connections/{connection.id}/delete",
        "/ui/health/checks",
    ):
        assert pages.get(path).status == 200, path
