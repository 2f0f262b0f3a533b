"""`predictions`: nothing changes before it was counted and agreed to."""

from __future__ import annotations

import os
import sys

import pytest

from ml_backend.cli.app import App, version_name
from ml_backend.container import Container
from ml_backend.records import Failure, FailureKind
from ml_backend.settings import Settings
from support.labels import own
from support.processes import Child
from support.terminal import CONFIG, LABEL, Terminal


@pytest.fixture
def predicted(terminal: Terminal, mails: list[int]) -> list[int]:
    """The four mails, each with a prediction of the prompt."""
    terminal.run("run", "Topic", "--project", "Mails")
    return mails


DELETE = ("predictions", "delete", "--project", "Mails", "--model-version", LABEL)
PROMOTE = ("predictions", "promote", "--project", "Mails", "--prompt", "Topic", "--all")


@pytest.mark.slow
def test_without_a_terminal_and_yes_the_plan_is_printed_and_nothing_changed(
    terminal: Terminal, predicted: list[int]
) -> None:
    result = terminal.run(*DELETE, code=2)
    assert "4 predictions on 4 tasks" in result.stdout
    assert "--yes" in result.stderr
    assert terminal.json(*DELETE, code=2)["would_delete"] == 4
    assert terminal.json(*PROMOTE, code=2)["would_create"] >= 2
    assert terminal.held() == {LABEL: 4}
    assert len(terminal.rows("annotations")) == 2


@pytest.mark.slow
def test_a_dry_run_is_no_failure_and_no_change(terminal: Terminal, predicted: list[int]) -> None:
    plan = terminal.json(*DELETE, "--dry-run", "--yes")
    assert (plan["would_delete"], plan["mode"]) == (4, "version")
    assert terminal.json(*PROMOTE, "--dry-run")["skipped_annotated"] <= 2
    assert terminal.held() == {LABEL: 4}
    assert len(terminal.rows("annotations")) == 2


@pytest.mark.slow
def test_yes_deletes_and_prints_what_is_left(terminal: Terminal, predicted: list[int]) -> None:
    some = (*DELETE, "--tasks", f"{predicted[0]},{predicted[1]}", "--yes")
    done = terminal.json(*some)
    assert (done["deleted"], done["model_versions"]) == (
        2,
        [{"model_version": LABEL, "predictions": 2}],
    )
    assert "now holds no predictions" in terminal.run(*DELETE, "--yes").stdout
    assert terminal.held() == {}


@pytest.mark.slow
def test_promoting_twice_creates_annotations_once(terminal: Terminal, predicted: list[int]) -> None:
    first = terminal.json(*PROMOTE, "--include-annotated", "--yes")
    assert first["created"] + first["skipped_identical"] == 4
    assert first["annotations"] == 2 + first["created"]
    again = terminal.json(*PROMOTE, "--include-annotated", "--yes")
    assert (again["created"], again["annotations"]) == (0, first["annotations"])


@pytest.mark.slow
def test_a_selection_is_always_asked_for(terminal: Terminal, predicted: list[int]) -> None:
    project = ("--project", "Mails", "--yes")
    assert "is not said" in terminal.run("predictions", "delete", *project, code=1).stderr
    without = ("predictions", "promote", *project, "--prompt", "Topic")
    assert "Which tasks" in terminal.run(*without, code=1).stderr
    assert (
        "Which predictions"
        in terminal.run("predictions", "promote", *project, "--all", code=1).stderr
    )
    assert terminal.json("predictions", "delete", *project, code=1)["error"]["field"]
    assert terminal.held() == {LABEL: 4}


@pytest.mark.slow
def test_listing_counts_by_model_version(terminal: Terminal, predicted: list[int]) -> None:
    (row,) = terminal.json("predictions", "list", "--project", "Mails")["model_versions"]
    assert row == {
        "model_version": LABEL,
        "predictions": 4,
        "tasks": 4,
        "prompt": 1,
        "version": 1,
        "slot": "all",
        "shown_in_label_stream": True,
    }
    assert LABEL in terminal.run("predictions", "list", "--project", "Mails").stdout


