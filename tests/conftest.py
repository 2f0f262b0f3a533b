"""What all tests share: fakes, one a test; and one real Label Studio a session, for ``live``.

Processes that tests start end with those of pytest, however these end: support/processes.py.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_backend.container import Container
from ml_backend.settings import Settings
from support.fake_label_studio import FakeLabelStudio
from support.fuzzing import Fuzz
from support.groups import scheduler
from support.live_label_studio import LiveLabelStudio, RunningLabelStudio
from support.processes import watch
from support.quick_apps import remember
from support.quick_disk import in_memory
from support.simulator import Simulator

in_memory()
watch()
remember()
# What collecting makes lives to the end; looking for garbage in it took a fifth of all time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    return scheduler(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture
def fake() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio() as running:
        yield running


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database has its tables: copying it is quicker than migrating."""
    folder = tmp_path_factory.mktemp("migrated")
    container = Container(Settings.from_env({"DATA_DIR": str(folder)}))
    container.store.close()
    return folder


@pytest.fixture
def data_dir(migrated: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own, in its temporary one, with an empty database."""
    return Path(shutil.copytree(migrated, tmp_path / "data"))


@pytest.fixture(scope="session")
def live() -> Iterator[RunningLabelStudio]:
    """A real Label Studio; LIVE_LABEL_STUDIO_URL and _TOKEN name one that already runs."""
    url = os.environ.get("LIVE_LABEL_STUDIO_URL")
    if url:
        yield RunningLabelStudio(url.rstrip("/"), os.environ["LIVE_LABEL_STUDIO_TOKEN"])
        return
    with LiveLabelStudio() as label_studio:
        yield RunningLabelStudio(label_studio.url, label_studio.token)


@pytest.fixture
def fuzz(request: pytest.FixtureRequest) -> Fuzz:
    """Tries laws on what hypothesis makes up; all tests that do share the time there is."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return Fuzz(request.node.name, workers / max(len(request.session.items), workers))
