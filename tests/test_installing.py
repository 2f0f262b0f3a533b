"""What `make` installs with: a word every few seconds, and all that pip said when it fails."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.installing import Installation, installer
from support.server import ROOT

PIP = """
import sys, time
for line in ("Collecting flask", "Collecting scipy", "Installing collected packages: a, b, c"):
    print(line, flush=True)
    time.sleep(0.3)
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.slow
def test_it_says_every_now_and_then_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    installation = Installation("the server", every=0.05)
    installation.run(sys.executable, "-c", PIP, "0")
    installation.done()
    said = capsys.readouterr().out
    assert "the server: fetching package 2, scipy" in said
    assert "the server: unpacking 3 packages" in said
    assert said.splitlines()[-1].startswith("✓ Installed the server")


@pytest.mark.slow
def test_what_failed_is_shown_and_its_code_is_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Installation("the server", every=9.0).run(sys.executable, "-c", PIP, "3")
    assert ended.value.code == 3
    assert "Collecting scipy" in capsys.readouterr().out


@pytest.mark.slow
def test_a_virtual_environment_is_made_where_there_is_none(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts/installing.py", "nothing", tmp_path / "made"]
    began = time.time()
    for _ in range(2):
        done = subprocess.run([*command, "pip"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    made = (tmp_path / "made/pyvenv.cfg").stat().st_mtime
    assert made >= began - 1
    assert "✓ Installed nothing" in done.stdout


def test_uv_installs_where_it_is_named_and_pip_elsewhere() -> None:
    python = Path(".venvs/app/bin/python")
    assert installer(python, "/usr/bin/uv") == ["/usr/bin/uv", "pip", "install", "--python", python]
    assert installer(python, "")[:4] == [python, "-m", "pip", "install"]


def test_the_demo_installs_only_what_it_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    [demo] = [line for line in makefile.splitlines() if line.startswith("demo:")]
    assert demo.split()[1:] == ["$(APP)/.runs", "$(STUDIO)/.ready", "assets", "$(DEMO_MODEL)"]
    assert "DEMO_MODEL = $(if $(MODEL)," in makefile  # nothing where no model is named
    [rule] = [part for part in makefile.split("\n\n") if "\n$(APP)/.runs:" in f"\n{part}"]
    assert "requirements-dev" not in rule