@pytest.mark.slow
def test_failures_says_which_tasks_got_no_prediction_and_why(
    terminal: Terminal, mails: list[int]
) -> None:
    nothing = terminal.run("predictions", "failures", "--project", "Mails")
    assert "Every task of 'Mails' that Label Studio asked for has its prediction." in nothing.stdout
    settings = Settings.from_env({name: v for name, v in terminal.settings.items() if v})
    container = Container(settings)
    container.store.served.add_failures(
        1,
        LABEL,
        [
            Failure(mails[1], FailureKind.INVALID_ANSWER, "topic: 'C' is no choice", "[C] {raw}"),
            Failure(mails[3], FailureKind.TIMEOUT, "no answer in 60 s"),
        ],
    )
    container.store.served.add_failures(2, LABEL, [Failure(9, FailureKind.TIMEOUT, "elsewhere")])
    container.store.close()

    shown = terminal.run("predictions", "failures", "--project", "Mails").stdout
    for part in (str(mails[3]), LABEL, "invalid answer", "topic: 'C' is no choice", "no answer in"):
        assert part in shown
    assert "[C] {raw}" not in shown
    assert "elsewhere" not in shown
    assert "[C] {raw}" in terminal.run("predictions", "failures", "--project", "1", "--raw").stdout
    document = terminal.json("predictions", "failures", "--project", "Mails")
    assert document["project"] == 1
    first, second = document["failures"]
    assert first.pop("failed_at").endswith("+00:00")
    assert first == {
        "task": mails[1],
        "model_version": LABEL,
        "kind": "invalid_answer",
        "message": "topic: 'C' is no choice",
        "raw": "[C] {raw}",
    }
    assert (second["task"], second["kind"]) == (mails[3], "timeout")


@pytest.mark.slow
def test_what_a_run_predicted_since_is_no_failure_any_more(
    terminal: Terminal, mails: list[int]
) -> None:
    container = Container(Settings.from_env({n: v for n, v in terminal.settings.items() if v}))
    own(container.store, container.studio.url, 1, LABEL, 1, 1)
    failures = [Failure(mails[0], FailureKind.TIMEOUT, "no answer in 60 s")]
    container.store.served.add_failures(1, LABEL, failures)
    container.store.close()
    listing = ("predictions", "failures", "--project", "Mails")
    assert len(terminal.json(*listing)["failures"]) == 1
    terminal.run("run", "Topic", "--project", "Mails")
    assert terminal.json(*listing)["failures"] == []


@pytest.mark.slow
def test_what_is_waited_for_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    patience = App().patience()
    for left in (3, 2, 1):
        patience.say(f"waiting up to {left} s")
    patience.say("")
    patience.say("waiting for run 1")
    assert capsys.readouterr().err == "waiting up to 3 s\nwaiting for run 1\n"


def test_model_versions_that_look_alike_are_told_apart() -> None:
    names = [version_name(version) for version in ("m1", "m1 ", " ", "", None)]
    assert names == ["m1", "'m1 '", "' '", "''", "(without a version)"]


@pytest.mark.slow
def test_on_a_terminal_the_person_is_asked_and_may_refuse(
    terminal: Terminal, predicted: list[int]
) -> None:
    settings = {name: value for name, value in terminal.settings.items() if value}
    ours, theirs = os.openpty()
    with Child(
        [sys.executable, "-m", "ml_backend", *DELETE],
        env={"PATH": os.environ["PATH"], **settings},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as child:
        os.close(theirs)
        shown = b""
        while b"Delete 4 predictions? [y/N]" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"n\n")
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # the other end of the terminal is closed
                break
            if not chunk:
                break
            shown += chunk
        os.close(ours)
        assert child.wait() == 0, shown.decode()
    assert b"4 predictions on 4 tasks" in shown
    assert terminal.held() == {LABEL: 4}


