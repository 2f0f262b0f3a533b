"""The demo as a newcomer sees it: it goes on, its first figure says something, it ends clean."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import marked
from support.server import ROOT, SETTINGS

pytestmark = pytest.mark.live


def test_the_demo_leads_with_what_people_understand_and_marks_no_ground_truth(
    tmp_path: Path,
) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    command = [sys.executable, "-m", "ml_backend", "demo", "--json"]
    command += ["--label-studio", str(ROOT / ".venvs/label-studio/bin/label-studio")]
    template = os.environ.get("LS_DATA_TEMPLATE")
    if template:
        command += ["--template", template]
    done = subprocess.run(
        command,
        env=marked({**clean, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    held = json.loads(done.stdout)
    assert held["tasks"] == 200
    assert held["annotations"] == {"by_people": 60, "from_predictions": 140}
    assert {row["most_per_task"] for row in held["model_versions"].values()} == {1}
    first = next(line for line in done.stderr.splitlines() if "%" in line)
    assert re.fullmatch(r"\s+topic right in \d+ of 60 messages \(\d+%\)", first), done.stderr
    assert list(tmp_path.glob("ls-prompts-demo*")) == [], "nothing is left behind"
