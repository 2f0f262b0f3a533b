from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.api import Api
from support.pages import Pages, sign_in


@pytest.fixture
def pages(api: Api) -> Iterator[Pages]:
    with api.app.test_client() as client:
        assert sign_in(client, api.studio.token).status_code == 303
        yield Pages(api, client)