def test_the_least_sure_tasks_are_listed_first(terminal: Terminal) -> None:
    tasks = [
        {
            "data": {"text": f"{score}"},
            "predictions": [{"result": [], "score": score, "model_version": version}],
        }
        for score, version in ((0.9, "a"), (0.69, "a"), (None, "a"), (0.2, "a"), (0.1, "b"))
    ]
    _, ids = terminal.fake.seed(CONFIG, tasks, title="Scored")
    listing = ("predictions", "list", "--project", "Scored")
    found = terminal.json(*listing, "--below", 0.7)
    assert found["task_ids"] == [ids[4], ids[3], ids[1]]
    assert found["without_score"] == 1
    of_one = terminal.json(*listing, "--below", 0.7, "--model-version", "a")
    assert of_one["task_ids"] == [ids[3], ids[1]]
    shown = terminal.run(*listing, "--below", 0.7)
    assert "0.690" in shown.stdout
    assert "have no score" in shown.stderr
    assert "No score is below 0" in terminal.run(*listing, "--below", 0, code=1).stderr


@pytest.mark.slow
def test_where_predictions_came_from_is_told(terminal: Terminal, predicted: list[int]) -> None:
    asked = ("predictions", "provenance", "--project", "Mails", "--tasks", predicted[0])
    (row,) = terminal.json(*asked)
    assert (row["task"], row["model_version"], row["origin"]) == (predicted[0], LABEL, "run")
    assert (row["run"], row["few_shot"]) == (1, None)
    assert "run 1" in terminal.run(*asked).stdout
    terminal.run(*asked[:-2], code=2)


@pytest.mark.slow
def test_a_list_is_as_long_as_was_asked_for(terminal: Terminal) -> None:
    low = {"model_version": "a", "score": 0.1, "result": []}
    tasks = [{"data": {"text": str(n)}, "predictions": [low]} for n in range(25)]
    terminal.fake.seed(CONFIG, tasks, title="Scored")
    listing = ("predictions", "list", "--project", "Scored", "--below", 0.7)
    shown = terminal.run(*listing)
    assert shown.stdout.count("0.100") == 20
    assert "20 of 25 predictions are shown: --limit 25 shows all." in shown.stderr
    assert terminal.run(*listing, "--limit", 25).stdout.count("0.100") == 25
    assert "shows all" not in terminal.run(*listing, "--limit", 25).stderr
    assert len(terminal.json(*listing)["task_ids"]) == 25
    cut = terminal.json(*listing, "--limit", 3)
    assert (len(cut["task_ids"]), cut["total"]) == (3, 25)


@pytest.mark.slow
def test_a_list_may_be_of_one_slot(terminal: Terminal, predicted: list[int]) -> None:
    terminal.run("evaluate", "Topic", "--project", "Mails")
    listing = ("predictions", "list", "--project", "Mails")
    for slot, label in (("all", LABEL), ("evaluate", f"{LABEL}__evaluate")):
        (row,) = terminal.json(*listing, "--slot", slot)["model_versions"]
        assert (row["model_version"], row["slot"]) == (label, slot)
    assert len(terminal.json(*listing)["model_versions"]) == 2


@pytest.mark.slow
def test_show_has_the_label_stream_show_a_model_version(
    terminal: Terminal, predicted: list[int]
) -> None:
    terminal.run("prompts", "create", "Other", "--project", "Mails", "--text", "Topic? {text}")
    terminal.run("run", "Other", "--project", "Mails")
    show = ("predictions", "show", "--project", "Mails", "--model-version")
    other = "Other__Version 1"
    assert terminal.json(*show, other) == {
        "project": 1,
        "model_version": other,
        "before": LABEL,
        "predictions": 4,
    }
    (project,) = terminal.rows("projects")
    assert project["model_version"] == other
    result = terminal.run(*show, LABEL)
    assert f"shows '{LABEL}' (4 predictions); before, it showed {other}." in result.stdout
    assert f"It holds: '{LABEL}', '{other}'" in terminal.run(*show, "Topic__Version", code=1).stderr
