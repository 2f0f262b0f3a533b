"""Doors to the fake and to the real Label Studio, and a project of the test's own in it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ml_backend.labelstudio import ServerLabelStudio
from support.backends import MlBackend
from support.by_hand import delete_project
from support.contract_site import Site
from support.fake_label_studio import FakeLabelStudio
from support.wire import CONFIG


@pytest.fixture
def fake() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio(validate=True) as running:
        yield running


@pytest.fixture
def door(fake: FakeLabelStudio) -> Iterator[ServerLabelStudio]:
    opened = ServerLabelStudio(fake.url, fake.token, timeout=10, write_timeout=10)
    yield opened
    opened.close()


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.live)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The same for both, so that what holds for the fake holds for the real one."""
    running = request.getfixturevalue("fake" if request.param == "fake" else "live")
    opened = ServerLabelStudio(running.url, running.token, timeout=60)
    headers = {"Authorization": f"Token {running.token}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60, verify=False) as raw:
        project = opened.create_project("Contract of the door", CONFIG, instruction="<b>Read</b>")
        try:
            ids = opened.import_tasks(project.id, [{"text": f"text {n}"} for n in range(6)])
            yield Site(opened, project.id, ids, raw)
        finally:
            delete_project(opened, project.id)
            opened.close()


@pytest.fixture
def ml_backend() -> Iterator[MlBackend]:
    backend = MlBackend()
    yield backend
    backend.close()
