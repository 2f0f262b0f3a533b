"""The services wired to a fake Label Studio, with a model that answers in this process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_backend.container import Container
from ml_backend.settings import Settings
from support.fake_label_studio import FakeLabelStudio
from support.house import House, ScriptedModel


@pytest.fixture
def house(fake: FakeLabelStudio, migrated: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(migrated, tmp_path / "data")
    settings = Settings.from_env(
        {
            "LABEL_STUDIO_URL": fake.url,
            "LABEL_STUDIO_API_KEY": fake.token,
            "DATA_DIR": str(tmp_path / "data"),
            "OPENAI_BASE_URL": "http://model.invalid/v1",
            "OPENAI_MODEL": "scripted",
            "LLM_MAX_CONCURRENCY": "4",
        }
    )
    container = Container(settings, settle_seconds=1.5)
    model = ScriptedModel()
    container.models.adopt(container.models.default, model)
    yield House(container, fake, model)
    container.close()
    container.store.close()
