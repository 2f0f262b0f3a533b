"""The services wired to a fake Label Studio, with a model that answers in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_backend.container import Container
from ml_backend.settings import Settings
from support.fake_label_studio import FakeLabelStudio
from support.house import House, ScriptedModel, hurry, served_house
from support.models import adopt
from support.place import close
from support.simulator import Simulator


@pytest.fixture
def house(fake: FakeLabelStudio, data_dir: Path) -> Iterator[House]:
    settings = Settings.from_env(
        {
            "LABEL_STUDIO_URL": fake.url,
            "LABEL_STUDIO_API_KEY": fake.token,
            "DATA_DIR": str(data_dir),
            "OPENAI_BASE_URL": "http://model.invalid/v1",
            "OPENAI_MODEL": "scripted",
            "LLM_MAX_CONCURRENCY": "4",
        }
    )
    container = Container(settings)
    hurry(container, fake)
    model = ScriptedModel()
    adopt(container.models, container.models.default, model)
    yield House(container, fake, model)
    close(container)


@pytest.fixture
def served(fake: FakeLabelStudio, simulator: Simulator, data_dir: Path) -> Iterator[House]:
    """A house whose models are asked over HTTP."""
    with served_house(fake, simulator, data_dir) as house:
        yield house
