"""The server writes to its data folder and to the temporary one, and nowhere else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from support.fake_label_studio import FakeLabelStudio
from support.processes import ROOT
from support.server import Installation
from support.simulator import Simulator
from support.wire import CONFIG

AUTH = ("label-studio", "a password")
GUARD = ROOT / "tests/support/read_only"


def guarded(*writable: Path) -> dict[str, str]:
    """Settings by which a Python and those it starts write to these folders alone."""
    return {
        "PYTHONPATH": os.pathsep.join([str(GUARD), str(ROOT)]),
        "WRITABLE": os.pathsep.join(map(str, writable)),
    }


@pytest.mark.slow
def test_the_guard_refuses_what_a_read_only_root_would(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for place, code in (("data/x", 0), ("x", 1), ("data/../x", 1)):
        program = f"open({str(tmp_path / place)!r}, 'w')"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **guarded(tmp_path / "data")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        assert (code == 0) or "Read-only file system" in done.stderr


@pytest.mark.slow
def test_a_read_only_root_is_enough_to_serve_and_predict(
    tmp_path: Path, fake: FakeLabelStudio, simulator: Simulator
) -> None:
    project, tasks = fake.seed(CONFIG, [{"data": {"text": "a task"}}])
    data, temporary, home = (tmp_path / each for each in ("data", "tmp", "home"))
    for folder in (data, temporary, home):
        folder.mkdir()
    settings = {
        **guarded(data, temporary),
        **{"TMPDIR": str(temporary), "HOME": str(home), "XDG_CACHE_HOME": ""},
        **{"LABEL_STUDIO_URL": fake.url, "LABEL_STUDIO_API_KEY": fake.token},
        **{"BASIC_AUTH_USER": AUTH[0], "BASIC_AUTH_PASS": AUTH[1]},
        **{"OPENAI_BASE_URL": simulator.url, "OPENAI_MODEL": "simulated", "OPENAI_API_KEY": "k"},
    }
    with Installation(data, **settings) as installation:
        installation.cli("prompts", "create", "Topics", "--project", project, "--text", "{text}?")
        installation.start()
        body = {"tasks": [{"id": tasks[0], "data": {"text": "a task"}}], "project": f"{project}.1"}
        answer = _asked(f"{installation.url}/prompts/Topics/predict", body)
        assert answer["results"][0]["result"]
        page = urllib.request.urlopen(f"{installation.url}/ui/sign-in", timeout=30)
        assert page.status == 200
        said = installation.log_path.read_text()
    assert "Read-only" not in said, said
    assert "Traceback" not in said, said
    assert list(home.iterdir()) == []


def _asked(url: str, body: Any) -> Any:
    basic = base64.b64encode(":".join(AUTH).encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {basic}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)
