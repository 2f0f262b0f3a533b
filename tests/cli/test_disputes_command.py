"""`predictions disputes`: a table, JSON, and CSV with the tasks' data."""

from __future__ import annotations

import csv
import io

import pytest

from support.terminal import Terminal

DISPUTES = ("predictions", "disputes", "Topic", "--project", "Mails")


@pytest.mark.slow
def test_disputed_labels_are_listed(terminal: Terminal, mails: list[int]) -> None:
    early = terminal.run(*DISPUTES, code=1)
    assert "ls-prompts evaluate" in early.stderr
    terminal.run("evaluate", "Topic", "--project", "Mails")
    found = terminal.json(*DISPUTES)
    assert found["disputed"] == len(found["labels"])
    assert all(each["label"] == {"topic": "A"} for each in found["labels"])
    text = terminal.run(*DISPUTES, "--csv").stdout
    head, *lines = csv.reader(io.StringIO(text))
    assert head[:2] == ["task", "label"]
    assert len(lines) == len(found["labels"])
    assert "disputes" in terminal.run(*DISPUTES).stdout
