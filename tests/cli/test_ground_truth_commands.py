"""`ground-truth`: listed, marked and taken off again, by whoever's token the environment has."""

from __future__ import annotations

from typing import Any

import pytest

from support.annotating import delete, press_update, update
from support.terminal import CONFIG, Terminal


def annotation(choice: str, **more: Any) -> dict[str, Any]:
    value = {"choices": [choice]}
    region = {"from_name": "topic", "to_name": "text", "type": "choices", "value": value}
    return {"result": [region], "lead_time": 2.0, "ground_truth": False, **more}


@pytest.fixture
def annotated(terminal: Terminal) -> list[int]:
    """The project "Mails": two tasks annotated alike, one that people disagree on, one not yet."""
    people = [["A"], ["B", "B"], ["A", "B"], []]
    tasks = [
        {"data": {"text": f"mail {n}"}, "annotations": [annotation(each) for each in said]}
        for n, said in enumerate(people)
    ]
    _, ids = terminal.fake.seed(CONFIG, tasks, title="Mails")
    return ids


PROJECT = ("--project", "Mails")


def marked(terminal: Terminal) -> list[int]:
    return [row["task"] for row in terminal.rows("annotations") if row["ground_truth"]]


@pytest.mark.slow
def test_marks_are_counted_made_listed_and_taken_off(
    terminal: Terminal, annotated: list[int]
) -> None:
    add = ("ground-truth", "add", *PROJECT, "--all")
    plan = terminal.json(*add, "--dry-run")
    assert (plan["would_mark"], plan["disagree"], plan["task_ids"]) == (2, 1, annotated[:2])
    assert marked(terminal) == []
    assert "Repeat it with --yes" in terminal.run(*add, code=2).stderr
    done = terminal.json(*add, "--yes")
    assert (done["marked"], done["ground_truth_tasks"], done["annotated_tasks"]) == (2, 2, 3)
    assert marked(terminal) == annotated[:2]
    shown = terminal.run("ground-truth", "list", *PROJECT).stdout
    assert "2 of 3 annotated tasks are ground truth" in shown
    assert "annotators disagree" in shown
    listed = terminal.json("ground-truth", "list", *PROJECT, "--marked")["tasks"]
    assert [each["task"] for each in listed] == annotated[:2]
    removed = terminal.json("ground-truth", "remove", *PROJECT, "--tasks", annotated[0], "--yes")
    assert (removed["unmarked"], removed["ground_truth_tasks"]) == (1, 1)
    assert marked(terminal) == annotated[1:2]


@pytest.mark.slow
def test_where_people_disagree_one_is_chosen(terminal: Terminal, annotated: list[int]) -> None:
    said = [row for row in terminal.rows("annotations") if row["task"] == annotated[2]]
    add = ("ground-truth", "add", *PROJECT, "--tasks", annotated[2], "--yes")
    refused = terminal.run(*add)
    assert "annotators disagree: choose with --annotations" in refused.stdout
    assert f"Annotators disagree on {annotated[2]}." in refused.stderr
    assert "Marked 0 tasks" in refused.stdout
    terminal.run(*add, "--annotations", said[0]["id"])
    assert [row["id"] for row in terminal.rows("annotations") if row["ground_truth"]] == [
        said[0]["id"]
    ]


def test_some_are_drawn_with_a_seed_that_is_told(terminal: Terminal, annotated: list[int]) -> None:
    add = ("ground-truth", "add", *PROJECT, "--random", "1")
    plan = terminal.run(*add, "--seed", "3", "--dry-run")
    assert "with --seed 3" in plan.stderr
    assert "No promise sample" in plan.stderr
    first = terminal.json(*add, "--dry-run")
    again = terminal.json(*add, "--seed", first["seed"], "--dry-run")
    assert (again["task_ids"], again["promise_sample"]) == (first["task_ids"], False)


def test_which_tasks_is_always_asked_for(terminal: Terminal, annotated: list[int]) -> None:
    refused = terminal.run("ground-truth", "add", *PROJECT, "--yes", code=1)
    assert "Which tasks is not said" in refused.stderr
    assert "--random N" in refused.stderr
    assert marked(terminal) == []


@pytest.mark.slow
def test_what_is_promoted_with_the_mark_is_no_ground_truth_until_a_person_has_opened_it(
    terminal: Terminal, mails: list[int]
) -> None:
    for row in terminal.rows("annotations"):
        delete(terminal.fake, row["id"])
    terminal.run("run", "Topic", *PROJECT)
    promote = ("predictions", "promote", *PROJECT, "--prompt", "Topic", "--all", "--ground-truth")
    done = terminal.json(*promote, "--yes")
    assert (done["created"], done["marked"], done["unopened"]) == (4, 0, 4)
    refused = terminal.run("evaluate", "Topic", *PROJECT, code=1).stderr
    assert "no ground truth" in refused
    # Marked all the same, by whatever way: still none.
    for row in terminal.rows("annotations"):
        update(terminal.fake, row["id"], ground_truth=True)
    assert "no ground truth" in terminal.run("evaluate", "Topic", *PROJECT, code=1).stderr
    listed = terminal.json("ground-truth", "list", *PROJECT)
    assert (listed["ground_truth_tasks"], listed["annotated_tasks"]) == (0, 0)
    # A person opens one, changes it and submits: the editor sends how long that took.
    first = min(row["id"] for row in terminal.rows("annotations"))
    press_update(terminal.fake, first, ground_truth=False)
    done = terminal.json(*promote, "--yes")
    assert (done["created"], done["marked"], done["unopened"]) == (0, 1, 3)
    assert terminal.json("evaluate", "Topic", *PROJECT)["total_tasks"] == 1
