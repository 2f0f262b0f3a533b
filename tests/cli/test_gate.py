"""`evaluate --fail-under` and `--not-worse-than`: what CI goes by."""

from __future__ import annotations

from typing import Any

import pytest

from support.terminal import CONFIG, Terminal

ASKED = ("evaluate", "Topic", "--project", "Mails")
NOT_WORSE = ("--not-worse-than", "Version 1")


def region(answer: str) -> dict[str, Any]:
    value = {"choices": [answer]}
    return {"from_name": "topic", "to_name": "text", "type": "choices", "value": value}


@pytest.fixture
def mails(terminal: Terminal) -> list[int]:
    """Twelve tasks that are A, and a prompt: "Good" gets all right, "Bad" four, the rest fails."""
    truth = {"annotations": [{"result": [region("A")], "ground_truth": True}]}
    tasks = [{"data": {"text": f"mail {n:02}"}, **truth} for n in range(12)]
    _, ids = terminal.fake.seed(CONFIG, tasks, title="Mails")
    terminal.run("prompts", "create", "Topic", "--project", "Mails", "--text", "Good {text}?")
    wrong = [{"match": f"Bad <text>mail {n:02}", "answer": {"topic": "B"}} for n in range(7)]
    fails = {"match": "Bad <text>mail 07", "fault": "garbage"}
    terminal.model.control(*wrong, fails, {"answer": {"topic": "A"}})
    return ids


def bad(terminal: Terminal, title: str = "Version 2") -> None:
    terminal.run("versions", "create", "Topic", "--text", "Bad {text}?", "--title", title)


@pytest.mark.slow
def test_an_accuracy_under_what_was_asked_exits_with_3(
    terminal: Terminal, mails: list[int]
) -> None:
    passed = terminal.run(*ASKED, "--fail-under", 1)
    assert "Passed: accuracy 100.0% on 12 tasks (12 right; 95% interval 75.8% to 100.0%)" in (
        passed.stdout
    )
    bad(terminal)
    missed = terminal.run(*ASKED, "--fail-under", 0.34, code=3)
    said = "Missed: accuracy 33.3% on 12 tasks (4 right, 1 without a prediction counted as wrong;"
    assert said in missed.stdout
    assert missed.stdout.rstrip().endswith("under 34%.")
    document = terminal.json(*ASKED, "--fail-under", 0.34, code=3)
    gate = document["gate"]
    assert (gate["passed"], gate["missed"], gate["is_under"]) == (False, True, True)
    assert (gate["n"], gate["correct"], gate["failed"]) == (12, 4, 1)
    assert gate["fail_under"] == 0.34
    assert gate["not_worse_than"] is None
    # Four of twelve is not under a third.
    assert terminal.json(*ASKED, "--fail-under", 4 / 12)["gate"]["passed"] is True


@pytest.mark.slow
def test_a_version_that_is_worse_on_the_same_tasks_exits_with_3(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.run(*ASKED)
    bad(terminal)
    missed = terminal.run(*ASKED, *NOT_WORSE, code=3)
    assert "Missed: worse than 'Version 1': -66.7 points" in missed.stdout
    assert "0 tasks right only now and 8 only before, of 12 in common with run 1" in missed.stdout
    found = terminal.json(*ASKED, *NOT_WORSE, code=3)["gate"]["not_worse_than"]
    assert (found["finding"], found["test"], found["run"]) == ("worse", "mcnemar_exact", 1)
    assert (found["n"], found["only_before"], found["only_now"]) == (12, 8, 0)
    # The other way round it is better, and with the same text it is not shown to be worse.
    back = ("--version", "Version 1", "--not-worse-than", "Version 2")
    assert terminal.json(*ASKED, *back)["gate"]["passed"] is True
    terminal.run("versions", "create", "Topic", "--text", "Good  {text}?")
    told = terminal.run(*ASKED, *NOT_WORSE, "--fail-under", 0.9)
    assert "Passed: accuracy" in told.stdout
    assert "Passed: not shown to be worse than 'Version 1': +0.0 points" in told.stdout
    # Twelve tasks rule out no loss of one point.
    held = terminal.run(*ASKED, *NOT_WORSE, "--margin", 0.01, code=3)
    assert "Missed: not shown to be at most 1 points worse" in held.stdout
    both = terminal.run(*ASKED, *NOT_WORSE, "--margin", 0.9, "--fail-under", 0.9)
    assert "Passed: shown to be at most 90 points worse" in both.stdout


@pytest.mark.slow
def test_what_cannot_be_told_exits_with_4_and_asks_nothing(
    terminal: Terminal, mails: list[int]
) -> None:
    bad(terminal)
    terminal.model.reset()
    refused = terminal.run(*ASKED, *NOT_WORSE, code=4)
    assert "'Version 1' has no completed run in project 'Mails'" in refused.stderr
    terminal.run(*ASKED, "--version", "Version 1", "--tasks", f"{mails[0]},{mails[1]}")
    asked = len(terminal.model.stats()["by_message"])
    other = terminal.json(*ASKED, *NOT_WORSE, "--tasks", mails[5], code=4)
    assert "have no task with a truth in common" in other["error"]["message"]
    assert len(terminal.model.stats()["by_message"]) == asked
    assert len(terminal.json("runs", "list")) == 1
    # Two tasks in common show nothing, whatever they say; what is missed all the same counts.
    few = terminal.run(*ASKED, *NOT_WORSE, code=4)
    assert "Missed: too few tasks in common" in few.stdout
    gate = terminal.json(*ASKED, *NOT_WORSE, code=4)["gate"]
    assert (gate["passed"], gate["missed"]) == (False, False)
    terminal.model.control({"answer": {"topic": "B"}})
    terminal.run(*ASKED, *NOT_WORSE, "--fresh", "--fail-under", 0.5, code=3)


@pytest.mark.slow
def test_a_run_that_fails_is_not_judged(terminal: Terminal, mails: list[int]) -> None:
    terminal.model.control({"fault": "auth"})
    failed = terminal.run(*ASKED, "--fail-under", 0.1, code=1)
    assert "Nothing was judged" in failed.stderr
    assert terminal.json(*ASKED, "--fail-under", 0.1, code=1)["gate"] is None


@pytest.mark.parametrize(
    "options",
    [
        ("--margin", 0.1),
        ("--fail-under", 90),
        ("--fail-under", 0.9, "--detach"),
        ("--fail-under", 0.9, "--only-missing"),
    ],
    ids=str,
)
@pytest.mark.slow
def test_demands_that_make_no_sense_are_a_usage_error(
    terminal: Terminal, mails: list[int], options: tuple[object, ...]
) -> None:
    terminal.run(*ASKED, *options, code=2)  # type: ignore[arg-type]
    assert terminal.json("runs", "list") == []


@pytest.mark.slow
def test_a_version_is_not_compared_with_itself(terminal: Terminal, mails: list[int]) -> None:
    refused = terminal.run(*ASKED, *NOT_WORSE, code=1)
    assert "is the version that is evaluated" in refused.stderr
