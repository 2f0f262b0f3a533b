"""Our server, a real Label Studio and its editor in a browser, for an answer's round trip."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.editor import Editor
from browser.opened import Opened, opened_page
from browser.round_trip import RoundTrip
from playwright.sync_api import Page

from ml_backend.container import Container
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.settings import Settings
from support.live_label_studio import LiveLabelStudio
from support.simulator import Simulator

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(scope="session")
def editor(live: LiveLabelStudio) -> Iterator[Editor]:
    with Editor(live.url) as opened:
        opened.sign_in()
        yield opened


@pytest.fixture(scope="session")
def container(
    live: LiveLabelStudio, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    settings = Settings.from_env(
        {
            "LABEL_STUDIO_URL": live.url,
            "LABEL_STUDIO_API_KEY": live.token,
            "DATA_DIR": str(tmp_path_factory.mktemp("data")),
            "OPENAI_BASE_URL": simulator.url,
            "OPENAI_API_KEY": "sk-simulated",
            "OPENAI_MODEL": "simulated",
        }
    )
    made = Container(settings)
    yield made
    made.close()
    made.loop.run(made.models.close())
    made.studio.close()
    made.store.close()


@pytest.fixture(scope="session")
def shipped(live: LiveLabelStudio) -> dict[str, str]:
    """Title -> labeling config of the templates this Label Studio ships."""
    studio = ServerLabelStudio(live.url, live.token)
    templates = studio._transport.get("api/templates")["templates"]
    studio.close()
    return {template["title"]: template["config"] for template in templates}


@pytest.fixture
def round_trip(
    container: Container,
    simulator: Simulator,
    editor: Editor,
    tmp_path: Path,
) -> Iterator[RoundTrip]:
    with RoundTrip(container, simulator, editor, tmp_path, next(NUMBERS)) as trip:
        yield trip


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with opened_page(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture
def page(opened: Opened) -> Page:
    """The editor of Version 1 as it is saved."""
    return opened.restore()
