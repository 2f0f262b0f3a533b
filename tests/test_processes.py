"""Processes that tests start: they end with the tests, kill -9 included."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.processes import ROOT, Child, eventually

PARTS = {
    "servers": """
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation
from support.simulator import Simulator
studio = FakeLabelStudio().__enter__()
settings = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": studio.token}
started = [studio, Simulator(), Installation(Path(folder) / "data", **settings).start()]
""",
    "gone astray": """
# Its parent is gone, it has a session of its own, ignores what can be ignored, and stands still.
astray = (
    "import os, signal, time\\n"
    "if os.fork(): os._exit(0)\\n"
    "os.setsid()\\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
    f"with open({folder + '/astray.new'!r}, 'w') as told: told.write(str(os.getpid()))\\n"
    f"os.rename({folder + '/astray.new'!r}, {folder + '/astray'!r})\\n"
    "os.kill(os.getpid(), signal.SIGSTOP)\\n"
)
subprocess.run([sys.executable, "-c", astray], check=True)
while not Path(folder, "astray").exists():
    time.sleep(0.01)
""",
    "chromium": """
from support.browser import chromium
opened = chromium()
browser = opened.__enter__()
""",
    "Label Studio": """
from support.live_label_studio import LiveLabelStudio
real = LiveLabelStudio()
real.start()
""",
}
TEST = """
import json, os, subprocess, sys, time
from pathlib import Path
import psutil

def test_something_that_is_never_done():
    folder = os.environ["FOLDER"]
{part}
    found = [each.pid for each in psutil.Process().children(recursive=True)]
    Path(folder, "found").with_suffix(".new").write_text(json.dumps([os.getpid(), *found]))
    Path(folder, "found").with_suffix(".new").rename(Path(folder, "found"))
    time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "options"),
    [
        ("servers", []),
        ("servers", ["-n", "1"]),
        ("gone astray", []),
        pytest.param("chromium", [], marks=pytest.mark.browser),
        pytest.param("Label Studio", [], marks=pytest.mark.live),
    ],
    ids=["servers", "servers of a worker", "gone astray", "chromium", "Label Studio"],
)
def test_what_a_killed_test_started_is_gone_with_it(
    tmp_path: Path, part: str, options: list[str]
) -> None:
    body = PARTS[part].replace("\n", "\n    ")
    (tmp_path / "test_inner.py").write_text(TEST.replace("{part}", body))
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    tests = f"{ROOT / 'tests'}{os.pathsep}{ROOT}"
    environment = {**os.environ, "FOLDER": str(tmp_path), "PYTHONPATH": tests}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path]
    options = [*options, "-o", "addopts=", tmp_path / "test_inner.py"]
    told = tmp_path / "found"
    with Child([*command, *options], env=environment) as pytest_itself:
        pytest_itself.wait_until(told.exists)
        pids = [pytest_itself.pid, *json.loads(told.read_text()), *astray(tmp_path)]
        assert len(pids) > 2
        os.kill(pytest_itself.pid, signal.SIGKILL)
        eventually(lambda: not [pid for pid in pids if is_alive(pid)])


def astray(folder: Path) -> list[int]:
    told = folder / "astray"
    return [int(told.read_text())] if told.exists() else []


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_does_not_start_shows_its_log() -> None:
    says: list[Any] = ["import sys; print('no such port'); sys.exit(3)"]
    with (
        Child([sys.executable, "-c", *says]) as child,
        pytest.raises(AssertionError, match=r"(?s)ended.*no such port"),
    ):
        child.word_after("listening on ")
