"""The documentation's scripts, run as a reader would."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def script_of(document: str) -> str:
    """Return the one Python script of a page in ``docs/``."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / document).read_text(), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def run_script(text: str, **environment: str) -> str:
    """Return what a script printed; AssertionError with all of it when it failed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-"],
        input=text,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
