"""The server's client of Label Studio and a caller's cannot be confused: mypy says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

from support.server import ROOT

SNIPPET = Path(__file__).parent / "types_held" / "who_acts.py"
REFUSED = "# refused"


@pytest.mark.slow
def test_mypy_refuses_each_confusion_of_who_acts_and_nothing_else() -> None:
    # With what `make check` keeps: a second instead of twenty.
    out, err, _ = api.run(
        [
            f"--config-file={ROOT / 'pyproject.toml'}",
            "--follow-imports=normal",
            str(SNIPPET),
        ]
    )
    assert err == ""
    said = re.findall(r"who_acts\.py:(\d+): error: (.*)", out)
    lines = SNIPPET.read_text().splitlines()
    wanted = {number for number, line in enumerate(lines, 1) if line.endswith(REFUSED)}
    assert len(wanted) >= 15
    assert {int(number) for number, _ in said} == wanted, out
