"""`erase`: counted first, then gone from the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.terminal import Terminal


def held(terminal: Terminal, text: str) -> bool:
    folder = Path(str(terminal.settings["DATA_DIR"]))
    return any(text.encode() in each.read_bytes() for each in folder.iterdir() if each.is_file())


@pytest.mark.slow
def test_a_project_is_counted_then_erased_with_every_byte(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.run("evaluate", "Topic", "--project", "Mails", "--truth", "annotations")
    terminal.run("run", "Topic", "--project", "Mails")
    number = terminal.json("prompts", "show", "Topic")["associated_projects"][0]
    counted = terminal.json("erase", "--project", number, "--dry-run")
    assert (counted["counts"]["answers of runs"], counted["erased"]) == (6, False)
    assert "Mails" in str(terminal.rows("projects"))
    assert "Repeat it with --yes" in terminal.run("erase", "--project", number, code=2).stderr
    one = terminal.json("erase", "--task", mails[0], "--project", number, "--yes")
    assert one["counts"]["answers of runs"] == 2
    done = terminal.json("erase", "--project", number, "--yes")
    assert done["counts"]["answers of runs"] == 4
    assert done["erased"]
    assert terminal.json("runs", "list")[0]["status"] == "Completed"
    assert not terminal.json("erase", "--project", number, "--dry-run")["counts"].get("answers")
    assert len(terminal.rows("tasks")) == len(mails), "Label Studio is left as it is"
    told = terminal.json("audit", "list", "--action", "erased")
    assert {each["kind"] for each in told} == {"project", "task"}


@pytest.mark.slow
def test_what_is_not_known_is_said(terminal: Terminal, mails: list[int]) -> None:
    missing = terminal.run("erase", "--person", "who@example.com", "--yes", code=1)
    assert "Nothing is kept of a person" in missing.stderr
    assert "Nothing is kept" in terminal.run("erase", "--task", 999_999, "--yes", code=1).stderr
    terminal.run("erase", code=2)
    terminal.run("erase", "--project", 1, "--person", "a@b", code=2)
    assert not held(terminal, "who@example.com")
