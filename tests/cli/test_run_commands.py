"""`run`, `evaluate` and `runs`: executed here, watched, canceled, resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.store import Store
from ml_backend.store.cipher import SecretCipher
from support.fake_label_studio import TOKEN
from support.processes import Child, eventually
from support.terminal import CONFIG, LABEL, Terminal

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ"
    "/pLvAAAAAElFTkSuQmCC"
)


@pytest.mark.slow
def test_a_run_predicts_every_task_and_reads_back_label_studio(
    terminal: Terminal, mails: list[int]
) -> None:
    run = terminal.json("run", "Topic", "--project", "Mails")
    assert (run["status"], run["slot"], run["project_subset"]) == ("Completed", "all", "All")
    assert (run["total_tasks"], run["total_predictions"], run["failed"]) == (4, 4, 0)
    assert run["prompt_tokens"] > 0
    held = {"predictions": 4, "tasks": 4, "shown_in_label_stream": LABEL}
    assert run["label_studio"] == held
    assert terminal.held() == {LABEL: 4}
    assert terminal.json("runs", "show", run["id"])["completed_at"]


@pytest.mark.slow
def test_tasks_with_nothing_to_tell_are_counted_and_said(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.model.control({"match": "mail 3", "answer": {"topic": None}})
    result = terminal.run("run", "Topic", "--project", "Mails")
    assert "4 predictions (1 with nothing to tell), 0 failed, of 4 tasks" in result.stdout
    [run] = terminal.json("runs", "list")
    assert terminal.json("runs", "show", run["id"])["nothing_to_tell"] == 1
    tried = terminal.run("try", "Topic", "--project", "Mails", "--task", str(mails[3]))
    assert "Nothing to tell: the answer is null or empty" in tried.stdout


@pytest.mark.slow
def test_the_newest_version_runs_and_is_named(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("versions", "create", "Topic", "--text", "Now {text}?")
    result = terminal.run("run", "Topic", "--project", "Mails")
    assert "'Version 2'" in result.stderr
    assert "4 predictions, 0 failed, of 4 tasks" in result.stdout
    older = terminal.run("run", "Topic", "--project", "Mails", "--version", "Version 1")
    assert "'Version 1'" in older.stderr


@pytest.mark.slow
def test_an_evaluation_shows_its_accuracy_in_a_slot_of_its_own(
    terminal: Terminal, mails: list[int]
) -> None:
    run = terminal.json("evaluate", "Topic", "--project", "Mails")
    assert (run["slot"], run["project_subset"], run["total_tasks"]) == ("evaluate", "HasGT", 2)
    assert run["metrics"]["overall"]["n"] == 2
    assert run["total_correct_predictions"] == run["metrics"]["overall"]["correct"]
    assert terminal.held() == {f"{LABEL}__evaluate": 2}
    shown = terminal.run("runs", "show", run["id"]).stdout
    assert "Agreement with ground truth" in shown
    assert "95% interval" in shown


@pytest.mark.slow
def test_named_tasks_are_asked_alone(terminal: Terminal, mails: list[int]) -> None:
    run = terminal.json("run", "Topic", "--project", "Mails", "--tasks", mails[2])
    assert (run["project_subset"], run["slot"], run["total_tasks"]) == ("Custom", "evaluate", 1)
    slot = ("--tasks", mails[2], "--slot", "all")
    assert terminal.json("run", "Topic", "--project", "Mails", *slot)["slot"] == "all"


@pytest.mark.slow
def test_a_sample_size_alone_means_a_sample(terminal: Terminal, mails: list[int]) -> None:
    run = terminal.json("run", "Topic", "--project", "Mails", "--sample-size", 3)
    assert (run["project_subset"], run["slot"], run["total_tasks"]) == ("Sample", "evaluate", 3)
    assert run["sample_seed"] is None
    drawn = terminal.json("run", "Topic", "--project", "Mails", "--sample-seed", 3)
    assert (drawn["project_subset"], drawn["sample_seed"]) == ("Sample", 3)


@pytest.mark.parametrize(
    "options",
    [
        ("--sample-size", 3, "--subset", "All"),
        ("--tasks", 1, "--subset", "Sample"),
        ("--tasks", 1, "--filter", "{}"),
        ("--tasks", 1, "--sample-size", 3),
        ("--tasks", 1, "--sample-seed", 3),
        ("--sample-seed", 3, "--subset", "HasGT"),
        ("--subset", "Custom"),
    ],
)
def test_options_that_disagree_about_the_tasks_are_a_usage_error(
    terminal: Terminal, mails: list[int], options: tuple[str | int, ...]
) -> None:
    terminal.run("run", "Topic", "--project", "Mails", *options, code=2)
    assert terminal.json("runs", "list") == []


@pytest.mark.slow
def test_an_empty_filter_is_not_taken_for_all_tasks(terminal: Terminal, mails: list[int]) -> None:
    empty = ("--filter", '{"conjunction": "and", "items": []}')
    assert "is empty" in terminal.run("run", "Topic", "--project", "Mails", *empty, code=1).stderr
    assert terminal.json("runs", "list") == []


@pytest.mark.slow
def test_a_budget_that_is_no_number_is_refused(terminal: Terminal, mails: list[int]) -> None:
    for budget in ("nan", "inf"):
        result = terminal.run("run", "Topic", "--project", "Mails", "--budget", budget, code=1)
        assert f"${budget}" in result.stderr


@pytest.mark.slow
def test_tasks_without_ground_truth_are_not_shown_as_measured(
    terminal: Terminal, mails: list[int]
) -> None:
    result = terminal.run("run", "Topic", "--project", "Mails", "--tasks", mails[3])
    assert "has ground truth" in result.stdout
    assert "Agreement" not in result.stdout


@pytest.mark.slow
def test_what_predictions_leave_to_people_is_said(terminal: Terminal) -> None:
    box = """<Image name="image" value="$image"/>
    <BrushLabels name="box" toName="image"><Label value="A"/></BrushLabels></View>"""
    config = CONFIG.replace("</View>", box)
    terminal.fake.seed(config, [{"data": {"text": "hello", "image": PIXEL}}], title="Photos")
    made = terminal.run("prompts", "create", "Mixed", "--project", "Photos", "--text", "{text}?")
    ran = terminal.run("run", "Mixed", "--project", "Photos")
    for result in (made, ran):
        assert "Left to people: box" in result.stderr


@pytest.mark.slow
def test_failed_tasks_are_listed_with_their_reason(terminal: Terminal, mails: list[int]) -> None:
    terminal.model.control({"match": "mail 3", "fault": "garbage"})
    result = terminal.run("run", "Topic", "--project", "Mails")
    assert "1 × invalid answer" in result.stdout
    assert f"task {mails[3]}: " in result.stdout
    (failure,) = terminal.json("runs", "failures", 1)
    assert (failure["task"], failure["kind"]) == (mails[3], "invalid_answer")
    assert "Sure!" in terminal.run("runs", "failures", 1, "--raw").stdout


@pytest.mark.slow
def test_a_run_without_any_prediction_exits_with_1(terminal: Terminal, mails: list[int]) -> None:
    terminal.model.control({"fault": "auth"})
    run = terminal.json("run", "Topic", "--project", "Mails", code=1)
    assert run["status"] == "Failed"
    assert run["message"]
    terminal.model.reset()
    resumed = terminal.json("runs", "resume", run["id"])
    assert (resumed["status"], resumed["total_predictions"]) == ("Completed", 4)


@pytest.mark.slow
def test_a_detached_run_waits_for_a_server(terminal: Terminal, mails: list[int]) -> None:
    result = terminal.run("run", "Topic", "--project", "Mails", "--detach")
    assert "No server answers" in result.stderr
    assert "runs watch 1" in result.stdout
    (run,) = terminal.json("runs", "list", "--open")
    assert run["status"] == "Pending"
    done = terminal.json("runs", "watch", "1", "--execute")
    assert (done["status"], terminal.held()) == ("Completed", {LABEL: 4})


@pytest.mark.slow
def test_a_run_that_no_process_has_any_more_is_resumed(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.run("run", "Topic", "--project", "Mails", "--detach")
    assert terminal.json("runs", "resume", 1)["status"] == "Completed"
    assert terminal.held() == {LABEL: 4}
    assert "is Completed" in terminal.run("runs", "resume", 1, code=1).stderr


@pytest.mark.slow
def test_a_pending_run_is_canceled_at_once(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("run", "Topic", "--project", "Mails", "--detach")
    assert terminal.json("runs", "cancel", 1)["status"] == "Canceled"
    assert terminal.model.stats()["by_message"] == {}
    assert "has ended already" in terminal.run("runs", "cancel", 1, code=1).stderr


@pytest.mark.slow
def test_runs_are_listed_by_prompt_and_project(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("run", "Topic", "--project", "Mails")
    terminal.run("evaluate", "Topic", "--project", "Mails")
    listed = terminal.json("runs", "list", "--prompt", "Topic", "--project", "Mails")
    assert [run["id"] for run in listed] == [2, 1]
    assert f"{LABEL}__evaluate" in terminal.run("runs", "list").stdout
    assert "There are no runs" in terminal.run("runs", "list", "--open").stdout


@contextmanager
def running(terminal: Terminal, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A command as a process of its own, with its two streams in one."""
    with Child(
        [sys.executable, "-m", "ml_backend", *map(str, arguments)],
        env={
            "PATH": os.environ["PATH"],
            "LLM_MAX_CONCURRENCY": "2",
            **{name: value for name, value in terminal.settings.items() if value},
        },
        stdout=subprocess.PIPE,
        text=True,
        # Whoever started the tests in the background had them ignore Ctrl-C, and so their children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as child:
        yield child.process
        child.kill()


def slow_project(terminal: Terminal, latency: float) -> None:
    """A project that takes a while to run, with a prompt."""
    tasks = [{"data": {"text": f"letter {n}"}} for n in range(100)]
    terminal.fake.seed(CONFIG, tasks, title="Letters")
    terminal.run("prompts", "create", "Topic", "--project", "Letters", "--text", "Of {text}?")
    terminal.model.control(latency=latency)


def answered(terminal: Terminal) -> bool:
    return len(terminal.model.stats()["by_message"]) > 2


@pytest.mark.slow
def test_ctrl_c_cancels_and_publishes_what_was_answered(terminal: Terminal) -> None:
    slow_project(terminal, 0.3)
    with running(terminal, "run", "Topic", "--project", "Letters") as process:
        eventually(lambda: answered(terminal))
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1, output
    assert "Canceling" in output
    assert "`ls-prompts runs resume 1` goes on with the rest" in output
    assert "Traceback" not in output
    run = terminal.json("runs", "show", 1)
    assert run["status"] == "Canceled"
    assert 0 < run["succeeded"] < 100
    assert terminal.held() == {LABEL: run["succeeded"]}


@pytest.mark.slow
def test_a_second_ctrl_c_leaves_the_run_to_be_taken_up_again(terminal: Terminal) -> None:
    slow_project(terminal, 1.0)
    with running(terminal, "run", "Topic", "--project", "Letters") as process:
        eventually(lambda: answered(terminal))
        process.send_signal(signal.SIGINT)
        eventually(lambda: process.stdout and "Canceling" in process.stdout.readline())
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Left run 1" in output
    assert terminal.held() == {}
    run = terminal.json("runs", "watch", 1, "--execute", code=1)
    assert run["status"] == "Canceled"
    assert terminal.held() == {LABEL: run["succeeded"]}


# What an evaluation found, in full


@pytest.mark.slow
def test_the_report_of_a_run_is_shown_and_written(
    terminal: Terminal, mails: list[int], tmp_path: Path
) -> None:
    run = terminal.json("evaluate", "Topic", "--project", "Mails")["id"]
    shown = terminal.run("runs", "show", run, "--report").stdout
    assert "Classes of topic" in shown
    assert "Confusions of topic" in shown
    page = tmp_path / "report.html"
    assert "Wrote the report" in terminal.run("runs", "report", run, "--html", page).stdout
    assert "Topic of {text}?" in page.read_text()
    assert terminal.run("runs", "report", run, "--html", "-").stdout.startswith("<!doctype html>")
    document = terminal.json("runs", "report", run)
    assert document["prompt"]["text"] == "Topic of {text}?"
    assert document["metrics"]["controls"]["topic"]["micro"]["support"] == 2
    terminal.run("runs", "report", run, code=2)


@pytest.mark.slow
def test_versions_are_compared_in_words_and_as_json(terminal: Terminal, mails: list[int]) -> None:
    terminal.run("versions", "create", "Topic", "--text", "Now {text}?")
    pair = ("versions", "compare", "Topic", "Version 1", "Version 2", "--project", "Mails")
    assert "no completed run" in terminal.run(*pair, code=1).stderr
    for version in ("Version 1", "Version 2"):
        terminal.run("evaluate", "Topic", "--project", "Mails", "--version", version)
    assert "no significant difference" in terminal.run(*pair).stdout
    found = terminal.json(*pair)
    assert (found["tasks"], found["pairs"][0]["overall"]["better"]) == (2, None)
    terminal.run("versions", "compare", "Topic", "Version 1", "--project", "Mails", code=2)
    terminal.run("prompts", "create", "Else", "--project", "Mails", "--text", "Else {text}?")
    terminal.run("evaluate", "Else", "--project", "Mails", "--tasks", mails[0])
    other = ("versions", "compare", "Topic", "Version 1", "--with", "Else", "Version 1")
    refused = terminal.run(*other, "--project", "Mails", code=1)
    assert f"lacks 1: {mails[1]}" in refused.stderr
    shown = terminal.run(*other, "--project", "Mails", "--common").stdout
    assert "1 that not all have are left out" in shown
    assert "Else · Version 1" in shown


@pytest.mark.slow
def test_submitted_annotations_may_be_the_truth(terminal: Terminal, mails: list[int]) -> None:
    run = terminal.json("evaluate", "Topic", "--project", "Mails", "--truth", "annotations")
    assert (run["truth"], run["metrics"]["truth"]) == ("annotations", "annotations")
    assert "submitted annotations" in terminal.run("runs", "show", run["id"]).stdout


# A project in which nothing is marked as ground truth, as in Label Studio Community


TRUE = ("--truth", "ground_truth")
WHY = "submitted annotations, since no annotation of this project was marked as ground truth"


@pytest.fixture
def unmarked(terminal: Terminal) -> list[int]:
    """The project "Mails" with four tasks, two of them annotated with A by a person."""
    value = {"choices": ["A"]}
    region = {"from_name": "topic", "to_name": "text", "type": "choices", "value": value}
    plain = {"annotations": [{"result": [region], "lead_time": 3.0}]}
    tasks = [{"data": {"text": f"mail {n}"}, **(plain if n < 2 else {})} for n in range(4)]
    _, ids = terminal.fake.seed(CONFIG, tasks, title="Mails")
    terminal.run("prompts", "create", "Topic", "--project", "Mails", "--text", "Topic of {text}?")
    return ids


@pytest.mark.slow
@pytest.mark.parametrize("command", [("evaluate",), ("run", "--subset", "HasGT")], ids=str)
def test_what_people_submitted_is_measured_on_where_nothing_is_marked(
    terminal: Terminal, unmarked: list[int], command: tuple[str, ...]
) -> None:
    started = terminal.run(*command, "Topic", "--project", "Mails")
    assert f"Measured on {WHY}." in started.stderr
    assert "Agreement with submitted annotations" in started.stdout
    assert f"Measured on {WHY}." in started.stdout
    run = terminal.json("runs", "show", 1)
    assert (run["truth"], run["measured_on"], run["total_tasks"]) == ("annotations", WHY, 2)
    refused = terminal.run(*command, "Topic", "--project", "Mails", *TRUE, code=1)
    assert "has no ground truth" in refused.stderr
    chosen = terminal.json(*command, "Topic", "--project", "Mails", "--truth", "annotations")
    assert chosen["measured_on"] == "submitted annotations"


@pytest.mark.slow
def test_estimates_and_comparisons_say_what_is_true_as_well(
    terminal: Terminal, unmarked: list[int]
) -> None:
    of = ("Topic", "--project", "Mails")
    told = terminal.run("estimate", *of, "--subset", "HasGT").stdout
    assert "2 tasks with submitted annotations of 'Mails'" in told
    assert terminal.json("estimate", *of, "--subset", "HasGT")["truth"] == "annotations"
    none = terminal.json("estimate", *of, "--subset", "HasGT", *TRUE)
    assert (none["tasks"], none["truth"]) == (0, "ground_truth")
    terminal.run("versions", "create", "Topic", "--text", "Now {text}?")
    for version in ("Version 1", "Version 2"):
        terminal.run("evaluate", *of, "--version", version)
    both = ("versions", "compare", "Topic", "Version 1", "Version 2", "--project", "Mails")
    shown = terminal.run(*both)
    assert "2 tasks with submitted annotations" in shown.stdout
    assert f"Measured on {WHY.replace(' was ', ' is ')}." in shown.stderr
    found = terminal.json(*both)
    assert (found["truth"], found["tasks"]) == ("annotations", 2)
    # Somebody marks the first one; a third version is measured on that.
    studio = ServerLabelStudio(terminal.fake.url, TOKEN)
    row = terminal.rows("annotations")[0]
    studio._transport.send("PATCH", f"api/annotations/{row['id']}/", {"ground_truth": True})
    studio.close()
    terminal.run("versions", "create", "Topic", "--text", "Third {text}?")
    assert terminal.json("evaluate", *of)["measured_on"] == "ground truth"
    mixed = terminal.run(*both[:3], "Version 1", "Version 3", *both[5:])
    assert "1 tasks with ground truth" in mixed.stdout
    assert "'Version 1': its run 1 was measured on submitted annotations" in mixed.stderr


@pytest.mark.slow
def test_a_teacher_says_that_right_is_what_people_submitted(
    terminal: Terminal, unmarked: list[int]
) -> None:
    refine = ("versions", "refine", "Topic", "--project", "Mails", "--teacher-model", "wise")
    shown = terminal.run(*refine)
    assert "1 with submitted annotations are held out from it" in shown.stdout
    assert "no annotation is marked as ground truth" in shown.stderr
    assert terminal.json(*refine)["truth"] == "annotations"


# Who executes a run, and how one that ended early is gone on with


@pytest.mark.slow
def test_a_run_that_another_process_executes_says_which_and_whose_model_answers(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.run("run", "Topic", "--project", "Mails", "--detach")
    store = Store(f"sqlite:///{terminal.settings['DATA_DIR']}/prompts.db", SecretCipher("a secret"))
    assert store.runs.claim(1, "build-7:4242:abcdef", 3.0)
    told = terminal.run("runs", "watch", 1, "--execute")  # it lets go after three seconds
    assert "Run 1 is executed by process 4242 on build-7" in told.stderr
    assert "Custom · gpt-4o-mini answers, with the address and key of that process" in told.stderr
    assert "1: Completed" in told.stdout
    assert store.runs.holder(1) is None
    store.close()
    assert "is executed by" not in terminal.run("run", "Topic", "--project", "Mails").stderr


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on(terminal: Terminal, mails: list[int]) -> None:
    terminal.model.control({"fault": "auth"})
    failed = terminal.run("run", "Topic", "--project", "Mails", code=1)
    assert (failed.stdout + failed.stderr).count("`ls-prompts runs resume 1`") == 1
    store = Store(f"sqlite:///{terminal.settings['DATA_DIR']}/prompts.db", SecretCipher("a secret"))
    terminal.run("run", "Topic", "--project", "Mails", "--detach")
    fence = store.runs.claim(2, "gone:1:a", 0.0)
    assert fence
    store.close()
    shown = terminal.run("runs", "show", 2)
    assert "Interrupted: no process works on it." in shown.stdout
    assert "`ls-prompts runs resume 2`" in shown.stderr
    listed = terminal.run("runs", "list")
    assert "interrupted, 0 of 4" in listed.stdout
    assert "`ls-prompts runs resume 2`" in listed.stderr


@pytest.mark.slow
def test_only_missing_says_of_which_version_and_what_it_replaces(
    terminal: Terminal, mails: list[int]
) -> None:
    terminal.run("run", "Topic", "--project", "Mails")
    terminal.run("versions", "create", "Topic", "--text", "Now {text}?")
    first = terminal.run("run", "Topic", "--project", "Mails", "--tasks", mails[0], "--slot", "all")
    assert "Only tasks" not in first.stderr
    told = terminal.run("run", "Topic", "--project", "Mails", "--only-missing").stderr
    assert (
        "Only tasks without a prediction of 'Version 2': 3 of 4; 3 of these have one of another "
        "version of 'Topic', which it replaces." in told
    )
    assert terminal.held() == {"Topic__Version 2": 4}
    nothing = terminal.run("run", "Topic", "--project", "Mails", "--only-missing", code=1)
    assert "Every task has a prediction of 'Topic__Version 2'" in nothing.stderr


@pytest.mark.slow
def test_without_any_truth_it_is_listed_where_versions_disagree(terminal: Terminal) -> None:
    tasks = [{"data": {"text": f"mail {n}"}} for n in range(4)]
    terminal.fake.seed(CONFIG, tasks, title="Mails")
    of = ("Topic", "--project", "Mails")
    terminal.run("prompts", "create", *of, "--text", "Topic of {text}?")
    terminal.model.control({"match": "mail", "answer": {"topic": "A"}})
    terminal.run("run", *of)
    terminal.run("versions", "edit", "Topic", "--text", "Now {text}?")
    terminal.model.control(
        {"match": "mail 2", "answer": {"topic": "B"}}, {"match": "mail", "answer": {"topic": "A"}}
    )
    terminal.run("run", *of)
    pair = ("versions", "compare", "Topic", "Version 1", "Version 2", "--project", "Mails")
    shown = terminal.run(*pair)
    assert "None of these tasks has a truth to measure on" in shown.stderr
    assert "answered differently, 1 of 4 tasks" in shown.stdout
    found = terminal.json(*pair)["grid"]
    (row,) = found["rows"]
    assert row["data"]["text"] == "mail 2"
    assert [each["answer"]["topic"] for each in row["cells"]] == ["A", "B"]
    paged = terminal.run(*pair, "--show", "all", "--rows", 3, "--page", 2)
    assert "Page 2 of 2." in paged.stdout
    listed = terminal.json("versions", "list", "Topic")
    assert [each["score"] for each in listed] == [None, None]


@pytest.mark.slow
def test_truths_that_cannot_be_read_are_counted_with_the_reason(terminal: Terminal) -> None:
    said = {"from_name": "topic", "to_name": "text", "type": "choices"}
    values = [{"choices": ["A"]}, {"choices": "A"}]
    found = [[{"result": [{**said, "value": v}], "ground_truth": True}] for v in values]
    tasks = [{"data": {"text": f"mail {n}"}, "annotations": a} for n, a in enumerate(found)]
    terminal.fake.seed(CONFIG, tasks, title="Odd")
    terminal.run("prompts", "create", "Topic", "--project", "Odd", "--text", "Topic of {text}?")
    run = terminal.json("evaluate", "Topic", "--project", "Odd")
    assert (run["metrics"]["overall"]["n"], run["metrics"]["unread"]["tasks"]) == (1, 1)
    shown = terminal.run("runs", "show", run["id"]).stdout
    assert "1 annotation cannot be read; 1 task is left out of the score" in shown
    assert 'no list "choices", but "A"' in shown


@pytest.mark.slow
def test_classes_that_the_editor_misreads_are_said_at_creation(terminal: Terminal) -> None:
    config = CONFIG.replace('value="A"', 'value="under $50"')
    terminal.fake.seed(config, [{"data": {"text": "hello"}}], title="Prices")
    create = ("prompts", "create", "--project", "Prices", "--text", "{text}?")
    said = terminal.run(*create, "Price").stderr
    assert 'In "under $50" Label Studio\'s editor takes what follows the $ for a field' in said
    [note] = terminal.json(*create, "Other")["notes"]
    assert note.startswith('topic: In "under $50"')
