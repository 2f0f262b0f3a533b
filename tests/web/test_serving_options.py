"""What gunicorn is told, and what a worker does with its memory."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from ml_backend.settings import Settings
from ml_backend.web.serve import options
from ml_backend.web.server.garbage import YOUNG, spare_what_lasts
from support.processes import ROOT


def test_connections_outlive_their_clients(tmp_path) -> None:
    settings = Settings.from_env({"DATA_DIR": str(tmp_path)})
    # nginx keeps one for 60 s, httpx for 5: the first to close must not be the server.
    assert options(settings)["keepalive"] > 60


@pytest.fixture
def garbage():
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_a_worker_loaded_is_looked_through_no_more(garbage) -> None:
    loaded = [[] for _ in range(1000)]
    frozen = gc.get_freeze_count()
    spare_what_lasts()
    assert gc.get_freeze_count() >= frozen + len(loaded)
    assert not any(each is loaded for each in gc.get_objects())
    assert gc.get_threshold()[0] == YOUNG


@pytest.mark.slow
def test_the_master_process_needs_no_framework(tmp_path: Path) -> None:
    code = (
        "import sys; from ml_backend.settings import Settings; from ml_backend.web import serve; "
        f"serve.options(Settings.from_env({{'DATA_DIR': {str(tmp_path)!r}}})); "
        "sys.exit('flask' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
