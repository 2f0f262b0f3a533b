"""`promises`: drawn, shown, opened and withdrawn by command."""

from __future__ import annotations

from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.records import Slot
from ml_backend.settings import Settings
from support.annotating import submit
from support.terminal import CONFIG, Terminal


def topic(value: str = "A") -> list[dict[str, Any]]:
    region = {"id": "r", "from_name": "topic", "to_name": "text", "type": "choices"}
    return [{**region, "value": {"choices": [value]}}]


@pytest.fixture
def mails(terminal: Terminal) -> list[int]:
    """The project "Mails": twelve tasks with a scored prediction of the prompt "Topic"."""
    rows = [{"data": {"text": f"mail {n}"}} for n in range(12)]
    _, ids = terminal.fake.seed(CONFIG, rows, title="Mails")
    terminal.run("prompts", "create", "Topic", "--project", "Mails", "--text", "Which? {text}")
    container = Container(Settings.from_env({n: v for n, v in terminal.settings.items() if v}))
    prompt = container.prompts.find("Topic")
    version = container.prompts.newest_version(prompt)
    project = container.studio.find_project("Mails")
    label = container.ownership.claim(prompt, version, Slot.ALL, project.id)
    container.studio.import_predictions(
        project.id,
        [{"task": e, "result": topic(), "score": 0.8, "model_version": label} for e in ids],
    )
    container.store.close()
    return ids


FEW = ("--project", "Mails", "--max-error", "0.5", "--certainty", "0.9", "--size", "7")


@pytest.mark.slow
def test_a_sample_is_counted_drawn_shown_opened_and_withdrawn(
    terminal: Terminal, mails: list[int]
) -> None:
    draw = ("promises", "draw", "Topic", *FEW)
    plan = terminal.json(*draw, "--dry-run")
    assert (plan["tasks"], plan["size"], plan["possible"]) == (12, 7, True)
    shown = terminal.run(*draw, "--dry-run")
    assert "are kept out of Label Studio" in shown.stderr
    assert "Repeat it with --yes" in terminal.run(*draw, code=2).stderr
    drawn = terminal.json(*draw, "--yes")
    assert (drawn["state"], drawn["settled"], drawn["labelled"]) == ("drawn", True, 0)
    number = drawn["id"]
    refused = terminal.run("promises", "open", number, code=1)
    assert "0 of 7 tasks" in refused.stderr
    for each in drawn["unlabelled_tasks"]:
        submit(terminal.fake, each, topic())
    assert "Labelled" in terminal.run("promises", "show", number).stdout
    said = terminal.run("promises", "open", number)
    assert "At most 50 % wrong, 90 % certain: from a score of 0.8 on" in said.stdout
    assert terminal.json("promises", "list", "--project", "Mails")[0]["promise"] is True
    again = terminal.run("promises", "ask", number, "--max-error", "0.4", code=1)
    assert "one request" in again.stderr
    gone = terminal.json("promises", "withdraw", number, "--yes", "--reason", "enough")
    assert (gone["state"], gone["why"]) == ("withdrawn", "It was withdrawn: enough")
    assert "enough" in terminal.run("promises", "list", "--project", "Mails").stdout


@pytest.mark.slow
def test_it_is_said_beforehand_that_nothing_can_be_promised(
    terminal: Terminal, mails: list[int]
) -> None:
    said = terminal.run("promises", "draw", "Topic", "--project", "Mails", code=1)
    assert "no number of labels promises at most 3 % wrong" in said.stderr
    assert terminal.json("promises", "list", "--project", "Mails") == []


@pytest.mark.slow
@pytest.mark.parametrize("number", ["0", "9" * 25])
def test_what_is_no_number_of_a_sample_is_said(terminal: Terminal, number: str) -> None:
    for command in (("promises", "show"), ("promises", "open"), ("predictions", "take-back")):
        assert "1<=x<=2147483647" in terminal.run(*command, number, code=2).stderr
