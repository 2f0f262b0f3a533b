"""`doctor` and `serve`."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.server import Installation
from support.terminal import LABEL, Terminal


@pytest.mark.slow
def test_the_doctor_reports_and_a_failure_exits_with_1(terminal: Terminal) -> None:
    report = terminal.json("doctor")
    assert report["ok"] is True
    assert {check["status"] for check in report["checks"]} <= {"ok", "warn", "skip"}
    refused = terminal.json("doctor", code=1, LABEL_STUDIO_API_KEY="0" * 40)
    (failed,) = [check for check in refused["checks"] if check["status"] == "fail"]
    assert failed["name"] == "token"
    shown = terminal.run("doctor", code=1, LABEL_STUDIO_API_KEY="0" * 40).stdout
    assert "✗ token: " in shown
    assert "LABEL_STUDIO_API_KEY" in shown


def test_the_doctor_also_names_settings_that_are_wrong(terminal: Terminal) -> None:
    for settings in ({"THREADS": "-1"}, {"HOST": "0.0.0.0"}):
        report = terminal.json("doctor", code=1, **settings)
        (check,) = report["checks"]
        assert (check["name"], check["status"]) == ("settings", "fail")
        assert next(iter(settings)) in check["message"]


@pytest.mark.slow
def test_a_server_executes_detached_runs_and_the_doctor_finds_it(
    terminal: Terminal, mails: list[int]
) -> None:
    given = {name: value for name, value in terminal.settings.items() if value and name != "PORT"}
    with Installation(Path(given.pop("DATA_DIR")), **given) as installation:
        installation.start()
        port = {"PORT": installation.settings["PORT"]}
        terminal.run("run", "Topic", "--project", "Mails", "--detach", **port)
        run = terminal.json("runs", "watch", 1, **port)
        checks = {c["name"]: c["status"] for c in terminal.json("doctor", **port)["checks"]}
    assert (run["status"], terminal.held()) == ("Completed", {LABEL: 4})
    assert checks["server"] == "ok"
